package vfs

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
)

// permission checks the access want (May…) to an inode: the classic bits, which the superuser overrides, except that
// executing needs an x bit somewhere.
func (i *Inode) permission(c *cred.Cred, want uint32) errno.Errno {
	mode := i.mode()
	if c.FSUID == i.uid() {
		mode >>= 6
	} else if mode&0o070>>3 != mode&0o007 && c.InGroup(i.gid()) {
		mode >>= 3
	}
	if want&^mode&7 == 0 {
		return errno.OK
	}
	return i.override(c, want)
}

// override is the superuser's privilege.
func (i *Inode) override(c *cred.Cred, want uint32) errno.Errno {
	mode := i.mode()
	if c.FSCapable(cred.DACOverride) && (mode&S_IFMT == S_IFDIR || want&MayExec == 0 || mode&0o111 != 0) {
		return errno.OK
	}
	return errno.EACCES
}

// maySearch is permission(MayExec) of a directory, for each step of a path walk: nearly always all x bits are set.
func (i *Inode) maySearch(c *cred.Cred) bool {
	return i.mode()&0o111 == 0o111 || i.permission(c, MayExec) == errno.OK
}

// mayAccess is permission with the read-only and no-exec rules of mounts.
func (p Path) mayAccess(c *cred.Cred, want uint32) errno.Errno {
	i := p.Inode()
	if want&MayWrite != 0 && p.Mnt.ReadOnly() {
		switch i.Type() {
		case S_IFREG, S_IFDIR, S_IFLNK:
			return errno.EROFS
		}
	}
	if want&MayExec != 0 && i.Type() == S_IFREG && p.Mnt.Flags.Load()&MS_NOEXEC != 0 {
		return errno.EACCES
	}
	return i.permission(c, want)
}

// owns tells whether c may do what only the owner may.
func (i *Inode) owns(c *cred.Cred) bool {
	return c.FSUID == i.uid() || c.FSCapable(cred.FOwner)
}

// mayDelete checks whether the name of victim may be removed from dir: write and search permission, the sticky bit,
// and the type asked for.
func mayDelete(c *cred.Cred, dir, victim *Inode, wantDir bool) errno.Errno {
	if err := dir.permission(c, MayWrite|MayExec); err != errno.OK {
		return err
	}
	if dir.mode()&S_ISVTX != 0 && c.FSUID != victim.uid() && c.FSUID != dir.uid() && !c.FSCapable(cred.FOwner) {
		return errno.EPERM
	}
	if wantDir && !victim.IsDir() {
		return errno.ENOTDIR
	}
	if !wantDir && victim.IsDir() {
		return errno.EISDIR
	}
	return errno.OK
}

// newOwner returns owner and mode of what is being created in dir, by the caller's identity and the set-group-ID bit
// of the directory.
func (ctx *Context) newOwner(dir *Inode, mode uint32) (uint32, Owner) {
	own := Owner{ctx.Cred.FSUID, ctx.Cred.FSGID}
	if dir.mode()&S_ISGID != 0 {
		own.GID = dir.gid()
		if mode&S_IFMT == S_IFDIR {
			mode |= S_ISGID
		} else if mode&(S_ISGID|0o010) == S_ISGID|0o010 && !ctx.Cred.InGroup(own.GID) && !ctx.Cred.FSCapable(cred.FSetID) {
			mode &^= S_ISGID
		}
	}
	return mode, own
}
