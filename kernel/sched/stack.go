//go:build galago

package sched

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
)

// StackSize is the size of a kernel stack.
const StackSize = 16 << 10

// Each CPU keeps a few stacks of dead threads for the next ones: mapping and unmapping kernel memory costs a
// great deal more than a fork otherwise would. What is over goes to a list that a worker gives back, for a stack
// dies where nobody may sleep.
const stacksPerCPU = 8

type stackCache struct {
	n      int
	stacks [stacksPerCPU]uintptr
	_      [56]byte
}

var (
	stackCaches [arch.MaxCPUs]stackCache // each touched by its own CPU only, interrupts off

	spareLock   = lock.Spin{Rank: lock.RankThreadList}
	spareStacks uintptr // guarded by spareLock; chained through their first words
	spareWork   = Work{Func: freeSpareStacks}
)

// allocStack returns the low end of a stack, 0 when there is no memory.
func allocStack() uintptr {
	flags := arch.IRQDisable()
	c := &stackCaches[arch.CPUID()]
	if c.n > 0 {
		c.n--
		s := c.stacks[c.n]
		arch.IRQRestore(flags)
		return s
	}
	arch.IRQRestore(flags)
	if s := takeSpare(); s != 0 { // the worker may be far behind
		return s
	}
	s, err := mem.VAlloc(StackSize)
	if err != errno.OK {
		return 0
	}
	return s
}

// freeStack takes back a stack that nobody runs on any more. Callable with interrupts off.
func freeStack(s uintptr) {
	flags := arch.IRQDisable()
	c := &stackCaches[arch.CPUID()]
	if c.n < stacksPerCPU {
		c.stacks[c.n] = s
		c.n++
		arch.IRQRestore(flags)
		return
	}
	spareLock.Lock()
	*stackLink(s) = spareStacks
	spareStacks = s
	spareLock.Unlock()
	arch.IRQRestore(flags)
	QueueWork(&spareWork)
}

func stackLink(s uintptr) *uintptr { return (*uintptr)(unsafe.Pointer(s)) }

// takeSpare takes a stack off the list, 0 if there is none.
func takeSpare() uintptr {
	flags := spareLock.LockIRQ()
	s := spareStacks
	if s != 0 {
		spareStacks = *stackLink(s)
	}
	spareLock.UnlockIRQ(flags)
	return s
}

func freeSpareStacks(*Work) {
	for s := takeSpare(); s != 0; s = takeSpare() {
		mem.VFree(s)
	}
}

// DrainStacks frees the cached stacks of this CPU, and those that wait to be freed, for leak checks.
func DrainStacks() {
	freeSpareStacks(nil)
	for {
		flags := arch.IRQDisable()
		c := &stackCaches[arch.CPUID()]
		s := uintptr(0)
		if c.n > 0 {
			c.n--
			s = c.stacks[c.n]
		}
		arch.IRQRestore(flags)
		if s == 0 {
			return
		}
		mem.VFree(s)
	}
}
