//go:build linux

// Command rttrace traces a child that shares its only CPU and has a lower real-time priority: a tracer that may look into a stopped tracee
// only once that has left the CPU must let it, though it is the less urgent one.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) > 1 { // the child
		for range 2000 {
			unix.Getppid()
		}
		return
	}
	runtime.LockOSThread()
	var cpus unix.CPUSet
	cpus.Set(0)
	fmt.Println("affinity:", unix.SchedSetaffinity(0, &cpus))
	fmt.Println("tracer:", priority(0, 10))
	for _, p := range []int32{10, 5, 1} {
		trace(p)
	}
	fmt.Println("tracer:", priority(0, 0))
}

// priority makes a thread a FIFO one, or with 0 an ordinary one.
func priority(pid int, p int32) error {
	class := uintptr(1)
	if p == 0 {
		class = 0
	}
	if _, _, e := unix.Syscall(unix.SYS_SCHED_SETSCHEDULER, uintptr(pid), class, uintptr(unsafe.Pointer(&p))); e != 0 {
		return e
	}
	return nil
}

// trace follows 200 stops of a child of priority p, and ends it.
func trace(p int32) {
	c := exec.Command("/proc/self/exe", "child")
	c.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := c.Start(); err != nil {
		fmt.Println("start:", err)
		return
	}
	pid := c.Process.Pid
	var st unix.WaitStatus
	unix.Wait4(pid, &st, 0, nil)
	fmt.Println("child", p, st.Stopped(), st.StopSignal(), priority(pid, p))
	for i := range 200 {
		var regs unix.PtraceRegs
		if err := unix.PtraceGetRegs(pid, &regs); err != nil || regs.Rip == 0 {
			fmt.Println("registers at stop", i, err)
			break
		}
		if err := unix.PtraceSyscall(pid, 0); err != nil {
			fmt.Println("on from stop", i, err)
			break
		}
		if _, err := unix.Wait4(pid, &st, 0, nil); err != nil || !st.Stopped() {
			fmt.Println("wait", i, err, st.Stopped())
			break
		}
	}
	unix.Kill(pid, unix.SIGKILL)
	unix.Wait4(pid, &st, 0, nil)
	fmt.Println("ended by", st.Signal())
}
