//go:build galago

package mem

import "galago/arch"

// localLock guards per-CPU state: in the kernel by turning interrupts off on this CPU.
type localLock struct{}

func (localLock) lock() uintptr      { return arch.IRQDisable() }
func (localLock) unlock(irq uintptr) { arch.IRQRestore(irq) }
