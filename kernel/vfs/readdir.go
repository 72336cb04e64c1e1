package vfs

import (
	"galago/kernel/errno"
	"galago/kernel/uio"
)

// DirContext collects directory entries for whoever reads a directory. FileOps.ReadDir calls Emit.
type DirContext struct {
	// Pos is the cookie of the next entry to emit; 0 and 1 are "." and "..". Emit advances it.
	Pos int64
	// Actor takes one entry and tells whether it had room for it.
	Actor func(c *DirContext, name string, ino uint64, typ uint8, next int64) bool

	it  *uio.Iter
	n   int         // bytes stored
	err errno.Errno // first failure
}

// Emit hands over the entry at cookie c.Pos; next is the cookie of the entry after it. False: stop, the entry was
// not taken.
func (c *DirContext) Emit(name string, ino uint64, typ uint8, next int64) bool {
	if !c.Actor(c, name, ino, typ, next) {
		return false
	}
	c.Pos = next
	return true
}

// EmitDots emits "." and ".." if they are due (cookies 0 and 1). File systems whose directories do not store them
// call it first; their own cookies begin at 2.
func (c *DirContext) EmitDots(f *File) bool {
	if c.Pos == 0 && !c.Emit(".", f.Inode.Ino, DT_DIR, 1) {
		return false
	}
	if c.Pos == 1 {
		return c.Emit("..", f.Path.parentIno(), DT_DIR, 2)
	}
	return true
}

// dirent64 is the fixed part of struct linux_dirent64: d_ino, d_off, d_reclen, d_type.
const (
	direntHeader = 19
	direntMax    = (direntHeader + NameMax + 1 + 7) &^ 7
)

// emitDirent64 encodes an entry as getdents64(2) wants it.
func emitDirent64(c *DirContext, name string, ino uint64, typ uint8, next int64) bool {
	size := (direntHeader + len(name) + 1 + 7) &^ 7
	if len(name) > NameMax {
		c.err = errno.EIO
		return false
	}
	if size > c.it.Len() {
		if c.n == 0 {
			c.err = errno.EINVAL
		}
		return false
	}
	var rec [direntMax]byte
	putUint64(rec[0:], ino)
	putUint64(rec[8:], uint64(next))
	rec[16], rec[17], rec[18] = byte(size), byte(size>>8), typ
	copy(rec[direntHeader:], name)
	if n, err := c.it.CopyOut(rec[:size]); n < size {
		c.err = err
		if err == errno.OK {
			c.err = errno.EFAULT
		}
		return false
	}
	c.n += size
	return true
}

// emitDirent encodes an entry as the old getdents(2) wants it: without the type's own field, the type in the last byte.
func emitDirent(c *DirContext, name string, ino uint64, typ uint8, next int64) bool {
	const header = 18 // d_ino, d_off, d_reclen
	size := (header + len(name) + 2 + 7) &^ 7
	if len(name) > NameMax {
		c.err = errno.EIO
		return false
	}
	if size > c.it.Len() {
		if c.n == 0 {
			c.err = errno.EINVAL
		}
		return false
	}
	var rec [direntMax]byte
	putUint64(rec[0:], ino)
	putUint64(rec[8:], uint64(next))
	rec[16], rec[17] = byte(size), byte(size>>8)
	copy(rec[header:], name)
	rec[size-1] = typ
	if n, err := c.it.CopyOut(rec[:size]); n < size {
		c.err = err
		if err == errno.OK {
			c.err = errno.EFAULT
		}
		return false
	}
	c.n += size
	return true
}

func putUint64(b []byte, v uint64) {
	_ = b[7]
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	b[4], b[5], b[6], b[7] = byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56)
}

// GetDents64 reads directory entries at the file's position into it, as getdents64(2) returns them.
func (f *File) GetDents64(it *uio.Iter) (int, errno.Errno) { return f.getDents(it, emitDirent64) }

// GetDents does it as getdents(2).
func (f *File) GetDents(it *uio.Iter) (int, errno.Errno) { return f.getDents(it, emitDirent) }

func (f *File) getDents(it *uio.Iter, actor func(c *DirContext, name string, ino uint64, typ uint8, next int64) bool) (int, errno.Errno) {
	var c DirContext
	c.Actor, c.it = actor, it
	err := f.iterate(NoEscape(&c))
	if c.n > 0 {
		return c.n, errno.OK
	}
	if err == errno.OK {
		err = c.err
	}
	return 0, err
}

// ReadDir calls the context's Actor for the entries from the file's position on.
func (f *File) ReadDir(c *DirContext) errno.Errno {
	err := f.iterate(c)
	if err == errno.OK {
		err = c.err
	}
	return err
}

func (f *File) iterate(c *DirContext) errno.Errno {
	if f.mode&fileRead == 0 {
		return errno.EBADF
	}
	i := f.Inode
	if i.Mode&S_IFMT != S_IFDIR {
		return errno.ENOTDIR
	}
	locked := f.lockPos()
	i.Lock.RLock()
	err := errno.ENOENT // the directory has been removed
	if !i.deadDir() {
		c.Pos = f.pos
		err = f.Ops.ReadDir(f, c)
		f.pos = c.Pos
	}
	i.Lock.RUnlock()
	f.unlockPos(locked)
	f.accessed()
	if err == errno.OK && watched() {
		f.notify(NotifyAccess)
	}
	return err
}
