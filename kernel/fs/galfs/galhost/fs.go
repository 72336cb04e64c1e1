//go:build !galago

package galhost

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"strings"
	"sync"
	"time"

	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/fs/galfs"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

// MountOptions are the choices of Mount.
type MountOptions struct {
	ReadOnly bool
	Time     time.Time // all time stamps, if not zero; else the clock
}

// Meta is what a new file gets besides its contents. Mode holds permissions (and for Mknod the type). A zero MTime stands
// for the mount's time.
type Meta struct {
	Mode     uint32
	UID, GID uint32
	MTime    time.Time
}

// Info is what Stat returns.
type Info struct {
	Ino    uint64
	Mode   uint32 // type and permissions
	Nlink  uint32
	UID    uint32
	GID    uint32
	Rdev   uint64
	Size   int64
	Blocks int64 // of 512 bytes
	MTime  time.Time
	CTime  time.Time
}

// Entry is a name in a directory.
type Entry struct {
	Name string
	Ino  uint64
	Type uint8 // DT_*, as in getdents64(2)
}

// FS is a mounted file system. Its methods may be called from several goroutines; paths are absolute within it ("/a/b", the first
// slash is optional), symbolic links in all but the last component are followed.
type FS struct {
	mu   sync.Mutex
	dev  Device
	bdev *block.Device // kept alive here: kernel memory is invisible to the collector
	sb   *vfs.SuperBlock
	ro   bool
	now  func() vfs.Time
	buf  []byte
}

// arena is the size of the memory that stands for the kernel's: metadata only, allocated as it is touched.
const arena = 512 << 20

// ErrUnmounted is returned by calls after Unmount.
var ErrUnmounted = errors.New("galfs: not mounted")

// Mount mounts the file system on dev, replaying the journal if it was not unmounted cleanly. It ends with Unmount.
func Mount(dev Device, o MountOptions) (*FS, error) {
	mem.HostInit(arena)
	f := &FS{dev: dev, ro: o.ReadOnly, now: vfs.Now}
	if !o.Time.IsZero() {
		t := vfs.Time{Sec: o.Time.Unix(), Nsec: int64(o.Time.Nanosecond())}
		f.now = func() vfs.Time { return t }
	}
	f.bdev = BlockDevice(dev)
	flags := uint32(0)
	if o.ReadOnly {
		flags = vfs.MS_RDONLY
	}
	sb, err := galfs.Mount(f.bdev, flags, galfs.Options{Bare: true, Clock: f.now})
	if err != errno.OK {
		return nil, fmt.Errorf("galfs: mount: %w", err)
	}
	f.sb = sb
	return f, nil
}

// BlockDevice makes a block device of dev, for the kernel's code to mount.
func BlockDevice(dev Device) *block.Device { return block.NewHostDevice("image", dev, dev.Size()) }

// Unmount writes everything and releases the device (which stays open).
func (f *FS) Unmount() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sb == nil {
		return ErrUnmounted
	}
	err := f.sync()
	galfs.Unmount(f.sb)
	f.sb = nil
	if e := f.dev.Sync(); err == nil {
		err = e
	}
	return err
}

// Sync makes everything durable.
func (f *FS) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sb == nil {
		return ErrUnmounted
	}
	return f.sync()
}

func (f *FS) sync() error {
	if f.ro {
		return nil
	}
	if err := galfs.HostCommit(f.sb); err != errno.OK {
		return fmt.Errorf("galfs: sync: %w", err)
	}
	if err := galfs.HostFailed(f.sb); err != errno.OK {
		return fmt.Errorf("galfs: %w", err)
	}
	return nil
}

// pathError dresses an errno up; io/fs's errors are recognised by errors.Is.
func pathError(op, path string, err errno.Errno) error {
	if err == errno.OK {
		return nil
	}
	var e error = err
	switch err {
	case errno.ENOENT:
		e = fmt.Errorf("%w (%s)", iofs.ErrNotExist, err.Name())
	case errno.EEXIST:
		e = fmt.Errorf("%w (%s)", iofs.ErrExist, err.Name())
	}
	return &iofs.PathError{Op: op, Path: path, Err: e}
}

// do runs one operation under the lock.
func (f *FS) do(op, path string, write bool, fn func() errno.Errno) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sb == nil {
		return ErrUnmounted
	}
	if write && f.ro {
		return pathError(op, path, errno.EROFS)
	}
	return pathError(op, path, fn())
}

// components splits a path.
func components(path string) (list []string) {
	for _, c := range strings.Split(path, "/") {
		if c != "" && c != "." {
			list = append(list, c)
		}
	}
	return list
}

// walk follows a path; last tells whether a symbolic link at its end is followed too.
func (f *FS) walk(path string, last bool) (*vfs.Inode, errno.Errno) {
	cur, err := galfs.HostRoot(f.sb)
	if err != errno.OK {
		return nil, err
	}
	todo := components(path)
	links := 0
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		var next *vfs.Inode
		if next, err = f.step(cur, name); err != errno.OK {
			cur.Put()
			return nil, err
		}
		if next.Mode&disk.ModeFmt == disk.ModeLink && (len(todo) > 0 || last) {
			target, e := readlink(next)
			next.Put()
			if links++; e == errno.OK && links > vfs.MaxLinks {
				e = errno.ELOOP
			}
			if e != errno.OK {
				cur.Put()
				return nil, e
			}
			todo = append(components(target), todo...)
			if strings.HasPrefix(target, "/") {
				cur.Put()
				if cur, err = galfs.HostRoot(f.sb); err != errno.OK {
					return nil, err
				}
			}
			continue
		}
		cur.Put()
		cur = next
	}
	return cur, errno.OK
}

// step goes from a directory to one of its names.
func (f *FS) step(dir *vfs.Inode, name string) (*vfs.Inode, errno.Errno) {
	if dir.Mode&disk.ModeFmt != disk.ModeDir {
		return nil, errno.ENOTDIR
	}
	if name == ".." {
		return vfs.GetInode(f.sb, uint64(galfs.HostParent(dir)))
	}
	return dir.Ops.Lookup(dir, name)
}

func readlink(i *vfs.Inode) (string, errno.Errno) {
	buf := make([]byte, disk.MaxSymlink+1)
	n, err := i.Ops.Readlink(i, buf)
	if err != errno.OK {
		return "", err
	}
	return string(buf[:n]), errno.OK
}

// parent follows all of a path but its last component.
func (f *FS) parent(path string) (dir *vfs.Inode, name string, err errno.Errno) {
	list := components(path)
	if len(list) == 0 || list[len(list)-1] == ".." {
		return nil, "", errno.EINVAL
	}
	name = list[len(list)-1]
	if len(name) > disk.NameMax {
		return nil, "", errno.ENAMETOOLONG
	}
	if dir, err = f.walk(strings.Join(list[:len(list)-1], "/"), true); err != errno.OK {
		return nil, "", err
	}
	if dir.Mode&disk.ModeFmt != disk.ModeDir {
		dir.Put()
		return nil, "", errno.ENOTDIR
	}
	return dir, name, errno.OK
}

// make calls fn to make a new name and sets the time of what it made.
func (f *FS) make(path string, m Meta, fn func(dir *vfs.Inode, name string, own vfs.Owner) (*vfs.Inode, errno.Errno)) errno.Errno {
	dir, name, err := f.parent(path)
	if err != errno.OK {
		return err
	}
	defer dir.Put()
	if i, err := dir.Ops.Lookup(dir, name); err == errno.OK {
		i.Put()
		return errno.EEXIST
	} else if err != errno.ENOENT {
		return err
	}
	i, err := fn(dir, name, vfs.Owner{UID: m.UID, GID: m.GID})
	if err != errno.OK {
		return err
	}
	err = f.setTime(i, m.MTime)
	i.Put()
	return err
}

// setTime sets access and modification time, unless t is zero.
func (f *FS) setTime(i *vfs.Inode, t time.Time) errno.Errno {
	if t.IsZero() {
		return errno.OK
	}
	v := vfs.Time{Sec: t.Unix(), Nsec: int64(t.Nanosecond())}
	return i.Ops.SetAttr(i, &vfs.Attr{Valid: vfs.AttrATime | vfs.AttrMTime | vfs.AttrCTime, ATime: v, MTime: v, CTime: f.now()})
}

// MkdirAll makes a directory and the missing ones above it, all with the same mode and owner. Those that exist stay as they are.
func (f *FS) MkdirAll(path string, mode uint32, uid, gid uint32) error {
	return f.do("mkdir", path, true, func() errno.Errno {
		list := components(path)
		for n := range list {
			sub := strings.Join(list[:n+1], "/")
			if i, err := f.walk(sub, true); err == errno.OK {
				dir := i.Mode&disk.ModeFmt == disk.ModeDir
				i.Put()
				if !dir {
					return errno.ENOTDIR
				}
				continue
			} else if err != errno.ENOENT {
				return err
			}
			err := f.make(sub, Meta{UID: uid, GID: gid}, func(dir *vfs.Inode, name string, own vfs.Owner) (*vfs.Inode, errno.Errno) {
				return dir.Ops.Mkdir(dir, name, mode, own)
			})
			if err != errno.OK {
				return err
			}
		}
		return errno.OK
	})
}

// WriteFile makes a regular file with size bytes from r, or gives an existing one this content and these attributes.
func (f *FS) WriteFile(path string, m Meta, size int64, r io.Reader) error {
	var rerr error
	err := f.do("write", path, true, func() errno.Errno {
		dir, name, err := f.parent(path)
		if err != errno.OK {
			return err
		}
		defer dir.Put()
		i, err := dir.Ops.Lookup(dir, name)
		if err == errno.ENOENT {
			i, err = dir.Ops.Create(dir, name, m.Mode, vfs.Owner{UID: m.UID, GID: m.GID})
		} else if err == errno.OK {
			err = f.reuse(i, m)
		}
		if err != errno.OK {
			return err
		}
		defer i.Put()
		if err = galfs.HostFill(i, size, f.copyRun(r, size, &rerr)); err != errno.OK {
			return err
		}
		return f.setTime(i, m.MTime)
	})
	if rerr != nil {
		return &iofs.PathError{Op: "write", Path: path, Err: rerr}
	}
	return err
}

// reuse empties an existing regular file. On an error it gives up the reference.
func (f *FS) reuse(i *vfs.Inode, m Meta) errno.Errno {
	err := errno.EISDIR
	if t := i.Mode & disk.ModeFmt; t == disk.ModeReg {
		now := f.now()
		err = i.Ops.SetAttr(i, &vfs.Attr{Valid: vfs.AttrSize | vfs.AttrMode | vfs.AttrUID | vfs.AttrGID | vfs.AttrMTime | vfs.AttrCTime,
			Mode: m.Mode & 0o7777, UID: m.UID, GID: m.GID, MTime: now, CTime: now})
	} else if t != disk.ModeDir {
		err = errno.EEXIST
	}
	if err != errno.OK {
		i.Put()
	}
	return err
}

// ioChunk is how much file data moves at once.
const ioChunk = 1 << 20

// copyRun returns the function that fills runs of blocks from r. The last block is padded with zeroes.
func (f *FS) copyRun(r io.Reader, size int64, rerr *error) func(blk uint64, n uint32) errno.Errno {
	if f.buf == nil {
		f.buf = make([]byte, ioChunk)
	}
	left := size
	return func(blk uint64, n uint32) errno.Errno {
		pos, end := int64(blk)*disk.BlockSize, int64(blk+uint64(n))*disk.BlockSize
		for pos < end {
			chunk := f.buf[:min(ioChunk, end-pos)]
			want := min(int64(len(chunk)), left)
			if _, err := io.ReadFull(r, chunk[:want]); err != nil {
				*rerr = err
				clear(chunk)
			}
			clear(chunk[want:])
			if _, err := f.dev.WriteAt(chunk, pos); err != nil {
				*rerr = err
			}
			if *rerr != nil {
				return errno.EIO
			}
			left -= want
			pos += int64(len(chunk))
		}
		return errno.OK
	}
}

// Symlink makes a symbolic link at path.
func (f *FS) Symlink(target, path string, m Meta) error {
	return f.do("symlink", path, true, func() errno.Errno {
		return f.make(path, m, func(dir *vfs.Inode, name string, own vfs.Owner) (*vfs.Inode, errno.Errno) {
			return dir.Ops.Symlink(dir, name, target, own)
		})
	})
}

// Mknod makes a device node, FIFO or socket: the type is in m.Mode.
func (f *FS) Mknod(path string, m Meta, dev uint64) error {
	return f.do("mknod", path, true, func() errno.Errno {
		switch m.Mode & disk.ModeFmt {
		case disk.ModeChr, disk.ModeBlk, disk.ModeFIFO, disk.ModeSock:
		default:
			return errno.EINVAL
		}
		return f.make(path, m, func(dir *vfs.Inode, name string, own vfs.Owner) (*vfs.Inode, errno.Errno) {
			return dir.Ops.Mknod(dir, name, m.Mode, dev, own)
		})
	})
}
