//go:build linux

// Test filelocks prints how flock, POSIX record locks and OFD locks of several processes meet.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func name(err error) string {
	if err == nil {
		return "OK"
	}
	if e, ok := err.(unix.Errno); ok {
		return unix.ErrnoName(e)
	}
	return err.Error()
}

// lock describes the range as "type start length".
func lock(fd uintptr, cmd int, text string) string {
	var typ string
	l := unix.Flock_t{}
	fmt.Sscan(text, &typ, &l.Start, &l.Len)
	l.Type = map[string]int16{"r": unix.F_RDLCK, "w": unix.F_WRLCK, "u": unix.F_UNLCK}[typ]
	err := unix.FcntlFlock(fd, cmd, &l)
	if err == nil && (cmd == unix.F_GETLK || cmd == unix.F_OFD_GETLK) {
		return fmt.Sprintf("type %d start %d length %d by somebody %t", l.Type, l.Start, l.Len, l.Pid != 0)
	}
	return name(err)
}

// child obeys commands from standard input.
func child() {
	f, _ := os.OpenFile("file", os.O_RDWR, 0)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		cmd, rest, _ := strings.Cut(in.Text(), " ")
		switch cmd {
		case "set":
			fmt.Println(lock(f.Fd(), unix.F_SETLK, rest))
		case "wait":
			fmt.Println(lock(f.Fd(), unix.F_SETLKW, rest))
		case "get":
			fmt.Println(lock(f.Fd(), unix.F_GETLK, rest))
		case "ofd":
			fmt.Println(lock(f.Fd(), unix.F_OFD_SETLK, rest))
		case "flock":
			how := 0
			fmt.Sscan(rest, &how)
			fmt.Println(name(unix.Flock(int(f.Fd()), how)))
		case "reopen":
			g, _ := os.Open("file")
			g.Close()
			fmt.Println("OK")
		}
	}
}

// peer is a process that obeys.
type peer struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
}

func start(name string) *peer {
	p := &peer{name: name, cmd: exec.Command("/proc/self/exe", "child")}
	p.in, _ = p.cmd.StdinPipe()
	out, _ := p.cmd.StdoutPipe()
	p.out = bufio.NewScanner(out)
	p.cmd.Start()
	return p
}

func (p *peer) tell(command string) { fmt.Fprintln(p.in, command) }

func (p *peer) answer() string {
	p.out.Scan()
	return p.out.Text()
}

func (p *peer) do(command string) {
	p.tell(command)
	fmt.Printf("%s: %s: %s\n", p.name, command, p.answer())
}

func (p *peer) end() {
	p.in.Close()
	p.cmd.Wait()
}

func main() {
	if len(os.Args) > 1 {
		child()
		return
	}
	os.WriteFile("file", make([]byte, 1000), 0o644)
	records()
	waiting()
	circle()
	flocks()
	descriptions()
	edges()
}

func records() {
	a, b := start("a"), start("b")
	a.do("set w 0 100")
	b.do("set w 50 10")
	b.do("get w 50 10")
	b.do("set w 100 10")
	b.do("set r 200 0")
	a.do("set r 300 10")
	a.do("set w 300 10")
	a.do("get w 250 1")
	a.do("set u 40 20") // cuts in two
	b.do("set w 40 20")
	b.do("get w 0 0")
	a.do("set w 20 10")
	a.do("set r 10 10") // changes a part
	b.do("get r 0 30")
	b.do("get r 15 1")
	a.do("reopen") // closing any descriptor drops all
	b.do("set w 0 100")
	a.end()
	b.end()
	b = start("b")
	b.do("get w 0 0")
	b.end()
}

func waiting() {
	a, b := start("a"), start("b")
	a.do("set w 0 10")
	b.tell("wait w 5 10")
	time.Sleep(50 * time.Millisecond)
	a.do("set u 0 5")
	time.Sleep(50 * time.Millisecond)
	a.do("set u 0 0")
	fmt.Println("b waited:", b.answer())
	a.do("get w 0 0")
	a.tell("wait w 0 20")
	time.Sleep(50 * time.Millisecond)
	b.end() // its end releases
	fmt.Println("a waited:", a.answer())
	a.end()
}

func circle() {
	a, b := start("a"), start("b")
	a.do("set w 0 10")
	b.do("set w 10 10")
	a.tell("wait w 10 10")
	time.Sleep(100 * time.Millisecond)
	b.do("wait w 0 10")
	b.do("set u 0 0")
	fmt.Println("a waited:", a.answer())
	a.end()
	b.end()
}

func flocks() {
	a, b := start("a"), start("b")
	a.do(fmt.Sprint("flock ", unix.LOCK_SH))
	b.do(fmt.Sprint("flock ", unix.LOCK_SH))
	a.do(fmt.Sprint("flock ", unix.LOCK_EX|unix.LOCK_NB)) // and has lost its own
	b.do(fmt.Sprint("flock ", unix.LOCK_EX|unix.LOCK_NB))
	a.do("set w 0 10") // the families do not see each other
	a.tell(fmt.Sprint("flock ", unix.LOCK_EX))
	time.Sleep(50 * time.Millisecond)
	b.do(fmt.Sprint("flock ", unix.LOCK_UN))
	fmt.Println("a waited:", a.answer())
	b.do(fmt.Sprint("flock ", 3))
	a.end()
	b.do(fmt.Sprint("flock ", unix.LOCK_EX|unix.LOCK_NB))
	b.end()
}

func descriptions() {
	f, _ := os.OpenFile("file", os.O_RDWR, 0)
	g, _ := os.OpenFile("file", os.O_RDWR, 0)
	fmt.Println("f", lock(f.Fd(), unix.F_OFD_SETLK, "w 0 10"))
	fmt.Println("g", lock(g.Fd(), unix.F_OFD_SETLK, "w 0 10"))
	fmt.Println("g", lock(g.Fd(), unix.F_OFD_GETLK, "w 0 10"))
	fmt.Println("process", lock(g.Fd(), unix.F_SETLK, "w 0 10"))
	b := start("b")
	b.do("get r 0 0")
	d, _ := unix.Dup(int(f.Fd()))
	f.Close()
	b.do("get r 0 0")
	unix.Close(d)
	b.do("get r 0 0")
	b.do("ofd w 0 10")
	fmt.Println("g", lock(g.Fd(), unix.F_OFD_SETLK, "r 5 1"))
	b.end()
	fmt.Println("flock g", name(unix.Flock(int(g.Fd()), unix.LOCK_EX)))
	h, _ := os.OpenFile("file", os.O_RDWR, 0)
	fmt.Println("flock h", name(unix.Flock(int(h.Fd()), unix.LOCK_SH|unix.LOCK_NB)))
	g.Close()
	fmt.Println("flock h", name(unix.Flock(int(h.Fd()), unix.LOCK_SH|unix.LOCK_NB)))
}

func edges() {
	r, _ := os.Open("file")
	w, _ := os.OpenFile("file", os.O_WRONLY, 0)
	fmt.Println("write lock on a file opened to read:", lock(r.Fd(), unix.F_SETLK, "w 0 1"))
	fmt.Println("read lock on a file opened to write:", lock(w.Fd(), unix.F_SETLK, "r 0 1"))
	fmt.Println("negative start:", lock(w.Fd(), unix.F_SETLK, "w -5 1"))
	fmt.Println("negative length:", lock(w.Fd(), unix.F_SETLK, "w 10 -5"))
	fmt.Println("beyond the beginning:", lock(w.Fd(), unix.F_SETLK, "w 3 -5"))
	fmt.Println("overflow:", lock(w.Fd(), unix.F_SETLK, "w 9223372036854775807 2"))
	fmt.Println("bad descriptor:", lock(99, unix.F_SETLK, "w 0 1"))
	l := unix.Flock_t{Type: 9}
	fmt.Println("bad type:", name(unix.FcntlFlock(w.Fd(), unix.F_SETLK, &l)))
	l = unix.Flock_t{Whence: 9}
	fmt.Println("bad whence:", name(unix.FcntlFlock(r.Fd(), unix.F_SETLK, &l)))
	l = unix.Flock_t{Type: unix.F_WRLCK, Pid: 1}
	fmt.Println("OFD with a process:", name(unix.FcntlFlock(w.Fd(), unix.F_OFD_SETLK, &l)))
	l = unix.Flock_t{Type: unix.F_WRLCK, Whence: 2, Start: -10, Len: 5}
	fmt.Println("from the end:", name(unix.FcntlFlock(w.Fd(), unix.F_SETLK, &l)))
	b := start("b")
	b.do("get w 0 0")
	b.do("get w 900 0")
	b.end()
	fmt.Println("flock bad descriptor:", name(unix.Flock(99, unix.LOCK_EX)))
}
