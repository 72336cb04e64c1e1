//go:build galago

package proc

import (
	"galago/kernel/errno"
	"galago/kernel/sched"
)

// Resource figures of tasks, of processes (the sum over their tasks, ended ones included) and of their waited-for children. The time
// on a CPU is exact, and so is its division: the entries of the kernel read the cycle counter (boot/trap.S, sched.Stats).

// usageBlock is the unit of Times.InBlocks and OutBlock, in bytes.
const usageBlock = 512

// Times are accumulated resource figures.
type Times struct {
	User, Sys          uint64 // ns
	MinFlt, MajFlt     uint64
	VolCsw, InvolCsw   uint64
	MaxRSS             uint64 // pages
	InBlocks, OutBlock uint64
}

// add adds the figures of an ended child.
func (t *Times) add(o *Times) {
	t.User += o.User
	t.Sys += o.Sys
	t.MinFlt += o.MinFlt
	t.MajFlt += o.MajFlt
	t.VolCsw += o.VolCsw
	t.InvolCsw += o.InvolCsw
	t.MaxRSS = max(t.MaxRSS, o.MaxRSS)
	t.InBlocks += o.InBlocks
	t.OutBlock += o.OutBlock
}

// addTask adds a task's figures and returns those of its thread.
func (t *Times) addTask(k *Task) sched.Stats {
	s := k.Thread.Stats()
	t.User += s.RunTime - s.KernelTime
	t.Sys += s.KernelTime
	c := &k.Thread.Charged
	t.MinFlt += c.MinorFaults.Load()
	t.MajFlt += c.MajorFaults.Load()
	t.InBlocks += c.Read.Load() / usageBlock
	t.OutBlock += c.Dirtied.Load() / usageBlock
	t.VolCsw += s.Voluntary
	t.InvolCsw += s.Involuntary
	return s
}

// times returns the figures of all tasks, ended ones included. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) times() Times {
	u := p.Times
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		u.addTask(t)
	}
	return u
}

// CPUTime returns the process's time in user mode and in the kernel, in ns: its ended threads' and all others'.
func (p *Process) CPUTime() (user, sys uint64) {
	table.lock.Lock()
	u := p.times()
	table.lock.Unlock()
	return u.User, u.Sys
}

// CPUTime returns the task's time in user mode and in the kernel, in ns.
func (t *Task) CPUTime() (user, sys uint64) {
	s := t.Thread.Stats()
	return s.RunTime - s.KernelTime, s.KernelTime
}

// Who values of getrusage(2).
const (
	UsageSelf     = 0
	UsageChildren = -1
	UsageThread   = 1
)

// Usage returns resource usage: getrusage(2). EINVAL.
func (t *Task) Usage(who int) (u Times, e errno.Errno) {
	p := t.Proc
	switch who {
	case UsageChildren:
		table.lock.Lock()
		u = p.ChildTimes
		table.lock.Unlock()
		return u, errno.OK
	case UsageSelf:
		table.lock.Lock()
		u = p.times()
		table.lock.Unlock()
	case UsageThread:
		u.addTask(t)
	default:
		return u, errno.EINVAL
	}
	if s := p.Space; s != nil {
		_, _, rss := s.Pages()
		u.MaxRSS = max(u.MaxRSS, rss)
	}
	return u, errno.OK
}
