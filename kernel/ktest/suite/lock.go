//go:build galago && ktest

package suite

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/ktest"
	"galago/kernel/lock"
)

// Locks are tried in the ways they are meant for; what the checker of lock order reports is fatal, so it stays silent here.

func init() {
	ktest.Register("lock/spin", testSpin)
	ktest.Register("lock/ticket", testTicket)
	ktest.Register("lock/mcs", testMCS)
	ktest.Register("lock/rwspin", testRWSpin)
	ktest.Register("lock/seq", testSeq)
	ktest.Register("lock/irq-state", testIRQState)
	ktest.Register("lock/preempt-count", testPreemptCount)
}

var (
	spinLock lock.Spin
	ticket   lock.Ticket
	mcs      lock.MCS
	rwSpin   lock.RWSpin
	seq      lock.SeqLock
	pair     [2]uint64 // equal, but for the moment of a writer's work
)

const rounds = 2000

func testSpin(t *ktest.T) {
	together(t, crewMax, lockSpin)
	t.Equal(uint64(plain), crewMax*rounds, "what was counted under the lock")
	t.Check(spinLock.TryLock(), "TryLock of a free lock")
	t.Check(spinLock.Locked(), "Locked")
	spinLock.Unlock()
}

func lockSpin(unsafe.Pointer) {
	for i := range rounds {
		if i&1 == 0 {
			spinLock.Lock()
			plain++
			spinLock.Unlock()
		} else {
			flags := spinLock.LockIRQ()
			plain++
			spinLock.UnlockIRQ(flags)
		}
	}
}

func testTicket(t *ktest.T) {
	together(t, crewMax, lockTicket)
	t.Equal(uint64(plain), crewMax*rounds, "what was counted under the lock")
}

func lockTicket(unsafe.Pointer) {
	for range rounds {
		lock.PreemptDisable()
		ticket.Lock()
		plain++
		ticket.Unlock()
		lock.PreemptEnable()
	}
}

var mcsNodes [crewMax]lock.MCSNode

func testMCS(t *ktest.T) {
	together(t, crewMax, lockMCS)
	t.Equal(uint64(plain), crewMax*rounds, "what was counted under the lock")
}

func lockMCS(arg unsafe.Pointer) {
	n := &mcsNodes[(*worker)(arg).id]
	for range rounds {
		lock.PreemptDisable()
		mcs.Lock(n)
		plain++
		mcs.Unlock(n)
		lock.PreemptEnable()
	}
}

func testRWSpin(t *ktest.T) {
	badCPU.Store(0)
	pair = [2]uint64{}
	together(t, crewMax, lockRWSpin)
	t.Equal(pair[0], crewMax/2*rounds, "what was counted under the lock")
	t.Equal(uint64(badCPU.Load()), 0, "times a reader saw a writer's work half done")
}

func lockRWSpin(arg unsafe.Pointer) {
	for range rounds {
		if (*worker)(arg).id&1 == 0 {
			rwSpin.Lock()
			pair[0]++
			pair[1]++
			rwSpin.Unlock()
			continue
		}
		rwSpin.RLock()
		if pair[0] != pair[1] {
			badCPU.Add(1)
		}
		rwSpin.RUnlock()
	}
}

func testSeq(t *ktest.T) {
	badCPU.Store(0)
	pair = [2]uint64{}
	together(t, crewMax, lockSeq)
	t.Equal(pair[1], crewMax/2*rounds, "what was counted under the lock")
	t.Equal(uint64(badCPU.Load()), 0, "times a reader saw a writer's work half done")
}

func lockSeq(arg unsafe.Pointer) {
	for range rounds {
		if (*worker)(arg).id&1 == 0 {
			seq.Lock()
			pair[0]++
			pair[1]++
			seq.Unlock()
			continue
		}
		for {
			n := seq.ReadBegin()
			a, b := pair[0], pair[1]
			if !seq.ReadRetry(n) {
				if a != b {
					badCPU.Add(1)
				}
				break
			}
		}
	}
}

func testIRQState(t *ktest.T) {
	t.Check(arch.IRQEnabled(), "interrupts are off at the start")
	outer := arch.IRQDisable()
	flags := spinLock.LockIRQ()
	t.Check(!arch.IRQEnabled(), "interrupts are on under LockIRQ")
	spinLock.UnlockIRQ(flags)
	t.Check(!arch.IRQEnabled(), "the inner lock turned interrupts on")
	arch.IRQRestore(outer)
	t.Check(arch.IRQEnabled(), "interrupts are off in the end")
}

func testPreemptCount(t *ktest.T) {
	h := arch.Current()
	was := h.Preempt
	spinLock.Lock()
	t.Check(h.Preempt > was, "a spin lock leaves preemption on")
	lock.PreemptDisable()
	lock.PreemptEnable()
	spinLock.Unlock()
	t.Equal(uint64(h.Preempt), uint64(was), "the preemption count in the end")
}
