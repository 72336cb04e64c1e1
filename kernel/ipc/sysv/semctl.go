package sysv

import (
	"galago/kernel/errno"
)

// SemID64 is struct semid64_ds of x86-64.
type SemID64 struct {
	Perm     Perm64
	OTime, _ int64
	CTime, _ int64
	NSems    uint64
	_        [2]uint64
}

// SemStatus is semctl(IPC_STAT); with slot, id is an index (SEM_STAT, SEM_STAT_ANY). It returns the identifier.
func SemStatus(who Caller, id int, slot, anybody bool, out *SemID64) (int, errno.Errno) {
	o, e := sets.lookup(id, slot)
	if e != 0 {
		return 0, e
	}
	s := o.(*semSet)
	defer put(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.permits(who.Cred, mayRead); e != 0 && !anybody {
		return 0, e
	}
	*out = SemID64{Perm: s.export(), OTime: s.opTime, CTime: s.changed, NSems: uint64(len(s.sems))}
	return s.ID, errno.OK
}

// SemSet is semctl(IPC_SET).
func SemSet(who Caller, id int, in *SemID64) errno.Errno {
	s, e := findSet(id)
	if e != 0 {
		return e
	}
	defer put(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.owns(who.Cred); e != 0 {
		return e
	}
	s.Perm.set(&in.Perm)
	s.changed = seconds()
	return errno.OK
}

// SemRemove is semctl(IPC_RMID).
func SemRemove(who Caller, id int) errno.Errno {
	s, e := findSet(id)
	if e != 0 {
		return e
	}
	defer put(s)
	s.mu.Lock()
	if e := s.owns(who.Cred); e != 0 {
		s.mu.Unlock()
		return e
	}
	s.removed = true
	for s.waiters != nil {
		s.finish(s.waiters, errno.EIDRM)
	}
	s.mu.Unlock()
	sets.remove(s)
	return errno.OK
}

// SemLook is semctl's commands that read one semaphore: GETVAL, GETPID, GETNCNT, GETZCNT.
func SemLook(who Caller, id, num, cmd int) (int, errno.Errno) {
	s, e := findSet(id)
	if e != 0 {
		return 0, e
	}
	defer put(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.removed:
		return 0, errno.EIDRM
	case num < 0 || num >= len(s.sems):
		return 0, errno.EINVAL
	}
	if e := s.permits(who.Cred, mayRead); e != 0 {
		return 0, e
	}
	switch cmd {
	case SemGetVal:
		return int(s.sems[num].value), errno.OK
	case SemGetPID:
		return int(s.sems[num].pid), errno.OK
	}
	return s.count(num, cmd == SemGetZCnt), errno.OK
}

// count is the number of calls that wait for a semaphore to become zero, or to grow.
func (s *semSet) count(num int, zero bool) (n int) {
	for w := s.waiters; w != nil; w = w.next {
		if op := &w.ops[w.blocked]; int(op.Num) == num && (op.Op == 0) == zero {
			n++
		}
	}
	return n
}

// SemSetValue is semctl(SETVAL).
func SemSetValue(who Caller, id, num, value int) errno.Errno {
	s, e := findSet(id)
	if e != 0 {
		return e
	}
	defer put(s)
	if value < 0 || value > SemVmx {
		return errno.ERANGE
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case num < 0 || num >= len(s.sems):
		return errno.EINVAL
	case s.removed:
		return errno.EIDRM
	}
	if e := s.permits(who.Cred, mayWrite); e != 0 {
		return e
	}
	s.sems[num] = semaphore{int32(value), int32(who.PID)}
	for u := s.undos; u != nil; u = u.nextSet {
		u.adjust[num] = 0
	}
	s.changed = seconds()
	s.serve()
	return errno.OK
}

// SemCount returns the number of semaphores in a set: EINVAL.
func SemCount(id int) (int, errno.Errno) {
	s, e := findSet(id)
	if e != 0 {
		return 0, e
	}
	defer put(s)
	return len(s.sems), errno.OK
}

// SemGetValues is semctl(GETALL): it fills values, which has SemCount elements.
func SemGetValues(who Caller, id int, values []uint16) errno.Errno {
	s, e := findSet(id)
	if e != 0 {
		return e
	}
	defer put(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed || len(values) != len(s.sems) {
		return errno.EIDRM
	}
	if e := s.permits(who.Cred, mayRead); e != 0 {
		return e
	}
	for i := range s.sems {
		values[i] = uint16(s.sems[i].value)
	}
	return errno.OK
}

// SemSetValues is semctl(SETALL).
func SemSetValues(who Caller, id int, values []uint16) errno.Errno {
	s, e := findSet(id)
	if e != 0 {
		return e
	}
	defer put(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed || len(values) != len(s.sems) {
		return errno.EIDRM
	}
	if e := s.permits(who.Cred, mayWrite); e != 0 {
		return e
	}
	for _, v := range values {
		if v > SemVmx {
			return errno.ERANGE
		}
	}
	for i, v := range values {
		s.sems[i] = semaphore{int32(v), int32(who.PID)}
	}
	for u := s.undos; u != nil; u = u.nextSet {
		clear(u.adjust)
	}
	s.changed = seconds()
	s.serve()
	return errno.OK
}

// SemUsage is what semctl(SEM_INFO) counts: sets and semaphores; and the highest index.
func SemUsage() (n, semaphores, highest int) {
	sets.each(func(o object) {
		n++
		semaphores += len(o.(*semSet).sems)
	})
	return n, semaphores, sets.highest()
}
