//go:build linux

package main

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// continued seizes a stopped process again and again while it is continued, as strace does with the program it starts. Whatever
// the order of the two, the tracer hears in the end that the group goes on.
func continued() {
	pid, e := syscall.ForkExec("/bin/sh", []string{"sh", "-c", "while :; do :; done"}, &syscall.ProcAttr{Env: []string{"PATH=/bin:/usr/bin"}, Files: []uintptr{0, 1, 2}})
	if e != nil {
		fmt.Println("start", e)
		return
	}
	var st unix.WaitStatus
	rounds := 0
	for range 300 {
		unix.Kill(pid, unix.SIGSTOP)
		unix.Wait4(pid, &st, unix.WUNTRACED, nil)
		if !st.Stopped() || st.StopSignal() != unix.SIGSTOP {
			fmt.Printf("stopped %#x\n", uint32(st))
			break
		}
		if e := ptrace(unix.PTRACE_SEIZE, pid, 0, 0); e != nil {
			fmt.Println("seize", name(e))
		}
		if e := ptrace(unix.PTRACE_INTERRUPT, pid, 0, 0); e != nil {
			fmt.Println("interrupt", name(e))
		}
		unix.Kill(pid, unix.SIGCONT)
		if !goesOn(pid) {
			break
		}
		if e := ptrace(unix.PTRACE_DETACH, pid, 0, 0); e != nil {
			fmt.Println("detach", name(e))
		}
		rounds++
	}
	fmt.Println("continued", rounds)
	unix.Kill(pid, unix.SIGKILL)
	fmt.Println("killed", wait(pid).Signal())
}

// goesOn waits until the tracee, seized, tells of the end of its group's stop: it is stopped for SIGCONT or by a trap then.
func goesOn(pid int) bool {
	for range 10 {
		st := wait(pid)
		switch {
		case !st.Stopped():
			fmt.Printf("ended %#x\n", uint32(st))
			return false
		case uint32(st)>>16 != unix.PTRACE_EVENT_STOP: // a signal
			ptrace(unix.PTRACE_CONT, pid, 0, uintptr(st.StopSignal()))
		case st.StopSignal() == unix.SIGTRAP:
			return true
		default:
			ptrace(unix.PTRACE_LISTEN, pid, 0, 0)
		}
	}
	fmt.Println("it never goes on")
	return false
}

// interruptedAndKilled kills a tracee in a stop in which another one is due.
func interruptedAndKilled() {
	pid, e := syscall.ForkExec("/bin/sh", []string{"sh", "-c", "while :; do :; done"}, &syscall.ProcAttr{Env: []string{"PATH=/bin:/usr/bin"}, Files: []uintptr{0, 1, 2}})
	if e != nil {
		fmt.Println("start", e)
		return
	}
	fmt.Println("seize", name(ptrace(unix.PTRACE_SEIZE, pid, 0, 0)), "interrupt", name(ptrace(unix.PTRACE_INTERRUPT, pid, 0, 0)))
	st := wait(pid)
	fmt.Println("stopped", st.StopSignal(), uint32(st)>>16 == unix.PTRACE_EVENT_STOP)
	fmt.Println("interrupt", name(ptrace(unix.PTRACE_INTERRUPT, pid, 0, 0)))
	unix.Kill(pid, unix.SIGKILL)
	fmt.Println("killed", wait(pid).Signal())
}
