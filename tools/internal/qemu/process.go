package qemu

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Process is a running QEMU.
type Process struct {
	cmd    *exec.Cmd
	done   chan struct{} // closed when the process has been reaped
	err    error         // of Wait; valid after done
	stderr tail
}

// Start boots the machine. The files of the Config stay open in this process; close those that only QEMU needs.
func Start(c *Config) (*Process, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	l := c.commandLine()
	p := &Process{cmd: exec.Command(c.Binary, l.args...), done: make(chan struct{})}
	p.cmd.ExtraFiles = l.files
	p.cmd.Stderr = &p.stderr
	if len(c.Env) > 0 {
		p.cmd.Env = append(os.Environ(), c.Env...)
	}
	// A process group of its own keeps the terminal's ^C from QEMU: this process decides what becomes of it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	go func() {
		// The parent-death signal is tied to the starting *thread*, so this goroutine keeps it until the end.
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, errors.New(c.Binary + " is not installed (scripts/setup.sh installs it)")
		}
		return nil, err
	}
	return p, nil
}

// Done is closed when QEMU has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Pid is QEMU's process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Kill ends QEMU at once, as a power cut would end the machine.
func (p *Process) Kill() { _ = p.cmd.Process.Kill() } // an error means it has ended already

// Status waits for the end and returns the exit status, or -1 if a signal ended QEMU.
func (p *Process) Status() int {
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

// Stderr is the end of what QEMU itself complained about.
func (p *Process) Stderr() string { return p.stderr.String() }

// tail keeps the last bytes written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte // guarded by mu
}

// tailSize is plenty for QEMU's own messages.
const tailSize = 16 << 10

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if n := len(t.buf) - tailSize; n > 0 {
		t.buf = append(t.buf[:0], t.buf[n:]...)
	}
	return len(p), nil
}

// String returns what was kept, without surrounding space.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.buf))
}
