package procfs

import (
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/vfs"
)

// Positions in a directory: 0 and 1 are the dots, then the entries, then, from numbers on, processes or descriptors, each
// at its number.
const numbers = 1 << 16

// dirOps is an open directory.
type dirOps struct{ vfs.DirFileOps }

// Open checks that the caller may list a process's descriptors.
func (dirOps) Open(i *vfs.Inode, f *vfs.File) errno.Errno {
	n := nodeOf(i)
	if (n.entry == fdDirEntry || n.entry == fdInfoDirEntry) && !Source.MayInspect(n.pid) {
		return errno.EACCES
	}
	return errno.OK
}

// ReadDir lists entries, then what is numbered.
func (dirOps) ReadDir(f *vfs.File, ctx *vfs.DirContext) errno.Errno {
	if !ctx.EmitDots(f) {
		return errno.OK
	}
	n := nodeOf(f.Inode)
	for ctx.Pos < numbers {
		e := n.entry.at(int(ctx.Pos) - 2)
		if e == nil {
			ctx.Pos = numbers
			break
		}
		if !ctx.Emit(e.name, inodeNumber(e, n.pid, n.tid, -1), vfs.DType(e.mode), ctx.Pos+1) {
			return errno.OK
		}
	}
	if Source == nil {
		return errno.OK
	}
	switch n.entry {
	case &rootEntry:
		for {
			pid := Source.EachPID(int(ctx.Pos - numbers))
			if pid == 0 || !emitNumber(ctx, pid, inodeNumber(&pidEntry, pid, 0, -1), vfs.DT_DIR, int64(pid)) {
				return errno.OK
			}
		}
	case taskDirEntry:
		for {
			tid := Source.EachTID(n.pid, int(ctx.Pos-numbers))
			if tid == 0 || !emitNumber(ctx, tid, inodeNumber(&taskEntry, n.pid, tid, -1), vfs.DT_DIR, int64(tid)) {
				return errno.OK
			}
		}
	case fdDirEntry:
		return listFDs(n, ctx, &fdEntry)
	case fdInfoDirEntry:
		return listFDs(n, ctx, &fdInfoEntry)
	}
	return errno.OK
}

// emitNumber emits an entry whose name is a number; after is what the position becomes, above numbers.
func emitNumber(ctx *vfs.DirContext, num int, ino uint64, typ uint8, after int64) bool {
	var room [12]byte
	b := vfs.NoEscape(&room)
	k := klog.Format(b[:], "%d", num)
	return ctx.Emit(str(b[:k]), ino, typ, numbers+after)
}

func listFDs(n *node, ctx *vfs.DirContext, e *Entry) errno.Errno {
	t := Source.Files(n.pid)
	if t == nil {
		return errno.ENOENT
	}
	defer t.Put()
	for {
		fd := t.Next(int(ctx.Pos - numbers))
		if fd < 0 || !emitNumber(ctx, fd, inodeNumber(e, n.pid, n.tid, fd), vfs.DType(e.mode), int64(fd)+1) {
			return errno.OK
		}
	}
}

// Fsync has nothing to write.
func (dirOps) Fsync(f *vfs.File, datasync bool) errno.Errno { return errno.EINVAL }

// Links.

func readSelf(n *node, buf []byte) (int, errno.Errno) {
	if Source == nil {
		return 0, errno.ENOENT
	}
	pid, _ := Source.Self()
	return klog.Format(buf, "%d", pid), errno.OK
}

func readThreadSelf(n *node, buf []byte) (int, errno.Errno) {
	if Source == nil {
		return 0, errno.ENOENT
	}
	pid, tid := Source.Self()
	return klog.Format(buf, "%d/task/%d", pid, tid), errno.OK
}

func readMountsLink(n *node, buf []byte) (int, errno.Errno) {
	return copy(buf, "self/mounts"), errno.OK
}

func readNetLink(n *node, buf []byte) (int, errno.Errno) { return copy(buf, "self/net"), errno.OK }

func readPIDLink(n *node, buf []byte) (int, errno.Errno) {
	p, ok := Source.Path(n.pid, n.entry.link.which)
	if !ok {
		return 0, errno.ENOENT
	}
	defer p.Put()
	return vfs.PathName(Source.Context(), p, buf)
}

func readFDLink(n *node, buf []byte) (int, errno.Errno) {
	f := fileOf(n.pid, n.fd)
	if f == nil {
		return 0, errno.ENOENT
	}
	defer f.Put()
	if !f.Anonymous() {
		return vfs.PathName(Source.Context(), f.Path, buf)
	}
	switch f.Inode.Type() {
	case vfs.S_IFIFO:
		return klog.Format(buf, "pipe:[%d]", f.Inode.Ino), errno.OK
	case vfs.S_IFSOCK:
		return klog.Format(buf, "socket:[%d]", f.Inode.Ino), errno.OK
	}
	if k := kindOf(f); k != nil {
		return klog.Format(buf, "anon_inode:%s", k.name), errno.OK
	}
	return klog.Format(buf, "anon_inode:[%d]", f.Inode.Ino), errno.OK
}
