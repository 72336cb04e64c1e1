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
	CLONE_VFORK          = 0x4000
	CLONE_PARENT         = 0x8000
	CLONE_THREAD         = 0x10000
	CLONE_SETTLS         = 0x80000
	CLONE_PARENT_SETTID  = 0x100000
	CLONE_CHILD_CLEARTID = 0x200000
	CLONE_CHILD_SETTID   = 0x1000000
	cloneSignalMask      = 0xff
	cloneProcess         = CLONE_VM | CLONE_VFORK | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |
		CLONE_CHILD_SETTID | CLONE_PARENT | cloneSignalMask
)

// CloneArgs are clone's arguments.
type CloneArgs struct {
	Flags               uint64
	Stack               uintptr // 0: the parent's
	ParentTID, ChildTID uintptr
	TLS                 uintptr
}

// Fork makes a child process of the running task: fork, vfork and clone for processes. It returns the child's PID.
// EINVAL for flag combinations that make threads (they share more than an address space), EAGAIN when the limit of
// processes is reached, ENOMEM.
func (t *Task) Fork(a *CloneArgs) (int, errno.Errno) {
	if a.Flags&^uint64(cloneProcess) != 0 || a.Flags&CLONE_VM != 0 && a.Flags&CLONE_VFORK == 0 {
		return 0, errno.EINVAL
	}
	parent := t.Proc
	p, e := parent.duplicate(a.Flags&CLONE_VM != 0)
	if e != 0 {
		return 0, e
	}
	c := newTask(p)
	if c == nil {
		p.discard()
		return 0, errno.ENOMEM
	}
	c.inherit(t, a)
	th, e := sched.Create(parent.Comm(), childStart, unsafe.Pointer(c))
	if e != 0 {
		c.free()
		p.discard()
		return 0, e
	}
	c.Thread = th
	th.Proc = unsafe.Pointer(c)
	th.Space = unsafe.Pointer(p.Space)
	if a.Flags&CLONE_VFORK != 0 {
		t.vfork.Reset()
		c.vforkDone = &t.vfork
	}
	if e := parent.adopt(p, c); e != 0 {
		th.Abandon()
		c.Thread = nil
		c.free()
		p.discard()
		return 0, e
	}
	pid := p.PID
	if a.Flags&CLONE_PARENT_SETTID != 0 {
		tid := uint32(pid)
		arch.CopyToUser(a.ParentTID, unsafe.Pointer(&tid), 4)
	}
	if a.Flags&CLONE_CHILD_SETTID != 0 {
		var tid [4]byte
		put32(&tid, uint32(pid))
		p.Space.WriteAt(a.ChildTID, tid[:])
	}
	th.Start()
	if a.Flags&CLONE_VFORK != 0 {
		t.vfork.Wait()
	}
	return pid, errno.OK
}

// duplicate copies everything of a process that a child gets, but threads and place in the tree.
func (parent *Process) duplicate(shareSpace bool) (*Process, errno.Errno) {
	p := processCache.Alloc()
	if p == nil {
		return nil, errno.ENOMEM
	}
	p.init()
	ds.Copy16(&p.comm, &parent.comm)
	p.Limits = parent.Limits
	parent.sig.lock.Lock()
	p.sig.actions = parent.sig.actions
	parent.sig.lock.Unlock()
	parent.exeMu.Lock()
	if p.exe = parent.exe; p.exe != nil {
		p.exe.Get()
	}
	parent.exeMu.Unlock()
	p.Ctx.Cred = parent.Ctx.Cred.Get()
	p.Ctx.FS = parent.Ctx.FS.Copy()
	var e errno.Errno
	if p.Ctx.Files, e = parent.Ctx.Files.Copy(); e == 0 && p.Ctx.FS == nil {
		e = errno.ENOMEM
	}
	if e != 0 {
		p.discard()
		return nil, e
	}
	if shareSpace {
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
	p.sig.lock.Init(lockRankSignal)
	p.limitsMu.Init(lockRankMisc)
	p.StartTime = time.Now()
}

// discard undoes duplicate.
func (p *Process) discard() {
	p.releaseResources()
	p.Put()
}

// releaseResources gives up everything but the process structure and its credentials.
func (p *Process) releaseResources() {
	files, fs := p.takeContext()
	if files != nil {
		files.Put()
	}
	if fs != nil {
		fs.Put()
	}
	p.setExe(nil)
	if s := p.swapSpace(nil); s != nil {
		s.Put()
	}
}

// setExe replaces the program file, whose reference it takes over.
func (p *Process) setExe(f *vfs.File) {
	p.exeMu.Lock()
	old := p.exe
	p.exe = f
	p.exeMu.Unlock()
	if old != nil {
		old.Put()
	}
}

// inherit gives a new task its parent's registers and thread state.
func (c *Task) inherit(t *Task, a *CloneArgs) {
	c.start = *t.Thread.UserRegs()
	c.start.AX = 0
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
	c.sig.blocked = t.sig.blocked
	if a.Flags&(CLONE_VM|CLONE_VFORK) != CLONE_VM {
		c.sig.altStack = t.sig.altStack
	}
}

// adopt gives the new process its number and its place in the tree. EAGAIN: no number, or the user's limit.
func (parent *Process) adopt(p *Process, c *Task) errno.Errno {
	table.lock.Lock()
	defer table.lock.Unlock()
	if uint64(table.count) >= parent.Limits[LimitNProc].Cur && !p.Ctx.Cred.Capable(capSysResource) {
		return errno.EAGAIN
	}
	pid := allocPID()
	if pid == 0 {
		return errno.EAGAIN
	}
	p.PID, c.TID = pid, pid
	p.link(parent, c)
	g := parent.group
	p.group = g
	g.members.PushBack(&p.inGroup)
	g.n++
	return errno.OK
}

// link enters p, with its first task, into the table and the tree. table.lock is held.
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
	p.Ctx = vfs.Context{Cred: cred.Root.Get(), FS: vfs.NewFSInfo(root), Files: vfs.NewFDTable()}
	if p.Ctx.FS == nil || p.Ctx.Files == nil {
		return nil, errno.ENOMEM
	}
	t.Thread = sched.Current()
	t.Thread.Get()
	table.lock.Lock()
	pid := allocPID()
	p.PID, t.TID = pid, pid
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
