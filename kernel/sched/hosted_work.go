//go:build !galago

package sched

import (
	"sync"
	"time"
	"unsafe"
)

var workersOnce sync.Once

// needWorkers starts the system's worker threads at the first use; the kernel does so at boot.
func needWorkers() { workersOnce.Do(func() { StartWorkers() }) }

// delayTimer is the timer of a DelayedWork.
type delayTimer struct {
	mu sync.Mutex
	t  *time.Timer
}

func (d *delayTimer) start(w *DelayedWork, deadline uint64) {
	d.mu.Lock()
	d.t = time.AfterFunc(time.Duration(deadline-now()), w.fire)
	d.mu.Unlock()
}

func (d *delayTimer) stop() {
	d.mu.Lock()
	d.t.Stop()
	d.mu.Unlock()
}

var dpcMu sync.Mutex // DPCs of a CPU run one after the other

// DPC is a deferred procedure call: code that an interrupt handler puts off until the CPU leaves its
// interrupts and spin locks. It runs on the same CPU with interrupts on and preemption off, and must not sleep.
// What it shares with threads needs Lock, not LockIRQ.
type DPC struct {
	Func func(d *DPC)
	Arg  unsafe.Pointer

	mu      sync.Mutex
	pending bool
}

// QueueDPC runs d.Func(d) at the end of the interrupt. It returns false if d is queued already and not yet begun.
func QueueDPC(d *DPC) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pending {
		return false
	}
	d.pending = true
	go func() {
		dpcMu.Lock()
		defer dpcMu.Unlock()
		d.mu.Lock()
		d.pending = false
		d.mu.Unlock()
		d.Func(d)
	}()
	return true
}
