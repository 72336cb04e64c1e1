package tmpfs

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Files without a name, and seals: memfd_create(2), fcntl(2). Seals are changed under the inode's lock, as are the size and the contents
// they protect; mappings are counted by their object, so that a seal on writing and a writable mapping exclude each other.

// Seals.
const (
	SealSeal = 1 << iota
	SealShrink
	SealGrow
	SealWrite
	SealFutureWrite
	SealExec

	allSeals   = 1<<iota - 1
	noStores   = SealWrite | SealFutureWrite
	execBits   = 0o111
	sealedExec = SealShrink | SealGrow | SealWrite | SealFutureWrite // what sealing a program's mode implies
)

// unnamed is the root of the volume of files without a name.
var unnamed vfs.Path

// MountUnnamed mounts that volume, at boot.
func MountUnnamed() (err errno.Errno) {
	unnamed, err = vfs.KernMount(&Type, nil, 0, "size=90%")
	return err
}

// NewFile makes a file without a name, open for reading and writing, that shows up under the given one in /proc. mode are its permission
// bits, seals those it begins with.
func NewFile(name string, mode, seals uint32, c *cred.Cred) (*vfs.File, errno.Errno) {
	i, err := newNode(unnamed.Dentry.SB(), vfs.S_IFREG|mode, vfs.Owner{UID: c.FSUID, GID: c.FSGID})
	if err != errno.OK {
		return nil, err
	}
	i.SetNlink(0)
	nodeOf(i).seals.Store(seals)
	i.MayWrite = mayWrite
	return unnamed.OpenUnlinked(i, name, vfs.O_RDWR|vfs.O_LARGEFILE, c)
}

// sealedFile returns the node of a regular file of a tmpfs, or EINVAL.
func sealedFile(f *vfs.File) (*node, errno.Errno) {
	if _, ok := f.Ops.(fileOps); !ok {
		return nil, errno.EINVAL
	}
	return nodeOf(f.Inode), errno.OK
}

// Seals returns a file's seals: F_GET_SEALS. EINVAL.
func Seals(f *vfs.File) (uint32, errno.Errno) {
	n, err := sealedFile(f)
	if err != errno.OK {
		return 0, err
	}
	return n.seals.Load(), errno.OK
}

// AddSeals is F_ADD_SEALS. EINVAL, EPERM, EBUSY.
func AddSeals(f *vfs.File, add uint32) errno.Errno {
	if !f.Writable() {
		return errno.EPERM
	}
	if add&^allSeals != 0 {
		return errno.EINVAL
	}
	n, err := sealedFile(f)
	if err != errno.OK {
		return err
	}
	n.Lock.Lock()
	defer n.Lock.Unlock()
	have := n.seals.Load()
	if have&SealSeal != 0 {
		return errno.EPERM
	}
	if add&SealExec != 0 && n.Mode&execBits != 0 {
		add |= sealedExec
	}
	if add&SealWrite != 0 && have&SealWrite == 0 && !n.Pages.DenyWriters() {
		return errno.EBUSY
	}
	n.seals.Store(have | add)
	return errno.OK
}

// mayWrite refuses what the seals forbid. As on Linux, of a write that would make a file grow that must not, the whole pages that
// lie in the file are written.
func mayWrite(i *vfs.Inode, it *uio.Iter, pos int64) errno.Errno {
	s, size := nodeOf(i).seals.Load(), i.Size()
	if s&noStores != 0 {
		return errno.EPERM
	}
	if s&SealGrow != 0 && pos+int64(it.Len()) > size {
		if size &^= pageSize - 1; pos >= size {
			return errno.EPERM
		}
		it.Truncate(int(size - pos))
	}
	return errno.OK
}

// Mmap refuses stores that the seals forbid.
func (o fileOps) Mmap(f *vfs.File, m *vfs.MapRequest) errno.Errno {
	const protWrite = 2
	if m.Shared && nodeOf(f.Inode).seals.Load()&noStores != 0 {
		if m.Prot&protWrite != 0 {
			return errno.EPERM
		}
		m.NoStores = true
	}
	return o.GenericFileOps.Mmap(f, m)
}

// resizable tells whether the seals allow a new size.
func (n *node) resizable(size int64) bool {
	s := n.seals.Load()
	return !(size < n.Size() && s&SealShrink != 0 || size > n.Size() && s&SealGrow != 0)
}
