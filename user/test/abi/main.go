//go:build galago_user

// Test abi prints the results of system calls at their edges: error numbers, offsets, statuses.
package main

import (
	"runtime"
	"unsafe"

	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	files()
	descriptors()
	pointers()
	memory()
	processes()
	signals()
}

// show prints a result: a number, or the error's name.
func show(what string, r int, e sys.Errno) {
	if e != 0 {
		stdio.Printf("%s: %s\n", what, e.Name())
	} else {
		stdio.Printf("%s: %d\n", what, r)
	}
	stdio.Out.Flush()
}

func err(what string, e sys.Errno) { show(what, 0, e) }

func files() {
	fd, e := sys.Open("f", sys.O_RDWR|sys.O_CREAT|sys.O_EXCL, 0o644)
	err("create", e)
	_, e = sys.Open("f", sys.O_RDWR|sys.O_CREAT|sys.O_EXCL, 0o644)
	err("create again", e)
	n, e := sys.Write(fd, []byte("hello world"))
	show("write", n, e)
	off, e := sys.Lseek(fd, -5, 2)
	show("seek end", int(off), e)
	off, e = sys.Lseek(fd, -100, 1)
	show("seek before start", int(off), e)
	var b [64]byte
	n, e = sys.Read(fd, b[:])
	show("read", n, e)
	stdio.Puts(string(b[:n]) + "\n")
	n, e = sys.Read(fd, b[:])
	show("read at end", n, e)
	off, _ = sys.Lseek(fd, 100000, 0)
	n, e = sys.Write(fd, []byte("x"))
	show("write behind a hole", n, e)
	var st sys.Stat
	sys.Fstat(fd, &st)
	show("size", int(st.Size), 0)
	_, e = sys.Open("f/x", sys.O_RDONLY, 0)
	err("through a file", e)
	_, e = sys.Open("none/x", sys.O_CREAT|sys.O_WRONLY, 0o644)
	err("in no directory", e)
	_, e = sys.Open("", sys.O_RDONLY, 0)
	err("empty name", e)
	long := make([]byte, 300)
	for i := range long {
		long[i] = 'n'
	}
	_, e = sys.Open(string(long), sys.O_RDONLY, 0)
	err("long name", e)
	err("symlink", sys.Symlink("loop", "loop"))
	_, e = sys.Open("loop", sys.O_RDONLY, 0)
	err("loop", e)
	_, e = sys.Open("loop", sys.O_RDONLY|sys.O_NOFOLLOW, 0)
	err("nofollow", e)
	_, e = sys.Open("f", sys.O_RDONLY|sys.O_DIRECTORY, 0)
	err("not a directory", e)
	_, e = sys.Open(".", sys.O_WRONLY, 0)
	err("write a directory", e)
	n, e = sys.Read(mustOpen("."), b[:])
	show("read a directory", n, e)
	err("mkdir", sys.Mkdir("d", 0o755))
	err("mkdir again", sys.Mkdir("d", 0o755))
	err("unlink a directory", sys.Unlink("d"))
	err("rmdir a file", sys.Rmdir("f"))
	err("rename file over directory", sys.Rename("f", "d"))
	err("rename directory over file", sys.Rename("d", "f"))
	err("rename into itself", sys.Rename("d", "d/e"))
	err("link", sys.Link("f", "g"))
	err("link again", sys.Link("f", "g"))
	err("link a directory", sys.Link("d", "h"))
	sys.Fstat(fd, &st)
	show("links", int(st.Nlink), 0)
	err("rename over itself", sys.Rename("f", "g"))
	err("rmdir dot", sys.Rmdir("."))
	err("truncate", sys.Truncate("f", 5))
	err("truncate negative", sys.Truncate("f", -1))
	_, e = sys.Readlink("f")
	err("readlink of a file", e)
	sys.Close(fd)
}

func mustOpen(p string) int {
	fd, e := sys.Open(p, sys.O_RDONLY, 0)
	if e != 0 {
		err("open "+p, e)
	}
	return fd
}

func descriptors() {
	err("close -1", sys.Close(-1))
	_, e := sys.Read(99, make([]byte, 1))
	err("read closed", e)
	r, w, _ := sys.Pipe2(0)
	n, e := sys.Write(r, []byte("x"))
	show("write to the read end", n, e)
	off, e := sys.Lseek(r, 0, 0)
	show("seek a pipe", int(off), e)
	sys.Fcntl(r, sys.F_SETFL, sys.O_NONBLOCK)
	n, e = sys.Read(r, make([]byte, 1))
	show("empty pipe", n, e)
	total := 0
	sys.Fcntl(w, sys.F_SETFL, sys.O_NONBLOCK)
	big := make([]byte, 4096)
	for {
		n, e = sys.Write(w, big)
		if e != 0 {
			break
		}
		total += n
	}
	show("pipe holds", total, 0)
	err("full pipe", e)
	sys.Signal(sys.SIGPIPE, sys.Ignore, false)
	sys.Close(r)
	n, e = sys.Write(w, big)
	show("broken pipe", n, e)
	sys.Close(w)
	d, e := sys.Fcntl(0, sys.F_DUPFD, 50)
	show("dup from 50", d, e)
	_, e = sys.Fcntl(0, sys.F_DUPFD, -1)
	err("dup from -1", e)
	fl, e := sys.Fcntl(50, sys.F_GETFD, 0)
	show("cloexec", fl, e)
	err("dup2 bad", sys.Dup2(77, 5))
	_, e = sys.Ioctl(mustOpen("f"), 0x5401, 0)
	err("tcgets of a file", e)
}

// pointers passes addresses that are not the caller's.
func pointers() {
	fd := mustOpen("/dev/zero")
	for _, p := range [...]uintptr{0, 1, 0xffff888000000000, 0xffffffff80100000, 0x8000000000000000, ^uintptr(0) - 100} {
		_, e := sys.Call(0, uintptr(fd), p, 64)
		err("read to a bad address", e)
		_, e = sys.Call(4, p, p)
		err("stat of a bad address", e)
		_, e = sys.Call(293, p, 0)
		err("pipe at a bad address", e)
		_, e = sys.Call(59, uintptr(unsafe.Pointer(sys.CString("/bin/true"))), p|8, 0)
		err("execve with bad arguments", e)
	}
	_, e := sys.Call(0, uintptr(fd), 0, ^uintptr(0)>>1)
	err("read much too much", e)
}

func memory() {
	const page = 4096
	m := func(addr, n, prot, flags uintptr) (uintptr, sys.Errno) {
		return sys.Call(9, addr, n, prot, flags, ^uintptr(0), 0)
	}
	_, e := m(0, 0, 3, 0x22)
	err("map nothing", e)
	_, e = m(1, page, 3, 0x32)
	err("fixed misaligned", e)
	_, e = m(0, page, 3, 0x20)
	err("neither shared nor private", e)
	a, e := m(0, 4*page, 3, 0x22)
	err("map", e)
	_, e = sys.Call(11, a+1, page)
	err("unmap misaligned", e)
	_, e = sys.Call(11, a+page, page)
	err("unmap the middle", e)
	_, e = sys.Call(10, a, 4*page, 1)
	err("protect over a gap", e)
	_, e = sys.Call(11, a, 4*page)
	err("unmap over a gap", e)
	_, e = m(a, page, 3, 0x100022)
	err("noreplace, free", e)
	_, e = m(a, page, 3, 0x100022)
	err("noreplace, taken", e)
	f := mustOpen("f")
	_, e = sys.Call(9, 0, page, 2, 1, uintptr(f), 0)
	err("shared writable of a read-only file", e)
	_, e = sys.Call(9, 0, page, 3, 2, uintptr(f), 0)
	err("private writable of it", e)
	_, e = sys.Call(9, 0, page, 1, 2, uintptr(f), 100)
	err("misaligned offset", e)
	brk, _ := sys.Call(12, 0)
	to, _ := sys.Call(12, brk+3*page)
	show("brk grew by", int(to-brk), 0)
	*(*byte)(unsafe.Pointer(to - 1)) = 1
}

func processes() {
	_, _, e := sys.Wait4(-1, 0)
	err("wait without children", e)
	pid, _ := sys.Fork()
	if pid == 0 {
		sys.ExitNow(300)
	}
	st := sys.WaitFor(pid)
	show("exit 300", st.ExitCode(), 0)
	for _, how := range [...]int{sys.SIGKILL, sys.SIGSEGV, sys.SIGTERM} {
		if pid, _ = sys.Fork(); pid == 0 {
			sys.Kill(sys.Getpid(), how)
			sys.ExitNow(0)
		}
		show("killed by", sys.WaitFor(pid).Signal(), 0)
	}
	if pid, _ = sys.Fork(); pid == 0 {
		*(*byte)(unsafe.Pointer(uintptr(16))) = 1
	}
	show("wild store", sys.WaitFor(pid).Signal(), 0)
	if pid, _ = sys.Fork(); pid == 0 {
		sys.Kill(sys.Getpid(), sys.SIGSTOP)
		sys.ExitNow(6)
	}
	_, ws, _ := sys.Wait4(pid, sys.WUNTRACED)
	show("stopped by", ws.StopSignal(), 0)
	sys.Kill(pid, sys.SIGCONT)
	show("continued, then exit", sys.WaitFor(pid).ExitCode(), 0)
	got, _, e := sys.Wait4(-1, sys.WNOHANG)
	show("no child left", got, e)
	err("kill nobody", sys.Kill(1<<21, 0))
	err("bad signal", sys.Kill(sys.Getpid(), 65))
	err("execve of nothing", sys.Execve("./no-such-program", nil, nil))
	err("execve of a directory", sys.Execve("/", nil, nil))
	sys.Close(mustCreate("notexec", "#!./no-such-interpreter\n"))
	err("execve without permission", sys.Execve("./notexec", []string{"x"}, nil))
	sys.Chmod("notexec", 0o755)
	err("execve of a script without interpreter", sys.Execve("./notexec", []string{"x"}, nil))
	sys.Close(mustCreate("bad", "\x7fELF\x02\x01\x01 not really"))
	sys.Chmod("bad", 0o755)
	err("execve of a broken ELF file", sys.Execve("./bad", []string{"x"}, nil))
	_, e = sys.Setsid()
	err("setpgid of a stranger", sys.Setpgid(1, 1))
}

func mustCreate(name, text string) int {
	fd, e := sys.Open(name, sys.O_WRONLY|sys.O_CREAT, 0o644)
	if e != 0 {
		err("create "+name, e)
	}
	sys.WriteAll(fd, []byte(text))
	return fd
}

var caught int

func signals() {
	sys.OnSignal(func(sig int) { caught = caught*100 + sig })
	sys.Signal(sys.SIGUSR1, sys.Catch, false)
	sys.Signal(sys.SIGUSR2, sys.Catch, false)
	sys.Kill(sys.Getpid(), sys.SIGUSR1)
	show("caught", caught, 0)
	const usr1, usr2 = 1 << (sys.SIGUSR1 - 1), 1 << (sys.SIGUSR2 - 1)
	sys.Sigprocmask(0, usr1|usr2)
	sys.Kill(sys.Getpid(), sys.SIGUSR2)
	sys.Kill(sys.Getpid(), sys.SIGUSR1)
	sys.Kill(sys.Getpid(), sys.SIGUSR1)
	show("blocked", caught, 0)
	sys.Sigsuspend(usr2)
	show("suspended for USR1", caught, 0)
	old := sys.Sigprocmask(2, 0)
	show("mask was", int(old), 0)
	show("then USR2", caught, 0)
	_, e := sys.Signal(sys.SIGKILL, sys.Ignore, false)
	err("ignore KILL", e)
	_, e = sys.Signal(0, sys.Ignore, false)
	err("signal 0", e)
	runtime.Exit(0)
}
