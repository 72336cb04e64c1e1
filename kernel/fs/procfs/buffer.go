package procfs

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/mem"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Buffer collects a file's text. When it is full, what follows is dropped and Full reports it: the generator is then run again
// with a larger one.
type Buffer struct {
	b    []byte // from mem.AllocBytes
	n    int
	full bool
}

// maxText bounds a generated file.
const maxText = 4 << 20

var bufferCache = mem.Cache[Buffer]{Name: "proc_buffer"}

// Full tells whether something did not fit, so that a generator may stop early.
func (b *Buffer) Full() bool { return b.full }

// Len returns the number of bytes written.
func (b *Buffer) Len() int { return b.n }

// Printf appends formatted text (klog.Format).
func (b *Buffer) Printf(format string, args ...any) {
	n := klog.Format(b.b[b.n:], format, args...)
	b.n += n
	b.full = b.full || b.n == len(b.b)
}

// WriteString appends a string.
func (b *Buffer) WriteString(s string) {
	n := copy(b.b[b.n:], s)
	b.n += n
	b.full = b.full || n < len(s)
}

// Write appends bytes.
func (b *Buffer) Write(p []byte) {
	n := copy(b.b[b.n:], p)
	b.n += n
	b.full = b.full || n < len(p)
}

// WriteEscaped appends a path with blanks, newlines and backslashes as octal escapes, as /proc/mounts needs.
func (b *Buffer) WriteEscaped(p []byte) {
	for _, c := range p {
		switch c {
		case ' ', '\t', '\n', '\\':
			esc := [4]byte{'\\', '0' + c>>6, '0' + c>>3&7, '0' + c&7}
			b.Write(esc[:])
		default:
			one := [1]byte{c}
			b.Write(one[:])
		}
	}
}

// Tail returns room for up to n bytes, which Advance then makes part of the text; nil when there is less.
func (b *Buffer) Tail(n int) []byte {
	if len(b.b)-b.n < n {
		b.full = true
		return nil
	}
	return b.b[b.n : b.n+n]
}

// Advance adds n bytes that were written to Tail.
func (b *Buffer) Advance(n int) { b.n += n }

func (b *Buffer) free() {
	if b.b != nil {
		mem.FreeBytes(b.b)
		b.b = nil
	}
}

// generate runs the entry's generator, with as much room as it needs.
func (n *node) generate(b *Buffer) errno.Errno {
	for size := 4096; ; size *= 4 {
		if len(b.b) < size {
			b.free()
			if b.b = mem.AllocBytes(size); b.b == nil {
				return errno.ENOMEM
			}
		}
		b.n, b.full = 0, false
		if err := n.entry.run(n, b); err != errno.OK {
			return err
		}
		if !b.full {
			return errno.OK
		}
		if size >= maxText {
			return errno.EFBIG
		}
	}
}

// fileOps is an open generated file. The buffer is guarded by the file's position lock, which Read holds; a pread meanwhile
// is excluded by the inode's lock.
type fileOps struct{ vfs.NoFileOps }

// Open checks that the caller may look, and makes an empty buffer.
func (fileOps) Open(i *vfs.Inode, f *vfs.File) errno.Errno {
	n := nodeOf(i)
	if n.entry.private && !Source.MayInspect(n.pid) {
		return errno.EACCES
	}
	b := bufferCache.Alloc()
	if b == nil {
		return errno.ENOMEM
	}
	f.Private = unsafe.Pointer(b)
	return errno.OK
}

// Release frees the buffer.
func (fileOps) Release(f *vfs.File) {
	b := (*Buffer)(f.Private)
	b.free()
	bufferCache.Free(b)
}

// Read reads the text, made anew at the beginning of the file.
func (fileOps) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	b, n := (*Buffer)(f.Private), nodeOf(f.Inode)
	f.Inode.Lock.Lock()
	defer f.Inode.Lock.Unlock()
	if pos == 0 || b.b == nil {
		if err := n.generate(b); err != errno.OK {
			b.n = 0
			return 0, err
		}
	}
	if pos >= int64(b.n) {
		return 0, errno.OK
	}
	return it.CopyOut(b.b[pos:b.n])
}

// maxWrite bounds what can be written to a setting.
const maxWrite = 256

// Write hands what is written to the entry.
func (fileOps) Write(f *vfs.File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	n := nodeOf(f.Inode)
	if n.entry.write == nil {
		return 0, pos, errno.EINVAL
	}
	if it.Len() > maxWrite {
		return 0, pos, errno.EINVAL
	}
	var room [maxWrite]byte
	p := vfs.NoEscape(&room)
	k, err := it.CopyIn(p[:])
	if err == errno.OK {
		err = n.entry.write(n, trimNewline(p[:k]))
	}
	if err != errno.OK {
		return 0, pos, err
	}
	return k, pos + int64(k), errno.OK
}

func trimNewline(p []byte) []byte {
	for len(p) > 0 && (p[len(p)-1] == '\n' || p[len(p)-1] == 0) {
		p = p[:len(p)-1]
	}
	return p
}

// Seek moves freely; the end is not known.
func (fileOps) Seek(f *vfs.File, off int64, whence int) (int64, errno.Errno) {
	switch whence {
	case vfs.SeekSet:
	case vfs.SeekCur:
		off += f.Position()
	default:
		return 0, errno.EINVAL
	}
	if off < 0 {
		return 0, errno.EINVAL
	}
	return off, errno.OK
}
