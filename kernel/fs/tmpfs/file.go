package tmpfs

import (
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// fileOps is an open regular file.
type fileOps struct{ vfs.GenericFileOps }

// Fsync has nothing to write.
func (fileOps) Fsync(f *vfs.File, datasync bool) errno.Errno { return errno.OK }

// Seek finds data and holes page by page.
func (fileOps) Seek(f *vfs.File, off int64, whence int) (int64, errno.Errno) {
	if whence != vfs.SeekData && whence != vfs.SeekHole {
		return vfs.GenericSeek(f, off, whence)
	}
	size := f.Inode.Size()
	if off < 0 || off >= size {
		return 0, errno.ENXIO
	}
	pages := &f.Inode.Pages
	idx := uint64(off) / pageSize
	var found uint64
	if whence == vfs.SeekData {
		var ok bool
		if found, ok = pages.NextPage(idx); !ok || int64(found)*pageSize >= size {
			return 0, errno.ENXIO
		}
	} else {
		for found = idx; ; found++ {
			if at, ok := pages.NextPage(found); !ok || at != found {
				break
			}
		}
	}
	return min(max(int64(found)*pageSize, off), size), errno.OK
}

// Modes of fallocate(2).
const (
	keepSize  = 1
	punchHole = 2
)

// Fallocate allocates pages, or with PUNCH_HOLE frees them.
func (fileOps) Fallocate(f *vfs.File, mode uint32, off, n int64) errno.Errno {
	i := f.Inode
	i.Lock.Lock()
	defer i.Lock.Unlock()
	if mode == keepSize|punchHole {
		if nodeOf(i).seals.Load()&noStores != 0 {
			return errno.EPERM
		}
		i.Touch(changed)
		return i.Pages.PunchHole(off, off+n)
	}
	if mode&^uint32(keepSize) != 0 {
		return errno.EOPNOTSUPP
	}
	end := off + n
	old := i.Size()
	if mode&keepSize != 0 {
		end = min(end, old) // pages beyond the end could not be told from those of a truncation
	} else if end > old {
		if !nodeOf(i).resizable(end) {
			return errno.EPERM
		}
		if err := i.Pages.Truncate(end); err != errno.OK {
			return err
		}
	}
	for idx := uint64(off) / pageSize; int64(idx)*pageSize < end; idx++ {
		fr, err := i.Pages.Get(idx)
		if err != errno.OK {
			if old < i.Size() {
				i.Pages.Truncate(old)
			}
			return err
		}
		fr.Put()
	}
	i.Touch(changed)
	return errno.OK
}
