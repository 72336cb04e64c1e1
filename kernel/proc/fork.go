//go:build galago

package proc

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// Clone flags (clone(2)).
const (
	CLONE_VM             = 0x100
	CLONE_FS             = 0x200
	CLONE_FILES          = 0x400
	CLONE_SIGHAND        = 0x800
	CLONE_PIDFD          = 0x1000
	CLONE_VFORK          = 0x4000
	CLONE_PARENT         = 0x8000
	CLONE_THREAD         = 0x10000
	CLONE_SYSVSEM        = 0x40000
	CLONE_SETTLS         = 0x80000
	CLONE_PARENT_SETTID  = 0x100000
	CLONE_CHILD_CLEARTID = 0x200000
	CLONE_DETACHED       = 0x400000
	CLONE_CHILD_SETTID   = 0x1000000
	CLONE_PTRACE         = 0x2000
	CLONE_UNTRACED       = 0x800000
	CLONE_IO             = 0x80000000
	CLONE_CLEAR_SIGHAND  = 0x100000000

	cloneKnown = CLONE_PTRACE | CLONE_UNTRACED | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_PIDFD | CLONE_VFORK | CLONE_PARENT | CLONE_THREAD | CLONE_SYSVSEM |
		CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_CHILD_SETTID | CLONE_IO | CLONE_CLEAR_SIGHAND
)

// CloneArgs are the arguments of clone(2) and clone3(2).
type CloneArgs struct {
	Flags               uint64 // without the exit signal
	ExitSignal          int
	Stack               uintptr // its top; 0: the parent's
	ParentTID, ChildTID uintptr
	TLS                 uintptr
	PIDFD               uintptr // where CLONE_PIDFD's descriptor goes
}

// check refuses what cannot be combined, as on Linux, and what is not offered: signal actions shared by two processes.
func (a *CloneArgs) check() errno.Errno {
	f := a.Flags
	switch {
	case f&^cloneKnown != 0,
		f&CLONE_THREAD != 0 && f&CLONE_SIGHAND == 0,
		f&CLONE_SIGHAND != 0 && f&CLONE_VM == 0,
		f&CLONE_SIGHAND != 0 && f&CLONE_CLEAR_SIGHAND != 0,
		f&CLONE_SIGHAND != 0 && f&CLONE_THREAD == 0,
		f&CLONE_PIDFD != 0 && f&(CLONE_THREAD|CLONE_DETACHED) != 0,
		a.ExitSignal > NSIG:
		return errno.EINVAL
	case f&CLONE_SETTLS != 0 && a.TLS >= arch.UserLimit:
		return errno.EPERM
	}
	return errno.OK
}

// Clone makes a child process of the running task, or another thread of its process: fork, vfork, clone and clone3. It returns the new
// task's number. EINVAL for flags that do not go together, EAGAIN when the limit of processes is reached, ENOMEM.
func (t *Task) Clone(a *CloneArgs) (int, errno.Errno) {
	if e := a.check(); e != 0 {
		return 0, e
	}
	if t.overNProc(1) {
		return 0, errno.EAGAIN
	}
	p, e := t.Proc, errno.OK
	if a.Flags&CLONE_THREAD == 0 {
		if p, e = t.Proc.duplicate(t, a.Flags); e != 0 {
			return 0, e
		}
	}
	c, e := t.newSibling(p, a)
	event := t.cloneEvent(a)
	if e == 0 {
		if a.Flags&CLONE_THREAD != 0 {
			e = p.addThread(c, event, a)
		} else {
			e = t.adopt(p, c, event, a)
		}
		if e != 0 {
			c.Thread.Abandon()
			c.Thread = nil
			c.releaseContext()
			c.free()
		}
	}
	if e != 0 {
		if p != t.Proc {
			p.discard()
		}
		return 0, e
	}
	tid := c.TID
	if a.Flags&CLONE_PIDFD != 0 {
		c.describe(t, a.PIDFD)
	}
	c.announce(t, a)
	if a.Flags&CLONE_VFORK != 0 {
		t.vfork.Reset()
		t.vforkChild, c.vforkParent = c, t
	}
	if p != t.Proc {
		c.Thread.StartNear()
	} else {
		c.Thread.Start()
	}
	// from here on the child may be gone at any moment
	if event != 0 {
		t.event(event, uint64(tid))
	}
	if a.Flags&CLONE_VFORK != 0 {
		t.waitVfork()
		t.event(eventVforkDone, uint64(tid))
	}
	return tid, errno.OK
}

// newSibling makes a task of p with a thread that will begin in user mode, like t but for what the arguments say.
func (t *Task) newSibling(p *Process, a *CloneArgs) (*Task, errno.Errno) {
	c := newTask(p)
	if c == nil {
		return nil, errno.ENOMEM
	}
	c.inherit(t, a)
	e := c.shareContext(t, a.Flags)
	if e == 0 {
		c.Thread, e = sched.Create(t.Proc.Comm(), childStart, unsafe.Pointer(c))
	}
	if e == 0 {
		if e = c.Thread.InheritPolicy(t.Thread); e != 0 {
			c.Thread.Abandon()
			c.Thread = nil
		}
	}
	if e != 0 {
		c.releaseContext()
		c.free()
		return nil, e
	}
	c.Thread.Proc = unsafe.Pointer(c)
	c.Thread.Space = unsafe.Pointer(p.Space)
	c.Thread.FailEvery, c.Thread.FailIn = t.Thread.FailEvery, t.Thread.FailEvery
	return c, errno.OK
}

// waitVfork waits until the child of a vfork executes a program or ends, or the caller is killed.
func (t *Task) waitVfork() {
	if t.vfork.WaitKillable() == errno.OK {
		return
	}
	table.lock.Lock()
	if c := t.vforkChild; c != nil {
		c.vforkParent, t.vforkChild = nil, nil
	}
	table.lock.Unlock()
}

// endVfork lets the parent that waits for the running task go on.
func (t *Task) endVfork() {
	if t.vforkParent == nil {
		return
	}
	table.lock.Lock()
	if p := t.vforkParent; p != nil {
		p.vforkChild, t.vforkParent = nil, nil
		p.vfork.Done()
	}
	table.lock.Unlock()
}

// describe gives the caller a descriptor of the new process. For want of a descriptor it stores -1: the child exists.
func (c *Task) describe(t *Task, to uintptr) {
	fd := int32(-1)
	if f, e := NewPIDFD(c.Proc, 0, t.Ctx.Cred); e == 0 {
		n, e := t.Ctx.Files.Add(f, 0, t.Proc.FileLimit(), true)
		if e != 0 {
			f.Put()
		} else {
			fd = int32(n)
		}
	}
	arch.CopyToUser(to, unsafe.Pointer(&fd), 4)
}

// announce puts the new task's number where the caller wants it.
func (c *Task) announce(t *Task, a *CloneArgs) {
	if a.Flags&CLONE_PARENT_SETTID != 0 {
		tid := uint32(c.TID)
		arch.CopyToUser(a.ParentTID, unsafe.Pointer(&tid), 4)
	}
	if a.Flags&CLONE_CHILD_SETTID != 0 {
		var tid [4]byte
		put32(&tid, uint32(c.TID))
		c.Proc.Space.WriteAt(a.ChildTID, tid[:])
	}
}

// duplicate copies everything of a process that a child gets, but threads and place in the tree.
func (parent *Process) duplicate(t *Task, flags uint64) (*Process, errno.Errno) {
	p := processCache.Alloc()
	if p == nil {
		return nil, errno.ENOMEM
	}
	p.init()
	ds.Copy16(&p.comm, &parent.comm)
	parent.limitsMu.Lock()
	p.Limits = parent.Limits
	p.noTerminal = parent.noTerminal
	parent.limitsMu.Unlock()
	p.dumpable.Store(parent.dumpable.Load())
	p.Personality.Store(parent.Personality.Load())
	p.oomAdj.Store(parent.oomAdj.Load())
	parent.sig.lock.Lock()
	p.sig.actions = parent.sig.actions
	parent.sig.lock.Unlock()
	if flags&CLONE_CLEAR_SIGHAND != 0 {
		p.sig.clear() // +checklocksforce: new
	}
	parent.exeMu.Lock()
	if p.exe = parent.exe; p.exe != nil {
		p.exe.Get()
		p.exe.Inode.DenyWrite() // the parent denies it already: cannot fail
	}
	parent.exeMu.Unlock()
	p.cred = t.Ctx.Cred.Get()
	e := errno.OK
	if flags&CLONE_VM != 0 {
		p.Space = parent.Space
		p.Space.Get()
	} else if p.Space, e = parent.Space.Fork(); e != 0 {
		p.discard()
		return nil, e
	}
	return p, errno.OK
}

// init sets up the embedded structures of a zeroed process.
func (p *Process) init() {
	p.refs.Store(1)
	p.sibling.Init(p)
	p.inGroup.Init(p)
	p.exitSignal = SIGCHLD
	p.dumpable.Store(true)
	p.sig.lock.Init(lockRankSignal)
	p.limitsMu.Init(lockRankMisc)
	p.timerLock.Init(lockRankTimers)
	p.StartTime = time.Now()
}

// discard undoes duplicate.
func (p *Process) discard() {
	p.releaseResources()
	p.Put()
}

// releaseResources gives up program and address space.
func (p *Process) releaseResources() {
	p.setExe(nil)
	if s := p.swapSpace(nil); s != nil {
		s.Put()
	}
}

// setExe replaces the program file, whose reference it takes over, and with it a denial of writing: nobody may change a file
// while it runs (ETXTBSY).
func (p *Process) setExe(f *vfs.File) {
	p.exeMu.Lock()
	old := p.exe
	p.exe = f
	p.exeMu.Unlock()
	if old != nil {
		old.Inode.AllowWrite()
		old.Put()
	}
}

// inherit gives a new task its parent's registers and thread state.
func (c *Task) inherit(t *Task, a *CloneArgs) {
	c.start = *t.Thread.UserRegs()
	c.start.AX = 0
	if t.trace.forced {
		c.start.Flags &^= arch.FlagTF
	}
	if a.Stack != 0 {
		c.start.SP = uint64(a.Stack)
	}
	arch.FPUSave(c.fpu)
	arch.FPUSetX14X15(c.fpu, &c.start)
	c.fsBase, c.gsBase = arch.UserBases()
	if a.Flags&CLONE_SETTLS != 0 {
		c.fsBase = a.TLS
	}
	if a.Flags&CLONE_CHILD_CLEARTID != 0 {
		c.ClearTID = a.ChildTID
	}
	if a.Flags&CLONE_VM == 0 {
		c.rseq = t.rseq
		c.rseq.cpu = -1
	}
	c.ioPriority = t.ioPriority
	c.MemPolicy, c.MemNodes = t.MemPolicy, t.MemNodes
	c.sig.blocked = t.sig.blocked
	c.TimerSlack = t.TimerSlack
	if a.Flags&(CLONE_VM|CLONE_VFORK) != CLONE_VM {
		c.sig.altStack = t.sig.altStack
	}
}

// adopt gives the new process its number and its place in the tree. EAGAIN: no number. ERESTARTNOINTR: the caller is
// to die.
func (t *Task) adopt(p *Process, c *Task, event int, a *CloneArgs) errno.Errno {
	parent := t.Proc
	table.lock.Lock()
	defer table.lock.Unlock()
	if e := t.mayMultiply(); e != 0 {
		return e
	}
	pid := allocPID()
	if pid == 0 {
		return errno.EAGAIN
	}
	p.PID, c.TID = pid, pid
	g := parent.group
	p.exitSignal = a.ExitSignal
	creator := t
	if a.Flags&CLONE_PARENT != 0 && parent.parent != nil {
		p.exitSignal = parent.exitSignal
		parent, creator = parent.parent, parent.creator
	}
	c.countIn(t.user)
	p.link(parent, c)
	p.belong(creator)
	c.inheritTrace(t, event, a.Flags)
	p.group = g
	g.members.PushBack(&p.inGroup)
	g.n++
	p.armCPULimit()
	return errno.OK
}

// mayMultiply tells whether the task may have another process or thread. table.lock is held.
//
// +checklocks:table.lock
func (t *Task) mayMultiply() errno.Errno {
	p := t.Proc
	if p.exiting.Load() != 0 || p.execer.Load() != nil {
		return errno.ERESTARTNOINTR // the work on the way out ends the task
	}
	return errno.OK
}

// addThread gives a new thread its number and enters it into its process, with the errors of adopt.
func (p *Process) addThread(c *Task, event int, a *CloneArgs) errno.Errno {
	table.lock.Lock()
	defer table.lock.Unlock()
	if e := Current().mayMultiply(); e != 0 {
		return e
	}
	tid := allocPID()
	if tid == 0 {
		return errno.EAGAIN
	}
	c.TID = tid
	p.nTasks++
	c.countIn(Current().user)
	forks.Add(1)
	table.tasks[tid].Store(c)
	p.sig.lock.Lock()
	p.tasks.PushBack(&c.node)
	c.joinStop(Current())
	p.sig.lock.Unlock()
	c.inheritTrace(Current(), event, a.Flags)
	return errno.OK
}

// link enters p, with its first task, into the table and the tree. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) link(parent *Process, c *Task) {
	p.parent = parent
	if parent != nil {
		parent.children.PushBack(&p.sibling)
		p.ppid.Store(int32(parent.PID))
	}
	p.tasks.PushBack(&c.node)
	p.nTasks = 1
	forks.Add(1)
	table.procs[p.PID] = p
	table.tasks[c.TID].Store(c)
	table.count++
}

// belong makes p the child of a task. table.lock is held.
//
// +checklocks:table.lock
func (p *Process) belong(t *Task) {
	p.creator = t
	t.nKids++
}

// childStart is the first code of a forked child's thread.
func childStart(arg unsafe.Pointer) {
	t := (*Task)(arg)
	arch.SetUserBases(t.fsBase, t.gsBase)
	vm.Attach(t.Proc.Space)
	arch.IRQOff()
	arch.FPURestore(t.fpu) // no switch between this and user mode may lose it: OnSwitch saves what it finds
	arch.EnterUser(&t.start)
}

// NewInit makes process 1 around the running kernel thread, which becomes its only task, with root as its directories.
func NewInit(root vfs.Path) (*Task, errno.Errno) {
	p := processCache.Alloc()
	g, s := groupCache.Alloc(), sessionCache.Alloc()
	if p == nil || g == nil || s == nil {
		return nil, errno.ENOMEM
	}
	p.init()
	defaultLimits(&p.Limits)
	t := newTask(p)
	if t == nil {
		return nil, errno.ENOMEM
	}
	p.cred = cred.Root.Get()
	t.TimerSlack = defaultTimerSlack
	t.Ctx = vfs.Context{Cred: cred.Root.Get(), FS: vfs.NewFSInfo(root), Files: vfs.NewFDTable()}
	if t.Ctx.FS == nil || t.Ctx.Files == nil {
		return nil, errno.ENOMEM
	}
	t.Thread = sched.Current()
	t.Thread.Get()
	table.lock.Lock()
	pid := allocPID()
	p.PID, t.TID = pid, pid
	t.countIn(&rootUser)
	p.link(nil, t)
	*s = Session{ID: pid, Leader: p}
	holdPID(pid)
	p.join(pid, s, g)
	table.lock.Unlock()
	t.Thread.Proc = unsafe.Pointer(t)
	initProcess = p
	return t, errno.OK
}

// initProcess is process 1: it adopts orphans.
var initProcess *Process

func put32(b *[4]byte, v uint32) {
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
}
