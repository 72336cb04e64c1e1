package vfs

import "galago/kernel/errno"

// openat2(2): opening with restrictions on the walk. A walk that must stay below a directory, or takes it for the root, has a root of its
// own in its context.

// Restrictions of a walk.
const (
	ResolveNoXdev       = 1 << iota // no mount may be crossed
	ResolveNoMagiclinks             // no link that leads to a place and not to a text may be followed
	ResolveNoSymlinks
	ResolveBeneath // the walk may not leave the directory it starts in
	ResolveInRoot  // that directory is the root
	ResolveCached  // only what is cached may be used

	resolveAll = 1<<iota - 1
)

// How is struct open_how.
type How struct{ Flags, Mode, Resolve uint64 }

// Check tells whether the flags agree with each other, which openat2 demands. EINVAL; EAGAIN for a restriction that asks for speed only.
func (h *How) Check() errno.Errno {
	const known = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_DSYNC | O_ASYNC | O_DIRECT |
		O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_SYNC | O_PATH | O_TMPFILE
	const withPath = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC
	const scopes = ResolveBeneath | ResolveInRoot
	makes := h.Flags&O_CREAT != 0 || h.Flags&(O_TMPFILE&^O_DIRECTORY) != 0
	switch {
	case h.Flags&^known != 0, h.Resolve&^resolveAll != 0, h.Resolve&scopes == scopes:
		return errno.EINVAL
	case makes && h.Mode&^0o7777 != 0, !makes && h.Mode != 0:
		return errno.EINVAL
	case h.Flags&O_TMPFILE&^O_DIRECTORY != 0 && (h.Flags&O_TMPFILE != O_TMPFILE || h.Flags&O_ACCMODE == O_RDONLY):
		return errno.EINVAL
	case h.Flags&O_PATH != 0 && h.Flags&^withPath != 0:
		return errno.EINVAL
	case h.Resolve&ResolveCached != 0:
		return errno.EAGAIN // allowed whenever the kernel would have to look further
	}
	return errno.OK
}

// OpenHow is openat2(2) up to the descriptor; h has been checked.
func OpenHow(ctx *Context, dirfd int, path string, h *How) (*File, errno.Errno) {
	inside := *ctx
	inside.resolve = uint32(h.Resolve)
	if h.Resolve&(ResolveBeneath|ResolveInRoot) == 0 {
		return Open(NoEscape(&inside), dirfd, path, uint32(h.Flags), uint32(h.Mode))
	}
	base, err := ctx.startAt(dirfd)
	if err != errno.OK {
		return nil, err
	}
	if path != "" && !base.Inode().IsDir() {
		base.Put()
		return nil, errno.ENOTDIR
	}
	inside.FS = NewFSInfo(base)
	base.Put()
	if inside.FS == nil {
		return nil, errno.ENOMEM
	}
	inside.FS.SetUmask(ctx.FS.Umask())
	f, err := Open(NoEscape(&inside), AtFDCWD, path, uint32(h.Flags), uint32(h.Mode))
	inside.FS.Put()
	return f, err
}

// mayJump tells whether a link may be followed that leads to a place.
func (w *walk) mayJump() errno.Errno {
	switch r := w.ctx.resolve; {
	case r&ResolveNoMagiclinks != 0:
		return errno.ELOOP
	case r&(ResolveBeneath|ResolveInRoot) != 0:
		return errno.EXDEV
	}
	return errno.OK
}

// toRoot goes to the root directory, where an absolute link leads.
func (w *walk) toRoot() errno.Errno {
	if w.ctx.resolve&ResolveBeneath != 0 {
		return errno.EXDEV
	}
	from := w.path
	w.path = w.ctx.FS.Root()
	w.inode = w.path.Inode()
	crossed := w.path.Mnt != from.Mnt
	from.Put()
	if crossed && w.ctx.resolve&ResolveNoXdev != 0 {
		return errno.EXDEV
	}
	return errno.OK
}
