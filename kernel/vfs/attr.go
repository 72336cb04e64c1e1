package vfs

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
)

// Fstatat is newfstatat(2). st must be zero.
func Fstatat(ctx *Context, dirfd int, path string, st *Stat, flags uint32) errno.Errno {
	if flags&^uint32(AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH|AT_NO_AUTOMOUNT) != 0 {
		return errno.EINVAL
	}
	if path == "" && flags&AT_EMPTY_PATH != 0 && dirfd != AtFDCWD {
		return Fstat(ctx, dirfd, st)
	}
	p, err := Lookup(ctx, dirfd, path, lookupFlags(flags))
	if err != errno.OK {
		return err
	}
	i := p.Inode()
	err = i.Ops.GetAttr(i, NoEscape(st))
	p.Put()
	return err
}

// StatxInfo is what statx(2) tells beyond stat(2).
type StatxInfo struct {
	Mnt      uint64 // the mount's number, 0 for a file without one
	IsRoot   bool   // the file is the mount's root
	HasBTime bool   // BTime is known
	BTime    Time   // of creation
}

// Statx is Fstatat for statx(2). x must be zero.
func Statx(ctx *Context, dirfd int, path string, st *Stat, x *StatxInfo, flags uint32) errno.Errno {
	if flags&^uint32(AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH|AT_NO_AUTOMOUNT) != 0 {
		return errno.EINVAL
	}
	if path == "" && flags&AT_EMPTY_PATH != 0 && dirfd != AtFDCWD {
		r, err := ctx.Files.AcquireAny(dirfd)
		if err != errno.OK {
			return err
		}
		if r.F.mode&fileAnon == 0 {
			x.at(r.F.Path)
		}
		err = x.stat(r.F.Inode, st)
		r.Release()
		return err
	}
	p, err := Lookup(ctx, dirfd, path, lookupFlags(flags))
	if err != errno.OK {
		return err
	}
	x.at(p)
	err = x.stat(p.Inode(), st)
	p.Put()
	return err
}

func (x *StatxInfo) at(p Path) { x.Mnt, x.IsRoot = uint64(p.Mnt.ID), p.Dentry == p.Mnt.Root }

func (x *StatxInfo) stat(i *Inode, st *Stat) errno.Errno {
	x.BTime, x.HasBTime = i.Ops.BTime(i)
	return i.Ops.GetAttr(i, NoEscape(st))
}

// lookupFlags translates AT_* flags.
func lookupFlags(at uint32) (how uint32) {
	if at&AT_SYMLINK_NOFOLLOW == 0 {
		how = LookupFollow
	}
	if at&AT_EMPTY_PATH != 0 {
		how |= LookupEmpty
	}
	return how
}

// Fstat is fstat(2). st must be zero.
func Fstat(ctx *Context, fd int, st *Stat) errno.Errno {
	r, err := ctx.Files.AcquireAny(fd)
	if err != errno.OK {
		return err
	}
	i := r.F.Inode
	err = i.Ops.GetAttr(i, NoEscape(st))
	r.Release()
	return err
}

// withPath runs fn on what a path leads to.
func withPath(ctx *Context, dirfd int, path string, how uint32, fn func(p Path) errno.Errno) errno.Errno {
	p, err := Lookup(ctx, dirfd, path, how)
	if err != errno.OK {
		return err
	}
	err = fn(p)
	p.Put()
	return err
}

// withFile runs fn on what a descriptor stands for.
func withFile(ctx *Context, fd int, fn func(f *File) errno.Errno) errno.Errno {
	r, err := ctx.Files.Acquire(fd)
	if err != errno.OK {
		return err
	}
	err = fn(r.F)
	r.Release()
	return err
}

// setAttr applies a change with the inode locked; ro tells whether the mount forbids it.
func setAttr(ro bool, i *Inode, a *Attr) errno.Errno {
	if ro {
		return errno.EROFS
	}
	err := i.Ops.SetAttr(i, NoEscape(a))
	if err == errno.OK {
		i.MarkDirty()
	}
	return err
}

// readOnly tells whether the file was opened through a read-only mount.
func (f *File) readOnly() bool { return f.mode&fileAnon == 0 && f.Path.Mnt.ReadOnly() }

// Fchmodat is fchmodat(2).
func Fchmodat(ctx *Context, dirfd int, path string, mode uint32, flags uint32) errno.Errno {
	if flags&^uint32(AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH) != 0 {
		return errno.EINVAL
	}
	return withPath(ctx, dirfd, path, lookupFlags(flags), func(p Path) errno.Errno {
		return p.changed(AttrMode, chmod(ctx, p.Mnt.ReadOnly(), p.Inode(), mode))
	})
}

// Fchmod is fchmod(2).
func Fchmod(ctx *Context, fd int, mode uint32) errno.Errno {
	return withFile(ctx, fd, func(f *File) errno.Errno { return f.changed(AttrMode, chmod(ctx, f.readOnly(), f.Inode, mode)) })
}

func chmod(ctx *Context, ro bool, i *Inode, mode uint32) errno.Errno {
	if ro {
		return errno.EROFS
	}
	if i.Type() == S_IFLNK {
		return errno.EOPNOTSUPP
	}
	i.Lock.Lock()
	defer i.Lock.Unlock()
	if !i.owns(ctx.Cred) {
		return errno.EPERM
	}
	mode &= 0o7777
	if mode&S_ISGID != 0 && !ctx.Cred.InGroup(i.gid()) && !ctx.Cred.FSCapable(cred.FSetID) {
		mode &^= S_ISGID
	}
	a := Attr{Valid: AttrMode | AttrCTime, Mode: mode, CTime: Now()}
	return setAttr(ro, i, &a)
}

// Fchownat is fchownat(2); cred.KeepID leaves an ID as it is.
func Fchownat(ctx *Context, dirfd int, path string, uid, gid uint32, flags uint32) errno.Errno {
	if flags&^uint32(AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH) != 0 {
		return errno.EINVAL
	}
	return withPath(ctx, dirfd, path, lookupFlags(flags), func(p Path) errno.Errno {
		return p.changed(ownerChange(uid, gid), chown(ctx, p.Mnt.ReadOnly(), p.Inode(), uid, gid))
	})
}

// Fchown is fchown(2).
func Fchown(ctx *Context, fd int, uid, gid uint32) errno.Errno {
	return withFile(ctx, fd, func(f *File) errno.Errno {
		return f.changed(ownerChange(uid, gid), chown(ctx, f.readOnly(), f.Inode, uid, gid))
	})
}

func chown(ctx *Context, ro bool, i *Inode, uid, gid uint32) errno.Errno {
	if ro {
		return errno.EROFS
	}
	i.Lock.Lock()
	defer i.Lock.Unlock()
	c := ctx.Cred
	a := Attr{Valid: AttrCTime, CTime: Now()}
	owner := c.FSUID == i.uid()
	if uid != cred.KeepID {
		if !c.FSCapable(cred.Chown) && !(owner && uid == i.uid()) {
			return errno.EPERM
		}
		a.Valid |= AttrUID
		a.UID = uid
	}
	if gid != cred.KeepID {
		if !c.FSCapable(cred.Chown) && !(owner && (gid == i.gid() || c.InGroup(gid))) {
			return errno.EPERM
		}
		a.Valid |= AttrGID
		a.GID = gid
	}
	if mode := i.mode(); !i.IsDir() && mode&(S_ISUID|S_ISGID) != 0 {
		a.Valid |= AttrMode
		a.Mode = withoutPrivileges(mode)
	}
	return setAttr(ro, i, &a)
}

// withoutPrivileges drops set-user-ID, and set-group-ID where it is that and not mandatory locking.
func withoutPrivileges(mode uint32) uint32 {
	mode &^= S_ISUID
	if mode&0o010 != 0 {
		mode &^= S_ISGID
	}
	return mode & 0o7777
}

// dropPrivileges is called when an unprivileged writer changes the contents of a set-ID file. The inode is locked.
func (i *Inode) dropPrivileges(c *cred.Cred) {
	mode := i.mode()
	if mode&(S_ISUID|S_ISGID) == 0 || c.FSCapable(cred.FSetID) || i.Type() != S_IFREG {
		return
	}
	if m := withoutPrivileges(mode); m != mode&0o7777 {
		a := Attr{Valid: AttrMode | AttrCTime, Mode: m, CTime: Now()}
		setAttr(false, i, &a)
	}
}

// Nanoseconds values of utimensat(2).
const (
	UTIME_NOW  = 1<<30 - 1
	UTIME_OMIT = 1<<30 - 2
)

// Utimensat is utimensat(2) with a path; times is nil for "now".
func Utimensat(ctx *Context, dirfd int, path string, times *[2]Time, flags uint32) errno.Errno {
	if flags&^uint32(AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH) != 0 {
		return errno.EINVAL
	}
	return withPath(ctx, dirfd, path, lookupFlags(flags), func(p Path) errno.Errno {
		return p.changed(timesChange(times), utimes(ctx, p.Mnt.ReadOnly(), p.Inode(), times))
	})
}

// Futimens is utimensat(2) with a null path.
func Futimens(ctx *Context, fd int, times *[2]Time) errno.Errno {
	return withFile(ctx, fd, func(f *File) errno.Errno {
		return f.changed(timesChange(times), utimes(ctx, f.readOnly(), f.Inode, times))
	})
}

func utimes(ctx *Context, ro bool, i *Inode, times *[2]Time) errno.Errno {
	now := Now()
	a := Attr{Valid: AttrATime | AttrMTime | AttrCTime, ATime: now, MTime: now, CTime: now}
	explicit := false
	if times != nil {
		for _, t := range times {
			if t.Nsec != UTIME_NOW && t.Nsec != UTIME_OMIT && (t.Nsec < 0 || t.Nsec >= 1e9) {
				return errno.EINVAL
			}
			explicit = explicit || t.Nsec != UTIME_NOW
		}
		if times[0].Nsec == UTIME_OMIT && times[1].Nsec == UTIME_OMIT {
			return errno.OK
		}
		chooseTime(&a, AttrATime, &a.ATime, times[0])
		chooseTime(&a, AttrMTime, &a.MTime, times[1])
	}
	if ro {
		return errno.EROFS
	}
	i.Lock.Lock()
	defer i.Lock.Unlock()
	if !i.owns(ctx.Cred) {
		if explicit {
			return errno.EPERM
		}
		if err := i.permission(ctx.Cred, MayWrite); err != errno.OK {
			return err
		}
	}
	return setAttr(ro, i, &a)
}

func chooseTime(a *Attr, which uint32, at *Time, t Time) {
	switch t.Nsec {
	case UTIME_NOW:
	case UTIME_OMIT:
		a.Valid &^= which
	default:
		*at = t
	}
}

// FileSizeLimit, if set, returns the caller's RLIMIT_FSIZE; a write or truncation beyond gives EFBIG, and OverLimit is
// called first (SIGXFSZ).
var (
	FileSizeLimit func() int64
	OverLimit     func()
)

// sizeAllowed checks a new file size.
func (i *Inode) sizeAllowed(size int64) errno.Errno {
	if size > i.SB.MaxBytes {
		return errno.EFBIG
	}
	if FileSizeLimit != nil && size > FileSizeLimit() {
		if OverLimit != nil {
			OverLimit()
		}
		return errno.EFBIG
	}
	return errno.OK
}

// Truncate is truncate(2).
func Truncate(ctx *Context, path string, size int64) errno.Errno {
	if size < 0 {
		return errno.EINVAL
	}
	return withPath(ctx, AtFDCWD, path, LookupFollow, func(p Path) errno.Errno {
		i := p.Inode()
		switch i.Type() {
		case S_IFDIR:
			return errno.EISDIR
		case S_IFREG:
		default:
			return errno.EINVAL
		}
		if err := p.mayAccess(ctx.Cred, MayWrite); err != errno.OK {
			return err
		}
		if !i.GetWriteAccess() {
			return errno.ETXTBSY
		}
		err := truncateAs(ctx.Cred, p.Mnt, i, size)
		i.PutWriteAccess()
		return p.changed(AttrSize, err)
	})
}

// Ftruncate is ftruncate(2).
func Ftruncate(ctx *Context, fd int, size int64) errno.Errno {
	if size < 0 {
		return errno.EINVAL
	}
	return withFile(ctx, fd, func(f *File) errno.Errno {
		if f.mode&fileWrite == 0 || f.Inode.Type() != S_IFREG {
			return errno.EINVAL
		}
		return f.Truncate(size)
	})
}

// Truncate sets the size of an open regular file, for the kernel's own use.
func (f *File) Truncate(size int64) errno.Errno {
	var m *Mount
	if f.mode&fileAnon == 0 {
		m = f.Path.Mnt
	}
	return f.changed(AttrSize, truncateAs(f.Cred, m, f.Inode, size))
}

func truncateAs(c *cred.Cred, m *Mount, i *Inode, size int64) errno.Errno {
	if err := i.sizeAllowed(size); err != errno.OK && size > i.Size() {
		return err
	}
	i.Lock.Lock()
	i.dropPrivileges(c)
	i.Lock.Unlock()
	return truncateInode(m, i, size, 0)
}

// truncateInode changes the size; m is nil for a file without mount.
func truncateInode(m *Mount, i *Inode, size int64, extra uint32) errno.Errno {
	if i.Flags&InodeNoSize != 0 {
		return errno.OK
	}
	now := Now()
	a := Attr{Valid: AttrSize | AttrMTime | AttrCTime | extra, Size: size, MTime: now, CTime: now}
	i.Lock.Lock()
	defer i.Lock.Unlock()
	return setAttr(m != nil && m.ReadOnly(), i, &a)
}

// Faccessat is faccessat2(2).
func Faccessat(ctx *Context, dirfd int, path string, mode, flags uint32) errno.Errno {
	if mode&^uint32(MayRead|MayWrite|MayExec) != 0 || flags&^uint32(AT_EACCESS|AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH) != 0 {
		return errno.EINVAL
	}
	c := ctx.Cred
	if flags&AT_EACCESS == 0 && (c.FSUID != c.UID || c.FSGID != c.GID) {
		c = c.Dup() // access(2) asks for the real identity
		if c == nil {
			return errno.ENOMEM
		}
		c.FSUID, c.FSGID, c.EUID = c.UID, c.GID, c.UID
		defer c.Put()
	}
	real := Context{Cred: c, FS: ctx.FS, Files: ctx.Files}
	return withPath(NoEscape(&real), dirfd, path, lookupFlags(flags&^AT_EACCESS), func(p Path) errno.Errno {
		if mode == 0 {
			return errno.OK
		}
		return p.mayAccess(c, mode)
	})
}

// Statfs is statfs(2).
func Statfs(ctx *Context, path string, st *StatFS) errno.Errno {
	return withPath(ctx, AtFDCWD, path, LookupFollow, func(p Path) errno.Errno { return p.Mnt.statfs(p.Dentry.sb, st) })
}

// Fstatfs is fstatfs(2).
func Fstatfs(ctx *Context, fd int, st *StatFS) errno.Errno {
	r, err := ctx.Files.AcquireAny(fd)
	if err != errno.OK {
		return err
	}
	var m *Mount
	if r.F.mode&fileAnon == 0 {
		m = r.F.Path.Mnt
	}
	err = m.statfs(r.F.Inode.SB, st)
	r.Release()
	return err
}

// stRelatime and stValid are ST_RELATIME and ST_VALID of f_flags; the lower bits agree with MS_*.
const (
	stValid    = 0x20
	stNoatime  = 0x400
	stNodirat  = 0x800
	stRelatime = 0x1000
)

func (m *Mount) statfs(sb *SuperBlock, st *StatFS) errno.Errno {
	st.Namelen, st.Type, st.Bsize = NameMax, sb.Magic, int64(sb.BlockSize)
	if err := sb.Ops.StatFS(sb, NoEscape(st)); err != errno.OK {
		return err
	}
	if st.Frsize == 0 {
		st.Frsize = st.Bsize
	}
	st.Flags = stValid
	if m == nil {
		return errno.OK
	}
	fl := m.Flags.Load() | sb.Flags.Load()&MS_RDONLY
	st.Flags |= int64(fl & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC))
	switch {
	case fl&MS_NOATIME != 0:
		st.Flags |= stNoatime
	case fl&MS_STRICTATIME == 0:
		st.Flags |= stRelatime
	}
	if fl&MS_NODIRATIME != 0 {
		st.Flags |= stNodirat
	}
	return errno.OK
}
