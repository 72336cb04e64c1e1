//go:build linux

// Test sigframe looks at what signal handlers are given, byte by byte: siginfo and ucontext for every cause there is, the FPU state, alternate stacks;
// and at what a handler can change.
package main

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// record is what handler notes.
type record struct {
	sig, sp, ret, flags uint64
	_                   [32]byte
	info                siginfo
	uc                  ucontext
	_                   [16]byte
	alt                 altstack
	altResult           int64
	fpu                 [8]uint32  // the beginning of the FPU state
	software            [14]uint32 // its software part, and the header's first words
	magic2              uint32
	_                   [388]byte
}

type siginfo struct {
	signo, errno, code, pad int32
	addr                    uint64 // or pid, uid
	value                   uint64
	_                       [96]byte
}

type altstack struct {
	sp    uint64
	flags int32
	_     int32
	size  uint64
}

type ucontext struct {
	flags, link                      uint64
	stack                            altstack
	r8, r9, r10, r11, r12, r13       uint64
	r14, r15, di, si, bp, bx, dx, ax uint64
	cx, sp, ip, eflags               uint64
	cs, gs, fs, ss                   uint16
	err, trap, oldmask, cr2          uint64
	fpstate                          uint64
	_                                [8]uint64
	mask                             uint64
}

var (
	records [8]record
	count   uint64
	skip    uint64
	change  uint64
	mxcsr   uint64
)

func handler()
func addresses() (h, r uintptr)
func load(a uintptr)
func store(a uintptr)
func jump(a uintptr)
func divide()
func breakpoint()
func undefined()
func privileged()
func x87()
func raise(pid, tid, sig int, x uint64) (ax, x0, r12 uint64)

const (
	saSiginfo   = 4
	saRestorer  = 0x04000000
	saOnstack   = 0x08000000
	saNodefer   = 0x40000000
	saResethand = 0x80000000
)

type action struct {
	handler uintptr
	flags   uint64
	rest    uintptr
	mask    uint64
}

func catch(sig int, flags uint64, mask uint64) {
	h, r := addresses()
	a := action{h, saSiginfo | saRestorer | flags, r, mask}
	if _, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&a)), 0, 8, 0, 0); e != 0 {
		fmt.Println("sigaction", sig, e)
	}
}

func init() { runtime.LockOSThread() }

func main() {
	if os.Getenv("GODEBUG") == "" {
		unix.Exec(os.Args[0], os.Args, append(os.Environ(), "GODEBUG=asyncpreemptoff=1", "GOGC=off"))
	}
	for _, s := range []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGILL, unix.SIGTRAP} {
		catch(int(s), 0, 1<<40)
	}
	faults()
	floats()
	sent()
	stacks()
	flags()
}

// last prints what the last handler got. base is what addresses are relative to.
func last(what string, base uintptr) {
	n := count
	count = 0
	if n != 1 {
		fmt.Println(what, "handlers run:", n)
		return
	}
	r := &records[0]
	i, u := &r.info, &r.uc
	addr := "elsewhere"
	switch {
	case i.code == -6:
		addr = "none"
	case i.addr == u.ip:
		addr = "ip"
	case i.addr >= uint64(base) && i.addr < uint64(base)+1<<20 || base == 0:
		addr = fmt.Sprintf("%#x", i.addr-uint64(base))
	}
	cr2 := "elsewhere"
	if i.code == -6 {
		cr2 = "old"
	} else if u.cr2 >= uint64(base) && u.cr2 < uint64(base)+1<<20 || base == 0 {
		cr2 = fmt.Sprintf("%#x", u.cr2-uint64(base))
	}
	fmt.Printf("%s: signal %d errno %d code %d addr %s\n", what, i.signo, i.errno, i.code, addr)
	fmt.Printf("   trap %d err %#x cr2 %s cs %#x ss %#x gs %d fs %d mask %#x oldmask %#x flags %#x link %d stack %d/%d\n", u.trap, u.err, cr2, u.cs, u.ss,
		u.gs, u.fs, u.mask, u.oldmask, u.flags, u.link, u.stack.flags, u.stack.size)
	fmt.Printf("   sp %% 16 = %d, below %v, fpstate %% 64 = %d, handler's flags %#x, interrupted %#x, fp below %v\n", r.sp%16, r.sp < u.sp-128, u.fpstate%64,
		r.flags&0x400500, u.eflags&0x100, u.sp-u.fpstate < 8192)
}

func faults() {
	const page = 4096
	last0 := func(what string) { last(what, 0) }
	load(0x10)
	last0("load from nowhere")
	store(0x10)
	last0("store to nowhere")
	jump(0x10)
	last0("jump to nowhere")
	ro, _ := unix.Mmap(-1, 0, 3*page, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON)
	at := uintptr(unsafe.Pointer(&ro[0]))
	store(at + 5)
	last("store to read-only memory", at)
	load(at)
	store(at + 7)
	last("store to a read-only page that is there", at)
	jump(at + 1)
	last("jump to what may not run", at)
	unix.Mprotect(ro[page:2*page], unix.PROT_NONE)
	load(at + page + 1)
	last("load from protected memory", at)
	load(0xffff_8000_0000_0000)
	last("load from the kernel's half", 0xffff_8000_0000_0000)
	store(0xffff_ffff_8000_1000)
	last("store to the kernel", 0xffff_ffff_8000_0000)
	load(0x8000_0000_0000_0000)
	last("load from a non-canonical address", 0)
	load(0x7fff_ffff_f000)
	last("load from the last page below", 0x7fff_ffff_f000)
	f, _ := unix.Open("file", unix.O_RDWR|unix.O_CREAT, 0o600)
	unix.Ftruncate(f, 100)
	m, _ := unix.Mmap(f, 0, 2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	at = uintptr(unsafe.Pointer(&m[0]))
	load(at + page + 8)
	last("load behind the end of a file", at)
	store(at + page + 9)
	last("store behind the end of a file", at)
	divide()
	last("divide", at)
	breakpoint()
	last("breakpoint", at)
	undefined()
	last("undefined", at)
	privileged()
	last("privileged", at)
}

func floats() {
	x87()
	last("x87 division by zero", 0x1000)
}

func sent() {
	catch(40, 0, 0)
	pid, tid := os.Getpid(), unix.Gettid()
	change = 0x100
	ax, x0, r12 := raise(pid, tid, 40, 0x5000)
	change = 0
	r := &records[0]
	fmt.Println("tgkill:", r.sig, r.info.code, int32(r.info.addr) == int32(pid), r.info.addr>>32, r.info.value, "AX", r.uc.ax, "R8", r.uc.r8, "R9", r.uc.r9,
		"after: AX", ax, "X0", x0 == 0x5100, "R12", r12, "CX is IP", r.uc.cx == r.uc.ip)
	last("tgkill", 0)
	fmt.Printf("fcw %#x mxcsr %#x magic %#x %d end %#x features %#x header %#x\n", r.fpu[0]&0xffff, r.fpu[6], r.software[0], r.software[1]-r.software[4],
		r.magic2, r.software[2]&7, r.software[12]&3)
	raise(pid, tid, 40, 0)
	fmt.Println("alternate stack in a handler without:", records[0].alt.flags, records[0].alt.size, records[0].altResult)
	count = 0
}

var stack [65536]byte

func sigaltstack(new, old *altstack) unix.Errno {
	_, _, e := unix.RawSyscall(unix.SYS_SIGALTSTACK, uintptr(unsafe.Pointer(new)), uintptr(unsafe.Pointer(old)), 0)
	return e
}

func stacks() {
	const autodisarm = -1 << 31
	pid, tid := os.Getpid(), unix.Gettid()
	at := uint64(uintptr(unsafe.Pointer(&stack)))
	var old altstack
	for _, a := range []altstack{{at, 0, 0, 100}, {at, 0, 0, 2047}, {at, 0, 0, 2048}, {at, 1, 0, 65536}, {at, 2, 0, 0}, {at, 4, 0, 65536}, {at, autodisarm, 0, 65536},
		{at, autodisarm | 1, 0, 65536}, {at, autodisarm | 2, 0, 65536}, {at, 3, 0, 65536}} {
		e := sigaltstack(&a, nil)
		e2 := sigaltstack(nil, &old)
		fmt.Printf("set %#x %d: %v; is %#x %d %v %v\n", uint32(a.flags), a.size, e, uint32(old.flags), old.size, old.sp == at, e2)
	}
	catch(41, saOnstack, 0)
	for _, flags := range []int32{0, 1, autodisarm} {
		a := altstack{at, flags, 0, 65536}
		sigaltstack(&a, nil)
		raise(pid, tid, 41, 0)
		r := &records[0]
		count = 0
		sigaltstack(nil, &old)
		fmt.Printf("flags %#x: on the stack %v near its top %v, uc %#x %d, in the handler %#x %d; after %#x %d\n", uint32(flags), r.sp > at && r.sp < at+65536,
			at+65536-r.uc.fpstate < 8192, uint32(r.uc.stack.flags), r.uc.stack.size, uint32(r.alt.flags), r.alt.size, uint32(old.flags), old.size)
	}
	off := altstack{0, 2, 0, 0}
	sigaltstack(&off, nil)
}

func flags() {
	pid, tid := os.Getpid(), unix.Gettid()
	show := func(what string) {
		fmt.Printf("%s:", what)
		for i := range count {
			r := &records[i]
			fmt.Printf(" %d (mask %#x)", r.sig, r.uc.mask)
		}
		fmt.Println()
		count = 0
	}
	catch(42, saResethand, 1<<42)
	raise(pid, tid, 42, 0)
	var a action
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, 42, 0, uintptr(unsafe.Pointer(&a)), 8, 0, 0)
	fmt.Printf("reset: handler %d flags %#x mask %#x\n", a.handler, a.flags, a.mask)
	show("reset")
	// Several at once: the last frame built runs first.
	catch(42, 0, 0)
	catch(43, 0, 0)
	catch(44, saNodefer, 0)
	set := uint64(1<<41 | 1<<42 | 1<<43)
	unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, 0, uintptr(unsafe.Pointer(&set)), 0, 8, 0, 0)
	for _, s := range []int{44, 43, 42, 44} {
		raise(pid, tid, s, 0)
	}
	unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, 1, uintptr(unsafe.Pointer(&set)), 0, 8, 0, 0)
	show("unblocked")
}
