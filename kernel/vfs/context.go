package vfs

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
)

// Context is on whose behalf a path operation runs; each thread has one. It is passed explicitly to everything that
// looks at names or permissions.
type Context struct {
	Cred  *cred.Cred
	FS    *FSInfo
	Files *FDTable

	resolve uint32 // Resolve…: restrictions of openat2(2)
}

// FSInfo is what clone(CLONE_FS) shares: root, current directory and umask.
type FSInfo struct {
	refs atomic.Int32

	// Guarded by lock.
	lock  lock.Spin
	root  Path
	cwd   Path
	umask uint32
}

var fsInfoCache = mem.Cache[FSInfo]{Name: "fs_struct"}

// NewFSInfo makes the first one, with root as both directories; it takes references of its own. nil: no memory.
func NewFSInfo(root Path) *FSInfo {
	fs := fsInfoCache.Alloc()
	if fs == nil {
		return nil
	}
	fs.refs.Store(1)
	fs.lock.Init(lock.RankProcMisc)
	fs.root, fs.cwd, fs.umask = root.Get(), root.Get(), 0o022
	return fs
}

// Copy makes an independent copy: fork(2). nil: no memory.
func (fs *FSInfo) Copy() *FSInfo {
	n := fsInfoCache.Alloc()
	if n == nil {
		return nil
	}
	n.refs.Store(1)
	n.lock.Init(lock.RankProcMisc)
	fs.lock.Lock()
	n.root, n.cwd, n.umask = fs.root.Get(), fs.cwd.Get(), fs.umask
	fs.lock.Unlock()
	return n
}

// Get takes another reference: clone(CLONE_FS).
func (fs *FSInfo) Get() *FSInfo {
	fs.refs.Add(1)
	return fs
}

// Put gives up a reference.
func (fs *FSInfo) Put() {
	if fs.refs.Add(-1) == 0 {
		fs.root.Put()
		fs.cwd.Put()
		fsInfoCache.Free(fs)
	}
}

// Shared tells whether somebody else has a reference.
func (fs *FSInfo) Shared() bool { return fs.refs.Load() > 1 }

// Root returns the root directory with references.
func (fs *FSInfo) Root() Path {
	fs.lock.Lock()
	p := fs.root.Get()
	fs.lock.Unlock()
	return p
}

// Cwd returns the current directory with references.
func (fs *FSInfo) Cwd() Path {
	fs.lock.Lock()
	p := fs.cwd.Get()
	fs.lock.Unlock()
	return p
}

// isRoot tells whether p is the root directory.
func (fs *FSInfo) isRoot(p Path) bool {
	fs.lock.Lock()
	same := fs.root == p
	fs.lock.Unlock()
	return same
}

// SetRoot takes over the references of p.
func (fs *FSInfo) SetRoot(p Path) {
	fs.lock.Lock()
	old := fs.root
	fs.root = p
	fs.lock.Unlock()
	old.Put()
}

// SetCwd takes over the references of p.
func (fs *FSInfo) SetCwd(p Path) {
	fs.lock.Lock()
	old := fs.cwd
	fs.cwd = p
	fs.lock.Unlock()
	old.Put()
}

// Umask returns the file mode creation mask.
func (fs *FSInfo) Umask() uint32 {
	fs.lock.Lock()
	u := fs.umask
	fs.lock.Unlock()
	return u
}

// SetUmask sets the mask and returns the former one.
func (fs *FSInfo) SetUmask(u uint32) (old uint32) {
	fs.lock.Lock()
	old, fs.umask = fs.umask, u&0o777
	fs.lock.Unlock()
	return old
}

// bytesString makes a string of bytes that will not change.
func bytesString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// stringBytes returns the bytes of a string made by bytesString.
func stringBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// Chdir is chdir(2).
func Chdir(ctx *Context, path string) errno.Errno {
	p, err := Lookup(ctx, AtFDCWD, path, LookupFollow|LookupDirectory)
	if err != errno.OK {
		return err
	}
	return chdir(ctx, p)
}

func chdir(ctx *Context, p Path) errno.Errno {
	if err := p.Inode().permission(ctx.Cred, MayExec); err != errno.OK {
		p.Put()
		return err
	}
	ctx.FS.SetCwd(p)
	return errno.OK
}

// Fchdir is fchdir(2).
func Fchdir(ctx *Context, fd int) errno.Errno {
	p, err := ctx.startAt(fd)
	if err != errno.OK {
		return err
	}
	if !p.Inode().IsDir() {
		p.Put()
		return errno.ENOTDIR
	}
	return chdir(ctx, p)
}

// Chroot is chroot(2).
func Chroot(ctx *Context, path string) errno.Errno {
	p, err := Lookup(ctx, AtFDCWD, path, LookupFollow|LookupDirectory)
	if err != errno.OK {
		return err
	}
	if err = p.Inode().permission(ctx.Cred, MayExec); err == errno.OK && !ctx.Cred.Capable(cred.SysChroot) {
		err = errno.EPERM
	}
	if err != errno.OK {
		p.Put()
		return err
	}
	ctx.FS.SetRoot(p)
	return errno.OK
}

// Getcwd writes the path of the current directory and a NUL to buf and returns the length with the NUL: getcwd(2). ENOENT
// when it has been removed, ERANGE when buf is too small.
func Getcwd(ctx *Context, buf []byte) (int, errno.Errno) {
	cwd := ctx.FS.Cwd()
	defer cwd.Put()
	if cwd.Dentry.state.Load()&dDeleted != 0 {
		return 0, errno.ENOENT
	}
	return ctx.pathName(cwd, buf, false)
}

// PathName writes the path of p as seen from the caller's root, and a NUL, to buf; a removed file gets " (deleted)" appended:
// the links of /proc/PID. It returns the length without the NUL.
func PathName(ctx *Context, p Path, buf []byte) (int, errno.Errno) {
	n, err := ctx.pathName(p, buf, true)
	return max(n-1, 0), err
}

const deletedMark = " (deleted)"

func (ctx *Context) pathName(p Path, buf []byte, mark bool) (int, errno.Errno) {
	at := len(buf)
	put := func(s string) bool {
		if at < len(s) {
			return false
		}
		at -= len(s)
		copy(buf[at:], s)
		return true
	}
	var root Path // zero: the root of all mounts
	if ctx.FS != nil {
		root = ctx.FS.Root()
	}
	ok := put("\x00")
	if mark && p.Dentry.state.Load()&dDeleted != 0 {
		ok = ok && put(deletedMark)
	}
	start := at
	mountLock.Lock()
	treeLock.Lock()
	m, d := p.Mnt, p.Dentry
	for ok && !(m == root.Mnt && d == root.Dentry) {
		if d == m.Root {
			if m.parent == nil || m.ID == 0 {
				break // outside the caller's root, or detached
			}
			m, d = m.parent, m.point
			continue
		}
		if d.parent == d {
			break
		}
		ok = put(d.name) && put("/")
		d = d.parent
	}
	treeLock.Unlock()
	mountLock.Unlock()
	root.Put()
	if ok && at == start {
		ok = put("/")
	}
	if !ok {
		return 0, errno.ERANGE
	}
	return copy(buf, buf[at:]), errno.OK
}
