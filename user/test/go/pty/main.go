//go:build linux

// Test pty checks pseudo-terminals, and job control through them: what master and slave see, signal keys, hang-up, packet mode, foreground and
// background.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func name(e error) string {
	if e == nil {
		return "ok"
	}
	if n, ok := e.(unix.Errno); ok {
		return unix.ErrnoName(n)
	}
	return e.Error()
}

func ioctl(fd int, cmd uint, arg unsafe.Pointer) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(cmd), uintptr(arg)); e != 0 {
		return e
	}
	return nil
}

// pair opens a master and returns it with the slave's name.
func pair() (int, string) {
	m, e := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if e != nil {
		fmt.Println("ptmx", name(e))
		os.Exit(1)
	}
	var n, zero int32
	if e := ioctl(m, unix.TIOCGPTN, unsafe.Pointer(&n)); e != nil {
		fmt.Println("TIOCGPTN", name(e))
	}
	slave := fmt.Sprint("/dev/pts/", n)
	_, e = unix.Open(slave, unix.O_RDWR|unix.O_NOCTTY, 0)
	fmt.Println("open of a locked slave:", name(e))
	ioctl(m, unix.TIOCSPTLCK, unsafe.Pointer(&zero))
	return m, slave
}

func open(slave string) int {
	s, e := unix.Open(slave, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if e != nil {
		fmt.Println("slave", name(e))
	}
	return s
}

// until reads the master until what it has read ends with s.
func until(m int, s string) {
	got := ""
	b := make([]byte, 256)
	for !strings.HasSuffix(got, s) {
		p := []unix.PollFd{{Fd: int32(m), Events: unix.POLLIN}}
		if n, _ := unix.Poll(p, 10000); n == 0 {
			fmt.Printf("timed out after %q\n", got)
			return
		}
		n, e := unix.Read(m, b)
		if e != nil {
			fmt.Printf("read after %q: %s\n", got, name(e))
			return
		}
		got += string(b[:n])
	}
	fmt.Printf("master reads %q\n", got)
}

func read(what string, fd int) {
	b := make([]byte, 256)
	n, e := unix.Read(fd, b)
	fmt.Printf("%s reads %q %s\n", what, b[:max(n, 0)], name(e))
}

func poll(what string, fd int) {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT | unix.POLLPRI}}
	unix.Poll(p, 0)
	fmt.Printf("%s polls %#x\n", what, p[0].Revents)
}

func main() {
	if len(os.Args) > 1 {
		child(os.Args[1])
		return
	}
	signal.Ignore(syscall.SIGTTOU)
	lines()
	closing()
	packets()
	sessions()
	background()
}

func lines() {
	m, slave := pair()
	s := open(slave)
	var st unix.Stat_t
	unix.Stat(slave, &st)
	fmt.Printf("type %o major %d uid %d\n", st.Mode&unix.S_IFMT, unix.Major(st.Rdev), st.Uid) // mode and group are a matter of mount options
	poll("master", m)
	poll("slave", s)
	unix.Write(s, []byte("hello\n"))
	until(m, "hello\r\n")
	unix.Write(m, []byte("abx\x7fc\n"))
	read("slave", s)
	until(m, "\n")
	t, e := unix.IoctlGetTermios(m, unix.TCGETS)
	fmt.Printf("termios %o %o %o %o %s\n", t.Iflag, t.Oflag, t.Cflag, t.Lflag, name(e))
	t.Lflag &^= unix.ICANON | unix.ECHO | unix.ISIG
	t.Oflag &^= unix.OPOST
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	unix.IoctlSetTermios(m, unix.TCSETS, t)
	unix.Write(m, []byte("\x03raw"))
	read("slave", s)
	unix.Write(s, []byte("raw\n"))
	read("master", m)
	for _, c := range []uint{unix.TIOCGPGRP, unix.TIOCGSID, unix.TIOCNOTTY, 0x5499} {
		var n int32
		fmt.Println(name(ioctl(m, c, unsafe.Pointer(&n))), name(ioctl(s, c, unsafe.Pointer(&n))))
	}
	w := unix.Winsize{Row: 30, Col: 100}
	fmt.Println("winsize", name(unix.IoctlSetWinsize(m, unix.TIOCSWINSZ, &w)))
	g, e := unix.IoctlGetWinsize(s, unix.TIOCGWINSZ)
	fmt.Println(g.Row, g.Col, name(e))
	unix.Close(s)
	unix.Close(m)
}

func closing() {
	fmt.Println("closing")
	m, slave := pair()
	unix.SetNonblock(m, true)
	read("master before any slave", m)
	poll("master", m)
	s := open(slave)
	unix.Write(s, []byte("last words"))
	unix.Close(s)
	poll("master", m)
	read("master", m)
	read("master", m)
	s = open(slave)
	read("master again", m)
	poll("master", m)
	unix.Close(m)
	read("slave without master", s)
	_, e := unix.Write(s, []byte("x"))
	fmt.Println("write", name(e))
	poll("slave", s)
	_, e = unix.Open(slave, unix.O_RDWR|unix.O_NOCTTY, 0)
	fmt.Println("open without master", name(e))
	_, e = unix.IoctlGetTermios(s, unix.TCGETS)
	fmt.Println("tcgets", name(e))
	unix.Close(s)
}

func packets() {
	fmt.Println("packets")
	m, slave := pair()
	s := open(slave)
	on := int32(1)
	fmt.Println(name(ioctl(m, unix.TIOCPKT, unsafe.Pointer(&on))))
	unix.Write(s, []byte("data"))
	read("master", m)
	unix.Write(m, []byte("\x13"))
	read("master", m)
	unix.Write(m, []byte("\x11"))
	read("master", m)
	t, _ := unix.IoctlGetTermios(s, unix.TCGETS)
	t.Iflag &^= unix.IXON
	unix.IoctlSetTermios(s, unix.TCSETS, t)
	read("master", m)
	t.Iflag |= unix.IXON
	unix.IoctlSetTermios(s, unix.TCSETS, t)
	read("master", m)
	unix.Close(s)
	unix.Close(m)
}

// run starts this program as a session leader on the slave.
func run(slave int, what string) *exec.Cmd {
	f := os.NewFile(uintptr(slave), "slave")
	c := exec.Command(os.Args[0], what)
	if what == "sleep" || what == "quit" { // of one thread, which takes each signal
		c = exec.Command("/bin/sh", "-c", "ulimit -c 0; echo ready; exec sleep 20")
	}
	c.Stdin, c.Stdout, c.Stderr = f, f, f
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if e := c.Start(); e != nil {
		fmt.Println("start", e)
	}
	f.Close()
	return c
}

func sessions() {
	for _, what := range []string{"sleep", "winch", "quit", "hup"} {
		fmt.Println("session", what)
		m, slave := pair()
		c := run(open(slave), what)
		until(m, "ready\r\n")
		var pgrp int32
		e := ioctl(m, unix.TIOCGPGRP, unsafe.Pointer(&pgrp))
		fmt.Println("foreground is the child", int(pgrp) == c.Process.Pid, name(e))
		switch what {
		case "sleep":
			unix.Write(m, []byte("\x03"))
			until(m, "^C")
		case "winch":
			unix.IoctlSetWinsize(m, unix.TIOCSWINSZ, &unix.Winsize{Row: 7, Col: 70})
			until(m, "7 70\r\n")
		case "quit":
			unix.Write(m, []byte("\x1c"))
			until(m, "^\\")
		case "hup":
			unix.Close(m)
		}
		e = c.Wait()
		st := c.ProcessState.Sys().(syscall.WaitStatus)
		fmt.Println("exited", st.Exited(), st.ExitStatus(), "signalled", st.Signaled(), st.Signal())
		if what != "hup" {
			unix.Close(m)
		}
	}
}

func background() {
	fmt.Println("background")
	m, slave := pair()
	c := run(open(slave), "jobs")
	until(m, "reading\r\n")
	unix.Write(m, []byte("typed\n"))
	until(m, "end of jobs\r\n")
	fmt.Println(name(c.Wait()))
	unix.Close(m)
}

// child is what runs on the slave.
func child(what string) {
	signal.Reset()
	switch what {
	case "winch":
		ch := make(chan os.Signal, 1)
		signal.Notify(ch, syscall.SIGWINCH)
		fmt.Println("ready")
		<-ch
		w, _ := unix.IoctlGetWinsize(0, unix.TIOCGWINSZ)
		fmt.Println(w.Row, w.Col)
	case "hup":
		ch := make(chan os.Signal, 4)
		signal.Notify(ch, syscall.SIGHUP, syscall.SIGCONT)
		fmt.Println("ready")
		a, b := <-ch, <-ch
		status := 0
		if a != syscall.SIGHUP && b != syscall.SIGHUP {
			status |= 1
		}
		if n, e := os.Stdin.Read(make([]byte, 1)); n != 0 || e == nil {
			status |= 2
		}
		if _, e := unix.Open("/dev/tty", unix.O_RDWR, 0); e != unix.ENXIO {
			status |= 4
		}
		os.Exit(status)
	case "jobs":
		jobs()
	case "read":
		b := make([]byte, 100)
		n, e := unix.Read(0, b)
		fmt.Printf("read %q %s\n", b[:max(n, 0)], name(e))
	case "notty":
		tty, e := unix.Open("/dev/tty", unix.O_RDWR, 0)
		fmt.Println("tty", name(e))
		fmt.Println("TIOCNOTTY", name(ioctl(tty, unix.TIOCNOTTY, nil)))
		_, e = unix.Open("/dev/tty", unix.O_RDWR, 0)
		fmt.Println("tty", name(e))
		fmt.Println("TIOCNOTTY", name(ioctl(tty, unix.TIOCNOTTY, nil)))
	case "setfg":
		g := int32(unix.Getpgrp())
		fmt.Println("tcsetpgrp", name(ioctl(0, unix.TIOCSPGRP, unsafe.Pointer(&g))))
	}
}

// job starts this program in a group of its own, in the background.
func job(what string) int {
	pid, e := syscall.ForkExec("/proc/self/exe", []string{"pty", what}, &syscall.ProcAttr{Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setpgid: true}})
	if e != nil {
		fmt.Println("job", e)
	}
	return pid
}

func status(pid int) {
	var st syscall.WaitStatus
	syscall.Wait4(pid, &st, syscall.WUNTRACED, nil)
	fmt.Println("stopped", st.Stopped(), st.StopSignal(), "exited", st.Exited(), st.ExitStatus())
}

func foreground(pid int) {
	g := int32(pid)
	fmt.Println("foreground", name(ioctl(0, unix.TIOCSPGRP, unsafe.Pointer(&g))))
}

func jobs() {
	signal.Ignore(syscall.SIGTTOU)
	p := job("notty")
	status(p)
	p = job("read")
	status(p)
	foreground(p)
	fmt.Println("reading")
	unix.Kill(-p, unix.SIGCONT)
	status(p)
	foreground(unix.Getpgrp())
	signal.Reset(syscall.SIGTTOU)
	p = job("setfg")
	status(p)
	unix.Kill(-p, unix.SIGKILL)
	status(p)
	bad := int32(1 << 20)
	fmt.Println("no such group", name(ioctl(0, unix.TIOCSPGRP, unsafe.Pointer(&bad))))
	time.Sleep(10 * time.Millisecond)
	fmt.Println("end of jobs")
}
