package devfs

import (
	"galago/kernel/errno"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// memMajor is the major number of the memory devices; their minors are Linux's.
const memMajor = 1

var memDevices = [...]struct {
	name  string
	minor uint32
	ops   vfs.FileOps
}{
	{"null", 3, nullOps{}},
	{"zero", 5, zeroOps{}},
	{"full", 7, fullOps{}},
	{"random", 8, randomOps{}},
	{"urandom", 9, randomOps{}},
}

// anyPosition is a device that ignores its position: seeking succeeds and gives 0, as on Linux (null_lseek).
type anyPosition struct{ vfs.NoFileOps }

// Seek goes nowhere.
func (anyPosition) Seek(f *vfs.File, off int64, whence int) (int64, errno.Errno) { return 0, errno.OK }

// drop takes all there is to write and forgets it.
func drop(it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	n := it.Len()
	it.Skip(n)
	return n, pos + int64(n), errno.OK
}

// nullOps is /dev/null.
type nullOps struct{ anyPosition }

// Read is at the end of the file.
func (nullOps) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) { return 0, errno.OK }

// Write forgets.
func (nullOps) Write(f *vfs.File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	return drop(it, pos)
}

// zeroOps is /dev/zero.
type zeroOps struct{ anyPosition }

// Read gives zeroes.
func (zeroOps) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	return it.Zero(it.Len())
}

// Write forgets.
func (zeroOps) Write(f *vfs.File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	return drop(it, pos)
}

// Mmap gives anonymous memory.
func (zeroOps) Mmap(f *vfs.File, m *vfs.MapRequest) errno.Errno {
	m.Object, m.Phys = nil, 0
	return errno.OK
}

// fullOps is /dev/full.
type fullOps struct{ anyPosition }

// Read gives zeroes.
func (fullOps) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	return it.Zero(it.Len())
}

// Write finds no space.
func (fullOps) Write(f *vfs.File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	return 0, pos, errno.ENOSPC
}

// randomOps is /dev/random and /dev/urandom, which are the same once the generator is seeded.
type randomOps struct{ anyPosition }

// Read gives random bytes.
func (randomOps) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	return FillRandom(it)
}

// Write mixes what is written into the generator's state.
func (randomOps) Write(f *vfs.File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	n, err := mixFrom(it)
	return n, pos + int64(n), err
}
