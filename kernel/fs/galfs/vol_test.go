//go:build !galago

package galfs_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/fs/galfs"
	"galago/kernel/fs/galfs/disk"
	"galago/kernel/fs/galfs/galhost"
	"galago/kernel/mem"
	"galago/kernel/uio"
	"galago/kernel/vfs"
	"galago/kernel/vm/pagecache"
)

func TestMain(m *testing.M) {
	mem.HostInit(512 << 20)
	pagecache.SetLimits(1<<20, 1<<20)
	os.Exit(m.Run())
}

// long tells whether long runs are wanted: GALFS_LONG=1.
var long = os.Getenv("GALFS_LONG") != ""

// ramDevice is a galhost.Device in memory.
type ramDevice struct {
	mu sync.RWMutex
	b  []byte
}

func (d *ramDevice) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(p)) > int64(len(d.b)) {
		return 0, io.ErrUnexpectedEOF
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return copy(p, d.b[off:]), nil
}

func (d *ramDevice) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(p)) > int64(len(d.b)) {
		return 0, io.ErrShortWrite
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return copy(d.b[off:], p), nil
}

func (d *ramDevice) Size() int64 { return int64(len(d.b)) }
func (d *ramDevice) Sync() error { return nil }

var testTime = time.Unix(1700000000, 5)

func newDisk(t testing.TB, blocks int, journal uint32) *ramDevice {
	d := &ramDevice{b: make([]byte, blocks*disk.BlockSize)}
	if err := galhost.Format(d, galhost.FormatOptions{UUID: [16]byte{9}, Time: testTime, JournalBlocks: journal}); err != nil {
		t.Fatal(err)
	}
	return d
}

// vol is a mounted file system that is used through the interfaces that vfs and the page cache use.
type vol struct {
	sb  *vfs.SuperBlock
	dev *block.Device // kept alive here: kernel memory is invisible to the collector
	now func() vfs.Time
}

func mount(t testing.TB, d galhost.Device) *vol {
	t.Helper()
	return mountOn(t, galhost.BlockDevice(d))
}

func mountOn(t testing.TB, dev *block.Device) *vol {
	t.Helper()
	v := &vol{dev: dev, now: func() vfs.Time { return vfs.Time{Sec: 1700000000} }}
	sb, err := galfs.Mount(v.dev, 0, galfs.Options{Bare: true, Clock: v.now})
	if err != errno.OK {
		t.Fatal("mount:", err)
	}
	v.sb = sb
	return v
}

func (v *vol) unmount(t testing.TB) {
	t.Helper()
	if n := galfs.Overdraw(v.sb); n > 0 {
		t.Errorf("%d blocks modified beyond the credits", n)
	}
	if _, r, _ := galfs.Counters(v.sb); r != 0 {
		t.Errorf("%d blocks still promised", r)
	}
	if e := galfs.HostFailed(v.sb); e != errno.OK {
		t.Errorf("failed: %v", e)
	}
	galfs.Unmount(v.sb)
}

func check(t testing.TB, d galhost.Device) {
	t.Helper()
	p, err := galhost.Check(d)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range p {
		if i < 20 {
			t.Error(x)
		}
	}
	if len(p) > 0 {
		t.FailNow()
	}
}

// walk follows a path.
func (v *vol) walk(path string) (*vfs.Inode, errno.Errno) {
	i, err := galfs.HostRoot(v.sb)
	for _, c := range strings.Split(path, "/") {
		if c == "" || err != errno.OK {
			continue
		}
		var n *vfs.Inode
		if i.Mode&vfs.S_IFMT != vfs.S_IFDIR {
			err = errno.ENOTDIR
		} else {
			i.Lock.RLock()
			n, err = i.Ops.Lookup(i, c)
			i.Lock.RUnlock()
		}
		i.Put()
		i = n
	}
	return i, err
}

func (v *vol) dir(path string) (*vfs.Inode, string, errno.Errno) {
	k := strings.LastIndexByte(path, '/')
	i, err := v.walk(path[:max(k, 0)])
	return i, path[k+1:], err
}

// done syncs a file's pages before its last reference goes, since inodes are not cached here.
func done(i *vfs.Inode) {
	if i.Mode&vfs.S_IFMT == vfs.S_IFREG {
		i.Pages.Sync(0, ^uint64(0), true)
	}
	i.Put()
}

// with calls fn with the locked parent of a path.
func (v *vol) with(path string, fn func(d *vfs.Inode, name string) errno.Errno) errno.Errno {
	d, name, err := v.dir(path)
	if err != errno.OK {
		return err
	}
	d.Lock.Lock()
	err = fn(d, name)
	d.Lock.Unlock()
	d.Put()
	return err
}

// withNew is with for a name that must not exist.
func (v *vol) withNew(path string, fn func(d *vfs.Inode, name string) errno.Errno) errno.Errno {
	return v.with(path, func(d *vfs.Inode, name string) errno.Errno {
		i, err := d.Ops.Lookup(d, name)
		if err == errno.OK {
			i.Put()
			return errno.EEXIST
		}
		return fn(d, name)
	})
}

func (v *vol) create(path string) errno.Errno {
	return v.withNew(path, func(d *vfs.Inode, name string) errno.Errno {
		i, err := d.Ops.Create(d, name, 0o644, vfs.Owner{})
		if err == errno.OK {
			i.Put()
		}
		return err
	})
}

func (v *vol) mkdir(path string) errno.Errno {
	return v.withNew(path, func(d *vfs.Inode, name string) errno.Errno {
		i, err := d.Ops.Mkdir(d, name, 0o755, vfs.Owner{})
		if err == errno.OK {
			i.Put()
		}
		return err
	})
}

func (v *vol) symlink(target, path string) errno.Errno {
	return v.withNew(path, func(d *vfs.Inode, name string) errno.Errno {
		i, err := d.Ops.Symlink(d, name, target, vfs.Owner{})
		if err == errno.OK {
			i.Put()
		}
		return err
	})
}

func (v *vol) remove(path string) errno.Errno {
	return v.with(path, func(d *vfs.Inode, name string) errno.Errno {
		i, err := d.Ops.Lookup(d, name)
		if err != errno.OK {
			return err
		}
		i.Lock.Lock()
		if i.Mode&vfs.S_IFMT == vfs.S_IFDIR {
			err = d.Ops.Rmdir(d, name, i)
		} else {
			err = d.Ops.Unlink(d, name, i)
		}
		i.Lock.Unlock()
		i.Put()
		return err
	})
}

func (v *vol) link(old, path string) errno.Errno {
	i, err := v.walk(old)
	if err != errno.OK {
		return err
	}
	defer i.Put()
	return v.withNew(path, func(d *vfs.Inode, name string) errno.Errno { return i.Ops.Link(i, d, name) })
}

func (v *vol) rename(old, path string, flags uint32) errno.Errno {
	od, oname, err := v.dir(old)
	if err != errno.OK {
		return err
	}
	defer od.Put()
	o, err := od.Ops.Lookup(od, oname)
	if err != errno.OK {
		return err
	}
	defer o.Put()
	nd, nname, err := v.dir(path)
	if err != errno.OK {
		return err
	}
	defer nd.Put()
	n, err := nd.Ops.Lookup(nd, nname)
	if err != errno.OK {
		n = nil
	} else {
		defer n.Put()
	}
	if n == o {
		return errno.OK
	}
	od.Lock.Lock()
	defer od.Lock.Unlock()
	if nd != od {
		nd.Lock.Lock()
		defer nd.Lock.Unlock()
	}
	return od.Ops.Rename(od, oname, o, nd, nname, n, flags)
}

func writeAt(i *vfs.Inode, off int64, p []byte) (int, errno.Errno) {
	i.Lock.Lock()
	defer i.Lock.Unlock()
	it := uio.FromKernel(p)
	return pagecache.GenericWrite(&i.Pages, &it, off)
}

// regular finds a regular file. As in the kernel, other kinds do not come as far as the file system's data.
func (v *vol) regular(path string) (*vfs.Inode, errno.Errno) {
	i, err := v.walk(path)
	if err == errno.OK && i.Mode&vfs.S_IFMT != vfs.S_IFREG {
		i.Put()
		return nil, errno.EINVAL
	}
	return i, err
}

func (v *vol) write(path string, off int64, p []byte) errno.Errno {
	i, err := v.regular(path)
	if err != errno.OK {
		return err
	}
	n, err := writeAt(i, off, p)
	if err == errno.OK && n < len(p) {
		err = errno.ENOSPC
	}
	done(i)
	return err
}

func (v *vol) truncate(path string, size int64) errno.Errno {
	i, err := v.regular(path)
	if err != errno.OK {
		return err
	}
	i.Lock.Lock()
	err = i.Ops.SetAttr(i, &vfs.Attr{Valid: vfs.AttrSize, Size: size})
	i.Lock.Unlock()
	done(i)
	return err
}

func (v *vol) fsync(path string, datasync bool) errno.Errno {
	i, err := v.walk(path)
	if err != errno.OK {
		return err
	}
	err = galfs.Fsync(i, datasync)
	i.Put()
	return err
}

func readAll(i *vfs.Inode) ([]byte, errno.Errno) {
	b := make([]byte, i.Size())
	for off := 0; off < len(b); {
		it := uio.FromKernel(b[off:])
		n, err := pagecache.GenericRead(&i.Pages, nil, &it, int64(off))
		if err != errno.OK || n == 0 {
			return b[:off], err
		}
		off += n
	}
	return b, errno.OK
}

func (v *vol) read(path string) ([]byte, errno.Errno) {
	i, err := v.walk(path)
	if err != errno.OK {
		return nil, err
	}
	b, err := readAll(i)
	done(i)
	return b, err
}

// names returns a directory's names, sorted.
func (v *vol) names(path string) (list []string, err errno.Errno) {
	i, err := v.walk(path)
	if err != errno.OK {
		return nil, err
	}
	err = galfs.HostReadDir(i, func(name string, ino uint32, typ uint8) bool {
		list = append(list, strings.Clone(name))
		return true
	})
	i.Put()
	sort.Strings(list)
	return list, err
}

func ok(t testing.TB, err errno.Errno) {
	t.Helper()
	if err != errno.OK {
		t.Fatal(err)
	}
}

func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>12)*7 + byte(i) ^ seed
	}
	return b
}

func TestPageCache(t *testing.T) {
	d := newDisk(t, 8192, 0)
	v := mount(t, d)
	ok(t, v.create("/a"))
	data := pattern(1<<20+123, 1)
	i, err := v.walk("/a")
	ok(t, err)
	for off := 0; off < len(data); off += 65536 {
		if _, err := writeAt(i, int64(off), data[off:min(off+65536, len(data))]); err != errno.OK {
			t.Fatal(err)
		}
	}
	if b, err := readAll(i); err != errno.OK || !bytes.Equal(b, data) {
		t.Fatal("differs before sync", err)
	}
	ok(t, galfs.Fsync(i, false))
	if n := galfs.Extents(i); n > 2 {
		t.Errorf("%d extents for 1 MiB written in pieces of 64 KiB", n)
	}
	var st vfs.Stat
	ok(t, i.Ops.GetAttr(i, &st))
	if st.Size != int64(len(data)) || st.Blocks != 257*8 {
		t.Error(st.Size, st.Blocks)
	}
	done(i)
	ok(t, v.truncate("/a", 5000))
	ok(t, v.truncate("/a", 20000))
	want := make([]byte, 20000)
	copy(want, data[:5000])
	if b, err := v.read("/a"); err != errno.OK || !bytes.Equal(b, want) {
		t.Fatal("differs after truncation", err)
	}
	ok(t, v.write("/a", 1<<26, []byte("far")))
	v.unmount(t)
	check(t, d)
	v = mount(t, d)
	b, err := v.read("/a")
	if err != errno.OK || len(b) != 1<<26+3 || string(b[1<<26:]) != "far" || !bytes.Equal(b[:20000], want) {
		t.Fatal("differs after remount", err, len(b))
	}
	v.unmount(t)
	check(t, d)
}

func TestHugeDirectory(t *testing.T) {
	n := 100000
	d := newDisk(t, 40000, 4096)
	v := mount(t, d)
	ok(t, v.mkdir("/d"))
	start := time.Now()
	for i := range n {
		ok(t, v.link0("/d", i))
	}
	t.Log("inserted", n, time.Since(start))
	seen := 0
	l, err := v.names("/d")
	ok(t, err)
	seen = len(l)
	if seen != n+0 {
		t.Fatalf("%d names", seen)
	}
	i, _ := v.walk("/d")
	t.Log("depth", galfs.Depth(i), "size", i.Size())
	i.Put()
	for i := range n {
		if i%3 != 0 {
			ok(t, v.remove(fmt.Sprintf("/d/name%d", i)))
		}
	}
	v.unmount(t)
	check(t, d)
	v = mount(t, d)
	for i := 0; i < n; i += 3 {
		ok(t, v.remove(fmt.Sprintf("/d/name%d", i)))
	}
	ok(t, v.remove("/d"))
	v.unmount(t)
	check(t, d)
}

// link0 makes the i-th name: a new file every 64th time, else a link to the last one.
func (v *vol) link0(dir string, i int) errno.Errno {
	name := fmt.Sprintf("%s/name%d", dir, i)
	if i%64 == 0 {
		return v.create(name)
	}
	return v.link(fmt.Sprintf("%s/name%d", dir, i-i%64), name)
}
