package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"galago/tools/internal/guest"
	"galago/tools/internal/qemu"
	"galago/tools/internal/repo"
)

// gdbCommand is `galago gdb`, what `make gdb` calls: a machine stopped at entry with gdb attached.
func gdbCommand() *cobra.Command {
	var m machineFlags
	var initWords string
	c := &cobra.Command{
		Use:   "gdb [flags] [-- GDB-ARG...]",
		Short: "Boot a machine stopped at entry and attach gdb with our commands; ends with gdb",
		RunE:  func(_ *cobra.Command, args []string) error { return runGDB(&m, initWords, args) },
	}
	f := c.Flags()
	m.register(f)
	f.StringVar(&initWords, "init", "", "words for init")
	return c
}

// runGDB starts QEMU, with the kernel's console on standard error, and gdb, and ends QEMU when gdb ends.
func runGDB(m *machineFlags, initWords string, args []string) error {
	disk, err := m.openDisk()
	if err != nil {
		return err
	}
	defer disk.Close()
	dir, err := os.MkdirTemp("", "galago-gdb-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "gdb")
	c := m.finish()
	c.Image, c.Console, c.GDB = disk, os.Stderr, socket
	c.Append = guest.KernelCommandLine(c.Disk, m.append, initWords)
	p, err := qemu.Start(c)
	if err != nil {
		return err
	}
	defer func() { p.Kill(); <-p.Done() }()
	if err := await(socket, p); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGINT) // ^C is for gdb
	cmd := exec.Command("gdb", append(gdbArguments(c.Kernel, socket), args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	err = cmd.Run()
	var e *exec.ExitError
	if errors.As(err, &e) {
		return exit(1, fmt.Sprintf("gdb ended with status %d", e.ExitCode()))
	}
	return err
}

// gdbArguments loads symbols and our commands and attaches. The kernel's Go runtime scripts are not wanted: they are for
// ordinary programs.
func gdbArguments(kernel, socket string) []string {
	return []string{"-q", "-iex", "set auto-load off", "-ex", "set pagination off", "-ex", "set confirm off",
		"-ex", "target remote " + socket, "-x", repo.Path("scripts/gdb/galago.py"), kernel}
}

// await waits until QEMU listens.
func await(socket string, p *qemu.Process) error {
	for range 500 {
		if _, err := os.Stat(socket); err == nil {
			return nil
		}
		select {
		case <-p.Done():
			return fmt.Errorf("QEMU ended with status %d %s", p.Status(), p.Stderr())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return errors.New("QEMU does not listen for gdb")
}
