//go:build galago

package proc

import (
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
)

// Attributes of tasks and processes that prctl(2) and its like set.

const defaultTimerSlack = 50_000 // ns

// Dumpable reports whether the process may be inspected by its owner (prctl(2), PR_SET_DUMPABLE).
func (p *Process) Dumpable() bool { return p.dumpable.Load() }

// SetDumpable changes that.
func (p *Process) SetDumpable(on bool) { p.dumpable.Store(on) }

// Name copies the task's short name to buf and returns its length.
func (t *Task) Name(buf []byte) int { return t.Thread.Name(buf) }

// SingleThreaded reports whether the process has one task only.
func (p *Process) SingleThreaded() bool {
	table.lock.Lock()
	defer table.lock.Unlock()
	return p.nTasks == 1
}

// Unshare makes what flags (CLONE_FS, CLONE_FILES) name the running task's own: unshare(2). ENOMEM.
func (t *Task) Unshare(flags uint64) errno.Errno {
	if flags&CLONE_FILES != 0 {
		if e := t.ownFiles(); e != 0 {
			return e
		}
	}
	if flags&CLONE_FS == 0 || !t.Ctx.FS.Shared() {
		return errno.OK
	}
	n := t.Ctx.FS.Copy()
	if n == nil {
		return errno.ENOMEM
	}
	p := t.Proc
	p.limitsMu.Lock()
	old := t.Ctx.FS
	t.Ctx.FS = n
	p.limitsMu.Unlock()
	old.Put()
	return errno.OK
}

// MayInspect is ptrace(2)'s access check PTRACE_MODE_READ_REALCREDS on p.
func (t *Task) MayInspect(p *Process) bool {
	if t.Proc == p {
		return true
	}
	me, c := t.Ctx.Cred, p.BorrowCred()
	defer c.Put()
	if me.Capable(cred.SysPtrace) {
		return true
	}
	return p.Dumpable() && me.UID == c.UID && me.UID == c.EUID && me.UID == c.SUID && me.GID == c.GID && me.GID == c.EGID && me.GID == c.SGID
}

// What Identity tells apart, numbered as kcmp(2)'s types.
const (
	identitySpace   = 1
	identityFiles   = 2
	identityFS      = 3
	identityActions = 4
)

// Identity is a number that two processes share if they share what kind names.
func (p *Process) Identity(kind int) (id uintptr) {
	table.lock.Lock()
	p.limitsMu.Lock()
	t := p.tasks.Front()
	switch {
	case kind == identitySpace:
		id = uintptr(unsafe.Pointer(p.Space))
	case kind == identityActions:
		id = uintptr(unsafe.Pointer(&p.sig))
	case t == nil:
	case kind == identityFiles:
		id = uintptr(unsafe.Pointer(t.Ctx.Files))
	case kind == identityFS:
		id = uintptr(unsafe.Pointer(t.Ctx.FS))
	}
	p.limitsMu.Unlock()
	table.lock.Unlock()
	return id
}

// FileIdentity is Identity for an open file: EBADF.
func (p *Process) FileIdentity(fd int) (uintptr, errno.Errno) {
	files := p.BorrowFiles()
	if files == nil {
		return 0, errno.EBADF
	}
	defer files.Put()
	r, e := files.AcquireAny(fd)
	if e != 0 {
		return 0, e
	}
	id := uintptr(unsafe.Pointer(r.F))
	r.Release()
	return id, errno.OK
}
