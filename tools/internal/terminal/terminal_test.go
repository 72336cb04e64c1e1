package terminal

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// lockedBuffer is a bytes.Buffer for two goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// guest plays a machine with a shell on its console that loses what is typed before the first prompt.
func guest(t *testing.T, c net.Conn, ignoreEOF int) (typed *lockedBuffer) {
	typed = new(lockedBuffer)
	go func() {
		defer c.Close()
		drained := make(chan struct{})
		var prompted sync.WaitGroup
		prompted.Add(1)
		go func() {
			defer close(drained)
			b := make([]byte, 1)
			for {
				if _, err := c.Read(b); err != nil {
					return
				}
				prompted.Wait()
				_, _ = typed.Write(b)
				if b[0] == endOfTTY {
					if ignoreEOF--; ignoreEOF < 0 {
						return
					}
					_, _ = io.WriteString(c, "\r\n# ")
				}
			}
		}()
		_, _ = io.WriteString(c, "galago booting\r\n")
		time.Sleep(50 * time.Millisecond)
		prompted.Done()
		_, _ = io.WriteString(c, "# ")
		<-drained
		_, _ = io.WriteString(c, "bye\r\n")
	}()
	return typed
}

func TestFile(t *testing.T) {
	settle, retype = 20*time.Millisecond, 50*time.Millisecond
	for _, c := range []struct {
		input  string
		ignore int
	}{{"", 0}, {"ls\nexit\n", 0}, {"", 2}} {
		name := filepath.Join(t.TempDir(), "in")
		if err := os.WriteFile(name, []byte(c.input), 0o644); err != nil {
			t.Fatal(err)
		}
		in, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		host, machine := net.Pipe()
		typed := guest(t, machine, c.ignore)
		var out lockedBuffer
		if err := Attach(host, in, &out, nil); err != nil {
			t.Fatal(err)
		}
		if want := c.input + strings.Repeat("\x04", c.ignore+1); typed.String() != want {
			t.Errorf("typed %q, want %q", typed.String(), want)
		}
		if !strings.HasPrefix(out.String(), "galago booting\r\n# ") || !strings.HasSuffix(out.String(), "bye\r\n") {
			t.Errorf("shown: %q", out.String())
		}
	}
}

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		typed, sent string
		left        bool
	}{
		{"ls\r", "ls\r", false},
		{"a\x01xb", "", true},
		{"\x01\x01", "\x01", false},
		{"\x01z", "\x01z", false},
		{"\x03\x1a", "\x03\x1a", false},
	} {
		var sent bytes.Buffer
		if left := keys(&sent, strings.NewReader(c.typed)); left != c.left || sent.String() != c.sent {
			t.Errorf("%q: sent %q, left %v", c.typed, sent.String(), left)
		}
	}
}

func TestPrompt(t *testing.T) {
	for text, want := range map[string]bool{
		"# ": true, "galago$ ": true, "/ # \x1b[6n": true, "$ \x1b[?25h\x1b[K": true,
		"#": false, "# ls": false, "booting": false, "": false, "100 % ": false,
	} {
		s := &screen{last: []byte(text), when: time.Now().Add(-time.Hour)}
		if s.prompting() != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
	if s := (&screen{last: []byte("# "), when: time.Now()}); s.prompting() {
		t.Error("a prompt that was only just written")
	}
}
