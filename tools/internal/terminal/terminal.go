// Package terminal joins the user's terminal, or any input and output, to the console of a running machine.
//
// A terminal is put into raw mode, so that every key reaches the guest's own line discipline; ^A x leaves. Input that
// is not a terminal is held back until the guest shows a prompt, because a serial port has no way to say "not
// yet" while the kernel boots; at its end ^D is typed, again and again at each new prompt, until the machine powers off.
package terminal

import (
	"errors"
	"io"
	"os"
	"regexp"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	escape   = 0x01 // ^A, then x: leave
	endOfTTY = 0x04 // ^D
)

// Times of the conversation with a guest whose user is a file.
var (
	promptWait = 20 * time.Second       // for the first prompt, after which input is sent all the same
	settle     = 150 * time.Millisecond // a prompt is a prompt when nothing follows it for so long
	retype     = 2 * time.Second        // between two ^D
)

// ErrLeft is returned by Attach when the user typed the escape.
var ErrLeft = errors.New("left by ^A x")

// Attach copies between the console and in and out until the machine has ended (done is closed, or the console at its
// end) or the user leaves.
func Attach(console io.ReadWriter, in *os.File, out io.Writer, done <-chan struct{}) error {
	interactive := term.IsTerminal(int(in.Fd()))
	if interactive {
		state, err := term.MakeRaw(int(in.Fd()))
		if err != nil {
			return err
		}
		defer func() { _ = term.Restore(int(in.Fd()), state) }()
	}
	s := &screen{}
	over := make(chan struct{})
	go func() {
		defer close(over)
		s.copy(out, console)
	}()
	left := make(chan struct{})
	go func() {
		if interactive {
			if keys(console, in) {
				close(left)
			}
			return
		}
		feed(console, in, s, over)
	}()
	select {
	case <-left:
		return ErrLeft
	case <-over:
		return nil
	case <-done:
		<-over
		return nil
	}
}

// keys sends what is typed. It returns true when the user left.
func keys(console io.Writer, in io.Reader) bool {
	buf := make([]byte, 256)
	escaped := false
	for {
		n, err := in.Read(buf)
		send := make([]byte, 0, n)
		for _, b := range buf[:n] {
			switch {
			case escaped && (b == 'x' || b == 'X'):
				return true
			case escaped:
				escaped = false
				if b != escape {
					send = append(send, escape)
				}
				send = append(send, b)
			case b == escape:
				escaped = true
			default:
				send = append(send, b)
			}
		}
		if _, werr := console.Write(send); err != nil || werr != nil {
			return false
		}
	}
}

// feed sends a file as if typed, then ^D until the machine ends.
func feed(console io.Writer, in io.Reader, s *screen, over <-chan struct{}) {
	if !s.await(over, promptWait) {
		return
	}
	if _, err := io.Copy(console, in); err != nil {
		return
	}
	for {
		if _, err := console.Write([]byte{endOfTTY}); err != nil {
			return
		}
		select {
		case <-over:
			return
		case <-time.After(retype):
		}
		if !s.await(over, promptWait) {
			return
		}
	}
}

// screen remembers the end of the last line the guest wrote.
type screen struct {
	mu   sync.Mutex
	last []byte    // guarded by mu
	when time.Time // of the last output; guarded by mu
}

func (s *screen) copy(out io.Writer, console io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := console.Read(buf)
		if n > 0 {
			_, _ = out.Write(buf[:n]) // a closed output must not stop the machine
			s.mu.Lock()
			s.last = append(s.last, buf[:n]...)
			s.last = append(s.last[:0], s.last[max(0, len(s.last)-64):]...)
			s.when = time.Now()
			s.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// prompt is a line that waits for a command; editors ask the terminal for the cursor's place after it.
var prompt = regexp.MustCompile(`[#$] (\x1b\[[0-9;?]*[a-zA-Z])*$`)

// prompting reports whether the guest seems to wait for a command: its last line is a prompt and stays so.
func (s *screen) prompting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return prompt.Match(s.last) && time.Since(s.when) > settle
}

// await waits for a prompt, at most limit. It returns false when the machine has ended.
func (s *screen) await(over <-chan struct{}, limit time.Duration) bool {
	deadline := time.Now().Add(limit)
	for !s.prompting() && time.Now().Before(deadline) {
		select {
		case <-over:
			return false
		case <-time.After(settle / 3):
		}
	}
	return true
}
