package tty

import (
	"bytes"
	"os"
	"sync/atomic"
	"testing"
	gotime "time"
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

func TestMain(m *testing.M) {
	mem.HostInit(64 << 20)
	start := gotime.Now()
	time.SetClock(func() uint64 { return uint64(gotime.Since(start)) }, 1e9)
	sched.SignalPending = func(t *sched.Thread) bool { return signalled.Load() == t }
	Processes = &jobs
	os.Exit(m.Run())
}

// signalled is the thread with a signal pending.
var signalled atomic.Pointer[sched.Thread]

var lastMinor uint32

// newTTY makes a terminal that is not in the table, the caller's controlling terminal with group 10 in front, and an open
// file of it.
func newTTY(t testing.TB, change func(m *Termios)) (*TTY, *fakeDriver, *vfs.File) {
	t.Helper()
	d := &fakeDriver{room: 8192}
	lastMinor++
	tty := New("ttyT", 4, 100+lastMinor, d)
	if tty == nil {
		t.Fatal("no terminal")
	}
	tableLock.Lock()
	nTTY-- // the table is small, tests are many
	tableLock.Unlock()
	d.tty = tty
	if change != nil {
		change(&tty.termios)
	}
	jobs = fakeJobs{sid: 10, pgid: 10, leader: true, terminal: tty, groups: map[int]int{10: 10, 11: 10, 20: 20}}
	tty.session, tty.pgrp = 10, 10
	f := openFile(t, tty, 0, false)
	t.Cleanup(func() {
		f.Put()
		if d.opens != 0 || tty.opens != 0 {
			t.Errorf("still open: %d, %d", d.opens, tty.opens)
		}
		ttyCache.Free(tty)
	})
	return tty, d, f
}

func openFile(t testing.TB, tty *TTY, flags uint32, asConsole bool) *vfs.File {
	t.Helper()
	f, e := vfs.NewAnonFile(ttyOps, nil, nil, vfs.O_RDWR|flags, &cred.Root)
	if e == 0 {
		e = tty.open(f, asConsole)
	}
	if e != 0 {
		t.Fatal(e)
	}
	return f
}

// onHeap allocates a buffer that does not move, as a goroutine's stack may: an Iter holds its address as a number.
func onHeap(n int) []byte {
	b := make([]byte, n)
	keep.Store(&b)
	return b
}

var keep atomic.Pointer[[]byte]

func readOnce(f *vfs.File, n int) (string, errno.Errno) {
	b := onHeap(n)
	it := uio.FromKernel(b)
	k, e := f.Read(&it)
	return string(b[:k]), e
}

func writeString(f *vfs.File, s string) (int, errno.Errno) {
	b := onHeap(len(s))
	copy(b, s)
	it := uio.FromKernel(b)
	return f.Write(&it)
}

func ioctl[T any](f *vfs.File, cmd uint32, v *T) errno.Errno {
	_, e := f.Ioctl(cmd, uintptr(unsafe.Pointer(v)))
	return e
}

func on(flags uint32) func(*Termios)  { return func(m *Termios) { m.Lflag |= flags } }
func off(flags uint32) func(*Termios) { return func(m *Termios) { m.Lflag &^= flags } }

func raw(m *Termios) {
	m.Iflag, m.Oflag, m.Lflag = 0, 0, 0
}

// TestDiscipline types characters at once and looks at the echo (of which a signal key drops what has not left), at what reads of 100 bytes return one after the other,
// and at signals.
func TestDiscipline(t *testing.T) {
	tests := []struct {
		name   string
		modes  func(m *Termios)
		input  string
		echo   string
		reads  []string // "" is end of file
		signal int
	}{
		{"line", nil, "hello\r", "hello\r\n", []string{"hello\n"}, 0},
		{"unfinished line", nil, "hello", "hello", nil, 0},
		{"two lines", nil, "a\nb\n", "a\r\nb\r\n", []string{"a\n", "b\n"}, 0},
		{"erase", nil, "abx\x7fc\n", "abx\b \bc\r\n", []string{"abc\n"}, 0},
		{"erase of nothing", nil, "\x7f\x7fa\n", "a\r\n", []string{"a\n"}, 0},
		{"erase without ECHOE", off(ECHOE), "ab\x7f\n", "ab^?\r\n", []string{"a\n"}, 0},
		{"erase of a control character", nil, "a\x01\x7fb\n", "a^A\b \b\b \bb\r\n", []string{"ab\n"}, 0},
		{"erase of a control character without ECHOCTL", off(ECHOCTL), "a\x01\x7fb\n", "a\x01b\r\n", []string{"ab\n"}, 0},
		{"erase does not cross the line", nil, "a\n\x7fb\n", "a\r\nb\r\n", []string{"a\n", "b\n"}, 0},
		{"erase of a tab", nil, "ab\t\x7fc\n", "ab\t\b\b\b\b\b\bc\r\n", []string{"abc\n"}, 0},
		{"erase of a second tab", nil, "\tx\t\x7f\n", "\tx\t\b\b\b\b\b\b\b\r\n", []string{"\tx\n"}, 0},
		{"ECHOPRT", func(m *Termios) { m.Lflag |= ECHOPRT }, "abc\x7f\x7fd\n", "abc\\cb/d\r\n", []string{"ad\n"}, 0},
		{"ECHOPRT to the beginning", func(m *Termios) { m.Lflag |= ECHOPRT }, "ab\x7f\x7fd\n", "ab\\ba/d\r\n", []string{"d\n"}, 0},
		{"word erase", nil, "one two  \x17x\n", "one two  \b \b\b \b\b \b\b \b\b \bx\r\n", []string{"one x\n"}, 0},
		{"word erase without IEXTEN", off(IEXTEN), "a\x17\n", "a^W\r\n", []string{"a\x17\n"}, 0},
		{"kill", nil, "abc\x15d\n", "abc\b \b\b \b\b \bd\r\n", []string{"d\n"}, 0},
		{"kill without ECHOKE", off(ECHOKE), "abc\x15d\n", "abc^U\r\nd\r\n", []string{"d\n"}, 0},
		{"kill without ECHOK", off(ECHOK | ECHOKE), "abc\x15d\n", "abc^Ud\r\n", []string{"d\n"}, 0},
		{"kill without ECHO", off(ECHO), "abc\x15d\n", "", []string{"d\n"}, 0},
		{"reprint", nil, "ab\x12c\n", "ab^R\r\nabc\r\n", []string{"abc\n"}, 0},
		{"literal next", nil, "a\x16\x7f\x16\x03b\n", "a^\b^?^\b^Cb\r\n", []string{"a\x7f\x03b\n"}, 0},
		{"literal newline does not end the line", nil, "a\x16\nb\n", "a^\b\r\nb\r\n", []string{"a\nb\n"}, 0},
		{"end of file", nil, "\x04", "", []string{""}, 0},
		{"end of file after a line", nil, "a\n\x04", "a\r\n", []string{"a\n", ""}, 0},
		{"end of file pushes a line", nil, "abc\x04", "abc", []string{"abc"}, 0},
		{"EOL", func(m *Termios) { m.CC[VEOL] = ';' }, "ab;c\n", "ab;c\r\n", []string{"ab;", "c\n"}, 0},
		{"EOL2", func(m *Termios) { m.CC[VEOL2] = '!' }, "ab!c\n", "ab!c\r\n", []string{"ab!", "c\n"}, 0},
		{"ECHONL", func(m *Termios) { m.Lflag = m.Lflag&^ECHO | ECHONL }, "ab\n", "\r\n", []string{"ab\n"}, 0},
		{"disabled characters", func(m *Termios) { m.CC[VERASE] = 0 }, "a\x00\x7f\n", "a^@^?\r\n", []string{"a\x00\x7f\n"}, 0},
		{"INLCR", func(m *Termios) { m.Iflag = INLCR }, "a\n", "a^M", nil, 0},
		{"IGNCR", func(m *Termios) { m.Iflag = IGNCR }, "a\rb\n", "ab\r\n", []string{"ab\n"}, 0},
		{"no ICRNL", func(m *Termios) { m.Iflag = 0 }, "a\rb\n", "a^Mb\r\n", []string{"a\rb\n"}, 0},
		{"ISTRIP", func(m *Termios) { m.Iflag |= ISTRIP }, "\xe1\n", "a\r\n", []string{"a\n"}, 0},
		{"IUCLC", func(m *Termios) { m.Iflag |= IUCLC }, "AbC\n", "abc\r\n", []string{"abc\n"}, 0},
		{"IUTF8 erase", func(m *Termios) { m.Iflag |= IUTF8 }, "aä€\x7f\x7fb\n", "aä€\b \b\b \bb\r\n", []string{"ab\n"}, 0},
		{"erase of bytes without IUTF8", nil, "ä\x7f\n", "ä\b \b\r\n", []string{"\xc3\n"}, 0},
		{"PARMRK doubles 0377", func(m *Termios) { m.Iflag |= PARMRK }, "\xff\n", "\xff\r\n", []string{"\xff\xff\n"}, 0},
		{"interrupt", nil, "ab\x03", "<flush>^C", nil, sigINT},
		{"quit", nil, "\x1c", "<flush>^\\", nil, sigQUIT},
		{"suspend", nil, "\x1a", "<flush>^Z", nil, sigTSTP},
		{"interrupt flushes finished lines", nil, "ab\n\x03", "<flush>^C", nil, sigINT},
		{"NOFLSH", on(NOFLSH), "ab\x03c\n", "ab^Cc\r\n", []string{"abc\n"}, sigINT},
		{"no ISIG", off(ISIG), "\x03\n", "^C\r\n", []string{"\x03\n"}, 0},
		{"XON and XOFF are not input", nil, "a\x13\x11b\n", "ab\r\n", []string{"ab\n"}, 0},
		{"no IXON", func(m *Termios) { m.Iflag = 0 }, "\x13\n", "^S\r\n", []string{"\x13\n"}, 0},
		{"no OPOST", func(m *Termios) { m.Oflag = 0 }, "a\n", "a\n", []string{"a\n"}, 0},
		{"raw", raw, "a\r\n\x03\x7f", "", []string{"a\r\n\x03\x7f"}, 0},
		{"raw with echo", func(m *Termios) { raw(m); m.Lflag = ECHO }, "a\x03", "a\x03", []string{"a\x03"}, 0},
		{"raw with ISIG", func(m *Termios) { raw(m); m.Lflag = ISIG }, "a\x03b", "<flush>", []string{"b"}, sigINT},
		{"EXTPROC", func(m *Termios) { m.Lflag |= EXTPROC }, "a\x03", "", []string{"a\x03"}, 0},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			tty, d, f := newTTY(t, c.modes)
			f.Flags.Or(vfs.O_NONBLOCK)
			if n := tty.Receive([]byte(c.input)); n != len(c.input) {
				t.Errorf("%d of %d characters taken", n, len(c.input))
			}
			if got := d.take(); got != c.echo {
				t.Errorf("echo %q, want %q", got, c.echo)
			}
			for _, want := range c.reads {
				if got, e := readOnce(f, 100); got != want || e != 0 {
					t.Errorf("read %q %v, want %q", got, e, want)
				}
			}
			if got, e := readOnce(f, 100); e != errno.EAGAIN {
				t.Errorf("one read more: %q %v", got, e)
			}
			var signals []sent
			if c.signal != 0 {
				signals = []sent{{10, c.signal}}
			}
			if got := jobs.take(); len(got) != len(signals) || len(got) == 1 && got[0] != signals[0] {
				t.Errorf("signals %v, want %v", got, signals)
			}
		})
	}
}

func TestOutput(t *testing.T) {
	tests := []struct {
		name  string
		oflag uint32
		in    string
		want  string
	}{
		{"ONLCR", OPOST | ONLCR, "a\nb\r\n", "a\r\nb\r\r\n"},
		{"no OPOST", ONLCR, "a\n", "a\n"},
		{"OCRNL", OPOST | OCRNL, "a\r", "a\n"},
		{"ONOCR", OPOST | ONOCR, "\ra\r", "a\r"},
		{"ONLRET", OPOST | ONLRET | ONOCR, "a\n\r", "a\n"},
		{"OLCUC", OPOST | OLCUC, "aZ", "AZ"},
		{"tabs", OPOST | XTABS, "ab\tc\t\t\n", "ab      c               \n"},
		{"tabs after backspace", OPOST | XTABS, "ab\b\tc", "ab\b       c"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			_, d, f := newTTY(t, func(m *Termios) { m.Oflag = c.oflag })
			if n, e := writeString(f, c.in); n != len(c.in) || e != 0 {
				t.Errorf("write: %d %v", n, e)
			}
			if got := d.take(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// TestPartialReads reads a line in pieces.
func TestPartialReads(t *testing.T) {
	tty, _, f := newTTY(t, nil)
	f.Flags.Or(vfs.O_NONBLOCK)
	tty.Receive([]byte("hello\nab\x04cd\n"))
	for _, c := range []struct {
		n    int
		want string
	}{{2, "he"}, {3, "llo"}, {10, "\n"}, {2, "ab"}, {1, "c"}, {100, "d\n"}} {
		if got, e := readOnce(f, c.n); got != c.want || e != 0 {
			t.Errorf("read of %d: %q %v, want %q", c.n, got, e, c.want)
		}
	}
}

// TestBlockingRead waits for a line that comes in pieces, and for the end of file.
func TestBlockingRead(t *testing.T) {
	tty, _, f := newTTY(t, nil)
	go func() {
		for _, s := range []string{"sl", "ow\x7f", "o\n", "\x04"} {
			gotime.Sleep(2 * gotime.Millisecond)
			tty.Receive([]byte(s))
		}
	}()
	if got, e := readOnce(f, 100); got != "sloo\n" || e != 0 {
		t.Errorf("%q %v", got, e)
	}
	if got, e := readOnce(f, 100); got != "" || e != 0 {
		t.Errorf("%q %v", got, e)
	}
}

// TestBackpressure fills the ring with lines: what does not fit stays with the driver, and nothing is lost.
func TestBackpressure(t *testing.T) {
	tty, d, f := newTTY(t, off(ECHO))
	var all []byte
	for i := range 1000 {
		all = append(all, "line "...)
		all = append(all, byte('0'+i/100), byte('0'+i/10%10), byte('0'+i%10), '\n')
	}
	rest := all
	var got []byte
	for len(got) < len(all) {
		n := tty.Receive(rest)
		rest = rest[n:]
		before := d.resumed
		s, e := readOnce(f, 100)
		if e != 0 {
			t.Fatal(e)
		}
		got = append(got, s...)
		if len(rest) > 0 && d.resumed != before+1 {
			t.Fatal("the driver was not told of room")
		}
	}
	if !bytes.Equal(got, all) {
		t.Error("input was lost")
	}
}

// TestLongLine types more than a line can hold: the newline still ends it.
func TestLongLine(t *testing.T) {
	tty, _, f := newTTY(t, off(ECHO))
	long := bytes.Repeat([]byte("x"), 3*ringSize)
	if n := tty.Receive(long); n != len(long) {
		t.Errorf("%d of %d taken", n, len(long))
	}
	tty.Receive([]byte("\n"))
	s, e := readOnce(f, 2*ringSize)
	if e != 0 || len(s) < ringSize-8 || len(s) >= ringSize || s[len(s)-1] != '\n' {
		t.Errorf("read %d bytes, %v", len(s), e)
	}
}

func TestReadModes(t *testing.T) {
	timed := func(vmin, vtime byte) func(m *Termios) {
		return func(m *Termios) { raw(m); m.CC[VMIN], m.CC[VTIME] = vmin, vtime }
	}
	t.Run("VMIN=0 VTIME=0", func(t *testing.T) {
		tty, _, f := newTTY(t, timed(0, 0))
		if s, e := readOnce(f, 10); s != "" || e != 0 {
			t.Errorf("%q %v", s, e)
		}
		tty.Receive([]byte("ab"))
		if s, e := readOnce(f, 10); s != "ab" || e != 0 {
			t.Errorf("%q %v", s, e)
		}
	})
	t.Run("VMIN=0 VTIME=1", func(t *testing.T) {
		tty, _, f := newTTY(t, timed(0, 1))
		start := gotime.Now()
		if s, e := readOnce(f, 10); s != "" || e != 0 || gotime.Since(start) < 100*gotime.Millisecond {
			t.Errorf("%q %v after %v", s, e, gotime.Since(start))
		}
		tty.Receive([]byte("a"))
		if s, e := readOnce(f, 10); s != "a" || e != 0 {
			t.Errorf("%q %v", s, e)
		}
	})
	t.Run("VMIN=3 VTIME=0", func(t *testing.T) {
		tty, _, f := newTTY(t, timed(3, 0))
		done := make(chan struct{})
		go func() {
			for range 4 {
				gotime.Sleep(gotime.Millisecond)
				tty.Receive([]byte("x"))
			}
			close(done)
		}()
		defer func() { <-done }()
		if s, e := readOnce(f, 10); len(s) < 3 || e != 0 {
			t.Errorf("%q %v", s, e)
		}
	})
	t.Run("VMIN=5 VTIME=1", func(t *testing.T) {
		tty, _, f := newTTY(t, timed(5, 1))
		go func() {
			gotime.Sleep(120 * gotime.Millisecond) // the timer runs between bytes only
			tty.Receive([]byte("ab"))
		}()
		start := gotime.Now()
		if s, e := readOnce(f, 10); s != "ab" || e != 0 || gotime.Since(start) < 220*gotime.Millisecond {
			t.Errorf("%q %v after %v", s, e, gotime.Since(start))
		}
	})
	t.Run("fewer than VMIN asked for", func(t *testing.T) {
		tty, _, f := newTTY(t, timed(5, 0))
		tty.Receive([]byte("abc"))
		if s, e := readOnce(f, 2); s != "ab" || e != 0 {
			t.Errorf("%q %v", s, e)
		}
	})
}

func TestInterruptedRead(t *testing.T) {
	_, _, f := newTTY(t, nil)
	done := make(chan errno.Errno)
	var th atomic.Pointer[sched.Thread]
	go func() {
		th.Store(sched.Current())
		_, e := readOnce(f, 1)
		done <- e
	}()
	for th.Load() == nil || th.Load().State() != sched.Interruptible {
		gotime.Sleep(gotime.Millisecond)
	}
	signalled.Store(th.Load())
	sched.Interrupt(th.Load(), sched.Interruptible)
	if e := <-done; e != errno.EINTR {
		t.Errorf("%v", e)
	}
	signalled.Store(nil)
}

// TestModeChange switches between canonical and raw mode with input waiting.
func TestModeChange(t *testing.T) {
	tty, _, f := newTTY(t, off(ECHO))
	f.Flags.Or(vfs.O_NONBLOCK)
	tty.Receive([]byte("abc"))
	var m Termios
	ioctl(f, tcGETS2, &m)
	m.Lflag &^= ICANON
	if e := ioctl(f, tcSETS2, &m); e != 0 {
		t.Fatal(e)
	}
	if s, _ := readOnce(f, 2); s != "ab" {
		t.Errorf("after switching to raw: %q", s)
	}
	m.Lflag |= ICANON
	ioctl(f, tcSETS2, &m)
	if s, _ := readOnce(f, 10); s != "c" {
		t.Errorf("after switching back: %q", s)
	}
	tty.Receive([]byte("gone\n"))
	if e := ioctl(f, tcSETSF2, &m); e != 0 {
		t.Fatal(e)
	}
	if _, e := readOnce(f, 10); e != errno.EAGAIN {
		t.Errorf("TCSETSF left input: %v", e)
	}
}

func TestWriteBlocks(t *testing.T) {
	_, d, f := newTTY(t, nil)
	d.room = echoReserve + 100
	f.Flags.Or(vfs.O_NONBLOCK)
	big := string(bytes.Repeat([]byte("0123456789"), 100))
	n, e := writeString(f, big)
	if n == 0 || n > 100 || e != 0 {
		t.Errorf("non-blocking write: %d %v", n, e)
	}
	if _, e := writeString(f, "x"); e != errno.EAGAIN {
		t.Errorf("no room: %v", e)
	}
	f.Flags.And(^uint32(vfs.O_NONBLOCK))
	d.take()
	var got []byte
	done := make(chan struct{})
	go func() {
		if n, e := writeString(f, big); n != len(big) || e != 0 {
			t.Errorf("blocking write: %d %v", n, e)
		}
		close(done)
	}()
	for len(got) < len(big) {
		got = append(got, d.take()...)
		gotime.Sleep(100 * gotime.Microsecond)
	}
	<-done
	if string(got) != big {
		t.Error("output differs")
	}
}

func TestFlowControl(t *testing.T) {
	tty, d, f := newTTY(t, nil)
	tty.Receive([]byte{'S' - 64})
	if !d.held {
		t.Error("^S does not stop output")
	}
	tty.Receive([]byte{'Q' - 64})
	if d.held {
		t.Error("^Q does not start output")
	}
	tty.Receive([]byte{'S' - 64, 'C' - 64})
	if d.held {
		t.Error("^C does not start output")
	}
	tty.termios.Iflag |= IXANY
	tty.Receive([]byte{'S' - 64, 'x'})
	if d.held {
		t.Error("any character does not start output")
	}
	f.Ioctl(tcXONC, tcOOFF)
	tty.Receive([]byte{'Q' - 64})
	if !d.held {
		t.Error("TCOOFF does not last")
	}
	f.Ioctl(tcXONC, tcOON)
	if d.held {
		t.Error("TCOON does not start output")
	}
	f.Ioctl(tcXONC, tcIOFF)
	f.Ioctl(tcXONC, tcION)
	if string(d.now) != "\x13\x11" {
		t.Errorf("TCIOFF, TCION sent %q", d.now)
	}
	if _, e := f.Ioctl(tcXONC, 9); e != errno.EINVAL {
		t.Errorf("bad tcflow: %v", e)
	}
}

func TestLineErrors(t *testing.T) {
	for _, c := range []struct {
		iflag uint32
		what  LineError
		want  string
		sig   int
	}{
		{0, Break, "\x00", 0},
		{IGNBRK, Break, "", 0},
		{BRKINT, Break, "", sigINT},
		{PARMRK, Break, "\xff\x00\x00", 0},
		{0, ParityError, "x", 0},
		{INPCK, ParityError, "\x00", 0},
		{INPCK | IGNPAR, FramingError, "", 0},
		{INPCK | PARMRK, ParityError, "\xff\x00x", 0},
	} {
		tty, _, f := newTTY(t, func(m *Termios) { raw(m); m.Iflag = c.iflag })
		f.Flags.Or(vfs.O_NONBLOCK)
		ch := byte('x')
		if c.what == Break {
			ch = 0
		}
		tty.ReceiveError(ch, c.what)
		if s, _ := readOnce(f, 10); s != c.want {
			t.Errorf("%o %d: %q, want %q", c.iflag, c.what, s, c.want)
		}
		if s := jobs.take(); len(s) > 0 != (c.sig != 0) {
			t.Errorf("%o %d: signals %v", c.iflag, c.what, s)
		}
	}
}
