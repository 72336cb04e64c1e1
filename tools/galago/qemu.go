package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"galago/tools/internal/guest"
	"galago/tools/internal/qemu"
	"galago/tools/internal/terminal"
)

// eofLimit is how long a machine whose input is a file may run: `make qemu </dev/null` must end.
const eofLimit = 2 * time.Minute

// qemuCommand is `galago qemu`, what `make qemu` calls.
func qemuCommand() *cobra.Command {
	var m machineFlags
	var initWords string
	limit := seconds{eofLimit}
	c := &cobra.Command{
		Use:   "qemu [flags]",
		Short: "Boot to a shell on this terminal (^A x leaves); with other input, type it and end",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return runQEMU(&m, initWords, limit.Duration)
		},
	}
	f := c.Flags()
	m.register(f)
	f.StringVar(&initWords, "init", "", "words for init")
	f.Var(&limit, "limit", "time limit when standard input is not a terminal")
	return c
}

// runQEMU boots a machine whose console is the terminal and waits for its end.
func runQEMU(m *machineFlags, initWords string, limit time.Duration) error {
	disk, err := m.openDisk()
	if err != nil {
		return err
	}
	defer disk.Close()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "console"), os.NewFile(uintptr(pair[1]), "console of QEMU")
	defer ours.Close()
	c := m.finish()
	c.Image, c.Console, c.Duplex = disk, theirs, true
	c.Append = guest.KernelCommandLine(c.Disk, m.append, initWords)
	p, err := qemu.Start(c)
	theirs.Close()
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	ended := make(chan error, 1)
	go func() { ended <- terminal.Attach(ours, os.Stdin, os.Stdout, p.Done()) }()
	var late <-chan time.Time
	if !isTerminal(os.Stdin) {
		late = time.After(limit)
	}
	select {
	case err = <-ended:
		if errors.Is(err, terminal.ErrLeft) {
			p.Kill()
			fmt.Fprintln(os.Stderr)
			return nil
		}
	case sig := <-stop:
		p.Kill()
		<-ended
		return exit(128+int(sig.(syscall.Signal)), "")
	case <-late:
		p.Kill()
		<-ended
		return exit(1, fmt.Sprintf("qemu: the machine did not power off within %v", limit))
	}
	return endOfMachine(p, err)
}

// endOfMachine reports how QEMU ended.
func endOfMachine(p *qemu.Process, err error) error {
	if err != nil {
		p.Kill()
		return err
	}
	switch n := p.Status(); n {
	case 0:
		return nil
	case qemu.StatusPanic:
		return exit(guest.StatusFailed, "kernel panic")
	default:
		return exit(1, fmt.Sprintf("QEMU ended with status %d %s", n, p.Stderr()))
	}
}
