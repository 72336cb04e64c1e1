package vfs

import (
	"sync/atomic"

	"galago/kernel/cred"
	"galago/kernel/errno"
)

// Protected holds the settings of /proc/sys/fs/protected_*: rules against tricks with files of others in shared
// directories such as /tmp. The defaults are those of the distributions (proc(5)).
var Protected struct {
	Hardlinks, Symlinks, FIFOs, Regular atomic.Int32
}

func init() {
	Protected.Hardlinks.Store(1)
	Protected.Symlinks.Store(1)
	Protected.FIFOs.Store(1)
	Protected.Regular.Store(2)
}

// mayLink: only who owns a file, or may read and write it and it is an ordinary one, may give it another name.
func mayLink(c *cred.Cred, i *Inode) bool {
	if Protected.Hardlinks.Load() == 0 || i.owns(c) {
		return true
	}
	mode := i.mode()
	if i.Type() != S_IFREG || mode&S_ISUID != 0 || mode&(S_ISGID|0o010) == S_ISGID|0o010 {
		return false
	}
	return i.permission(c, MayRead|MayWrite) == errno.OK
}

// mayFollow: in a sticky directory that everybody may write to, the last component of a path may be a symbolic link only of the
// follower's or of the directory's owner.
func mayFollow(c *cred.Cred, dir, link *Inode) bool {
	if Protected.Symlinks.Load() == 0 || c.FSUID == link.uid() {
		return true
	}
	return dir.mode()&(S_ISVTX|0o002) != S_ISVTX|0o002 || dir.uid() == link.uid()
}

// mayReopen: O_CREAT does not open an existing file of somebody else in a sticky directory that others may write to.
func mayReopen(c *cred.Cred, dir, i *Inode) errno.Errno {
	level := int32(0)
	switch i.Type() {
	case S_IFIFO:
		level = Protected.FIFOs.Load()
	case S_IFREG:
		level = Protected.Regular.Load()
	}
	mode := dir.mode()
	if level == 0 || mode&S_ISVTX == 0 || i.uid() == dir.uid() || c.FSUID == i.uid() {
		return errno.OK
	}
	if mode&0o002 != 0 || mode&0o020 != 0 && level >= 2 {
		return errno.EACCES
	}
	return errno.OK
}
