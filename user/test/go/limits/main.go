//go:build linux

// Test limits prints what resource limits do: processes of a user, file size, descriptors, and limits of other
// processes. It starts as the superuser.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const testUser = 54321 // whom no other process belongs to

func name(e error) string {
	var n unix.Errno
	switch {
	case e == nil:
		return "ok"
	case errors.As(e, &n) && n == 0:
		return "ok"
	case errors.As(e, &n):
		return unix.ErrnoName(n)
	}
	return e.Error()
}

func show(what string, e error) { fmt.Printf("%s: %s\n", what, name(e)) }

func set(pid, which int, soft, hard uint64) error {
	return unix.Prlimit(pid, which, &unix.Rlimit{Cur: soft, Max: hard}, nil)
}

func main() {
	runtime.LockOSThread() // identities are the thread's
	if len(os.Args) > 1 {
		child(os.Args[1])
		return
	}
	fileSize()
	descriptors()
	others()
	for _, what := range []string{"nproc", "overexec", "norights", "stack"} {
		run(what)
	}
}

func run(what string) {
	cmd := exec.Command("/proc/self/exe", what)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	show("-- "+what, cmd.Run())
}

func fileSize() {
	c := make(chan os.Signal, 10)
	signal.Notify(c, unix.SIGXFSZ)
	f, err := os.Create("big")
	show("create", err)
	fd := int(f.Fd())
	show("RLIMIT_FSIZE", set(0, unix.RLIMIT_FSIZE, 1000, unix.RLIM_INFINITY))
	buf := make([]byte, 600)
	for range 3 {
		n, err := unix.Write(fd, buf)
		fmt.Println("write", n, name(err))
	}
	show("signal", func() error {
		select {
		case s := <-c:
			return errors.New(s.String())
		case <-time.After(time.Second):
			return errors.New("none")
		}
	}())
	n, err := unix.Pwrite(fd, buf, 990)
	fmt.Println("pwrite 990", n, name(err))
	n, err = unix.Pwrite(fd, buf, 1000)
	fmt.Println("pwrite 1000", n, name(err))
	n, err = unix.Pwrite(fd, nil, 2000)
	fmt.Println("pwrite nothing", n, name(err))
	show("ftruncate 1001", unix.Ftruncate(fd, 1001))
	show("ftruncate 1000", unix.Ftruncate(fd, 1000))
	show("no limit", set(0, unix.RLIMIT_FSIZE, unix.RLIM_INFINITY, unix.RLIM_INFINITY))
	n, err = unix.Write(fd, buf)
	fmt.Println("write", n, name(err))
	f.Close()
}

func descriptors() {
	var old unix.Rlimit
	unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &old)
	show("RLIMIT_NOFILE", set(0, unix.RLIMIT_NOFILE, 50, old.Max))
	_, err := unix.FcntlInt(0, unix.F_DUPFD, 49)
	show("dup to 49", err)
	_, err = unix.FcntlInt(0, unix.F_DUPFD, 50)
	show("dup to 50", err)
	_, err = unix.FcntlInt(0, unix.F_DUPFD, 49)
	show("dup to 49 again", err)
	show("dup2 to 50", unix.Dup2(0, 50))
	unix.Close(49)
	show("beyond nr_open", set(0, unix.RLIMIT_NOFILE, 10, 1<<40))
	show("back", set(0, unix.RLIMIT_NOFILE, old.Cur, old.Max))
}

func others() {
	cmd := exec.Command("/proc/self/exe", "sleep")
	in, _ := cmd.StdinPipe()
	if err := cmd.Start(); err != nil {
		fmt.Println(err)
		return
	}
	pid := cmd.Process.Pid
	show("set another's", set(pid, unix.RLIMIT_CORE, 5, 7))
	var l unix.Rlimit
	show("get another's", unix.Prlimit(pid, unix.RLIMIT_CORE, nil, &l))
	fmt.Println(l)
	show("bad", set(pid, 99, 5, 8))
	in.Close()
	cmd.Wait()
	show("gone", set(pid, unix.RLIMIT_CORE, 5, 8))
	show("negative", set(-5, unix.RLIMIT_CORE, 5, 8))
}

// fork makes a child that pauses; 0 when it cannot.
func fork() (int, error) {
	pid, _, e := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e != 0 {
		return 0, e
	}
	if pid == 0 {
		for {
			unix.RawSyscall(unix.SYS_PAUSE, 0, 0, 0)
		}
	}
	return int(pid), nil
}

// end kills a child and waits for it.
func end(pid int) {
	if pid > 0 {
		unix.Kill(pid, unix.SIGKILL)
		unix.Wait4(pid, nil, 0, nil)
	}
}

func become(uid int) error {
	_, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid))
	if e != 0 {
		return e
	}
	return nil
}

func child(what string) {
	switch what {
	case "sleep":
		var b [1]byte
		os.Stdin.Read(b[:])
	case "nproc":
		show("limit", set(0, unix.RLIMIT_NPROC, 5, 5))
		var kids [8]int
		for i := range kids { // as root: no limit
			pid, err := fork()
			if err != nil {
				fmt.Println("root fork", i, name(err))
			}
			kids[i] = pid
		}
		for _, pid := range kids {
			end(pid)
		}
		show("become", become(testUser))
		var pids []int
		for range 10 {
			pid, err := fork()
			if err != nil {
				fmt.Println("fork", len(pids), name(err))
				break
			}
			pids = append(pids, pid)
		}
		fmt.Println("forked", len(pids))
		if len(pids) == 0 {
			os.Exit(1)
		}
		unix.Kill(pids[0], unix.SIGKILL)
		var info [128]byte
		unix.Syscall6(unix.SYS_WAITID, unix.P_PID, uintptr(pids[0]), uintptr(unsafe.Pointer(&info)), unix.WEXITED|unix.WNOWAIT, 0, 0)
		_, err := fork()
		fmt.Println("fork beside a zombie", name(err))
		unix.Wait4(pids[0], nil, 0, nil)
		pid, err := fork()
		fmt.Println("fork after wait", name(err))
		pids[0] = pid
		for _, pid := range pids {
			end(pid)
		}
		os.Exit(0)
	case "overexec":
		show("limit", set(0, unix.RLIMIT_NPROC, 20, 20)) // the program executed has threads
		var pids []int
		for range 21 {
			pid, _ := forkAs(testUser)
			pids = append(pids, pid)
		}
		time.Sleep(300 * time.Millisecond)
		show("become", become(testUser))
		show("exec", unix.Exec("/proc/self/exe", []string{"x", "noop"}, nil))
		for _, pid := range pids {
			end(pid)
		}
		show("exec", unix.Exec("/proc/self/exe", []string{"x", "noop"}, nil))
	case "noop":
		fmt.Println("executed")
	case "norights":
		show("become", become(testUser))
		show("lower hard", set(0, unix.RLIMIT_CORE, 5, 7))
		show("raise hard", set(0, unix.RLIMIT_CORE, 5, 8))
		show("raise soft", set(0, unix.RLIMIT_CORE, 7, 7))
		show("of init", unix.Prlimit(1, unix.RLIMIT_CORE, nil, &unix.Rlimit{}))
	case "stack":
		show("limit", set(0, unix.RLIMIT_STACK, 1<<20, 8<<20))
		show("exec", unix.Exec("/proc/self/exe", []string{"x", "showstack"}, nil))
	case "showstack":
		var l unix.Rlimit
		show("get", unix.Prlimit(0, unix.RLIMIT_STACK, nil, &l))
		fmt.Println(l)
		long := make([]byte, 100_000)
		for i := range long {
			long[i] = 'x'
		}
		show("one long argument", unix.Exec("/proc/self/exe", []string{"x", "noop", string(long)}, nil))
		long = append(long, long...)
		show("one too long argument", unix.Exec("/proc/self/exe", []string{"x", "noop", string(long)}, nil))
	}
}

// forkAs is fork by a child that is another user.
func forkAs(uid int) (int, error) {
	pid, _, e := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e != 0 {
		return 0, e
	}
	if pid == 0 {
		unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid))
		for {
			unix.RawSyscall(unix.SYS_PAUSE, 0, 0, 0)
		}
	}
	return int(pid), nil
}
