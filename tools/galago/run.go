package main

import (
	"bytes"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"galago/tools/internal/guest"
	"galago/tools/internal/qemu"
	"galago/tools/internal/runproto"
)

// guestPath is the search path that a command gets unless --env says otherwise.
const guestPath = "/bin:/sbin:/usr/bin:/usr/sbin"

type runFlags struct {
	machine machineFlags
	timeout seconds
	boot    seconds
	verbose bool
	env     []string
	dir     string
}

// runCommand is `galago run`. Its exit status is the command's; 124, 125, 126, 127 and 128+n are as in the house rules. Every
// failure of its own is 125, usage errors too, so that a caller never takes one for the command's.
func runCommand() *cobra.Command {
	var r runFlags
	c := &cobra.Command{
		Use:   "run [flags] -- CMD ARG...",
		Short: "Boot a throw-away machine, run a command in it, exit with its status",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exit(guest.StatusFailed, "run: no command given")
			}
			return r.run(args)
		},
	}
	f := c.Flags()
	r.machine.register(f)
	f.Var(&r.timeout, "timeout", "end the run with status 124 after this long")
	r.boot.Duration = guest.DefaultBootTimeout
	f.Var(&r.boot, "boot-timeout", "end the run with status 125 if the guest is not up after this long")
	f.StringArrayVar(&r.env, "env", nil, "environment of the command: K=V, or K for the host's value (repeatable)")
	f.StringVar(&r.dir, "cwd", "/", "working directory of the command")
	f.StringVar(&r.machine.transport, "transport", string(qemu.VirtConsole), "how the host talks to the guest: virtconsole or serial")
	f.BoolVarP(&r.verbose, "verbose", "v", false, "show the kernel's log on standard error")
	f.SetInterspersed(false)
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exit(guest.StatusFailed, err.Error()) })
	return c
}

// run does one run and turns its result into an exit status.
func (r *runFlags) run(args []string) error {
	disk, err := r.machine.openDisk()
	if err != nil {
		return exit(guest.StatusFailed, err.Error())
	}
	defer disk.Close()
	m := r.machine.finish()
	m.Image = disk
	m.Append = guest.KernelCommandLine(m.Disk, r.machine.append, "run "+m.Transport.GuestPath())

	// A broken pipe must come back as an error, so that the guest can be told (see guest.session.deliver).
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	o := guest.Options{
		Machine: *m, Timeout: r.timeout.Duration, BootTimeout: r.boot.Duration, Orderly: r.machine.keepImage != "",
		Cmd:   runproto.Cmd{Dir: r.dir, Args: args, Env: r.environment()},
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Signals: signals, Winsize: winsize(),
	}
	if r.verbose {
		o.Log = withoutCR{os.Stderr}
	}
	res := guest.Run(o)
	if res.OK() {
		return status(res.Status)
	}
	hungBoot := res.Status == guest.StatusTimeout && !res.Ready
	if !r.verbose && (res.Status == guest.StatusFailed || hungBoot) {
		_, _ = withoutCR{os.Stderr}.Write(res.Log)
	}
	return exit(res.Status, res.Problem)
}

// status ends the process with a command's own status, silently.
func status(n int) error {
	if n == 0 {
		return nil
	}
	return exit(n, "")
}

// environment is the command's: a search path and a home, then what --env says.
func (r *runFlags) environment() []string {
	env := []string{"PATH=" + guestPath, "HOME=/root"}
	for _, e := range r.env {
		name, _, given := strings.Cut(e, "=")
		if !given {
			v, ok := os.LookupEnv(e)
			if !ok {
				continue
			}
			e = name + "=" + v
		}
		at := len(env)
		for i, old := range env {
			if strings.HasPrefix(old, name+"=") {
				at = i
			}
		}
		env = append(env[:at], append([]string{e}, env[min(at+1, len(env)):]...)...)
	}
	return env
}

// winsize is the size of the terminal, if there is one.
func winsize() *[2]uint16 {
	cols, rows, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return nil
	}
	return &[2]uint16{uint16(rows), uint16(cols)}
}

// withoutCR drops the carriage returns that a serial console needs and a log does not.
type withoutCR struct{ w io.Writer }

func (c withoutCR) Write(p []byte) (int, error) {
	if _, err := c.w.Write(bytes.ReplaceAll(p, []byte("\r"), nil)); err != nil {
		return 0, err
	}
	return len(p), nil
}
