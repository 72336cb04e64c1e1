package guest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"galago/tools/internal/qemu"
	"galago/tools/internal/runproto"
)

// session is one run in progress. The fields without a comment on sharing belong to loop's goroutine.
type session struct {
	o       *Options
	proc    *qemu.Process
	port    *os.File
	theirs  *os.File // QEMU's end of port, until makeLossless
	conn    *runproto.Conn
	command []byte

	ready     chan struct{} // one value when the guest said Ready
	exited    chan int      // one value: the command's status
	framesEnd chan error    // one value when readFrames has returned
	consoleEO chan struct{} // closed when readConsole has returned
	console   ring          // shared; has its own lock
	outClosed atomic.Bool   // standard output is gone (EPIPE); shared with readFrames

	isReady  bool
	drained  bool  // framesEnd was received
	framesEr error // what it said
	sent     bool  // a first signal was forwarded
	status   int
	finished bool   // status is the command's
	problem  string // set with verdict by whoever decides to end the machine
	verdict  int
}

func newSession(o *Options, p *qemu.Process, port, theirs *os.File) *session {
	return &session{
		o: o, proc: p, port: port, theirs: theirs, conn: runproto.New(port),
		ready: make(chan struct{}, 1), exited: make(chan int, 1),
		framesEnd: make(chan error, 1), consoleEO: make(chan struct{}),
	}
}

// loop waits for whatever comes next until QEMU has ended, then judges.
func (s *session) loop() Result {
	boot := time.NewTimer(s.o.BootTimeout)
	defer boot.Stop()
	var limit, grace, off <-chan time.Time
	if s.o.Timeout > 0 {
		t := time.NewTimer(s.o.Timeout)
		defer t.Stop()
		limit = t.C
	}
	for {
		select {
		case <-s.ready:
			boot.Stop()
			s.begin()
		case s.status = <-s.exited:
			s.finished = true
			boot.Stop()
			off, limit = time.After(powerOffTimeout), nil
		case <-boot.C:
			s.end(StatusFailed, fmt.Sprintf("the guest's init was not ready after %v", s.o.BootTimeout))
		case <-limit:
			limit = nil
			s.verdict, s.problem = StatusTimeout, fmt.Sprintf("timed out after %v", s.o.Timeout)
			if !s.o.Orderly || !s.isReady {
				s.proc.Kill()
				continue
			}
			s.signal(syscall.SIGKILL)
			grace = time.After(killGrace)
		case <-grace:
			s.proc.Kill()
		case <-off:
			s.end(StatusFailed, fmt.Sprintf("the command ended with status %d but the machine did not power off", s.status))
		case s.framesEr = <-s.framesEnd:
			s.drained = true
			if errors.Is(s.framesEr, runproto.ErrMalformed) {
				s.end(StatusFailed, "the guest broke the run protocol: "+s.framesEr.Error())
			}
		case sig := <-s.o.Signals:
			s.onSignal(sig)
		case <-s.proc.Done():
			return s.judge()
		}
	}
}

// makeLossless makes QEMU wait when the channel to us is full. QEMU's virtconsole drops what a non-blocking channel does
// not take (virtio-console.c, flush_buf: consoles are not throttled). The mode belongs to the open file, which both
// processes share, so it can be changed from here once QEMU has set its own: when the guest is up, it has.
func (s *session) makeLossless() {
	if s.theirs == nil {
		return
	}
	if err := syscall.SetNonblock(int(s.theirs.Fd()), false); err != nil {
		s.end(StatusFailed, fmt.Sprintf("the run channel: %v", err))
	}
	s.dropTheirs()
}

// dropTheirs closes our copy of QEMU's end, without which the channel would never end.
func (s *session) dropTheirs() {
	if s.theirs != nil {
		s.theirs.Close()
		s.theirs = nil
	}
}

// begin sends the command and starts the pump of standard input.
func (s *session) begin() {
	s.isReady = true
	s.makeLossless()
	if err := s.conn.Write(runproto.Command, s.command); err != nil {
		s.end(StatusFailed, fmt.Sprintf("sending the command: %v", err))
		return
	}
	if w := s.o.Winsize; w != nil {
		_ = s.conn.Write(runproto.Winsize, runproto.EncodeWinsize(w[0], w[1])) // only informational
	}
	go s.pumpStdin()
	if s.o.OnReady != nil {
		s.o.OnReady()
	}
}

// end decides the outcome, if nothing else has, and ends QEMU.
func (s *session) end(status int, problem string) {
	if s.problem == "" {
		s.verdict, s.problem = status, problem
	}
	s.proc.Kill()
}

// onSignal forwards the first signal to the command; the second ends the machine.
func (s *session) onSignal(sig os.Signal) {
	n, ok := sig.(syscall.Signal)
	if !ok {
		return
	}
	if s.isReady && !s.sent {
		s.sent = true
		s.signal(n)
		return
	}
	s.end(128+int(n), fmt.Sprintf("ended by signal %d (%v)", int(n), n))
}

// signal sends a signal frame without waiting: standard input may be filling the channel at the moment.
func (s *session) signal(n syscall.Signal) {
	go func() { _ = s.conn.Write(runproto.Signal, []byte{byte(n)}) }() // an error means the machine is gone
}

// pumpStdin copies standard input into frames until its end. A blocked guest blocks it, which is the flow control.
func (s *session) pumpStdin() {
	if s.o.Stdin != nil {
		buf := make([]byte, 16<<10)
		for {
			n, err := s.o.Stdin.Read(buf)
			if n > 0 && s.conn.Write(runproto.Stdin, buf[:n]) != nil {
				return
			}
			if err != nil {
				break
			}
		}
	}
	_ = s.conn.Write(runproto.StdinEOF, nil) // an error means the machine is gone
}

// readFrames delivers what the guest sends until the channel ends.
func (s *session) readFrames() {
	for {
		t, p, err := s.conn.Read()
		if err != nil {
			s.framesEnd <- err
			return
		}
		switch t {
		case runproto.Ready:
			select {
			case s.ready <- struct{}{}:
			default:
			}
		case runproto.Stdout:
			s.deliver(s.o.Stdout, p, true)
		case runproto.Stderr:
			s.deliver(s.o.Stderr, p, false)
		case runproto.Exit:
			n, err := runproto.ExitStatus(p)
			if err != nil {
				s.framesEnd <- err
				return
			}
			s.exited <- n & 0xff
			s.framesEnd <- nil
			_, _ = io.Copy(io.Discard, s.port) // nothing may follow, but must not block the guest
			return
		default:
			s.framesEnd <- fmt.Errorf("%w: unknown type %q", runproto.ErrMalformed, byte(t))
			return
		}
	}
}

// deliver writes output. When the reader of standard output has gone, the command gets SIGPIPE, once, and the
// rest is dropped.
func (s *session) deliver(w io.Writer, p []byte, out bool) {
	if w == nil || out && s.outClosed.Load() {
		return
	}
	if _, err := w.Write(p); err != nil && out && !s.outClosed.Swap(true) {
		s.signal(syscall.SIGPIPE)
	}
}

// readConsole keeps the end of the kernel's console and passes it on.
func (s *session) readConsole(r *os.File) {
	defer close(s.consoleEO)
	defer r.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		s.console.write(buf[:n])
		if s.o.Log != nil && n > 0 {
			_, _ = s.o.Log.Write(buf[:n]) // a closed standard error must not end the run
		}
		if err != nil {
			return
		}
	}
}

// judge waits until everything the machine sent has been delivered and turns the end of QEMU into a Result.
func (s *session) judge() Result {
	s.dropTheirs()
	s.drain()
	s.port.Close()
	q := s.proc.Status()
	r := Result{Status: s.status, Ready: s.isReady, QEMU: q, Log: s.console.bytes()}
	switch {
	case q == qemu.StatusPanic:
		r.Status, r.Problem, r.Panicked = StatusFailed, "kernel panic", true
	case s.problem != "":
		r.Status, r.Problem = s.verdict, s.problem
	case s.finished && q == 0:
	case s.finished:
		r.Status, r.Problem = StatusFailed, fmt.Sprintf("the command ended with status %d but QEMU with %d", s.status, q)
	case s.isReady:
		r.Status, r.Problem = StatusFailed, fmt.Sprintf("the machine stopped before the command ended (QEMU status %d)", q)
	default:
		r.Status, r.Problem = StatusFailed, fmt.Sprintf("the machine stopped while booting (QEMU status %d)", q)
	}
	if text := s.proc.Stderr(); text != "" && r.Problem != "" && q > 0 && q != qemu.StatusPanic {
		r.Problem += ": " + strings.ReplaceAll(text, "\n", "; ")
	}
	return r
}

// drain waits for the readers. Output of a command that ended by itself is delivered however long its reader
// takes; after a time-out or an interrupt nobody waits for a reader that is stuck.
func (s *session) drain() {
	var late <-chan time.Time
	if s.problem != "" {
		late = time.After(drainTimeout)
	}
	for !s.drained {
		select {
		case s.framesEr = <-s.framesEnd:
			s.drained = true
		case <-late:
			s.drained = true
		}
	}
	select {
	case <-s.consoleEO:
	case <-late:
	}
	select {
	case s.status = <-s.exited:
		s.finished = true
	default:
	}
	select {
	case <-s.ready:
		s.isReady = true
	default:
	}
}

// ring keeps the last bytes of the console.
type ring struct {
	mu  sync.Mutex
	buf []byte // guarded by mu
}

// ringSize is the most that is kept; a panic is a few kilobytes.
const ringSize = 1 << 20

func (r *ring) write(p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buf = append(r.buf, p...)
	if len(r.buf) > 2*ringSize {
		r.buf = append(r.buf[:0], r.buf[len(r.buf)-ringSize:]...)
	}
}

func (r *ring) bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]byte(nil), r.buf[max(0, len(r.buf)-ringSize):]...)
}
