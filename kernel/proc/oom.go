//go:build galago

package proc

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/vm"
)

// When a page fault finds no memory and nothing can be reclaimed, the process with the most resident pages is killed, and the fault
// is tried again: whoever happens to fault is seldom the one to blame. One process is killed at a time; the next one only when
// the last one has given up its memory or has failed to for a second (it may wait for a lock that a faulting thread holds).

const (
	oomTries     = 4000
	oomFruitless = 16            // tries after which memory counts as used up although some was freed
	oomPause     = 2_000_000     // ns between tries
	oomPatience  = 1_000_000_000 // ns until the next victim is chosen
)

var oom struct {
	lock   sched.Mutex
	victim *Process // the last one killed, with a reference
	since  uint64
}

// faultAgain resolves a fault that found no memory.
func faultAgain(s *vm.AddressSpace, addr uintptr, acc vm.Access) errno.Errno {
	for try := range oomTries {
		if FatalPending(sched.Current()) {
			return errno.EINTR
		}
		// What is freed here may be taken by others each time: then somebody has to go all the same.
		if (!mem.Reclaim(32) || try%oomFruitless == oomFruitless-1) && !killLargest() {
			break
		}
		if e := s.Fault(addr, acc); e != errno.ENOMEM {
			return e
		}
	}
	return errno.ENOMEM
}

// killLargest kills the largest process, or waits a moment for the last one killed to end. false: there is nobody to kill.
func killLargest() bool {
	oom.lock.Lock()
	p := oom.victim
	switch {
	case p != nil && p.memoryFreed():
		oom.victim = nil
		p.Put()
	case p == nil || time.Now()-oom.since > oomPatience:
		if p != nil {
			p.Put()
		}
		if oom.victim = largest(); oom.victim == nil {
			oom.lock.Unlock()
			return false
		}
		oom.since = time.Now()
		oom.victim.oomKill()
	}
	oom.lock.Unlock()
	if !FatalPending(sched.Current()) {
		sched.Sleep(oomPause)
	}
	return true
}

// oomKill sends the process SIGKILL.
func (p *Process) oomKill() {
	klog.Warnf("out of memory: %s (pid %d) killed, %d KiB resident", p.Comm(), p.PID, p.residentPages()<<(arch.PageShift-10))
	info := Siginfo{Signo: SIGKILL, Code: SI_KERNEL}
	p.Send(SIGKILL, &info)
}

// largest returns the process with the most points (oomPoints), with a reference: not the first one, which the system needs, nor
// one that is ending already.
func largest() (best *Process) {
	most := int64(0)
	p := Next(0)
	for p != nil {
		next := Next(p.PID)
		n := int64(0)
		if p != initProcess && p.exiting.Load() == 0 && !p.sig.shared.set.Has(SIGKILL) {
			n = p.oomPoints()
		}
		if n > most {
			if best != nil {
				best.Put()
			}
			best, most = p, n
		} else {
			p.Put()
		}
		p = next
	}
	return best
}

// memoryFreed tells whether the process has come to the end of its exit, past the release of its memory.
func (p *Process) memoryFreed() bool {
	table.lock.Lock()
	defer table.lock.Unlock()
	return p.state != Alive
}

// residentPages counts the resident pages of a process; 0 for a zombie.
func (p *Process) residentPages() uint64 {
	s := p.BorrowSpace()
	if s == nil {
		return 0
	}
	_, n, _ := s.Pages()
	s.Put()
	return n
}
