//go:build !galago

// Package vfstest is the conformance suite of the file layer: it runs over any file system, and wherever Linux can be asked, the
// host's kernel is the oracle: the same operations run through real system calls in a scratch directory, and
// error numbers, types, modes, sizes, link counts and contents must agree.
//
//	func TestConformance(t *testing.T) { vfstest.Run(t, mount) }
//
// It is hosted code: allocation and the standard library are free here.
package vfstest

import (
	"strings"
	"sync/atomic"
	"testing"

	"galago/kernel/block"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Mounter supplies an empty volume of the file system under test.
type Mounter func(t testing.TB) (fs *vfs.FSType, dev *block.Device, data string)

// Env is a mounted volume and a caller with root's identity.
type Env struct {
	T    testing.TB
	Ctx  *vfs.Context
	root vfs.Path
}

// NewEnv mounts a fresh volume as the root of all; it is unmounted at the end of the test, which fails if something still
// holds on to it.
func NewEnv(t testing.TB, m Mounter) *Env {
	t.Helper()
	mem.HostInit(256 << 20)
	before := objects()
	t.Cleanup(func() {
		for name, n := range objects() {
			if n != before[name] {
				t.Errorf("leak: %d objects of %s", n-before[name], name)
			}
		}
	})
	fs, dev, data := m(t)
	root, err := vfs.MountRoot(fs, dev, 0, data, "test")
	if err != 0 {
		t.Fatalf("mount: %v", err)
	}
	e := &Env{T: t, root: root}
	e.Ctx = &vfs.Context{Cred: cred.Root.Get(), FS: vfs.NewFSInfo(root), Files: vfs.NewFDTable()}
	t.Cleanup(e.close)
	return e
}

// objects counts the live objects of the caches that must be as they were when a volume is gone.
func objects() map[string]int64 {
	vfs.DropCaches(2)
	n := map[string]int64{}
	mem.EachCache(func(c mem.CacheStats) {
		switch c.Name {
		case "radix_node", "cred", "anon_inode", "bdev", "proc_entry": // stock; identities of Env.As; made once
		default:
			if !strings.HasPrefix(c.Name, "size-") && !strings.HasPrefix(c.Name, "kmalloc") {
				n[c.Name] = c.Active
			}
		}
	})
	return n
}

func (e *Env) close() {
	e.Ctx.Files.Put()
	e.Ctx.FS.Put()
	if err := vfs.UnmountRoot(e.root); err != 0 {
		e.T.Errorf("unmount: %v", err)
	}
}

// Remount unmounts the volume and mounts it again from dev, as a reboot would.
func (e *Env) Remount(fs *vfs.FSType, dev *block.Device, data string) {
	e.T.Helper()
	e.Ctx.Files.Put()
	e.Ctx.FS.Put()
	if err := vfs.UnmountRoot(e.root); err != 0 {
		e.T.Fatalf("unmount: %v", err)
	}
	root, err := vfs.MountRoot(fs, dev, 0, data, "test")
	if err != 0 {
		e.T.Fatalf("mount: %v", err)
	}
	e.root = root
	e.Ctx.FS, e.Ctx.Files = vfs.NewFSInfo(root), vfs.NewFDTable()
}

// As returns the environment with another identity; umask, directories and descriptors are shared.
func (e *Env) As(uid, gid uint32, groups ...uint32) *Env {
	c := cred.Root.Dup()
	c.SetGroups(groups)
	c.UID, c.EUID, c.SUID, c.FSUID = uid, uid, uid, uid
	if uid != 0 {
		c.Permitted, c.Effective = 0, 0
	}
	c.GID, c.EGID, c.SGID, c.FSGID = gid, gid, gid, gid
	ctx := *e.Ctx
	ctx.Cred = c
	return &Env{T: e.T, Ctx: &ctx, root: e.root}
}

// OK fails the test on an error.
func (e *Env) OK(err errno.Errno, what string) {
	e.T.Helper()
	if err != 0 {
		e.T.Fatalf("%s: %v", what, err)
	}
}

// Want fails the test unless err is the one expected.
func (e *Env) Want(want, err errno.Errno, what string) {
	e.T.Helper()
	if err != want {
		e.T.Errorf("%s: %v, want %v", what, err, want)
	}
}

// Open opens a file or fails the test; Close it with Put.
func (e *Env) Open(path string, flags, mode uint32) *vfs.File {
	e.T.Helper()
	f, err := vfs.Open(e.Ctx, vfs.AtFDCWD, path, flags, mode)
	e.OK(err, "open "+path)
	return f
}

// Heap copies s to memory that does not move: a uio.Iter holds addresses.
func Heap(s string) []byte {
	b := make([]byte, len(s))
	copy(b, s)
	sink.Store(&b)
	return b
}

// sink makes its argument escape to the heap.
var sink atomic.Pointer[[]byte]

// WriteFile makes a file with the given contents.
func (e *Env) WriteFile(path, contents string, mode uint32) {
	e.T.Helper()
	f := e.Open(path, vfs.O_CREAT|vfs.O_TRUNC|vfs.O_WRONLY, mode)
	defer f.Put()
	if n, err := Write(f, contents); err != 0 || n != len(contents) {
		e.T.Fatalf("write %s: %d, %v", path, n, err)
	}
}

// Write writes a string at the file's position.
func Write(f *vfs.File, s string) (int, errno.Errno) {
	it := new(uio.Iter)
	*it = uio.FromKernel(Heap(s))
	return f.Write(it)
}

// WriteAt writes a string at pos.
func WriteAt(f *vfs.File, s string, pos int64) (int, errno.Errno) {
	it := new(uio.Iter)
	*it = uio.FromKernel(Heap(s))
	return f.WriteAt(it, pos)
}

// Read reads up to n bytes at the file's position.
func Read(f *vfs.File, n int) (string, errno.Errno) {
	b := make([]byte, n)
	sink.Store(&b)
	it := new(uio.Iter)
	*it = uio.FromKernel(b)
	k, err := f.Read(it)
	return string(b[:k]), err
}

// ReadAt reads up to n bytes at pos.
func ReadAt(f *vfs.File, n int, pos int64) (string, errno.Errno) {
	b := make([]byte, n)
	sink.Store(&b)
	it := new(uio.Iter)
	*it = uio.FromKernel(b)
	k, err := f.ReadAt(it, pos)
	return string(b[:k]), err
}

// ReadFile returns a whole file.
func (e *Env) ReadFile(path string) string {
	e.T.Helper()
	f := e.Open(path, vfs.O_RDONLY, 0)
	defer f.Put()
	all := ""
	for {
		s, err := Read(f, 1<<16)
		e.OK(err, "read "+path)
		if s == "" {
			return all
		}
		all += s
	}
}

// Entry is a directory entry.
type Entry struct {
	Name string
	Ino  uint64
	Type uint8
	Off  int64
}

// ReadDir lists a directory through getdents64 with a buffer of the given size, "." and ".." included.
func (e *Env) ReadDir(path string, bufSize int) []Entry {
	e.T.Helper()
	f := e.Open(path, vfs.O_RDONLY|vfs.O_DIRECTORY, 0)
	defer f.Put()
	var all []Entry
	for {
		part, err := GetDents(f, bufSize)
		e.OK(err, "getdents64 "+path)
		if len(part) == 0 {
			return all
		}
		all = append(all, part...)
	}
}

// GetDents makes one getdents64 call.
func GetDents(f *vfs.File, bufSize int) (all []Entry, err errno.Errno) {
	b := make([]byte, bufSize)
	sink.Store(&b)
	it := new(uio.Iter)
	*it = uio.FromKernel(b)
	n, err := f.GetDents64(it)
	for b = b[:n]; len(b) > 0; {
		size := int(b[16]) | int(b[17])<<8
		name := b[19:size]
		for k, c := range name {
			if c == 0 {
				name = name[:k]
				break
			}
		}
		all = append(all, Entry{string(name), le64(b), b[18], int64(le64(b[8:]))})
		b = b[size:]
	}
	return all, err
}

func le64(b []byte) (v uint64) {
	for k := 7; k >= 0; k-- {
		v = v<<8 | uint64(b[k])
	}
	return v
}

// Stat is fstatat.
func (e *Env) Stat(path string, flags uint32) (st vfs.Stat, err errno.Errno) {
	p := new(vfs.Stat)
	err = vfs.Fstatat(e.Ctx, vfs.AtFDCWD, path, p, flags)
	return *p, err
}
