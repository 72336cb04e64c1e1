package store

import (
	"errors"
	"io"
	"io/fs"
	"time"

	"galago/kernel/fs/galfs/galhost"
	"galago/tools/internal/disk"
	"galago/tools/internal/imagefs"
)

// mounted is a galfs file system on the host as an imagefs.FS.
type mounted struct{ fs *galhost.FS }

func mount(p *disk.Partition, stamp time.Time) (mounted, error) {
	f, err := galhost.Mount(p, galhost.MountOptions{Time: stamp})
	return mounted{f}, err
}

func (m mounted) unmount() error { return m.fs.Unmount() }

func meta(m imagefs.Meta) galhost.Meta {
	return galhost.Meta{Mode: m.Mode, UID: m.UID, GID: m.GID, MTime: m.MTime}
}

// MkdirAll implements imagefs.FS.
func (m mounted) MkdirAll(path string, mode, uid, gid uint32) error {
	return m.fs.MkdirAll(path, mode, uid, gid)
}

// WriteFile implements imagefs.FS.
func (m mounted) WriteFile(path string, x imagefs.Meta, size int64, r io.Reader) error {
	return m.fs.WriteFile(path, meta(x), size, r)
}

// Symlink implements imagefs.FS.
func (m mounted) Symlink(target, path string, x imagefs.Meta) error {
	return m.fs.Symlink(target, path, meta(x))
}

// Link implements imagefs.FS.
func (m mounted) Link(old, new string) error { return m.fs.Link(old, new) }

// Mknod implements imagefs.FS.
func (m mounted) Mknod(path string, x imagefs.Meta, dev uint64) error {
	return m.fs.Mknod(path, meta(x), dev)
}

// Remove implements imagefs.FS.
func (m mounted) Remove(path string) error { return m.fs.Remove(path) }

// SetMeta implements imagefs.FS.
func (m mounted) SetMeta(path string, x imagefs.Meta) error { return m.fs.SetMeta(path, meta(x)) }

// Lookup implements imagefs.FS.
func (m mounted) Lookup(path string) (mode uint32, found bool, err error) {
	info, err := m.fs.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	return info.Mode, err == nil, err
}
