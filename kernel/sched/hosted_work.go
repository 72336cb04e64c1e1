//go:build !galago

package sched

import (
	"sync"
	"time"
	"unsafe"
)

// Work is a piece of work for a worker thread, which may sleep. It may be queued again from its own function.
type Work struct {
	Func func(w *Work)
	Arg  unsafe.Pointer

	on workState
}

type workState struct {
	pending bool // queued, not yet begun
	running int
}

var (
	workMu   sync.Mutex
	workCond = sync.NewCond(&workMu)
	dpcMu    sync.Mutex // DPCs of a CPU run one after the other
)

// QueueWork has a worker thread call w.Func(w) soon. It returns false if w is queued already and not yet begun.
func QueueWork(w *Work) bool {
	workMu.Lock()
	defer workMu.Unlock()
	if w.on.pending {
		return false
	}
	w.on.pending = true
	go w.run()
	return true
}

func (w *Work) run() {
	workMu.Lock()
	if !w.on.pending {
		workMu.Unlock()
		return
	}
	for w.on.running > 0 { // one item never runs twice at once
		workCond.Wait()
		if !w.on.pending {
			workMu.Unlock()
			return
		}
	}
	w.on.pending = false
	w.on.running++
	workMu.Unlock()
	w.Func(w)
	workMu.Lock()
	w.on.running--
	workCond.Broadcast()
	workMu.Unlock()
}

// FlushWork waits until w is neither queued nor running.
func FlushWork(w *Work) {
	workMu.Lock()
	for w.on.pending || w.on.running > 0 {
		workCond.Wait()
	}
	workMu.Unlock()
}

// CancelWork takes w off the queue if it has not begun, and waits for it if it has.
func CancelWork(w *Work) {
	workMu.Lock()
	w.on.pending = false
	for w.on.running > 0 {
		workCond.Wait()
	}
	workCond.Broadcast()
	workMu.Unlock()
}

// DelayedWork is Work that is queued after a delay.
type DelayedWork struct {
	Work
	timer *time.Timer
	mu    sync.Mutex
}

// QueueDelayedWork queues w after ns nanoseconds; a delay that is running already stays as it is (false).
func QueueDelayedWork(w *DelayedWork, ns int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		return false
	}
	w.timer = time.AfterFunc(time.Duration(ns), func() {
		w.mu.Lock()
		armed := w.timer != nil
		w.timer = nil
		w.mu.Unlock()
		if armed {
			QueueWork(&w.Work)
		}
	})
	return true
}

// CancelDelayedWork stops the delay, takes w off the queue, and waits for it if it runs.
func CancelDelayedWork(w *DelayedWork) {
	w.mu.Lock()
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
	w.mu.Unlock()
	CancelWork(&w.Work)
}

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
