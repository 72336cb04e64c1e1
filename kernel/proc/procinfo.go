//go:build galago

package proc

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
	"galago/kernel/sched"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// procSource is what /proc knows of processes: procfs.ProcSource.
type procSource struct{}

var theProcSource procfs.ProcSource = procSource{}

// InitProcFS gives /proc its view of processes. It must come before the first mount of a procfs.
func InitProcFS() {
	procfs.Source = theProcSource
	procfs.CPUTime, procfs.LoadState, procfs.Interrupts = cpuTime, loadState, interrupts
	startLoadAverage()
	initCore()
}

// EachPID, Self and the other methods are described at procfs.ProcSource.
func (procSource) EachPID(after int) int {
	p := Next(after)
	if p == nil {
		return 0
	}
	defer p.Put()
	return p.PID
}

func (procSource) Self() (pid, tid int) {
	t := Current()
	if t == nil {
		return 0, 0
	}
	return t.Proc.PID, t.TID
}

func (procSource) Owner(pid int) (uid, gid uint32, ok bool) {
	p := Find(pid)
	if p == nil {
		return 0, 0, false
	}
	c := p.BorrowCred()
	uid, gid = c.EUID, c.EGID
	c.Put()
	p.Put()
	return uid, gid, true
}

func (procSource) Context() *vfs.Context { return &Current().Ctx }

func (procSource) Files(pid int) *vfs.FDTable {
	p := Find(pid)
	if p == nil {
		return nil
	}
	defer p.Put()
	return p.BorrowFiles()
}

func (procSource) Path(pid int, which procfs.PIDLink) (vfs.Path, bool) {
	p := Find(pid)
	if p == nil {
		return vfs.Path{}, false
	}
	defer p.Put()
	if which == procfs.LinkExe {
		f := p.BorrowExe()
		if f == nil {
			return vfs.Path{}, false
		}
		defer f.Put()
		return f.Place()
	}
	fs := p.BorrowFS()
	if fs == nil {
		return vfs.Path{}, false
	}
	defer fs.Put()
	if which == procfs.LinkRoot {
		return fs.Root(), true
	}
	return fs.Cwd(), true
}

// MayInspect is ptrace(2)'s access check with PTRACE_MODE_READ_FSCREDS.
func (procSource) MayInspect(pid int) bool {
	t := Current()
	if t == nil || t.Proc.PID == pid {
		return true
	}
	p := Find(pid)
	if p == nil {
		return false
	}
	c, me := p.BorrowCred(), t.Cred()
	ok := me.Capable(cred.SysPtrace) ||
		me.FSUID == c.UID && me.FSUID == c.EUID && me.FSUID == c.SUID && me.FSGID == c.GID && me.FSGID == c.EGID && me.FSGID == c.SGID
	c.Put()
	p.Put()
	return ok
}

func (procSource) Write(pid, tid int, which procfs.PIDFile, data []byte) errno.Errno {
	t := Current()
	if which != procfs.PIDComm {
		return writeMemoryFile(pid, which, data)
	}
	if t.Proc.PID != pid {
		return errno.EINVAL // Linux, too, lets threads of the process only
	}
	if tid == 0 {
		tid = pid
	}
	table.lock.Lock()
	defer table.lock.Unlock()
	o := table.tasks[tid].Load()
	if o == nil || o.Proc != t.Proc {
		return errno.ESRCH
	}
	o.SetComm(stringOf(data))
	return errno.OK
}

// EachTID looks at all tasks of the process, as their list has no order.
func (procSource) EachTID(pid, after int) int {
	table.lock.Lock()
	defer table.lock.Unlock()
	p := table.procs[pid]
	if p == nil {
		return 0
	}
	best := 0
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		if t.TID > after && (best == 0 || t.TID < best) {
			best = t.TID
		}
	}
	if best == 0 && p.nTasks == 0 && p.PID > after {
		best = p.PID // a zombie
	}
	return best
}

func (procSource) Generate(pid, tid int, which procfs.PIDFile, b *procfs.Buffer) errno.Errno {
	p := Find(pid)
	if p == nil {
		return errno.ESRCH
	}
	defer p.Put()
	switch which {
	case procfs.PIDStat:
		return p.genStat(tid, b)
	case procfs.PIDStatus:
		return p.genStatus(tid, b)
	case procfs.PIDStatm:
		p.genStatm(b)
	case procfs.PIDComm:
		var i figures
		if !p.look(tid, &i) {
			return errno.ESRCH
		}
		b.Printf("%s\n", i.comm())
	case procfs.PIDLimits:
		p.genLimits(b)
	case procfs.PIDOOMScore:
		p.genOOMScore(b)
	case procfs.PIDOOMScoreAdj:
		b.Printf("%d\n", p.oomAdj.Load())
	case procfs.PIDOOMAdj:
		b.Printf("%d\n", int(p.oomAdj.Load())*17/oomAdjMax)
	case procfs.PIDPersonality:
		b.Printf("%08x\n", p.Personality.Load())
	case procfs.PIDSyscall:
		return p.genSyscall(tid, b)
	default:
		return p.genFromSpace(which, b)
	}
	return errno.OK
}

// genFromSpace writes the files made of a process's memory; a zombie's are empty.
func (p *Process) genFromSpace(which procfs.PIDFile, b *procfs.Buffer) errno.Errno {
	s := p.BorrowSpace()
	if s == nil {
		return errno.OK
	}
	defer s.Put()
	lay := &s.Layout
	switch which {
	case procfs.PIDCmdline:
		copyMemory(s, lay.ArgStart, lay.ArgEnd, b)
	case procfs.PIDEnviron:
		copyMemory(s, lay.EnvStart, lay.EnvEnd, b)
	case procfs.PIDMaps:
		genMaps(s, b)
	case procfs.PIDSmaps:
		genSmaps(s, b)
	case procfs.PIDAuxv:
		b.Write(bytesAt(uintptr(unsafe.Pointer(&lay.Auxv)), uintptr(lay.NAuxv)*8))
	case procfs.PIDSmapsRollup:
		genSmapsRollup(s, b)
	}
	return errno.OK
}

// copyMemory appends [start, end) of an address space.
func copyMemory(s *vm.AddressSpace, start, end uintptr, b *procfs.Buffer) {
	const most = 256 << 10 // more than exec allows
	for left := min(end-start, most); left > 0 && end > start; {
		n := min(left, arch.PageSize)
		p := b.Tail(int(n))
		if p == nil {
			return
		}
		k := s.ReadAt(start, p)
		b.Advance(k)
		if uintptr(k) < n {
			return
		}
		start += n
		left -= n
	}
}

// figures are what stat and status tell, taken at one time.
type figures struct {
	state                          byte
	ppid, group, session, terminal int
	foreground, threads, cpu       int
	times                          Times
	pending, shared, blocked       SigSet
	ignored, caught                SigSet
	total, rss, peakRSS            uint64 // pages
	exitStatus                     int
	id, tracer                     int
	params                         sched.Params
	start                          uint64 // ns since boot
	affinity                       sched.CPUMask
	name                           [sched.NameLen]byte
}

// comm is the name of the process or thread.
func (i *figures) comm() string {
	n := 0
	for n < len(i.name) && i.name[n] != 0 {
		n++
	}
	return stringOf(i.name[:n])
}

// look fills in the figures that the process table has, and those of thread tid; or, if tid is 0, the threads' together. false: there is no such
// thread.
func (p *Process) look(tid int, i *figures) (ok bool) {
	table.lock.Lock()
	defer table.lock.Unlock()
	i.foreground = -1
	if p.parent != nil {
		i.ppid = p.parent.PID
	}
	if g := p.group; g != nil {
		i.group, i.session = g.ID, g.Session.ID
		if tty := g.Session.TTY; tty != nil {
			i.terminal, i.foreground = int(tty.Number()), tty.Foreground()
		}
	}
	i.id, i.threads, i.state, i.start = p.PID, p.nTasks, 'Z', p.StartTime
	i.affinity = sched.AllCPUs
	copy(i.name[:], p.Comm())
	if tid == 0 {
		i.times = p.Times
	}
	var main *Task
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		if tid == 0 || t.TID == tid {
			if st := i.times.addTask(t); main == nil || t.TID == p.PID {
				main, i.cpu = t, st.CPU
			}
		}
	}
	if main != nil {
		p.lookTask(main, tid, i)
	}
	if p.state == Zombie {
		i.exitStatus = p.status
	}
	p.lookSignals(main, i)
	return main != nil || tid == 0 || tid == p.PID
}

// lookTask fills in what is one task's: the thread's that is asked for, or the first one's. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) lookTask(t *Task, tid int, i *figures) {
	i.state, i.affinity = t.Thread.State().Letter(), t.Thread.Affinity()
	i.params = t.Thread.Params()
	if tracer := t.trace.tracer.Load(); tracer != nil {
		i.tracer = tracer.Proc.PID
	}
	if tid != 0 {
		i.id, i.start = tid, t.born
		clear(i.name[:])
		t.Thread.Name(i.name[:])
	}
	switch {
	case t.sig.job.bits&jobTraced != 0:
		i.state = 't'
	case t.sig.job.bits&jobStopped != 0 || p.state == Alive && p.stopped:
		i.state = 'T'
	}
}

// lookSignals fills in the signal sets of the process and a task. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) lookSignals(t *Task, i *figures) {
	p.sig.lock.Lock()
	i.shared = p.sig.shared.set
	if t != nil {
		i.pending, i.blocked = t.sig.pending.set, t.sig.blocked
	}
	for n := 1; n <= NSIG; n++ {
		switch p.sig.actions[n].Handler {
		case SigDfl:
		case SigIgn:
			i.ignored |= bitOf(n)
		default:
			i.caught |= bitOf(n)
		}
	}
	p.sig.lock.Unlock()
}

// lookSpace fills in the figures of the address space.
func (i *figures) lookSpace(s *vm.AddressSpace) {
	if s == nil {
		return
	}
	i.total, i.rss, i.peakRSS = s.Pages()
}

// clockTick is the unit of times in /proc: USER_HZ is 100.
const clockTick = 10_000_000

// genStat is /proc/PID/stat: proc_pid_stat(5).
func (p *Process) genStat(tid int, b *procfs.Buffer) errno.Errno {
	var i figures
	var none vm.Layout
	if !p.look(tid, &i) {
		return errno.ESRCH
	}
	s := p.BorrowSpace()
	lay := &none
	if s != nil {
		defer s.Put()
		lay = &s.Layout
	}
	i.lookSpace(s)
	b.Printf("%d (%s) %c %d %d %d %d %d 0", i.id, i.comm(), i.state, i.ppid, i.group, i.session, i.terminal, i.foreground)
	b.Printf(" %d %d %d %d", i.times.MinFlt, p.ChildTimes.MinFlt, i.times.MajFlt, p.ChildTimes.MajFlt)
	b.Printf(" %d %d %d %d", i.times.User/clockTick, i.times.Sys/clockTick, p.ChildTimes.User/clockTick, p.ChildTimes.Sys/clockTick)
	priority := 20 + i.params.Nice
	if r := i.params.Priority; r > 0 {
		priority = -1 - r
	}
	b.Printf(" %d %d %d 0 %d", priority, i.params.Nice, i.threads, i.start/clockTick)
	b.Printf(" %d %d %d", i.total<<arch.PageShift, i.rss, p.Limits[LimitRSS].Cur)
	see := procSource{}.MayInspect(p.PID)
	if see {
		b.Printf(" %d %d %d", lay.StartCode, lay.EndCode, lay.StartStack)
	} else {
		b.WriteString(" 1 1 0")
	}
	b.Printf(" 0 0 %d %d %d %d", low31(i.shared|i.pending), low31(i.blocked), low31(i.ignored), low31(i.caught))
	b.Printf(" 0 0 0 %d %d %d %d 0 0 0", SIGCHLD, i.cpu, i.params.Priority, i.params.Policy)
	if see {
		b.Printf(" %d %d %d %d %d %d %d %d\n", lay.StartData, lay.EndData, lay.StartBrk, lay.ArgStart, lay.ArgEnd, lay.EnvStart,
			lay.EnvEnd, i.exitStatus)
	} else {
		b.WriteString(" 0 0 0 0 0 0 0 0\n")
	}
	return errno.OK
}

// genSyscall is /proc/PID/syscall: which call a thread that is not running is in (-1: none), with its arguments, stack and instruction pointer.
func (p *Process) genSyscall(tid int, b *procfs.Buffer) errno.Errno {
	if tid == 0 {
		tid = p.PID
	}
	table.lock.Lock()
	defer table.lock.Unlock()
	t := table.tasks[tid].Load()
	switch {
	case t == nil || t.Proc != p:
		return errno.ESRCH
	case t.Thread.State() == sched.Running:
		b.WriteString("running\n")
		return errno.OK
	}
	f := t.Thread.UserRegs()
	if !f.IsSyscall() {
		b.Printf("-1 0x%x 0x%x\n", f.SP, f.IP)
		return errno.OK
	}
	b.Printf("%d 0x%x 0x%x 0x%x 0x%x 0x%x 0x%x", f.Error, f.DI, f.SI, f.DX, f.R10, f.R8, f.R9)
	b.Printf(" 0x%x 0x%x\n", f.SP, f.IP)
	return errno.OK
}

// low31 is how stat shows sets of signals.
func low31(s SigSet) uint64 { return uint64(s) & 0x7fffffff }

// genStatm is /proc/PID/statm, in pages.
func (p *Process) genStatm(b *procfs.Buffer) {
	s := p.BorrowSpace()
	if s == nil {
		b.WriteString("0 0 0 0 0 0 0\n")
		return
	}
	defer s.Put()
	total, rss, _ := s.Pages()
	_, shared := s.Resident()
	u := usageOf(s)
	b.Printf("%d %d %d %d 0 %d 0\n", total, rss, shared, u.code, u.data+u.stack)
}

// memoryUse is the size of an address space by kind, in pages.
type memoryUse struct{ code, lib, data, stack, locked uint64 }

func usageOf(s *vm.AddressSpace) (u memoryUse) {
	lay := &s.Layout
	const mask = arch.PageSize - 1
	u.code = uint64((lay.EndCode+mask)>>arch.PageShift - lay.StartCode>>arch.PageShift)
	exec := uint64(0)
	s.EachArea(func(a *vm.Area) bool {
		n := uint64(a.End-a.Start) >> arch.PageShift
		switch {
		case a.Flags&vm.Stack != 0:
			u.stack += n
		case a.Prot&(vm.ProtExec|vm.ProtWrite) == vm.ProtExec:
			exec += n
		case a.Prot&vm.ProtWrite != 0 && a.Flags&vm.Shared == 0:
			u.data += n
		}
		if a.Flags&vm.Locked != 0 {
			u.locked += n
		}
		return true
	})
	if exec > u.code {
		u.lib = exec - u.code
	}
	return u
}
