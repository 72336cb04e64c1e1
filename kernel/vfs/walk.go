package vfs

import (
	"galago/kernel/errno"
	"galago/kernel/mem"
)

// Lookup flags.
const (
	LookupFollow    = 1 << iota // follow a symbolic link in the last component
	LookupDirectory             // the result must be a directory
	LookupEmpty                 // an empty path means the starting point itself
	LookupRemovable             // (parent walks) "." and ".." as last component are errors of their own
)

// walk is a path walk under way. path always has references; buf is where a path with symbolic links put in is kept.
type walk struct {
	ctx   *Context
	path  Path
	inode *Inode // path's
	links int    // symbolic links followed
	buf   []byte // from mem.AllocBytes, or nil

	// The last component, for walks that stop before it.
	last     string
	hash     uint32
	kind     uint8
	trailing bool // followed by slashes

	keep bool // create leaves the new name in made, with a reference
	made *Dentry
}

// Kinds of last component.
const (
	lastNormal = iota
	lastRoot   // the path was all slashes
	lastDot
	lastDotDot
)

// startAt returns the directory that dirfd names, with references.
func (ctx *Context) startAt(dirfd int) (Path, errno.Errno) {
	if dirfd == AtFDCWD {
		return ctx.FS.Cwd(), errno.OK
	}
	ref, err := ctx.Files.AcquireAny(dirfd)
	if err != errno.OK {
		return Path{}, err
	}
	if ref.F.mode&fileAnon != 0 {
		ref.Release()
		return Path{}, errno.ENOTDIR
	}
	p := ref.F.Path.Get()
	ref.Release()
	return p, errno.OK
}

// begin sets the starting point of a walk along path, which is not empty.
func (w *walk) begin(ctx *Context, dirfd int, path string) errno.Errno {
	w.ctx = ctx
	if path[0] == '/' {
		if ctx.resolve&ResolveBeneath != 0 {
			return errno.EXDEV
		}
		w.path = ctx.FS.Root()
	} else {
		p, err := ctx.startAt(dirfd)
		if err != errno.OK {
			return err
		}
		w.path = p
	}
	w.inode = w.path.Inode()
	return errno.OK
}

// end gives up what the walk holds, except path.
func (w *walk) end() {
	if w.buf != nil {
		mem.FreeBytes(w.buf)
	}
}

// fail gives up everything.
func (w *walk) fail(err errno.Errno) errno.Errno {
	w.path.Put()
	w.end()
	return err
}

// Lookup walks a path and returns where it leads, with references.
func Lookup(ctx *Context, dirfd int, path string, flags uint32) (Path, errno.Errno) {
	if path == "" {
		if flags&LookupEmpty == 0 {
			return Path{}, errno.ENOENT
		}
		return ctx.startAt(dirfd)
	}
	var w walk
	if err := w.begin(ctx, dirfd, path); err != errno.OK {
		return Path{}, err
	}
	err := w.parent(path)
	for err == errno.OK {
		var rest string
		var again bool
		rest, again, err = w.final(flags)
		if !again {
			break
		}
		err = w.parent(rest)
	}
	if err == errno.OK && (flags&LookupDirectory != 0 || w.trailing) && !w.inode.IsDir() {
		err = errno.ENOTDIR
	}
	if err != errno.OK {
		return Path{}, w.fail(err)
	}
	w.end()
	return w.path, errno.OK
}

// parent walks all components of p but the last, which it leaves in w.last; path is the directory then.
func (w *walk) parent(p string) errno.Errno {
	p = skipSlashes(p)
	w.last, w.kind, w.trailing = "", lastRoot, false
	for p != "" {
		if !w.inode.IsDir() {
			return errno.ENOTDIR
		}
		if !w.inode.maySearch(w.ctx.Cred) {
			return errno.EACCES
		}
		n, hash := 0, uint32(0)
		for n < len(p) && p[n] != '/' {
			hash = hashByte(hash, p[n])
			n++
		}
		name := p[:n]
		rest := skipSlashes(p[n:])
		w.kind = lastNormal
		if name[0] == '.' {
			if n == 1 {
				w.kind = lastDot
			} else if n == 2 && name[1] == '.' {
				w.kind = lastDotDot
			}
		}
		if rest == "" {
			w.last, w.hash, w.trailing = name, hash, n < len(p)
			if n > NameMax {
				return errno.ENAMETOOLONG
			}
			return errno.OK
		}
		if n > NameMax {
			return errno.ENAMETOOLONG
		}
		next, err := w.step(name, hash, rest)
		if err != errno.OK {
			return err
		}
		p = skipSlashes(next) // an absolute link begins with some
	}
	return errno.OK
}

func skipSlashes(p string) string {
	for len(p) > 0 && p[0] == '/' {
		p = p[1:]
	}
	return p
}

// step walks one component and returns what is left of the path: rest, or rest with a symbolic link put before it.
func (w *walk) step(name string, hash uint32, rest string) (string, errno.Errno) {
	switch w.kind {
	case lastDot:
		return rest, errno.OK
	case lastDotDot:
		return rest, w.dotDot()
	}
	d, err := w.path.Dentry.lookup(name, hash)
	if err != errno.OK {
		return "", err
	}
	i := d.Inode()
	if i == nil {
		d.Put()
		return "", errno.ENOENT
	}
	if i.Type() == S_IFLNK {
		return w.follow(d, i, rest)
	}
	return rest, w.descend(d)
}

// descend makes d, a child of the present place whose reference is taken over, the present place, and goes into what is mounted there.
func (w *walk) descend(d *Dentry) errno.Errno {
	old := w.path.Dentry
	w.path.Dentry = d
	old.Put()
	if d.state.Load()&dMounted != 0 {
		return w.enterMount()
	}
	w.inode = w.path.Inode()
	return errno.OK
}

// enterMount goes into what is mounted at the present place.
func (w *walk) enterMount() errno.Errno {
	from := w.path.Mnt
	w.path.crossDown()
	w.inode = w.path.Inode()
	if w.path.Mnt != from && w.ctx.resolve&ResolveNoXdev != 0 {
		return errno.EXDEV
	}
	return errno.OK
}

// dotDot goes to the parent directory, which for the root is itself.
func (w *walk) dotDot() errno.Errno {
	for {
		if w.ctx.FS.isRoot(w.path) {
			if w.ctx.resolve&ResolveBeneath != 0 {
				return errno.EXDEV
			}
			break
		}
		if d := w.path.Dentry; d != w.path.Mnt.Root {
			treeLock.Lock()
			p := d.parent.Get()
			treeLock.Unlock()
			w.path.Dentry = p
			d.Put()
			break
		}
		if !w.path.crossUp() {
			break
		}
		if w.ctx.resolve&ResolveNoXdev != 0 {
			return errno.EXDEV
		}
	}
	return w.enterMount()
}

// final walks the last component. again: it was a symbolic link to follow, and rest is the path to go on with.
func (w *walk) final(flags uint32) (rest string, again bool, err errno.Errno) {
	switch w.kind {
	case lastRoot, lastDot:
		return "", false, errno.OK
	case lastDotDot:
		return "", false, w.dotDot()
	}
	d, err := w.path.Dentry.lookup(w.last, w.hash)
	if err != errno.OK {
		return "", false, err
	}
	i := d.Inode()
	if i == nil {
		d.Put()
		return "", false, errno.ENOENT
	}
	if i.Type() == S_IFLNK && (flags&LookupFollow != 0 || w.trailing) {
		rest, err = w.followLast(d, i)
		return rest, rest != "", err
	}
	return "", false, w.descend(d)
}

// followLast follows a link in the last component, keeping the slashes behind it in mind.
func (w *walk) followLast(d *Dentry, i *Inode) (string, errno.Errno) {
	slash := ""
	if w.trailing {
		slash = "/"
	}
	if !mayFollow(w.ctx.Cred, w.inode, i) {
		d.Put()
		return "", errno.EACCES
	}
	return w.follow(d, i, slash)
}

// follow puts the target of the symbolic link d (whose reference is given up) before rest. An absolute target starts at the
// root, any other where the link is.
func (w *walk) follow(d *Dentry, i *Inode, rest string) (string, errno.Errno) {
	w.links++
	if w.links > MaxLinks || w.ctx.resolve&ResolveNoSymlinks != 0 {
		d.Put()
		return "", errno.ELOOP
	}
	if i.Jump != nil {
		if err := w.mayJump(); err != errno.OK {
			d.Put()
			return "", err
		}
		to, ok := i.Jump(i)
		d.Put()
		if !ok {
			return "", errno.ENOENT
		}
		if w.ctx.resolve&ResolveNoXdev != 0 && to.Mnt != w.path.Mnt {
			to.Put()
			return "", errno.EXDEV
		}
		w.path.Put()
		w.path = to
		w.inode = to.Inode()
		if rest == "/" {
			rest = "."
		}
		if rest == "" {
			w.kind, w.trailing = lastDot, false
		}
		return rest, errno.OK
	}
	// Target, slash, rest. PathMax bounds each target; the rest may grow with every link, up to 40 of them.
	buf := mem.AllocBytes(PathMax + 1 + len(rest))
	if buf == nil {
		d.Put()
		return "", errno.ENOMEM
	}
	n, err := i.Ops.Readlink(i, buf[:PathMax])
	if err == errno.OK && n >= PathMax {
		err = errno.ENAMETOOLONG
	}
	if err == errno.OK && n == 0 {
		err = errno.ENOENT
	}
	i.linkAccessed(w.path.Mnt)
	d.Put()
	if err != errno.OK {
		mem.FreeBytes(buf)
		return "", err
	}
	if rest != "" && rest != "/" {
		buf[n] = '/'
		n++
	}
	n += copy(buf[n:], rest)
	w.end() // rest may have been in the old buffer
	w.buf = buf
	if buf[0] == '/' {
		if err := w.toRoot(); err != errno.OK {
			return "", err
		}
	}
	return bytesString(buf[:n]), errno.OK
}
