//go:build galago

package arch

import (
	"sync/atomic"
	"unsafe"
)

var idt [256][2]uint64

// buildIDT fills the interrupt descriptor table, which all CPUs share. SDM 3A figure 6-8.
func buildIDT() {
	for v := range uintptr(256) {
		ist, dpl := uint64(0), uint64(0)
		switch v {
		case VecNMI:
			ist = istNMI
		case VecDoubleFault:
			ist = istDoubleFault
		case VecMachineCheck:
			ist = istMachineCheck
		case VecDebug:
			ist = istDebug
		case VecBreakpoint, VecOverflow:
			dpl = 3
		}
		stub := uint64(linkAddr(symTrapStubs) + v*16)
		idt[v][0] = stub&0xffff | KernelCS<<16 | ist<<32 | 0x8e00<<32 | dpl<<45 | stub>>16&0xffff<<48
		idt[v][1] = stub >> 32
	}
}

func loadIDT() {
	var desc [10]byte
	describe(&desc, 256*16-1, uintptr(unsafe.Pointer(&idt)))
	lidt(&desc)
}

// Vectors of the local APIC and of inter-processor interrupts; devices get those below firstSystemVector.
const (
	firstSystemVector = 0xf0
	VecTimer          = 0xf0
	VecReschedule     = 0xf1
	VecTLB            = 0xf2
	VecAPICError      = 0xfe
	VecSpurious       = 0xff
)

// Handler serves an interrupt. It runs with interrupts off on the interrupted thread's stack and must not sleep.
type Handler func(arg unsafe.Pointer)

type vectorEntry struct {
	handler Handler
	arg     unsafe.Pointer
	used    atomic.Uint32
	name    string
}

// vectors is shared by all CPUs: a vector means the same interrupt everywhere, whichever CPU it is routed to.
var vectors [256]vectorEntry

// AllocVector takes a free device vector for handler, or returns 0 when all are taken. name is for
// /proc/interrupts.
func AllocVector(name string, handler Handler, arg unsafe.Pointer) uint8 {
	for v := FirstIRQVector + 16; v < firstSystemVector; v++ {
		e := &vectors[v]
		if e.used.CompareAndSwap(0, 1) {
			e.arg, e.name = arg, name
			Mb()
			e.handler = handler
			return uint8(v)
		}
	}
	return 0
}

// FreeVector gives a vector back; its device must be silent.
func FreeVector(v uint8) {
	vectors[v].handler = nil
	vectors[v].used.Store(0)
}

// VectorName returns the name of a vector in use, or "".
func VectorName(v int) string {
	if v < FirstIRQVector || v > 255 || vectors[v].used.Load() == 0 {
		return ""
	}
	return vectors[v].name
}

// VectorCount returns how often CPU cpu has taken vector v.
func VectorCount(v, cpu int) uint64 { return cpus[cpu].IRQs[v] }

func setSystemVector(v uint8, name string, h Handler) {
	vectors[v].used.Store(1)
	vectors[v].name, vectors[v].handler = name, h
}

// interrupt dispatches a vector of 32 or more. Preemption is off while the handler runs.
func interrupt(f *Frame) {
	h := Current()
	h.Preempt++
	h.IRQDepth++
	v := uint8(f.Vector)
	cpus[h.CPU].IRQs[v]++
	if e := &vectors[v]; e.handler != nil {
		e.handler(e.arg)
	}
	if v != VecSpurious {
		lapicEOI()
	}
	h.IRQDepth--
	h.Preempt--
}

// SetHandlers installs the scheduler's handlers for the timer and the reschedule interrupt.
func SetHandlers(timer, reschedule Handler) {
	setSystemVector(VecTimer, "LAPIC timer", timer)
	setSystemVector(VecReschedule, "reschedule IPI", reschedule)
}
