//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/proc"
	"galago/kernel/sched"
	"galago/kernel/sched/policy"
)

// Scheduling: policies, priorities, CPUs (sched(7)).

const (
	schedResetOnFork = 0x40000000 // beside a policy
	schedKeepPolicy  = -1         // instead of one
)

// attributes is struct sched_attr, version 1.
type attributes struct {
	Size, Policy              uint32
	Flags                     uint64
	Nice                      int32
	Priority                  uint32
	Runtime, Deadline, Period uint64
	UtilMin, UtilMax          uint32
}

// Sizes of struct sched_attr, and its flags.
const (
	attributesFirst = 48
	attributesSize  = 56

	flagResetOnFork = 0x01
	flagKeepPolicy  = 0x08
	flagKeepParams  = 0x10
)

// subject finds the thread that a call names.
func subject(pid int) (s proc.Subject, e errno.Errno) {
	if pid < 0 {
		return s, errno.EINVAL
	}
	return current().Subject(pid)
}

// wish is what a call wants a thread's parameters to be.
type wish struct {
	sched.Params
	keepPolicy bool
	keepParams bool // the policy, too
}

// realTime tells whether a policy has priorities of its own.
func realTime(p int) bool { return p == sched.SchedFIFO || p == sched.SchedRR }

// valid checks what does not depend on who asks: EINVAL.
func (w *wish) valid() errno.Errno {
	const least, most = 1024, 1 << 63
	switch w.Policy {
	case sched.SchedOther, sched.SchedFIFO, sched.SchedRR, sched.SchedBatch, sched.SchedIdle:
	case sched.SchedDeadline:
		b := &w.Budget
		if b.Deadline == 0 || b.Runtime < least || b.Deadline&most != 0 || b.Period&most != 0 ||
			b.Period != 0 && b.Period < b.Deadline || b.Deadline < b.Runtime {
			return errno.EINVAL
		}
		if b.Period == 0 {
			b.Period = b.Deadline
		}
		const shortest, longest = 100_000, 1 << 22 * 1000 // ns: sched_deadline_period_min_us and …_max_us
		if b.Period < shortest || b.Period > longest {
			return errno.EINVAL
		}
	default:
		return errno.EINVAL
	}
	if w.Priority < 0 || w.Priority > policy.MaxPriority || realTime(w.Policy) != (w.Priority != 0) {
		return errno.EINVAL
	}
	return errno.OK
}

// allowed judges whether the caller may give a thread what it wishes: EPERM.
func (w *wish) allowed(s *proc.Subject, old *sched.Params) errno.Errno {
	if ctx().Cred.Capable(cred.SysNice) {
		return errno.OK
	}
	mayNice := func(nice int) bool { return uint64(20-nice) <= s.NiceLimit }
	bad := false
	switch {
	case w.Policy == sched.SchedDeadline:
		bad = true
	case realTime(w.Policy):
		bad = w.Policy != old.Policy && s.RTPrio == 0 || w.Priority > old.Priority && uint64(w.Priority) > s.RTPrio
	default:
		bad = w.Nice < old.Nice && !mayNice(w.Nice)
	}
	if old.Policy == sched.SchedIdle && w.Policy != sched.SchedIdle && !mayNice(old.Nice) {
		bad = true
	}
	if bad || !s.Mine || old.ResetOnFork && !w.ResetOnFork {
		return errno.EPERM
	}
	return errno.OK
}

// grant gives the thread what is wished, if it may be. EINVAL, EPERM, EBUSY.
func (w *wish) grant(s *proc.Subject) errno.Errno {
	old := s.Thread.Params()
	if w.keepPolicy {
		w.Policy, w.ResetOnFork = old.Policy, old.ResetOnFork
	}
	if e := w.valid(); e != 0 {
		return e
	}
	if realTime(w.Policy) || w.Policy == sched.SchedDeadline {
		w.Nice = old.Nice
	}
	if e := w.allowed(s, &old); e != 0 {
		return e
	}
	if w.keepParams {
		old.ResetOnFork = w.ResetOnFork
		return s.Thread.SetParams(old)
	}
	if w.Policy != sched.SchedDeadline {
		w.Budget = policy.Budget{}
	}
	return s.Thread.SetParams(w.Params)
}

// setScheduler is sched_setscheduler(2) and, with schedKeepPolicy, sched_setparam(2).
func setScheduler(f *arch.Frame, which int, param uintptr) (uintptr, errno.Errno) {
	pid := int0(f)
	if param == 0 || pid < 0 {
		return 0, errno.EINVAL
	}
	var priority int32
	if e := get(&priority, param); e != 0 {
		return 0, e
	}
	s, e := subject(pid)
	if e != 0 {
		return 0, e
	}
	defer s.Put()
	old := s.Thread.Params()
	w := wish{keepPolicy: which == schedKeepPolicy}
	w.Params = sched.Params{Policy: which &^ schedResetOnFork, ResetOnFork: which&schedResetOnFork != 0, Nice: old.Nice,
		Priority: int(priority)}
	if w.keepPolicy && old.Policy == sched.SchedDeadline {
		return 0, errno.EINVAL
	}
	return ok(w.grant(&s))
}

func sysSchedSetscheduler(f *arch.Frame) (uintptr, errno.Errno) {
	if int1(f) < 0 {
		return 0, errno.EINVAL
	}
	return setScheduler(f, int1(f), arg2(f))
}

func sysSchedSetparam(f *arch.Frame) (uintptr, errno.Errno) {
	return setScheduler(f, schedKeepPolicy, arg1(f))
}

func sysSchedGetscheduler(f *arch.Frame) (uintptr, errno.Errno) {
	s, e := subject(int0(f))
	if e != 0 {
		return 0, e
	}
	defer s.Put()
	p := s.Thread.Params()
	if p.ResetOnFork {
		p.Policy |= schedResetOnFork
	}
	return uintptr(p.Policy), 0
}

func sysSchedGetparam(f *arch.Frame) (uintptr, errno.Errno) {
	if arg1(f) == 0 {
		return 0, errno.EINVAL
	}
	s, e := subject(int0(f))
	if e != 0 {
		return 0, e
	}
	defer s.Put()
	priority := int32(s.Thread.Params().Priority)
	return ok(put(arg1(f), &priority))
}

func sysSchedGetPriorityMax(f *arch.Frame) (uintptr, errno.Errno) {
	return bound(int0(f), policy.MaxPriority)
}

func sysSchedGetPriorityMin(f *arch.Frame) (uintptr, errno.Errno) {
	return bound(int0(f), policy.MinPriority)
}

func bound(p, limit int) (uintptr, errno.Errno) {
	switch p {
	case sched.SchedFIFO, sched.SchedRR:
		return uintptr(limit), 0
	case sched.SchedOther, sched.SchedBatch, sched.SchedIdle, sched.SchedDeadline:
		return 0, 0
	}
	return 0, errno.EINVAL
}

func sysSchedRRGetInterval(f *arch.Frame) (uintptr, errno.Errno) {
	s, e := subject(int0(f))
	if e != 0 {
		return 0, e
	}
	defer s.Put()
	ts := timespec{Nsec: int64(s.Thread.Interval())}
	return ok(put(arg1(f), &ts))
}

func sysSchedSetattr(f *arch.Frame) (uintptr, errno.Errno) {
	user := arg1(f)
	if user == 0 || int0(f) < 0 || uint32(arg2(f)) != 0 {
		return 0, errno.EINVAL
	}
	var a attributes
	if e := get(&a.Size, user); e != 0 {
		return 0, e
	}
	size := uintptr(a.Size)
	if size == 0 {
		size = attributesFirst
	}
	e := errno.E2BIG
	if size >= attributesFirst {
		e = getVersioned(unsafe.Pointer(&a), attributesSize, user, size)
	}
	if e == errno.E2BIG {
		known := uint32(attributesSize)
		if e := put(user, &known); e != 0 {
			return 0, e
		}
	}
	if e != 0 {
		return 0, e
	}
	if int32(a.Policy) < 0 || a.Flags&^(flagResetOnFork|flagKeepPolicy|flagKeepParams) != 0 || a.Priority > policy.MaxPriority {
		return 0, errno.EINVAL
	}
	s, e := subject(int0(f))
	if e != 0 {
		return 0, e
	}
	defer s.Put()
	w := wish{keepPolicy: a.Flags&flagKeepPolicy != 0}
	w.Params = sched.Params{Policy: int(a.Policy), Nice: min(max(int(a.Nice), -20), 19), Priority: int(a.Priority),
		Budget: policy.Budget{Runtime: a.Runtime, Deadline: a.Deadline, Period: a.Period}}
	if w.keepParams = a.Flags&flagKeepParams != 0; w.keepParams {
		old := s.Thread.Params()
		w.Nice, w.Priority, w.Budget = old.Nice, old.Priority, old.Budget
	}
	w.ResetOnFork = a.Flags&flagResetOnFork != 0
	return ok(w.grant(&s))
}

func sysSchedGetattr(f *arch.Frame) (uintptr, errno.Errno) {
	size := uintptr(uint32(arg2(f)))
	if arg1(f) == 0 || int0(f) < 0 || size < attributesFirst || size > arch.PageSize || uint32(arg3(f)) != 0 {
		return 0, errno.EINVAL
	}
	s, e := subject(int0(f))
	if e != 0 {
		return 0, e
	}
	defer s.Put()
	p := s.Thread.Params()
	size = min(size, attributesSize)
	a := attributes{Size: uint32(size), Policy: uint32(p.Policy), UtilMax: 1024}
	if p.ResetOnFork {
		a.Flags = flagResetOnFork
	}
	switch {
	case p.Policy == sched.SchedDeadline:
		a.Runtime, a.Deadline, a.Period = p.Budget.Runtime, p.Budget.Deadline, p.Budget.Period
	case realTime(p.Policy):
		a.Priority = uint32(p.Priority)
	default:
		a.Nice = int32(p.Nice)
	}
	if arch.CopyToUser(arg1(f), unsafe.Pointer(&a), size) != 0 {
		return 0, errno.EFAULT
	}
	return 0, 0
}

// maskSize is that of the CPU masks which the kernel uses.
const maskSize = 8

func allCPUs() uint64 { return 1<<uint(arch.NumCPU()) - 1 }

func sysSchedGetaffinity(f *arch.Frame) (uintptr, errno.Errno) {
	n := uintptr(uint32(arg1(f)))
	if n*8 < uintptr(arch.NumCPU()) || n&7 != 0 {
		return 0, errno.EINVAL
	}
	s, e := current().Subject(int0(f))
	if e != 0 {
		return 0, e
	}
	defer s.Put()
	m := uint64(s.Thread.Affinity()) & allCPUs()
	if e := put(arg2(f), &m); e != 0 {
		return 0, e
	}
	return maskSize, 0
}

func sysSchedSetaffinity(f *arch.Frame) (uintptr, errno.Errno) {
	var m uint64
	if arch.CopyFromUser(unsafe.Pointer(&m), arg2(f), min(uintptr(uint32(arg1(f))), maskSize)) != 0 {
		return 0, errno.EFAULT
	}
	s, e := current().Subject(int0(f))
	if e != 0 {
		return 0, e
	}
	defer s.Put()
	switch m &= allCPUs(); {
	case !s.Mine && !ctx().Cred.Capable(cred.SysNice):
		return 0, errno.EPERM
	case m == 0:
		return 0, errno.EINVAL
	case m != allCPUs() && s.Thread.Params().Policy == sched.SchedDeadline:
		return 0, errno.EBUSY
	}
	return ok(s.Thread.SetAffinity(sched.CPUMask(m)))
}

// sysVhangup hangs up the caller's controlling terminal.
func sysVhangup(f *arch.Frame) (uintptr, errno.Errno) {
	t := proc.Current()
	if !t.Ctx.Cred.Capable(cred.SysTTYConfig) {
		return 0, errno.EPERM
	}
	if term := t.Terminal(); term != nil {
		term.Hangup()
	}
	return 0, errno.OK
}

func sysGetpriority(f *arch.Frame) (uintptr, errno.Errno) {
	if set := int0(f); set < proc.OneThread || set > proc.OneUser {
		return 0, errno.EINVAL
	}
	best := 0
	if !current().EachSubject(int0(f), int1(f), func(s proc.Subject) { best = max(best, 20-s.Thread.Nice()) }) {
		return 0, errno.ESRCH
	}
	return uintptr(best), 0
}

func sysSetpriority(f *arch.Frame) (uintptr, errno.Errno) {
	if set := int0(f); set < proc.OneThread || set > proc.OneUser {
		return 0, errno.EINVAL
	}
	nice := min(max(int2(f), -20), 19)
	able := ctx().Cred.Capable(cred.SysNice)
	e := errno.OK
	any := current().EachSubject(int0(f), int1(f), func(s proc.Subject) {
		switch {
		case !s.Mine && !able:
			e = errno.EPERM
		case nice < s.Thread.Nice() && !able && uint64(20-nice) > s.NiceLimit:
			e = errno.EACCES
		default:
			s.Thread.SetNice(nice)
		}
	})
	if !any {
		return 0, errno.ESRCH
	}
	return 0, e
}
