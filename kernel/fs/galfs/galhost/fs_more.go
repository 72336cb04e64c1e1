//go:build !galago

package galhost

import (
	"time"

	"galago/kernel/errno"
	"galago/kernel/fs/galfs"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/vfs"
)

// Link makes newPath another name of the file at oldPath.
func (f *FS) Link(oldPath, newPath string) error {
	return f.do("link", newPath, true, func() errno.Errno {
		i, err := f.walk(oldPath, false)
		if err != errno.OK {
			return err
		}
		defer i.Put()
		if i.Mode&disk.ModeFmt == disk.ModeDir {
			return errno.EPERM
		}
		return f.make(newPath, Meta{}, func(dir *vfs.Inode, name string, own vfs.Owner) (*vfs.Inode, errno.Errno) {
			return i.Get(), i.Ops.Link(i, dir, name)
		})
	})
}

// ReadFile returns the contents of a regular file.
func (f *FS) ReadFile(path string) (data []byte, err error) {
	err = f.do("read", path, false, func() errno.Errno {
		i, err := f.walk(path, true)
		if err != errno.OK {
			return err
		}
		defer i.Put()
		if t := i.Mode & disk.ModeFmt; t == disk.ModeDir {
			return errno.EISDIR
		} else if t != disk.ModeReg {
			return errno.EINVAL
		}
		data, err = f.contents(i)
		return err
	})
	return data, err
}

// maxRead bounds what ReadFile returns: a hostile image can claim terabytes.
const maxRead = 1 << 30

func (f *FS) contents(i *vfs.Inode) ([]byte, errno.Errno) {
	size := i.Size()
	if size > maxRead {
		return nil, errno.EFBIG
	}
	blocks := (size + disk.BlockSize - 1) >> disk.BlockShift
	data := make([]byte, blocks<<disk.BlockShift)
	pos := int64(0)
	err := galfs.HostRuns(i, uint32(blocks), func(blk uint64, n uint32) errno.Errno {
		end := pos + int64(n)<<disk.BlockShift
		if blk != 0 {
			if _, err := f.dev.ReadAt(data[pos:end], int64(blk)<<disk.BlockShift); err != nil {
				return errno.EIO
			}
		}
		pos = end
		return errno.OK
	})
	return data[:size], err
}

// Readlink returns the target of a symbolic link.
func (f *FS) Readlink(path string) (target string, err error) {
	err = f.do("readlink", path, false, func() errno.Errno {
		i, err := f.walk(path, false)
		if err != errno.OK {
			return err
		}
		target, err = readlink(i)
		i.Put()
		return err
	})
	return target, err
}

// Stat returns the attributes of a file, not following a symbolic link at the end of path.
func (f *FS) Stat(path string) (info Info, err error) {
	err = f.do("stat", path, false, func() errno.Errno {
		i, err := f.walk(path, false)
		if err != errno.OK {
			return err
		}
		var st vfs.Stat
		err = i.Ops.GetAttr(i, &st)
		i.Put()
		info = Info{Ino: st.Ino, Mode: st.Mode, Nlink: uint32(st.Nlink), UID: st.UID, GID: st.GID, Rdev: st.Rdev, Size: st.Size,
			Blocks: st.Blocks, MTime: time.Unix(st.MTime.Sec, int64(st.MTime.Nsec)), CTime: time.Unix(st.CTime.Sec, int64(st.CTime.Nsec))}
		return err
	})
	return info, err
}

// ReadDir returns the names in a directory, without "." and "..", in the order of the directory (of the names' hashes).
func (f *FS) ReadDir(path string) (list []Entry, err error) {
	err = f.do("readdir", path, false, func() errno.Errno {
		i, err := f.walk(path, true)
		if err != errno.OK {
			return err
		}
		defer i.Put()
		if i.Mode&disk.ModeFmt != disk.ModeDir {
			return errno.ENOTDIR
		}
		return galfs.HostReadDir(i, func(name string, ino uint32, typ uint8) bool {
			list = append(list, Entry{string([]byte(name)), uint64(ino), typ})
			return true
		})
	})
	return list, err
}

// Remove removes a name: of a file, or of an empty directory.
func (f *FS) Remove(path string) error {
	return f.do("remove", path, true, func() errno.Errno {
		dir, name, err := f.parent(path)
		if err != errno.OK {
			return err
		}
		defer dir.Put()
		i, err := dir.Ops.Lookup(dir, name)
		if err != errno.OK {
			return err
		}
		if i.Mode&disk.ModeFmt == disk.ModeDir {
			err = dir.Ops.Rmdir(dir, name, i)
		} else {
			err = dir.Ops.Unlink(dir, name, i)
		}
		i.Put()
		return err
	})
}

// Rename moves a name, replacing what is at newPath as rename(2) does.
func (f *FS) Rename(oldPath, newPath string) error {
	return f.do("rename", oldPath, true, func() errno.Errno {
		odir, oname, err := f.parent(oldPath)
		if err != errno.OK {
			return err
		}
		defer odir.Put()
		o, err := odir.Ops.Lookup(odir, oname)
		if err != errno.OK {
			return err
		}
		defer o.Put()
		ndir, nname, err := f.parent(newPath)
		if err != errno.OK {
			return err
		}
		defer ndir.Put()
		n, err := ndir.Ops.Lookup(ndir, nname)
		if err == errno.OK {
			defer n.Put()
			if n == o {
				return errno.OK
			}
		} else if err != errno.ENOENT {
			return err
		} else {
			n = nil
		}
		if err = f.mayRename(o, n, ndir); err != errno.OK {
			return err
		}
		return odir.Ops.Rename(odir, oname, o, ndir, nname, n, 0)
	})
}

// mayRename makes the checks that vfs makes in the kernel.
func (f *FS) mayRename(o, n, ndir *vfs.Inode) errno.Errno {
	isDir := o.Mode&disk.ModeFmt == disk.ModeDir
	if n != nil {
		nDir := n.Mode&disk.ModeFmt == disk.ModeDir
		if isDir && !nDir {
			return errno.ENOTDIR
		}
		if !isDir && nDir {
			return errno.EISDIR
		}
	}
	if !isDir {
		return errno.OK
	}
	// A directory must not move below itself. The way up ends at the root, or after as many steps as there can be directories.
	at := ndir.Get()
	for range 1 << 20 {
		if at == o {
			at.Put()
			return errno.EINVAL
		}
		up := uint64(galfs.HostParent(at))
		if up == at.Ino {
			at.Put()
			return errno.OK
		}
		at.Put()
		var err errno.Errno
		if at, err = vfs.GetInode(f.sb, up); err != errno.OK {
			return err
		}
	}
	at.Put()
	return errno.EUCLEAN
}

// SetMeta sets the attributes of an existing file.
func (f *FS) SetMeta(path string, m Meta) error {
	return f.do("chmod", path, true, func() errno.Errno {
		i, err := f.walk(path, false)
		if err != errno.OK {
			return err
		}
		defer i.Put()
		a := vfs.Attr{Valid: vfs.AttrMode | vfs.AttrUID | vfs.AttrGID | vfs.AttrCTime, Mode: m.Mode & 0o7777, UID: m.UID, GID: m.GID, CTime: f.now()}
		if i.Mode&disk.ModeFmt == disk.ModeLink {
			a.Valid &^= vfs.AttrMode
		}
		if err = i.Ops.SetAttr(i, &a); err != errno.OK {
			return err
		}
		return f.setTime(i, m.MTime)
	})
}

// Replayed returns the number of journal transactions that Mount replayed.
func (f *FS) Replayed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sb == nil {
		return 0
	}
	return galfs.HostReplayed(f.sb)
}
