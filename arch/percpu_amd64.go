//go:build galago

package arch

import (
	"sync/atomic"
	"unsafe"
)

// Segment selectors. The order is SYSRET's: STAR[63:48]+8 is SS, +16 is CS (SDM 2B, SYSRET). Those of user mode have Linux's
// values, as debuggers tell 64-bit code by them.
const (
	KernelCS = 0x08
	KernelDS = 0x10
	UserCS32 = 0x20 | 3 // unused; SYSRET's base
	UserDS   = 0x28 | 3
	UserCS   = 0x30 | 3
	tssSel   = 0x38
)

// istSize is the size of each interrupt stack; its topmost word holds the PerCPU address (boot/trap.S). boot/defs.inc has it as IST_SIZE.
const istSize = 2 * PageSize

// Interrupt-stack indexes of the vectors that have one.
const (
	istNMI = 1 + iota
	istDoubleFault
	istMachineCheck
	istDebug
	nIST
)

// PerCPU is what the entry code reaches through GS. The first fields' offsets are in boot/defs.inc.
type PerCPU struct {
	self    *PerCPU       // 0
	current *ThreadHeader // 8
	kstack  uintptr       // 16
	userSP  uintptr       // 24
	index   int32         // 32
	apicID  uint32        // 36
	online  atomic.Uint32 // 40
	_       [16]byte
	tss     [26]uint32 // 60: RSP0 lies at 64, aligned; SDM 3A figure 8-11
	gdt     [16]uint64

	pendingIPI atomic.Uint32
	IRQs       [256]uint64 // interrupts taken, by vector
	CR3        uintptr     // the page tables loaded

	ist [nIST - 1]*[istSize]byte
}

var cpus [MaxCPUs]PerCPU

var nCPU = 1

// NumCPU returns the number of CPUs that are up.
func NumCPU() int { return nCPU }

// CPU returns the i-th CPU's block.
func CPU(i int) *PerCPU { return &cpus[i] }

// APICID returns the local APIC's identifier of CPU i.
func APICID(i int) uint32 { return cpus[i].apicID }

type istBlock struct {
	stacks [nIST - 1][istSize]byte
}

// bootIST serves CPU 0; the others' come from the allocator.
var bootIST struct {
	_ [PageSize]byte
	istBlock
	_ [PageSize]byte
}

// setup fills this CPU's tables and loads them: GDT, TSS, IDT, GS base, system-call registers. ist is the
// page-aligned memory of its interrupt stacks.
func (c *PerCPU) setup(index int, current *ThreadHeader, ist uintptr) {
	c.self, c.current, c.index = c, current, int32(index)
	c.kstack = current.StackHi
	current.CPU = int32(index)
	c.gdt = [16]uint64{
		0,
		0x00af9b000000ffff, // kernel code
		0x00cf93000000ffff, // kernel data
		0,
		0x00cffb000000ffff, // user code, 32-bit (unused; SYSRET's base)
		0x00cff3000000ffff, // user data
		0x00affb000000ffff, // user code
	}
	tss := uint64(uintptr(unsafe.Pointer(&c.tss)))
	const tssLimit = 26*4 - 1
	c.gdt[7] = tssLimit | tss&0xffffff<<16 | 0x89<<40 | tss>>24&0xff<<56
	c.gdt[8] = tss >> 32
	c.gdt[15] = 0x0040f10000000000 | uint64(index) // data nobody uses: user mode reads its limit (boot/vdso)
	c.setTSS(1, c.kstack)
	for i := range nIST - 1 {
		top := ist + uintptr(i+1)*istSize
		*at[*PerCPU](top - 8) = c
		c.ist[i] = at[[istSize]byte](top - istSize)
		c.setTSS(9+2*i, top-16)
	}
	c.tss[25] = 104 << 16 // no I/O permission map
	var desc [10]byte
	describe(&desc, uint16(unsafe.Sizeof(c.gdt))-1, uintptr(unsafe.Pointer(&c.gdt)))
	lgdt(&desc)
	ltr(tssSel)
	Wrmsr(msrGSBase, uint64(uintptr(unsafe.Pointer(c))))
	Wrmsr(msrKernelGSBase, 0)
	loadIDT()
	Wrmsr(msrStar, KernelCS<<32|UserCS32<<48)
	Wrmsr(msrLstar, uint64(linkAddr(symSyscallEntry)))
	Wrmsr(msrSfmask, FlagTF|FlagIF|FlagDF|FlagIOPL|FlagNT|FlagAC|FlagRF)
}

// setTSS stores a 64-bit stack pointer at 32-bit index i of the TSS.
func (c *PerCPU) setTSS(i int, v uintptr) {
	c.tss[i], c.tss[i+1] = uint32(v), uint32(v>>32)
}

// describe builds the operand of LGDT and LIDT.
func describe(d *[10]byte, limit uint16, base uintptr) {
	d[0], d[1] = byte(limit), byte(limit>>8)
	for i := range 8 {
		d[2+i] = byte(base >> (8 * i))
	}
}

// Model-specific registers (SDM 4).
const (
	msrAPICBase     = 0x1b
	msrEFER         = 0xc0000080
	msrStar         = 0xc0000081
	msrLstar        = 0xc0000082
	msrSfmask       = 0xc0000084
	msrFSBase       = 0xc0000100
	msrGSBase       = 0xc0000101
	msrKernelGSBase = 0xc0000102
)

// UserBases returns the FS and GS base of user mode, valid in the kernel on the thread's own CPU.
func UserBases() (fs, gs uintptr) { return uintptr(Rdmsr(msrFSBase)), uintptr(Rdmsr(msrKernelGSBase)) }

// SetUserBases loads them.
func SetUserBases(fs, gs uintptr) {
	Wrmsr(msrFSBase, uint64(fs))
	Wrmsr(msrKernelGSBase, uint64(gs))
}

// SetUserFS loads the FS base alone.
func SetUserFS(fs uintptr) { Wrmsr(msrFSBase, uint64(fs)) }

// OnInterruptStack reports whether an address lies on one of this CPU's interrupt stacks.
func OnInterruptStack(a uintptr) bool {
	for _, s := range cpus[CPUID()].ist {
		if base := uintptr(unsafe.Pointer(s)); s != nil && a >= base && a < base+istSize-16 {
			return true
		}
	}
	return false
}
