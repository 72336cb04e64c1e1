//go:build galago

package proc

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// What a task uses (address space, descriptors, directories, credentials) only it changes, or its process when no other task is left; it
// looks at it without a lock. Others borrow it here: the pointers change under limitsMu, and what they led to is released after that.

// swapSpace replaces the address space and returns the old one for Put.
func (p *Process) swapSpace(s *vm.AddressSpace) (old *vm.AddressSpace) {
	p.limitsMu.Lock()
	old, p.Space = p.Space, s
	p.limitsMu.Unlock()
	return old
}

// releaseContext gives up the task's descriptor table, directories and credentials.
func (t *Task) releaseContext() {
	mu := &t.Proc.limitsMu
	mu.Lock()
	c := t.Ctx
	t.Ctx = vfs.Context{}
	mu.Unlock()
	if c.Files != nil {
		c.Files.Put()
	}
	if c.FS != nil {
		c.FS.Put()
	}
	if c.Cred != nil {
		c.Cred.Put()
	}
}

// shareContext gives a new task its creator's context: what flags (CLONE_FS, CLONE_FILES) name is shared, the rest copied. The
// credentials are shared until somebody changes his. ENOMEM.
func (c *Task) shareContext(t *Task, flags uint64) errno.Errno {
	c.Ctx.Cred = t.Ctx.Cred.Get()
	e := errno.OK
	if flags&CLONE_FILES != 0 {
		c.Ctx.Files = t.Ctx.Files.Get()
	} else if c.Ctx.Files, e = t.Ctx.Files.Copy(); e != 0 {
		return e
	}
	if flags&CLONE_FS != 0 {
		c.Ctx.FS = t.Ctx.FS.Get()
	} else if c.Ctx.FS = t.Ctx.FS.Copy(); c.Ctx.FS == nil {
		return errno.ENOMEM
	}
	return errno.OK
}

// SetCred replaces the running task's credentials by c, whose reference it takes over. The first task's count as the process's. EAGAIN: no
// memory to count for another user; c is given up.
func (t *Task) SetCred(c *cred.Cred) errno.Errno {
	p := t.Proc
	if c.UID != t.Ctx.Cred.UID {
		u := findUser(c.UID)
		if u == nil {
			c.Put()
			return errno.EAGAIN
		}
		defer t.setUser(u)
	}
	p.limitsMu.Lock()
	old := t.Ctx.Cred
	t.Ctx.Cred = c
	var oldProc *cred.Cred
	if t.TID == p.PID {
		oldProc, p.cred = p.cred, c.Get()
	}
	p.limitsMu.Unlock()
	old.Put()
	if oldProc != nil {
		oldProc.Put()
	}
	return errno.OK
}

// SpaceFor returns the address space of a process (by the number of any of its threads) whose memory the running thread may read and write, as for
// process_vm_readv(2), with a user's reference. ESRCH, EPERM.
func SpaceFor(pid int) (*vm.AddressSpace, errno.Errno) {
	if pid <= 0 || pid >= MaxPID {
		return nil, errno.ESRCH
	}
	p := findByThread(pid)
	if p == nil {
		return nil, errno.ESRCH
	}
	defer p.Put()
	s := p.BorrowSpace()
	if s == nil {
		return nil, errno.ESRCH
	}
	if !(procSource{}).MayInspect(p.PID) {
		s.Put()
		return nil, errno.EPERM
	}
	return s, errno.OK
}

// findByThread returns the process of a thread, with a reference, or nil.
func findByThread(tid int) *Process {
	table.lock.Lock()
	defer table.lock.Unlock()
	t := table.tasks[tid].Load()
	if t == nil {
		return nil
	}
	t.Proc.Get()
	return t.Proc
}

// BorrowSpace returns the address space with a user's reference, or nil for a zombie.
func (p *Process) BorrowSpace() *vm.AddressSpace {
	p.limitsMu.Lock()
	s := p.Space
	if s != nil {
		s.Get()
	}
	p.limitsMu.Unlock()
	return s
}

// BorrowFiles returns the first task's descriptor table with a reference, or nil.
func (p *Process) BorrowFiles() (files *vfs.FDTable) {
	table.lock.Lock()
	p.limitsMu.Lock()
	if t := p.tasks.Front(); t != nil && t.Ctx.Files != nil {
		files = t.Ctx.Files.Get()
	}
	p.limitsMu.Unlock()
	table.lock.Unlock()
	return files
}

// BorrowFS returns the first task's root, directory and umask with a reference, or nil.
func (p *Process) BorrowFS() (fs *vfs.FSInfo) {
	table.lock.Lock()
	p.limitsMu.Lock()
	if t := p.tasks.Front(); t != nil && t.Ctx.FS != nil {
		fs = t.Ctx.FS.Get()
	}
	p.limitsMu.Unlock()
	table.lock.Unlock()
	return fs
}

// BorrowCred returns the credentials of the process with a reference.
func (p *Process) BorrowCred() *cred.Cred {
	p.limitsMu.Lock()
	c := p.cred.Get()
	p.limitsMu.Unlock()
	return c
}

// BorrowExe returns the program's file with a reference, or nil.
func (p *Process) BorrowExe() *vfs.File {
	p.exeMu.Lock()
	f := p.exe
	if f != nil {
		f.Get()
	}
	p.exeMu.Unlock()
	return f
}

// CurrentPID returns the running thread's process number, for the floors beside this one.
func CurrentPID() int32 { return int32(Current().Proc.PID) }

// CurrentCred returns the running thread's credentials; they stay while it runs in the kernel.
func CurrentCred() *cred.Cred { return Current().Ctx.Cred }

// Exists tells whether there is a process of that number.
func Exists(pid int32) bool {
	p := Find(int(pid))
	if p != nil {
		p.Put()
	}
	return p != nil
}

// RobustListOf returns the robust list of another thread: ESRCH, EPERM for one that is not the caller's to look at.
func (t *Task) RobustListOf(tid int) (head uintptr, e errno.Errno) {
	if tid < 0 || tid >= MaxPID {
		return 0, errno.ESRCH
	}
	table.lock.Lock()
	defer table.lock.Unlock()
	o := table.tasks[tid].Load()
	if o == nil {
		return 0, errno.ESRCH
	}
	if o.Proc != t.Proc && !o.Proc.MayLimit(t.Ctx.Cred) {
		return 0, errno.EPERM
	}
	return o.RobustPtr, errno.OK
}
