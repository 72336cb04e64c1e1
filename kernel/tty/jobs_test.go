package tty

import (
	"slices"
	"testing"
	gotime "time"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

func signals(t *testing.T, want ...sent) {
	t.Helper()
	if got := jobs.take(); !slices.Equal(got, want) {
		t.Errorf("signals %v, want %v", got, want)
	}
}

// TestBackground tries what a process outside the foreground group may do.
func TestBackground(t *testing.T) {
	reading := func(f *vfs.File) errno.Errno { _, e := readOnce(f, 1); return e }
	writing := func(f *vfs.File) errno.Errno { _, e := writeString(f, "x"); return e }
	setting := func(f *vfs.File) errno.Errno {
		var m Termios
		ioctl(f, tcGETS, &m)
		return ioctl(f, tcSETS, &m)
	}
	for _, c := range []struct {
		name     string
		op       func(f *vfs.File) errno.Errno
		modes    func(m *Termios)
		ignored  int
		orphaned bool
		want     errno.Errno
		sig      int
	}{
		{"read", reading, nil, 0, false, errno.ERESTARTSYS, sigTTIN},
		{"read, SIGTTIN ignored", reading, nil, sigTTIN, false, errno.EIO, 0},
		{"read, orphaned", reading, nil, 0, true, errno.EIO, 0},
		{"write", writing, nil, 0, false, 0, 0},
		{"write, TOSTOP", writing, on(TOSTOP), 0, false, errno.ERESTARTSYS, sigTTOU},
		{"write, TOSTOP, SIGTTOU ignored", writing, on(TOSTOP), sigTTOU, false, 0, 0},
		{"write, TOSTOP, orphaned", writing, on(TOSTOP), 0, true, errno.EIO, 0},
		{"tcsetattr", setting, nil, 0, false, errno.ERESTARTSYS, sigTTOU},
		{"tcsetattr, SIGTTOU ignored", setting, nil, sigTTOU, false, 0, 0},
		{"tcsetattr, orphaned", setting, nil, 0, true, errno.EIO, 0},
		{"tcflush", func(f *vfs.File) errno.Errno { _, e := f.Ioctl(tcFLSH, 0); return e }, nil, 0, false, errno.ERESTARTSYS, sigTTOU},
	} {
		t.Run(c.name, func(t *testing.T) {
			tty, _, f := newTTY(t, c.modes)
			tty.Receive([]byte("input\n"))
			jobs.pgid, jobs.ignored, jobs.orphaned = 11, c.ignored, c.orphaned
			if e := c.op(f); e != c.want {
				t.Errorf("%v, want %v", e, c.want)
			}
			if c.sig != 0 {
				signals(t, sent{11, c.sig})
			} else {
				signals(t)
			}
			jobs.pgid = 10
			if e := reading(f); e != 0 {
				t.Errorf("in the foreground: %v", e)
			}
		})
	}
}

func TestNotControlling(t *testing.T) {
	tty, _, f := newTTY(t, nil)
	jobs.terminal, jobs.sid, jobs.pgid = nil, 20, 20
	tty.Receive([]byte("a\n"))
	if _, e := readOnce(f, 10); e != 0 {
		t.Errorf("a terminal that is not the caller's has no job control: %v", e)
	}
	var n int32
	for _, cmd := range []uint32{tiocGPGRP, tiocGSID} {
		if e := ioctl(f, cmd, &n); e != errno.ENOTTY {
			t.Errorf("%x: %v", cmd, e)
		}
	}
	n = 20
	if e := ioctl(f, tiocSPGRP, &n); e != errno.ENOTTY {
		t.Errorf("TIOCSPGRP: %v", e)
	}
	if _, e := f.Ioctl(tiocNOTTY, 0); e != errno.ENOTTY {
		t.Errorf("TIOCNOTTY: %v", e)
	}
}

func TestForegroundGroup(t *testing.T) {
	tty, _, f := newTTY(t, nil)
	var n int32
	if e := ioctl(f, tiocGSID, &n); e != 0 || n != 10 {
		t.Errorf("TIOCGSID: %d %v", n, e)
	}
	for _, c := range []struct {
		pgid int32
		want errno.Errno
	}{{-1, errno.EINVAL}, {99, errno.ESRCH}, {20, errno.EPERM}, {11, 0}} {
		n = c.pgid
		if e := ioctl(f, tiocSPGRP, &n); e != c.want {
			t.Errorf("TIOCSPGRP %d: %v, want %v", c.pgid, e, c.want)
		}
	}
	if e := ioctl(f, tiocGPGRP, &n); e != 0 || n != 11 || tty.Foreground() != 11 {
		t.Errorf("TIOCGPGRP: %d %v", n, e)
	}
	tty.Receive([]byte{3})
	signals(t, sent{11, sigINT})
	n = 10 // from the background now
	if e := ioctl(f, tiocSPGRP, &n); e != errno.ERESTARTSYS {
		t.Errorf("TIOCSPGRP from the background: %v", e)
	}
	signals(t, sent{10, sigTTOU})
	jobs.orphaned = true
	if e := ioctl(f, tiocSPGRP, &n); e != errno.ENOTTY {
		t.Errorf("TIOCSPGRP from an orphaned group: %v", e)
	}
}

func TestTakeTerminal(t *testing.T) {
	tty, _, f := newTTY(t, nil)
	tty.session, tty.pgrp = 0, 0
	jobs.terminal = nil
	jobs.leader = false
	if _, e := f.Ioctl(tiocSCTTY, 0); e != errno.EPERM {
		t.Errorf("not a leader: %v", e)
	}
	jobs.leader = true
	if _, e := f.Ioctl(tiocSCTTY, 0); e != 0 || jobs.terminal != tty || tty.session != 10 || tty.pgrp != 10 {
		t.Errorf("TIOCSCTTY: %v, %+v", e, jobs.terminal)
	}
	if _, e := f.Ioctl(tiocSCTTY, 0); e != 0 {
		t.Errorf("again: %v", e)
	}
	jobs.sid, jobs.pgid, jobs.terminal = 20, 20, nil
	if _, e := f.Ioctl(tiocSCTTY, 0); e != errno.EPERM {
		t.Errorf("another session's: %v", e)
	}
	if _, e := f.Ioctl(tiocSCTTY, 1); e != 0 || tty.session != 20 || jobs.terminal != tty {
		t.Errorf("stealing: %v", e)
	}
	if _, e := f.Ioctl(tiocNOTTY, 0); e != 0 || tty.session != 0 || jobs.terminal != nil {
		t.Errorf("TIOCNOTTY: %v", e)
	}
	signals(t, sent{20, sigHUP}, sent{20, sigCONT})
}

func TestAdoptAtOpen(t *testing.T) {
	tty, _, f := newTTY(t, nil)
	tty.session, tty.pgrp = 0, 0
	jobs.leader, jobs.terminal = false, nil
	tty.adopt(f)
	if jobs.terminal != nil {
		t.Error("adopted by a process that does not lead its session")
	}
	jobs.leader = true
	tty.adopt(f)
	if jobs.terminal != tty || tty.pgrp != 10 {
		t.Error("not adopted by a session leader")
	}
}

func TestHangup(t *testing.T) {
	tty, d, f := newTTY(t, nil)
	con := openFile(t, tty, 0, true)
	defer con.Put()
	done := make(chan errno.Errno)
	go func() {
		s, e := readOnce(f, 1)
		if s != "" {
			e = errno.EBADF
		}
		done <- e
	}()
	gotime.Sleep(5 * gotime.Millisecond)
	tty.lock.Lock()
	tty.pgrp = 11
	tty.lock.Unlock()
	tty.Hangup()
	if e := <-done; e != 0 {
		t.Errorf("the read in progress: %v", e)
	}
	signals(t, sent{10, sigHUP}, sent{10, sigCONT}, sent{11, sigHUP}, sent{11, sigCONT})
	if jobs.terminal != nil || tty.session != 0 {
		t.Error("still the session's terminal")
	}
	if s, e := readOnce(f, 1); s != "" || e != 0 {
		t.Errorf("read: %q %v", s, e)
	}
	if _, e := writeString(f, "x"); e != errno.EIO {
		t.Errorf("write: %v", e)
	}
	var w Winsize
	if e := ioctl(f, tiocGWINSZ, &w); e != errno.EIO {
		t.Errorf("ioctl: %v", e)
	}
	if m := f.Poll(nil); m != vfs.DefaultPoll|vfs.POLLERR|vfs.POLLHUP {
		t.Errorf("poll: %x", m)
	}
	d.take()
	if _, e := writeString(con, "still here"); e != 0 || d.take() != "still here" {
		t.Errorf("/dev/console is hung up, too: %v", e)
	}
	again := openFile(t, tty, 0, false)
	defer again.Put()
	if _, e := writeString(again, "x"); e != 0 {
		t.Errorf("opened again: %v", e)
	}
}

func TestWindowSize(t *testing.T) {
	tty, _, f := newTTY(t, nil)
	w := Winsize{Rows: 50, Cols: 132}
	if e := ioctl(f, tiocSWINSZ, &w); e != 0 {
		t.Error(e)
	}
	signals(t, sent{10, sigWINCH})
	tty.SetSize(w)
	signals(t)
	w = Winsize{}
	if e := ioctl(f, tiocGWINSZ, &w); e != 0 || w.Rows != 50 || w.Cols != 132 {
		t.Errorf("%+v %v", w, e)
	}
}

func TestCounts(t *testing.T) {
	tty, d, f := newTTY(t, nil)
	var n int32
	tty.Receive([]byte("abc"))
	if e := ioctl(f, tiocINQ, &n); e != 0 || n != 0 {
		t.Errorf("FIONREAD of an unfinished line: %d %v", n, e)
	}
	tty.Receive([]byte("\nde\x04"))
	if e := ioctl(f, tiocINQ, &n); e != 0 || n != 6 {
		t.Errorf("FIONREAD: %d %v", n, e)
	}
	d.pending = 7
	if e := ioctl(f, tiocOUTQ, &n); e != 0 || n != 7 {
		t.Errorf("TIOCOUTQ: %d %v", n, e)
	}
	d.pending = 0
	if e := ioctl(f, tiocGDEV, &n); e != 0 || n != int32(tty.dev) {
		t.Errorf("TIOCGDEV: %x %v", n, e)
	}
	if _, e := f.Ioctl(tcFLSH, tcIFLUSH); e != 0 {
		t.Error(e)
	}
	if e := ioctl(f, tiocINQ, &n); e != 0 || n != 0 {
		t.Errorf("FIONREAD after TCIFLUSH: %d %v", n, e)
	}
	if _, e := f.Ioctl(tcFLSH, 3); e != errno.EINVAL {
		t.Errorf("bad tcflush: %v", e)
	}
	if _, e := f.Ioctl(0x5460, 0); e != errno.ENOTTY {
		t.Errorf("unknown command: %v", e)
	}
	if e := ioctl(f, tiocSTI, &n); e != errno.EIO {
		t.Errorf("TIOCSTI: %v", e)
	}
}

// TestOldTermios checks that TCGETS writes exactly struct termios, and that TCSETS keeps the rest.
func TestOldTermios(t *testing.T) {
	tty, d, f := newTTY(t, nil)
	m := Termios{Ispeed: 0xdead}
	if e := ioctl(f, tcGETS, &m); e != 0 || m.Ispeed != 0xdead || m.Lflag != tty.termios.Lflag || m.CC != tty.termios.CC {
		t.Errorf("TCGETS: %+v %v", m, e)
	}
	m.Cflag = m.Cflag&^CBAUD | 0o15
	d.pending = 1
	go func() {
		gotime.Sleep(3 * gotime.Millisecond)
		d.mu.Lock()
		d.pending = 0
		d.mu.Unlock()
	}()
	if e := ioctl(f, tcSETSW, &m); e != 0 || d.Pending() != 0 {
		t.Errorf("TCSETSW did not wait: %v", e)
	}
	if tty.termios.Ospeed != 9600 || d.cflag != m.Cflag {
		t.Errorf("speed %d, driver got %o", tty.termios.Ospeed, d.cflag)
	}
	for code, want := range map[uint32]uint32{0: 0, 0o15: 9600, 0o17: 38400, 0o10001: 57600, 0o10002: 115200, 0o10017: 4000000} {
		x := Termios{Cflag: code}
		if got := x.Baud(); got != want {
			t.Errorf("code %o: %d baud, want %d", code, got, want)
		}
	}
	x := Termios{Cflag: BOTHER, Ospeed: 12345}
	if x.Baud() != 12345 {
		t.Error("BOTHER")
	}
}

func TestBreakAndDrain(t *testing.T) {
	_, d, f := newTTY(t, nil)
	start := gotime.Now()
	if _, e := f.Ioctl(tcSBRK, 1); e != 0 || d.breaks != 0 {
		t.Errorf("tcdrain: %v, %d breaks", e, d.breaks)
	}
	if _, e := f.Ioctl(tcSBRK, 0); e != 0 || d.breaks != 1 || gotime.Since(start) < 250*gotime.Millisecond {
		t.Errorf("tcsendbreak: %v, %d breaks after %v", e, d.breaks, gotime.Since(start))
	}
}

func TestExclusive(t *testing.T) {
	tty, _, f := newTTY(t, nil)
	if _, e := f.Ioctl(tiocEXCL, 0); e != 0 {
		t.Fatal(e)
	}
	user := cred.Root.Dup()
	user.SetUserID(1000)
	g, e := vfs.NewAnonFile(ttyOps, nil, nil, vfs.O_RDWR, user)
	if e != 0 {
		t.Fatal(e)
	}
	if e := tty.open(g, false); e != errno.EBUSY {
		t.Errorf("open of an exclusive terminal: %v", e)
	}
	f.Ioctl(tiocNXCL, 0)
	if e := tty.open(g, false); e != 0 {
		t.Error(e)
	}
	g.Put()
	user.Put()
}

func TestPoll(t *testing.T) {
	tty, d, f := newTTY(t, nil)
	const in, out = vfs.POLLIN | vfs.POLLRDNORM, vfs.POLLOUT | vfs.POLLWRNORM
	check := func(want uint32) {
		t.Helper()
		if got := f.Poll(nil); got != want {
			t.Errorf("poll %x, want %x", got, want)
		}
	}
	check(out)
	tty.Receive([]byte("a"))
	check(out)
	tty.Receive([]byte("\n"))
	check(in | out)
	d.room = echoReserve
	check(in)
	raw(&tty.termios)
	tty.termios.CC[VMIN] = 3
	check(0)
	tty.termios.CC[VTIME] = 1
	check(in)
}

func TestConsoleChoice(t *testing.T) {
	tableLock.Lock()
	saved, n, con := table, nTTY, console
	tableLock.Unlock()
	defer func() { table, nTTY, console = saved, n, con }()
	nTTY, console = 0, nil
	if Console() != nil {
		t.Error("a console without terminals")
	}
	a, b := New("ttyX", 4, 90, &fakeDriver{}), New("ttyY", 4, 91, &fakeDriver{})
	if Console() != a {
		t.Error("the first terminal is not the console")
	}
	if SetConsole("nonesuch") || !SetConsole("ttyY,115200n8") || Console() != b {
		t.Error("console= does not choose")
	}
	if find(vfs.Makedev(4, 91)) != b || find(vfs.Makedev(4, 92)) != nil {
		t.Error("lookup by number")
	}
	ttyCache.Free(a)
	ttyCache.Free(b)
}
