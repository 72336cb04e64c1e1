// Package lock has the locks that never sleep: Spin (a test-and-set lock, the kernel's ordinary spin lock), MCS
// (a queue lock for words that many CPUs fight over), RWSpin (many readers or one writer) and SeqLock (readers
// that retry instead of waiting).
//
// Invariants:
//   - A CPU that holds a lock of this package is not preempted: taking one raises the thread's preempt
//     count, releasing it lowers it, and the release that reaches zero takes a due reschedule.
//   - A lock that an interrupt handler takes is taken with interrupts off everywhere (LockIRQ), or a handler
//     could wait for the thread it interrupted. A lock shared only with deferred procedure calls (sched.DPC) needs
//     no more than Lock: these run when the preempt count is zero.
//   - Nothing sleeps while the preempt count is raised. The sleeping locks are in package sched.
//   - Every lock has a Rank (ranks.go), the one declared order.
//
// With the build tag lockdep the kernel checks the order, the interrupt rule and the no-sleep rule at run
// time, and reports a violation with both stacks (lockdep.go). Without it the checks cost nothing.
//
// The hosted variant (hosted.go) gives the same API over package sync, so that machine-independent packages
// run under `go test -race`.
package lock
