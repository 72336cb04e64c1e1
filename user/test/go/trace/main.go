//go:build linux

// Test trace checks ptrace(2): system calls, registers, memory, single steps, signals, events of fork and exec, attaching; restart_syscall; and that a
// core file has what debuggers look for.
package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"runtime"
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

//go:uintptrescapes
func ptrace(request, pid int, addr, data uintptr) error {
	if _, _, e := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(request), uintptr(pid), addr, data, 0, 0); e != 0 {
		return e
	}
	return nil
}

func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "sleep":
			ts := unix.Timespec{Nsec: 300e6}
			fmt.Println("nanosleep", name(unix.Nanosleep(&ts, nil)))
		case "crash":
			go func() {
				runtime.LockOSThread()
				select {}
			}()
			time.Sleep(20 * time.Millisecond)
			unix.Kill(os.Getpid(), unix.SIGSTKFLT)
			var dfl [4]uintptr
			unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGSEGV), uintptr(unsafe.Pointer(&dfl)), 0, 8, 0, 0)
			unix.Kill(os.Getpid(), unix.SIGSEGV)
			time.Sleep(time.Second)
		}
		return
	}
	calls()
	steps()
	signals()
	events()
	attach()
	edges()
	continued()
	interruptedAndKilled()
	core()
}

// start runs a shell command as a tracee; it is stopped after its exec.
func start(args ...string) int {
	pid, e := syscall.ForkExec(args[0], args, &syscall.ProcAttr{Env: []string{"PATH=/bin:/usr/bin"}, Files: []uintptr{0, 1, 2},
		Sys: &syscall.SysProcAttr{Ptrace: true}})
	if e != nil {
		fmt.Println("start", e)
		os.Exit(1)
	}
	st := wait(pid)
	fmt.Println("after exec: stopped", st.Stopped(), st.StopSignal())
	return pid
}

func wait(pid int) unix.WaitStatus {
	var st unix.WaitStatus
	if _, e := unix.Wait4(pid, &st, unix.WALL, nil); e != nil {
		fmt.Println("wait", name(e))
	}
	return st
}

// callInfo is struct ptrace_syscall_info.
type callInfo struct {
	op   uint8
	_    [3]uint8
	arch uint32
	ip   uint64
	sp   uint64
	data [8]uint64
}

// calls follows the system calls of a program that makes few: it prints exit_group and write.
func calls() {
	fmt.Println("calls")
	pid := start("/bin/sh", "-c", "exit 7")
	fmt.Println("options", name(unix.PtraceSetOptions(pid, unix.PTRACE_O_TRACESYSGOOD|unix.PTRACE_O_TRACEEXIT)))
	wrong, n := 0, 0
	for {
		unix.PtraceSyscall(pid, 0)
		st := wait(pid)
		if st.Exited() {
			fmt.Println("exited", st.ExitStatus())
			break
		}
		if st.StopSignal() == unix.SIGTRAP|0x80 {
			var i callInfo
			r, _, _ := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(pid), unsafe.Sizeof(i), uintptr(unsafe.Pointer(&i)), 0, 0)
			var regs unix.PtraceRegs
			unix.PtraceGetRegs(pid, &regs)
			n++
			if int(i.op) != 2-n%2 || i.arch != 0xc000003e || i.ip != regs.Rip || i.sp != regs.Rsp || i.op == 1 && (i.data[0] != regs.Orig_rax || r != 80) ||
				i.op == 2 && (i.data[0] != regs.Rax || r != 33) || regs.Cs != 0x33 || regs.Ss != 0x2b {
				wrong++
			}
			if i.op == 1 && i.data[0] == unix.SYS_EXIT_GROUP {
				fmt.Println("exit_group", i.data[1], "AX", int64(regs.Rax))
				regs.Rdi = 9
				unix.PtraceSetRegs(pid, &regs)
			}
			continue
		}
		msg, _ := unix.PtraceGetEventMsg(pid)
		fmt.Println("event", st.TrapCause(), msg, st.StopSignal())
	}
	fmt.Println("wrong", wrong, "some", n > 2)
}

func steps() {
	fmt.Println("steps")
	pid := start("/bin/sh", "-c", "exit 3")
	var regs unix.PtraceRegs
	fmt.Println("getregs", name(unix.PtraceGetRegs(pid, &regs)), int64(regs.Orig_rax))
	at := uintptr(regs.Rip)
	b := make([]byte, 16)
	n, e := unix.PtracePeekText(pid, at, b)
	fmt.Println("peek", n, name(e))
	n, e = unix.PtracePokeText(pid, at, []byte{0x90, 0x90, 0x90, 0xcc, 0xf4, 0xf4, 0xf4, 0xf4})
	fmt.Println("poke read-only text", n, name(e))
	for range 2 {
		unix.PtraceSingleStep(pid)
		st := wait(pid)
		unix.PtraceGetRegs(pid, &regs)
		fmt.Println("step", st.StopSignal(), uintptr(regs.Rip)-at, regs.Eflags&0x100)
		info(pid)
	}
	unix.PtraceCont(pid, 0)
	st := wait(pid)
	unix.PtraceGetRegs(pid, &regs)
	fmt.Println("breakpoint", st.StopSignal(), uintptr(regs.Rip)-at)
	info(pid)
	unix.PtracePokeText(pid, at, b)
	regs.Rip = uint64(at)
	unix.PtraceSetRegs(pid, &regs)
	fp := make([]byte, 512)
	fmt.Println("getfpregs", name(ptrace(unix.PTRACE_GETFPREGS, pid, 0, uintptr(unsafe.Pointer(&fp[0])))), binary.LittleEndian.Uint16(fp), binary.LittleEndian.Uint32(fp[24:]))
	fp[160] = 0x55
	fmt.Println("setfpregs", name(ptrace(unix.PTRACE_SETFPREGS, pid, 0, uintptr(unsafe.Pointer(&fp[0])))))
	iov := unix.Iovec{Base: &fp[0], Len: 512}
	fmt.Println("regset", name(ptrace(unix.PTRACE_GETREGSET, pid, 2, uintptr(unsafe.Pointer(&iov)))), iov.Len, fp[160])
	iov.Len = 511
	fmt.Println("odd regset", name(ptrace(unix.PTRACE_GETREGSET, pid, 2, uintptr(unsafe.Pointer(&iov)))))
	fmt.Println("no regset", name(ptrace(unix.PTRACE_GETREGSET, pid, 99, uintptr(unsafe.Pointer(&iov)))))
	var mask uint64
	fmt.Println("sigmask", name(ptrace(unix.PTRACE_GETSIGMASK, pid, 8, uintptr(unsafe.Pointer(&mask)))), mask)
	unix.PtraceCont(pid, 0)
	fmt.Println("exited", wait(pid).ExitStatus())
}

func info(pid int) {
	var i [128]byte
	e := ptrace(unix.PTRACE_GETSIGINFO, pid, 0, uintptr(unsafe.Pointer(&i)))
	fmt.Println("   siginfo", name(e), int32(binary.LittleEndian.Uint32(i[:])), int32(binary.LittleEndian.Uint32(i[8:])))
}

func signals() {
	fmt.Println("signals")
	pid := start("/bin/sh", "-c", "trap 'echo got it; exit 4' USR1; kill -USR2 $$; kill -USR1 $$; exit 5")
	unix.PtraceCont(pid, 0)
	st := wait(pid)
	fmt.Println(st.StopSignal())
	info(pid)
	unix.PtraceCont(pid, 0) // USR2 would have killed it
	fmt.Println(wait(pid).StopSignal())
	unix.PtraceCont(pid, int(unix.SIGUSR1))
	fmt.Println("exited", wait(pid).ExitStatus())
	pid = start("/bin/sh", "-c", "kill -TERM $$")
	unix.PtraceCont(pid, 0)
	wait(pid)
	unix.PtraceCont(pid, int(unix.SIGHUP))
	st = wait(pid)
	fmt.Println("signalled", st.Signaled(), st.Signal())
}

func events() {
	fmt.Println("events")
	pid := start("/bin/sh", "-c", "/bin/true; (exit 3); exit 6")
	unix.PtraceSetOptions(pid, unix.PTRACE_O_TRACEFORK|unix.PTRACE_O_TRACEVFORK|unix.PTRACE_O_TRACECLONE|unix.PTRACE_O_TRACEEXEC)
	forks, execs, stops, exits := 0, 0, 0, 0
	unix.PtraceCont(pid, 0)
	for {
		var st unix.WaitStatus
		p, e := unix.Wait4(-1, &st, unix.WALL, nil)
		if e != nil {
			fmt.Println("wait", name(e))
			break
		}
		sig := 0
		switch {
		case st.Exited():
			if p == pid {
				fmt.Println("exited", st.ExitStatus())
			}
			exits++
			continue
		case st.TrapCause() > 0 && st.TrapCause() != unix.PTRACE_EVENT_EXEC:
			forks++
		case st.TrapCause() == unix.PTRACE_EVENT_EXEC:
			execs++
		case st.StopSignal() == unix.SIGSTOP:
			stops++
		default:
			sig = int(st.StopSignal())
		}
		unix.PtraceCont(p, sig)
	}
	fmt.Println("every fork announced", forks == stops, "every child ended", exits == forks+1, "execs", execs > 0)
}

func attach() {
	fmt.Println("attach")
	c := exec.Command(os.Args[0], "sleep")
	out, _ := c.StdoutPipe()
	c.Start()
	pid := c.Process.Pid
	time.Sleep(100 * time.Millisecond)
	fmt.Println(name(ptrace(unix.PTRACE_ATTACH, pid, 0, 0)), name(ptrace(unix.PTRACE_ATTACH, pid, 0, 0)))
	st := wait(pid)
	fmt.Println("stopped", st.Stopped(), st.StopSignal())
	fmt.Println("interrupt", name(ptrace(unix.PTRACE_INTERRUPT, pid, 0, 0)), "listen", name(ptrace(unix.PTRACE_LISTEN, pid, 0, 0)))
	fmt.Println("detach", name(unix.PtraceDetach(pid)))
	fmt.Println("seize", name(ptrace(unix.PTRACE_SEIZE, pid, 0, unix.PTRACE_O_TRACESYSGOOD)))
	fmt.Println("interrupt", name(ptrace(unix.PTRACE_INTERRUPT, pid, 0, 0)))
	st = wait(pid)
	fmt.Println("stopped", st.Stopped(), st.StopSignal(), int(st)>>16)
	fmt.Println("detach", name(unix.PtraceDetach(pid)))
	unix.Kill(pid, unix.SIGSTOP)
	time.Sleep(50 * time.Millisecond)
	unix.Kill(pid, unix.SIGCONT)
	b := make([]byte, 100)
	n, _ := out.Read(b)
	fmt.Printf("%s", b[:n])
	fmt.Println(name(c.Wait()))
}

func edges() {
	fmt.Println("edges")
	fmt.Println(name(ptrace(unix.PTRACE_ATTACH, os.Getpid(), 0, 0)), name(ptrace(unix.PTRACE_ATTACH, 1<<22, 0, 0)), name(ptrace(unix.PTRACE_CONT, 1, 0, 0)),
		name(ptrace(unix.PTRACE_SEIZE, 1, 1, 0)))
	pid := start("/bin/sh", "-c", "exit 0")
	var w uint64
	at := uintptr(unsafe.Pointer(&w))
	fmt.Println("bad request", name(ptrace(0x7777, pid, 0, 0)))
	fmt.Println("peek nowhere", name(ptrace(unix.PTRACE_PEEKTEXT, pid, 8, at)), "poke", name(ptrace(unix.PTRACE_POKETEXT, pid, 8, 0)))
	fmt.Println("user", name(ptrace(unix.PTRACE_PEEKUSR, pid, 4, at)), name(ptrace(unix.PTRACE_PEEKUSR, pid, 912, at)), name(ptrace(unix.PTRACE_PEEKUSR, pid, 17*8, at)), w)
	fmt.Println("options", name(ptrace(unix.PTRACE_SETOPTIONS, pid, 0, 1<<30)))
	fmt.Println("cont", name(ptrace(unix.PTRACE_CONT, pid, 0, 65)))
	fmt.Println("mask", name(ptrace(unix.PTRACE_GETSIGMASK, pid, 4, at)))
	fmt.Println("kernel breakpoint", name(ptrace(unix.PTRACE_POKEUSR, pid, 848, 0xffffffff81000000)))
	fmt.Println("kill", name(ptrace(unix.PTRACE_KILL, pid, 0, 0)))
	st := wait(pid)
	fmt.Println(st.Signaled(), st.Signal())
	fmt.Println("gone", name(ptrace(unix.PTRACE_CONT, pid, 0, 0)))
}

func core() {
	fmt.Println("core")
	text, _ := os.ReadFile("/proc/sys/kernel/core_pattern")
	if len(text) > 0 && text[0] != '|' && string(text) != "core\n" {
		fmt.Println("pattern", string(text))
	}
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1 << 30, Max: 1 << 30})
	c := exec.Command(os.Args[0], "crash")
	e := c.Run()
	st := c.ProcessState.Sys().(syscall.WaitStatus)
	fmt.Println("signalled", st.Signaled(), st.Signal(), e)
	files, _ := os.ReadDir(".")
	for _, f := range files {
		if bytes.HasPrefix([]byte(f.Name()), []byte("core")) {
			inspect(f.Name())
		}
	}
}

// inspect prints what a core file holds.
func inspect(file string) {
	f, e := elf.Open(file)
	if e != nil {
		fmt.Println(e)
		return
	}
	defer f.Close()
	kinds := map[string]int{}
	loads := 0
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD {
			loads++
		}
		if p.Type != elf.PT_NOTE {
			continue
		}
		b := make([]byte, p.Filesz)
		p.ReadAt(b, 0)
		for len(b) >= 12 {
			ns, ds, kind := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
			owner := string(bytes.TrimRight(b[12:12+ns], "\x00"))
			kinds[fmt.Sprintf("%s %#x", owner, kind)]++
			b = b[12+(ns+3)&^3+(ds+3)&^3:]
		}
	}
	fmt.Println(f.Type, f.Machine, "threads", kinds["CORE 0x1"] >= 2, "FPU", kinds["CORE 0x2"] == kinds["CORE 0x1"], "XSAVE", kinds["LINUX 0x202"] == kinds["CORE 0x1"],
		"psinfo", kinds["CORE 0x3"], "auxv", kinds["CORE 0x6"], "siginfo", kinds["CORE 0x53494749"], "files", kinds["CORE 0x46494c45"], "memory", loads > 4)
}
