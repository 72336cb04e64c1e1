// Package guest runs one command in one freshly booted machine: the engine of `galago run` and of every test that
// needs the kernel.
//
// A Run has five parties: QEMU itself, the reader of the kernel's console (COM1), the reader of frames from the
// guest's init, the pump of standard input, and the loop in session.go that owns all decisions. The readers only
// deliver; they end when QEMU does, because QEMU holds the other ends.
package guest

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"galago/tools/internal/qemu"
	"galago/tools/internal/runproto"
)

// Exit statuses of `galago run` that are not the command's own.
const (
	StatusTimeout = 124
	StatusFailed  = 125 // kernel panic, boot failure, or no way to start
)

// Defaults of Options.
const (
	DefaultBootTimeout = 60 * time.Second
	powerOffTimeout    = 30 * time.Second // from the command's end to QEMU's
	killGrace          = 5 * time.Second  // from SIGKILL for the command to SIGKILL for the machine
	drainTimeout       = 10 * time.Second // to write out what a dead machine had already sent
)

// Options of Run.
type Options struct {
	Machine     qemu.Config // Port and Console are set by Run
	Cmd         runproto.Cmd
	Timeout     time.Duration // of the whole run; 0 for none
	BootTimeout time.Duration // until the guest's init is ready; 0 for the default
	Orderly     bool          // at a time-out kill the command first, so that the guest can unmount
	Stdin       io.Reader     // nil for none
	Stdout      io.Writer     // nil to discard
	Stderr      io.Writer     // nil to discard
	Log         io.Writer     // receives the kernel's console as it is written; may be nil
	Signals     <-chan os.Signal
	Winsize     *[2]uint16                // rows, columns; nil if there is no terminal
	OnReady     func()                    // called when the command has been sent
	OnStart     func(kill func(), id int) // called with the means to pull the plug, and QEMU's process id
}

// Result says how a run ended.
type Result struct {
	Status   int    // what `galago run` exits with
	Problem  string // why Status is not the command's own; "" if it is
	Panicked bool   // the kernel panicked
	Ready    bool   // the guest's init came up
	Log      []byte // the end of the kernel's console
	QEMU     int    // QEMU's exit status, -1 if a signal ended it
	Elapsed  time.Duration
}

// OK reports whether the status is the command's own.
func (r *Result) OK() bool { return r.Problem == "" }

// Run boots the machine and waits until it has ended. It never returns with QEMU still running.
func Run(o Options) Result {
	start := time.Now()
	if o.BootTimeout == 0 {
		o.BootTimeout = DefaultBootTimeout
	}
	if o.Machine.ICount {
		o.BootTimeout *= 3 // counting instructions makes the machine several times slower
	}
	command, err := o.Cmd.Encode()
	if err != nil {
		return Result{Status: StatusFailed, Problem: err.Error()}
	}
	s, err := boot(&o)
	if err != nil {
		return Result{Status: StatusFailed, Problem: err.Error()}
	}
	s.command = command
	r := s.loop()
	r.Elapsed = time.Since(start)
	return r
}

// boot creates the channels and starts QEMU and the readers.
func boot(o *Options) (*session, error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "run port"), os.NewFile(uintptr(pair[1]), "run port of QEMU")
	conRead, conWrite, err := os.Pipe()
	if err != nil {
		ours.Close()
		theirs.Close()
		return nil, err
	}
	defer conWrite.Close()
	o.Machine.Port, o.Machine.Console = theirs, conWrite
	p, err := qemu.Start(&o.Machine)
	if err != nil {
		ours.Close()
		theirs.Close()
		conRead.Close()
		return nil, err
	}
	s := newSession(o, p, ours, theirs)
	go s.readConsole(conRead)
	go s.readFrames()
	if o.OnStart != nil {
		o.OnStart(p.Kill, p.Pid())
	}
	return s, nil
}

// KernelCommandLine builds the kernel's command line: the console, the root device, what the user adds, and after
// " -- " the words that go to init.
func KernelCommandLine(d qemu.Disk, extra, initWords string) string {
	line := "console=ttyS0"
	if d != qemu.NoDisk {
		line += " root=" + d.RootDevice()
	}
	if extra != "" {
		line += " " + extra
	}
	if initWords != "" {
		line += " -- " + initWords
	}
	return line
}
