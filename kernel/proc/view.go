//go:build galago

package proc

import (
	"galago/kernel/cred"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// What a process uses (address space, descriptors, directories, credentials) only its own threads change; they look at it without a
// lock. Others borrow it here: the pointers change under limitsMu, and what they led to is released after that.

// swapSpace replaces the address space and returns the old one for Put.
func (p *Process) swapSpace(s *vm.AddressSpace) (old *vm.AddressSpace) {
	p.limitsMu.Lock()
	old, p.Space = p.Space, s
	p.limitsMu.Unlock()
	return old
}

// takeContext empties the process's descriptor table and directories and returns what they were.
func (p *Process) takeContext() (files *vfs.FDTable, fs *vfs.FSInfo) {
	p.limitsMu.Lock()
	files, fs = p.Ctx.Files, p.Ctx.FS
	p.Ctx.Files, p.Ctx.FS = nil, nil
	p.limitsMu.Unlock()
	return files, fs
}

// SetCred replaces the credentials by c, whose reference it takes over.
func (p *Process) SetCred(c *cred.Cred) {
	p.limitsMu.Lock()
	old := p.Ctx.Cred
	p.Ctx.Cred = c
	p.limitsMu.Unlock()
	old.Put()
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

// BorrowFiles returns the descriptor table with a reference, or nil.
func (p *Process) BorrowFiles() *vfs.FDTable {
	p.limitsMu.Lock()
	t := p.Ctx.Files
	if t != nil {
		t.Get()
	}
	p.limitsMu.Unlock()
	return t
}

// BorrowFS returns root, directory and umask with a reference, or nil.
func (p *Process) BorrowFS() *vfs.FSInfo {
	p.limitsMu.Lock()
	fs := p.Ctx.FS
	if fs != nil {
		fs.Get()
	}
	p.limitsMu.Unlock()
	return fs
}

// BorrowCred returns the credentials with a reference.
func (p *Process) BorrowCred() *cred.Cred {
	p.limitsMu.Lock()
	c := p.Ctx.Cred.Get()
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
