//go:build galago

package proc

import (
	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
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

func (procSource) Write(pid int, which procfs.PIDFile, data []byte) errno.Errno {
	t := Current()
	if which != procfs.PIDComm {
		return writeMemoryFile(pid, which, data)
	}
	if t.Proc.PID != pid {
		return errno.EINVAL // Linux, too, lets threads of the process only
	}
	t.SetComm(stringOf(data))
	return errno.OK
}

func (procSource) Generate(pid int, which procfs.PIDFile, b *procfs.Buffer) errno.Errno {
	p := Find(pid)
	if p == nil {
		return errno.ESRCH
	}
	defer p.Put()
	switch which {
	case procfs.PIDStat:
		p.genStat(b)
	case procfs.PIDStatus:
		p.genStatus(b)
	case procfs.PIDStatm:
		p.genStatm(b)
	case procfs.PIDComm:
		b.Printf("%s\n", p.Comm())
	case procfs.PIDLimits:
		p.genLimits(b)
	case procfs.PIDOOMScore:
		p.genOOMScore(b)
	case procfs.PIDOOMScoreAdj:
		b.Printf("%d\n", p.oomAdj.Load())
	case procfs.PIDOOMAdj:
		b.Printf("%d\n", int(p.oomAdj.Load())*17/oomAdjMax)
	case procfs.PIDIO:
		return errno.EINVAL
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
	foreground, threads, nice, cpu int
	times                          Times
	pending, shared, blocked       SigSet
	ignored, caught                SigSet
	total, rss, peakRSS            uint64 // pages
	exitStatus                     int
}

// look fills in the figures that the process table has, and the thread's.
func (p *Process) look(i *figures) {
	table.lock.Lock()
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
	i.threads = p.nTasks
	i.times = p.Times
	i.state = 'Z'
	best := 0
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		st := i.times.addTask(t)
		if t.TID == p.PID || best == 0 {
			i.state, i.cpu, i.nice, best = t.Thread.State().Letter(), st.CPU, t.Thread.Nice(), t.TID
		}
	}
	if p.state == Alive && p.stopped {
		i.state = 'T'
	}
	if p.state == Zombie {
		i.exitStatus = p.status
	}
	p.lookSignals(i)
	table.lock.Unlock()
}

// lookSignals fills in the signal sets. table.lock is held.
func (p *Process) lookSignals(i *figures) {
	p.sig.lock.Lock()
	i.shared = p.sig.shared.set
	if t := p.tasks.Front(); t != nil {
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
func (p *Process) genStat(b *procfs.Buffer) {
	var i figures
	var none vm.Layout
	p.look(&i)
	s := p.BorrowSpace()
	lay := &none
	if s != nil {
		defer s.Put()
		lay = &s.Layout
	}
	i.lookSpace(s)
	b.Printf("%d (%s) %c %d %d %d %d %d 0", p.PID, p.Comm(), i.state, i.ppid, i.group, i.session, i.terminal, i.foreground)
	b.Printf(" %d %d %d %d", i.times.MinFlt, p.ChildTimes.MinFlt, i.times.MajFlt, p.ChildTimes.MajFlt)
	b.Printf(" %d %d %d %d", i.times.User/clockTick, i.times.Sys/clockTick, p.ChildTimes.User/clockTick, p.ChildTimes.Sys/clockTick)
	b.Printf(" %d %d %d 0 %d", 20+i.nice, i.nice, i.threads, p.StartTime/clockTick)
	b.Printf(" %d %d %d", i.total<<arch.PageShift, i.rss, p.Limits[LimitRSS].Cur)
	see := procSource{}.MayInspect(p.PID)
	if see {
		b.Printf(" %d %d %d", lay.StartCode, lay.EndCode, lay.StartStack)
	} else {
		b.WriteString(" 1 1 0")
	}
	b.Printf(" 0 0 %d %d %d %d", low31(i.shared|i.pending), low31(i.blocked), low31(i.ignored), low31(i.caught))
	b.Printf(" 0 0 0 %d %d 0 0 0 0 0", SIGCHLD, i.cpu)
	if see {
		b.Printf(" %d %d %d %d %d %d %d %d\n", lay.StartData, lay.EndData, lay.StartBrk, lay.ArgStart, lay.ArgEnd, lay.EnvStart,
			lay.EnvEnd, i.exitStatus)
	} else {
		b.WriteString(" 0 0 0 0 0 0 0 0\n")
	}
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
