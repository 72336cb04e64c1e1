//go:build linux

// Test cputimes prints how CPU time is divided: user and system, thread, process and children, and what RLIMIT_CPU does.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const work = 200 * time.Millisecond

func usage(who int) (user, sys time.Duration) {
	var u unix.Rusage
	if err := unix.Getrusage(who, &u); err != nil {
		fmt.Println("getrusage:", err)
	}
	return time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())
}

func clock(id int32) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(id, &ts); err != nil {
		fmt.Println("clock_gettime:", err)
	}
	return time.Duration(ts.Nano())
}

var sink int

// compute uses the CPU in user mode for a time of the thread's clock.
func compute(d time.Duration) {
	for end := clock(unix.CLOCK_THREAD_CPUTIME_ID) + d; clock(unix.CLOCK_THREAD_CPUTIME_ID) < end; {
		for i := range 2_000_000 {
			sink += i * i
		}
	}
}

// call uses it in the kernel.
func call(d time.Duration) {
	var st unix.Stat_t
	for end := clock(unix.CLOCK_THREAD_CPUTIME_ID) + d; clock(unix.CLOCK_THREAD_CPUTIME_ID) < end; {
		for range 200 {
			unix.Stat("/proc/self/../self/../self/../self/stat", &st)
		}
	}
}

func main() {
	runtime.LockOSThread()
	if len(os.Args) > 1 {
		child(os.Args[1])
		return
	}
	u0, s0 := usage(unix.RUSAGE_THREAD)
	compute(work)
	u1, s1 := usage(unix.RUSAGE_THREAD)
	fmt.Println("computing: mostly user", u1-u0 > s1-s0, u1-u0 > work/3)
	call(work)
	u2, s2 := usage(unix.RUSAGE_THREAD)
	fmt.Println("calling: mostly system", s2-s1 > u2-u1, s2-s1 > work/3)
	u3, s3 := usage(unix.RUSAGE_SELF)
	fmt.Println("process at least thread", u3+s3 >= u2+s2) // only the sum: Linux splits a process's time by its own measure
	fmt.Println("process clock at least thread clock", clock(unix.CLOCK_PROCESS_CPUTIME_ID) >= clock(unix.CLOCK_THREAD_CPUTIME_ID))
	var u unix.Rusage
	fmt.Println("bad who:", unix.Getrusage(7, &u))

	before := clock(unix.CLOCK_THREAD_CPUTIME_ID)
	time.Sleep(200 * time.Millisecond)
	fmt.Println("sleep costs little", clock(unix.CLOCK_THREAD_CPUTIME_ID)-before < 50*time.Millisecond)

	done := make(chan bool)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine; its time stays the process's
		compute(work)
		done <- true
	}()
	<-done
	u4, _ := usage(unix.RUSAGE_SELF)
	u5, _ := usage(unix.RUSAGE_THREAD)
	fmt.Println("other threads count", u4-u3 > work/2, u5-u2 < work/2)

	uc, _ := usage(unix.RUSAGE_CHILDREN)
	fmt.Println("no child yet", uc == 0)
	cmd := exec.Command("/proc/self/exe", "compute")
	cmd.Run()
	uc, _ = usage(unix.RUSAGE_CHILDREN)
	fmt.Println("child counted", uc > work/2, uc < 20*work, cmd.ProcessState.UserTime() > work/2)
	var tms unix.Tms
	ticks, err := unix.Times(&tms)
	fmt.Println("times", ticks > 0, err, tms.Cutime >= 10, tms.Utime >= 20)

	for _, what := range []string{"soft", "hard", "handled"} {
		cmd := exec.Command("/proc/self/exe", what)
		cmd.Stdout = os.Stdout
		err := cmd.Run()
		ws := cmd.ProcessState.Sys().(syscall.WaitStatus)
		fmt.Println(what, "signaled", ws.Signaled(), ws.Signal(), err != nil)
	}
}

func limit(soft, hard uint64) {
	if err := unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: soft, Max: hard}); err != nil {
		fmt.Println("setrlimit:", err)
	}
}

// byDefault takes the Go runtime's handler away.
func byDefault(sig unix.Signal) {
	var action [4]uint64
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
}

func child(what string) {
	switch what {
	case "compute":
		compute(work)
		return
	case "soft":
		limit(1, 10)
		byDefault(unix.SIGXCPU)
	case "hard":
		limit(1, 1)
	case "handled":
		c := make(chan os.Signal, 10)
		signal.Notify(c, unix.SIGXCPU)
		limit(1, 2)
		go func() {
			n := 0
			for range c {
				n++
				fmt.Println("SIGXCPU", n)
			}
		}()
	}
	compute(time.Minute)
}
