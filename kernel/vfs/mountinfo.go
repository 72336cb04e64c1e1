package vfs

import "galago/kernel/errno"

// MountInfo describes one mount, for /proc/mounts. Release ends its use.
type MountInfo struct {
	ID     int
	Parent int // the mount it is on; the root's is its own
	Type   string
	Dev    uint64
	mount  *Mount
}

// NextMount fills info with the oldest mount whose ID is greater than after and that is below the caller's root; false: no more.
func NextMount(ctx *Context, after int, info *MountInfo) bool {
	mountLock.Lock()
	defer mountLock.Unlock()
	var best *Mount
	for m := mounts; m != nil; m = m.next {
		if m.ID > after && (best == nil || m.ID < best.ID) {
			best = m
		}
	}
	if best == nil {
		return false
	}
	parent := best.ID
	if best.parent != nil {
		parent = best.parent.ID
	}
	*info = MountInfo{best.ID, parent, best.SB.Type.Name, best.SB.DevID, best.Get()}
	return true
}

// Release gives up the mount.
func (m *MountInfo) Release() { m.mount.Put() }

// Source returns what was mounted.
func (m *MountInfo) Source() []byte { return m.mount.source.b[:m.mount.source.n] }

// Target writes where it is mounted to buf and returns the length.
func (m *MountInfo) Target(ctx *Context, buf []byte) (int, errno.Errno) {
	return PathName(ctx, Path{m.mount, m.mount.Root}, buf)
}

// ReadOnly tells whether the volume as a whole is.
func (m *MountInfo) ReadOnly() bool { return m.mount.SB.Flags.Load()&MS_RDONLY != 0 }

// Root writes which part of the volume is mounted to buf, as a path in it, and returns its length. ERANGE.
func (m *MountInfo) Root(buf []byte) (int, errno.Errno) {
	at := len(buf)
	put := func(s string) bool {
		if at < len(s) {
			return false
		}
		at -= len(s)
		copy(buf[at:], s)
		return true
	}
	ok := true
	treeLock.Lock()
	for d := m.mount.Root; ok && d.parent != d && d.parent != nil; d = d.parent {
		ok = put(d.name) && put("/")
	}
	treeLock.Unlock()
	if ok && at == len(buf) {
		ok = put("/")
	}
	if !ok {
		return 0, errno.ERANGE
	}
	return copy(buf, buf[at:]), errno.OK
}

// Options calls put for each mount option.
func (m *MountInfo) Options(put func(s string, first bool)) {
	fl := m.mount.Flags.Load() | m.mount.SB.Flags.Load()&MS_RDONLY
	if fl&MS_RDONLY != 0 {
		put("ro", true)
	} else {
		put("rw", true)
	}
	for i := range mountOptions {
		if o := &mountOptions[i]; fl&o.flag != 0 {
			put(o.name, false)
		}
	}
	if fl&(MS_NOATIME|MS_STRICTATIME) == 0 {
		put("relatime", false)
	}
}

var mountOptions = [...]struct {
	flag uint32
	name string
}{
	{MS_NOSUID, "nosuid"},
	{MS_NODEV, "nodev"},
	{MS_NOEXEC, "noexec"},
	{MS_NOATIME, "noatime"},
	{MS_NODIRATIME, "nodiratime"},
}

// Anonymous tells whether the file has no name (NewAnonFile).
func (f *File) Anonymous() bool { return f.mode&fileAnon != 0 }

// Place returns where an open file is, with references: what /proc/PID/fd/N leads to. An anonymous file's inode gets a place of its
// own outside the tree, so that a pipe can be opened again.
func (f *File) Place() (Path, bool) {
	if !f.Anonymous() {
		return f.Path.Get(), true
	}
	d, err := NewRoot(f.Inode.SB, f.Inode.Get())
	if err != errno.OK {
		return Path{}, false
	}
	f.Inode.SB.active.Add(1)
	m := newMount(f.Inode.SB, d, 0, "none")
	if m == nil {
		f.Inode.SB.active.Add(-1)
		d.Put()
		return Path{}, false
	}
	return Path{m, d.Get()}, true
}
