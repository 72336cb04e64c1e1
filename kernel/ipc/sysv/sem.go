package sysv

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Semaphore sets: semget(2), semop(2), semctl(2).

// Limits (proc(5), /proc/sys/kernel/sem) and flags.
const (
	SemMsl  = 32000 // semaphores in a set
	SemMns  = 1024000000
	SemOpm  = 500 // operations in a call
	SemMni  = 32000
	SemVmx  = 32767
	SemUndo = 0o10000

	SemGetPID  = 11
	SemGetVal  = 12
	SemGetAll  = 13
	SemGetNCnt = 14
	SemGetZCnt = 15
	SemSetVal  = 16
	SemSetAll  = 17
	SemStat    = 18
	SemInfo    = 19
	SemStatAny = 20
)

// SemOp is struct sembuf.
type SemOp struct {
	Num   uint16
	Op    int16
	Flags int16
}

type semaphore struct {
	value int32
	pid   int32
}

// semSet is a set of semaphores.
type semSet struct {
	Perm
	// Guarded by mu.
	sems            []semaphore
	opTime, changed int64
	waiters, last   *semWaiter // in the order of arrival
	undos           *semUndo   // of all processes
}

// semWaiter is a call that waits until all its operations can be done at once. Whoever makes that possible does them for it.
type semWaiter struct {
	next, prev *semWaiter
	ops        []SemOp
	who        Caller
	undo       *semUndo
	blocked    int // the operation in the way
	done       atomic.Uint32
	result     errno.Errno
	queue      sched.WaitQueue
}

// semUndo is what the end of a process adds to a set's semaphores.
type semUndo struct {
	set      *semSet // with a reference
	adjust   []int32
	nextProc *semUndo // guarded by the owner's UndoList.mu
	nextSet  *semUndo // guarded by set.mu
}

// UndoList belongs to a process; the zero value is empty.
type UndoList struct {
	mu   sched.Mutex
	list *semUndo
}

var (
	setCache    = mem.Cache[semSet]{Name: "sem_set"}
	waiterCache = mem.Cache[semWaiter]{Name: "sem_wait"}
	undoCache   = mem.Cache[semUndo]{Name: "sem_undo"}
	sets        = table{limit: SemMni}
)

func (s *semSet) perm() *Perm { return &s.Perm }

func (s *semSet) free() {
	freeSlice(s.sems)
	setCache.Free(s)
}

// makeSlice and freeSlice manage zeroed arrays.
func makeSlice[T any](n int) []T {
	var t T
	size := max(uintptr(n)*unsafe.Sizeof(t), 1)
	p := mem.Alloc(size)
	if p == nil {
		return nil
	}
	clear(unsafe.Slice((*byte)(p), size))
	return unsafe.Slice((*T)(p), n)
}

func freeSlice[T any](s []T) { mem.Free(unsafe.Pointer(unsafe.SliceData(s))) }

// SemGet is semget(2).
func SemGet(who Caller, key int32, n, flags int) (int, errno.Errno) {
	if n < 0 || n > SemMsl {
		return 0, errno.EINVAL
	}
	op := getOp{key: key, flags: flags, check: func(o object) errno.Errno {
		if n > len(o.(*semSet).sems) {
			return errno.EINVAL
		}
		return errno.OK
	}, create: func() (object, errno.Errno) {
		if n == 0 {
			return nil, errno.EINVAL
		}
		s := setCache.Alloc()
		if s == nil {
			return nil, errno.ENOMEM
		}
		if s.sems = makeSlice[semaphore](n); s.sems == nil {
			setCache.Free(s)
			return nil, errno.ENOMEM
		}
		s.changed = seconds()
		return s, errno.OK
	}}
	return sets.get(who, &op)
}

func findSet(id int) (*semSet, errno.Errno) {
	o, e := sets.find(id)
	if e != 0 {
		return nil, e
	}
	return o.(*semSet), errno.OK
}

// try does all operations, or none: the index of the one that would have to wait, or an error. −1: done.
func (s *semSet) try(ops []SemOp, undo *semUndo, pid int) (blocked int, e errno.Errno) {
	for i := range ops {
		op := &ops[i]
		sem := &s.sems[op.Num]
		v := sem.value + int32(op.Op)
		switch {
		case op.Op == 0 && sem.value != 0, v < 0:
			blocked = i
			s.undoTry(ops[:i], undo)
			if op.Flags&IPCNoWait != 0 {
				return i, errno.EAGAIN
			}
			return i, errno.OK
		case v > SemVmx:
			s.undoTry(ops[:i], undo)
			return -1, errno.ERANGE
		}
		if op.Flags&SemUndo != 0 && op.Op != 0 {
			a := undo.adjust[op.Num] - int32(op.Op)
			if a < -SemVmx-1 || a > SemVmx {
				s.undoTry(ops[:i], undo)
				return -1, errno.ERANGE
			}
			undo.adjust[op.Num] = a
		}
		sem.value = v
	}
	for i := range ops {
		s.sems[ops[i].Num].pid = int32(pid)
	}
	s.opTime = seconds()
	return -1, errno.OK
}

// undoTry takes back the operations that came before the one that failed.
func (s *semSet) undoTry(ops []SemOp, undo *semUndo) {
	for i := len(ops) - 1; i >= 0; i-- {
		s.sems[ops[i].Num].value -= int32(ops[i].Op)
		if ops[i].Flags&SemUndo != 0 {
			undo.adjust[ops[i].Num] += int32(ops[i].Op)
		}
	}
}

// serve does what waiting calls can have done now, first come first served, until nothing changes any more.
func (s *semSet) serve() {
	for again := true; again; {
		again = false
		for w := s.waiters; w != nil; {
			next := w.next
			blocked, e := s.try(w.ops, w.undo, w.who.PID)
			if blocked >= 0 && e == 0 {
				w.blocked = blocked
				w = next
				continue
			}
			again = again || e == 0 && changes(w.ops)
			s.finish(w, e)
			w = next
		}
	}
}

func changes(ops []SemOp) bool {
	for i := range ops {
		if ops[i].Op != 0 {
			return true
		}
	}
	return false
}

// finish ends a wait. The waiter must not be touched afterwards: its thread frees it.
func (s *semSet) finish(w *semWaiter, e errno.Errno) {
	s.unlinkWaiter(w)
	w.result = e
	w.done.Store(1)
	w.queue.WakeOne()
}

func (s *semSet) unlinkWaiter(w *semWaiter) {
	if w.prev == nil {
		s.waiters = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		s.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.next, w.prev = nil, nil
}

// SemOperate is semop(2) and semtimedop(2): ns < 0 waits without limit. EAGAIN, E2BIG, EACCES, EFBIG, EIDRM, EINTR, EINVAL, ENOMEM, ERANGE.
func SemOperate(who Caller, id int, ops []SemOp, undos *UndoList, ns int64) errno.Errno {
	s, e := findSet(id)
	if e != 0 {
		return e
	}
	defer put(s)
	want, undoing := uint32(mayRead), false
	for i := range ops {
		if int(ops[i].Num) >= len(s.sems) {
			return errno.EFBIG
		}
		if ops[i].Op != 0 {
			want = mayWrite
		}
		undoing = undoing || ops[i].Flags&SemUndo != 0
	}
	var undo *semUndo
	if undoing {
		if undo, e = undos.of(s); e != 0 {
			return e
		}
	}
	w := waiterCache.Alloc()
	if w == nil {
		return errno.ENOMEM
	}
	defer waiterCache.Free(w)
	w.ops, w.who, w.undo = ops, who, undo
	s.mu.Lock()
	if s.removed {
		e = errno.EIDRM
	} else if e = s.permits(who.Cred, want); e == 0 {
		w.blocked, e = s.try(ops, undo, who.PID)
	}
	if e != 0 || w.blocked < 0 {
		if e == 0 && want == mayWrite {
			s.serve()
		}
		s.mu.Unlock()
		return e
	}
	if w.prev = s.last; s.last == nil {
		s.waiters = w
	} else {
		s.last.next = w
	}
	s.last = w
	s.mu.Unlock()
	e = w.queue.WaitTimeout(func() bool { return w.done.Load() != 0 }, ns, true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.done.Load() != 0 {
		return w.result // perhaps just after the wait was given up
	}
	s.unlinkWaiter(w)
	if e == errno.ETIMEDOUT {
		e = errno.EAGAIN
	}
	return e
}

// of finds or makes the record for a set.
func (u *UndoList) of(s *semSet) (*semUndo, errno.Errno) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for r := u.list; r != nil; r = r.nextProc {
		if r.set == s {
			return r, errno.OK
		}
	}
	r := undoCache.Alloc()
	if r == nil {
		return nil, errno.ENOMEM
	}
	if r.adjust = makeSlice[int32](len(s.sems)); r.adjust == nil {
		undoCache.Free(r)
		return nil, errno.ENOMEM
	}
	r.set = s
	s.refs.Add(1)
	r.nextProc, u.list = u.list, r
	s.mu.Lock()
	r.nextSet, s.undos = s.undos, r
	s.mu.Unlock()
	return r, errno.OK
}

// Run applies and frees everything: the end of a process, whose number is pid.
func (u *UndoList) Run(pid int) {
	u.mu.Lock()
	r := u.list
	u.list = nil
	u.mu.Unlock()
	for r != nil {
		next := r.nextProc
		r.apply(pid)
		freeSlice(r.adjust)
		s := r.set
		undoCache.Free(r)
		put(s)
		r = next
	}
}

func (r *semUndo) apply(pid int) {
	s := r.set
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := &s.undos; *at != nil; at = &(*at).nextSet {
		if *at == r {
			*at = r.nextSet
			break
		}
	}
	if s.removed {
		return
	}
	for i, a := range r.adjust {
		if a != 0 {
			sem := &s.sems[i]
			sem.value = max(0, min(SemVmx, sem.value+a)) // as far as it goes, as on Linux
			sem.pid = int32(pid)
		}
	}
	s.serve()
}
