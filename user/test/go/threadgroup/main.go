//go:build linux

// Test threadgroup prints how processes of several threads execute programs, end and are killed, and what clone refuses.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

// The first thread stays with the first goroutine.
func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) > 1 {
		role(os.Args[1])
		return
	}
	for _, what := range []string{"exec", "exec-fails", "exec-race", "leader-exits", "leader-exits-exec", "exit-group", "thread-exit", "term",
		"kill", "segv", "stop"} {
		run(what)
	}
	children()
	refused()
	waits()
	deaths()
}

// run runs the program in a role and prints how it ended.
func run(what string) {
	cmd := exec.Command("/proc/self/exe", what)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Start()
	cmd.Wait()
	fmt.Println(what+":", cmd.ProcessState)
}

// crowd starts threads that compute, sleep, read and wait.
func crowd(n int) {
	r, _, _ := os.Pipe()
	var started sync.WaitGroup
	for i := range n {
		started.Add(1)
		go func() {
			runtime.LockOSThread()
			started.Done()
			var b [1]byte
			var word uint32
			switch i % 4 {
			case 0:
				for {
					unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
				}
			case 1:
				unix.Syscall(unix.SYS_READ, r.Fd(), uintptr(unsafe.Pointer(&b)), 1)
			case 2:
				unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&word)), 0, 0, 0, 0, 0)
			case 3:
				unix.Syscall(unix.SYS_PAUSE, 0, 0, 0)
			}
		}()
	}
	started.Wait()
	time.Sleep(10 * time.Millisecond)
}

// inThread runs fn on a thread that is not the first one and ends with it.
func inThread(fn func()) {
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		fn()
		done <- true
	}()
	<-done
}

// self is found early: /proc/self/exe leads nowhere once the first thread has ended.
var self, _ = os.Executable()

func execute(what string) {
	os.Setenv("TEST_PID", fmt.Sprint(unix.Getpid()))
	fmt.Println(unix.Exec(self, []string{"threadgroup", what}, os.Environ()))
}

func role(what string) {
	switch what {
	case "executed":
		fmt.Println("executed: same process", os.Getenv("TEST_PID") == fmt.Sprint(unix.Getpid()), "first thread", unix.Gettid() == unix.Getpid())
		fmt.Println("signal to the first thread:", unix.Tgkill(unix.Getpid(), unix.Getpid(), 0))
	case "exec":
		crowd(12)
		inThread(func() { execute("executed") })
	case "exec-fails":
		crowd(8)
		inThread(func() {
			e := unix.Exec("/no/such/program", []string{"x"}, nil)
			fmt.Println("exec:", e, "others live", unix.Getpid() != unix.Gettid())
		})
		c := make(chan int)
		go func() { c <- 1 }()
		fmt.Println("goroutines run", <-c)
	case "exec-race":
		for range 4 {
			go inThread(func() { execute("executed") })
		}
		select {}
	case "leader-exits":
		leaderExits(func() {
			fmt.Println("alive", unix.Kill(unix.Getpid(), 0), unix.Getppid() > 1)
			unix.Syscall(unix.SYS_EXIT_GROUP, 5, 0, 0)
		})
	case "leader-exits-exec":
		leaderExits(func() { execute("executed") })
	case "exit-group":
		crowd(20)
		inThread(func() { unix.Syscall(unix.SYS_EXIT_GROUP, 300+7, 0, 0) })
	case "thread-exit":
		crowd(4)
		inThread(func() {
			go unix.Syscall(unix.SYS_EXIT, 3, 0, 0) // one thread only
			time.Sleep(20 * time.Millisecond)
			os.Exit(9)
		})
	case "term":
		crowd(12)
		inThread(func() {
			byDefault(unix.SIGTERM)
			unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGTERM)
			time.Sleep(time.Minute)
		})
	case "kill":
		crowd(12)
		unix.Kill(unix.Getpid(), unix.SIGKILL)
		time.Sleep(time.Minute)
	case "segv":
		crowd(12)
		byDefault(unix.SIGSEGV)
		inThread(func() { *(*int)(unsafe.Pointer(uintptr(8 * len(os.Args)))) = 1 })
	case "stop":
		stopped()
	case "crowd":
		crowd(12)
		time.Sleep(time.Minute)
	case "noop":
	}
}

// leaderExits ends the first thread and runs fn on another.
func leaderExits(fn func()) {
	go func() {
		runtime.LockOSThread()
		time.Sleep(30 * time.Millisecond)
		fn()
	}()
	time.Sleep(10 * time.Millisecond)
	unix.Syscall(unix.SYS_EXIT, 0, 0, 0)
}

// byDefault takes the Go runtime's handler away.
func byDefault(sig unix.Signal) {
	var action [4]uint64
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
}

// stopped stops a child of several threads and continues it.
func stopped() {
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"threadgroup", "crowd"}, &syscall.ProcAttr{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var ws unix.WaitStatus
	unix.Kill(pid, unix.SIGSTOP)
	unix.Wait4(pid, &ws, unix.WUNTRACED, nil)
	fmt.Println("stopped", ws.Stopped(), ws.StopSignal())
	n, err := unix.Wait4(pid, &ws, unix.WUNTRACED|unix.WNOHANG, nil)
	fmt.Println("told once", n, err)
	unix.Kill(pid, unix.SIGCONT)
	unix.Wait4(pid, &ws, unix.WCONTINUED, nil)
	fmt.Println("continued", ws.Continued())
	unix.Kill(pid, unix.SIGSTOP)
	unix.Wait4(pid, &ws, unix.WUNTRACED, nil)
	unix.Kill(pid, unix.SIGKILL)
	unix.Wait4(pid, &ws, 0, nil)
	fmt.Println("killed while stopped", ws.Signaled(), ws.Signal())
}

// children starts programs from many threads at once.
func children() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	good := 0
	for range 6 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 4 {
				if exec.Command("/proc/self/exe", "noop").Run() == nil {
					mu.Lock()
					good++
					mu.Unlock()
				}
			}
		}()
	}
	wg.Wait()
	fmt.Println("children of threads:", good)
}

// refused prints what clone says to flags that do not go together.
func refused() {
	for _, f := range []struct {
		name  string
		flags uintptr
	}{
		{"THREAD", unix.CLONE_THREAD},
		{"THREAD|SIGHAND", unix.CLONE_THREAD | unix.CLONE_SIGHAND},
		{"SIGHAND", unix.CLONE_SIGHAND},
		{"NEWNS|FS", unix.CLONE_NEWNS | unix.CLONE_FS},
		{"PIDFD|PARENT_SETTID", unix.CLONE_PIDFD | unix.CLONE_PARENT_SETTID},
		{"PIDFD|DETACHED", unix.CLONE_PIDFD | unix.CLONE_DETACHED},
	} {
		_, _, e := unix.RawSyscall6(unix.SYS_CLONE, f.flags, 0, 0, 0, 0, 0)
		fmt.Println("clone", f.name, raw.Name(e))
	}
	type args struct{ flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls, setTID, setTIDSize, cgroup uint64 }
	for _, c := range []struct {
		name string
		a    args
		size uintptr
	}{
		{"small", args{}, 63},
		{"large", args{}, 5000},
		{"exit signal", args{exitSignal: 65}, 88},
		{"exit signal of a thread", args{flags: unix.CLONE_THREAD | unix.CLONE_SIGHAND | unix.CLONE_VM, exitSignal: 17}, 88},
		{"stack without size", args{stack: 4096, exitSignal: 17}, 88},
		{"size without stack", args{stackSize: 4096, exitSignal: 17}, 88},
		{"flags", args{flags: 1 << 60, exitSignal: 17}, 88},
		{"detached", args{flags: unix.CLONE_DETACHED, exitSignal: 17}, 88},
		{"clear and share", args{flags: unix.CLONE_CLEAR_SIGHAND | unix.CLONE_SIGHAND | unix.CLONE_VM, exitSignal: 17}, 88},
		{"set_tid size", args{setTIDSize: 1, exitSignal: 17}, 88},
		{"set_tid", args{setTID: 1, exitSignal: 17}, 88},
	} {
		_, _, e := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&c.a)), c.size, 0)
		fmt.Println("clone3", c.name, raw.Name(e))
	}
}

// fork makes a child that waits to be killed, or ends at once. The child has none of the runtime's threads, so nothing in it may look at its
// stack's bound, where the runtime asks for a change of goroutines.
//
//go:nosplit
func fork(flags uintptr, ends bool) int {
	pid, _, _ := unix.RawSyscall6(unix.SYS_CLONE, flags, 0, 0, 0, 0, 0)
	if pid == 0 {
		for !ends {
			unix.RawSyscall(unix.SYS_PAUSE, 0, 0, 0)
		}
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 4, 0, 0)
	}
	return int(pid)
}

const (
	noThread = 0x20000000
	all      = 0x40000000
	clone    = 0x80000000
)

// waits prints which children wait4 and waitid find.
func waits() {
	wait := func(what string, pid, options int) {
		var ws unix.WaitStatus
		n, err := unix.Wait4(pid, &ws, options, nil)
		if err != nil {
			n = 0
		}
		fmt.Println("wait4", what, n == pid, err, ws)
	}
	for _, signal := range []uintptr{uintptr(unix.SIGCHLD), 0, uintptr(unix.SIGURG)} {
		pid := fork(signal, true)
		wait("clone children", pid, clone)
		wait("all", pid, all)
		wait("plain", pid, 0)
	}
	pid := fork(uintptr(unix.SIGCHLD), true)
	inThread(func() {
		wait("another thread's, __WNOTHREAD", pid, noThread)
		wait("another thread's", pid, 0)
	})
	inThread(func() { pid = fork(uintptr(unix.SIGCHLD), true) }) // its parent thread stays
	wait("of a thread", pid, 0)
	var info [128]byte
	for _, c := range []struct {
		name          string
		kind, id, opt uintptr
	}{
		{"nothing to wait for", unix.P_ALL, 0, unix.WNOHANG},
		{"bad kind", 9, 0, unix.WEXITED},
		{"bad options", unix.P_ALL, 0, unix.WEXITED | 0x100},
		{"pid 0", unix.P_PID, 0, unix.WEXITED},
		{"own group", unix.P_PGID, 0, unix.WEXITED},
		{"no child", unix.P_ALL, 0, unix.WEXITED},
		{"clone", unix.P_ALL, 0, unix.WEXITED | clone},
	} {
		_, _, e := unix.Syscall6(unix.SYS_WAITID, c.kind, c.id, uintptr(unsafe.Pointer(&info)), c.opt, 0, 0)
		fmt.Println("waitid", c.name, raw.Name(e))
	}
	_, err := unix.Wait4(-1<<31, nil, 0, nil)
	fmt.Println("wait4 of the least number:", err)
	_, err = unix.Wait4(-1, nil, 0x100, nil)
	fmt.Println("wait4 with bad options:", err)
}

// deaths prints whether the end of a thread sends its children the signal they asked for.
func deaths() {
	var pid uintptr
	done := make(chan bool)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends
		pid, _, _ = unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if pid == 0 {
			unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGUSR1), 0)
			byDefault(unix.SIGUSR1)
			for {
				unix.RawSyscall(unix.SYS_PAUSE, 0, 0, 0)
			}
		}
		time.Sleep(50 * time.Millisecond)
		done <- true
	}()
	<-done
	timer := time.AfterFunc(5*time.Second, func() { unix.Kill(int(pid), unix.SIGKILL) })
	var ws unix.WaitStatus
	unix.Wait4(int(pid), &ws, 0, nil)
	timer.Stop()
	fmt.Println("child of a thread that ended:", ws.Signal())
}
