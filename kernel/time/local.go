//go:build galago

package time

import "galago/arch"

// runner says who runs a queue's timer: always the queue's CPU.
type runner struct{}

func (runner) enter() {}

// here reports whether the caller is the running timer's own function. On the queue's CPU nothing else can run
// meanwhile, for interrupts are off. The queue is locked, so the caller stays on its CPU.
func (runner) here(q *queue) bool { return q.cpu == arch.CPUID() }

func yield() {}
