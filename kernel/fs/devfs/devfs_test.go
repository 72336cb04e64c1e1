package devfs

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/fs/tmpfs"
	"galago/kernel/mem"
	"galago/kernel/vfs"
	"galago/kernel/vfs/vfstest"
)

func TestMain(m *testing.M) {
	mem.HostInit(128 << 20)
	if err := Init(); err != 0 {
		panic(err)
	}
	vfs.Register(&Type)
	os.Exit(m.Run())
}

func env(t *testing.T) *vfstest.Env {
	e := vfstest.NewEnv(t, func(t testing.TB) (*vfs.FSType, *block.Device, string) { return &tmpfs.Type, nil, "" })
	e.OK(vfs.Mkdir(e.Ctx, vfs.AtFDCWD, "/dev", 0o755), "mkdir")
	e.OK(vfs.MountFS(e.Ctx, "dev", "/dev", "devtmpfs", 0, ""), "mount")
	t.Cleanup(func() { e.OK(vfs.Umount(e.Ctx, "/dev", 0), "umount") })
	return e
}

func TestMemoryDevices(t *testing.T) {
	e := env(t)
	null := e.Open("/dev/null", vfs.O_RDWR, 0)
	zero := e.Open("/dev/zero", vfs.O_RDWR, 0)
	full := e.Open("/dev/full", vfs.O_RDWR, 0)
	if s, err := vfstest.Read(null, 10); s != "" || err != 0 {
		t.Errorf("null: %q %v", s, err)
	}
	if n, err := vfstest.Write(null, "gone"); n != 4 || err != 0 {
		t.Errorf("null: %d %v", n, err)
	}
	if s, err := vfstest.Read(zero, 1000); s != string(make([]byte, 1000)) || err != 0 {
		t.Errorf("zero: %d bytes %v", len(s), err)
	}
	if n, err := vfstest.Write(full, "x"); n != 0 || err != errno.ENOSPC {
		t.Errorf("full: %d %v", n, err)
	}
	if pos, err := zero.Lseek(1000, vfs.SeekEnd); pos != 0 || err != 0 {
		t.Errorf("lseek: %d %v", pos, err)
	}
	for _, f := range []*vfs.File{null, zero, full} {
		f.Put()
	}
	st, err := e.Stat("/dev/null", 0)
	if err != 0 || st.Mode != vfs.S_IFCHR|0o666 || st.Rdev != 0x103 {
		t.Errorf("stat: %v %o %x", err, st.Mode, st.Rdev)
	}
	e.OK(vfs.Mknod(e.Ctx, vfs.AtFDCWD, "/mynull", vfs.S_IFCHR|0o600, 0x103), "mknod")
	e.Open("/mynull", vfs.O_WRONLY, 0).Put()
	e.OK(vfs.Mknod(e.Ctx, vfs.AtFDCWD, "/nodev", vfs.S_IFCHR|0o600, vfs.Makedev(250, 9)), "mknod")
	_, oerr := vfs.Open(e.Ctx, vfs.AtFDCWD, "/nodev", vfs.O_RDONLY, 0)
	e.Want(errno.ENXIO, oerr, "open of no device")
}

func TestRandomDevice(t *testing.T) {
	e := env(t)
	f := e.Open("/dev/urandom", vfs.O_RDWR, 0)
	a, _ := vfstest.Read(f, 1000)
	b, _ := vfstest.Read(f, 1000)
	f.Put()
	if len(a) != 1000 || len(b) != 1000 || a == b {
		t.Fatal("not random")
	}
	ones := 0
	for k := range a {
		for v := a[k]; v != 0; v &= v - 1 {
			ones++
		}
	}
	if ones < 3700 || ones > 4300 {
		t.Errorf("%d ones among 8000 bits", ones)
	}
}

// TestChaCha20 is test vectors 1 and 2 of RFC 8439, appendix A.1: key and nonce zero, block counters 0 and 1.
func TestChaCha20(t *testing.T) {
	var zero [8]uint32
	var out [16]uint32
	var p [64]byte
	for counter, want := range []string{
		"76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586",
		"9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f",
	} {
		chachaBlock(&zero, uint64(counter), &out)
		putBlock(&p, &out)
		if got := hex.EncodeToString(p[:]); got != want {
			t.Errorf("counter %d: %s", counter, got)
		}
	}
}

func TestRegister(t *testing.T) {
	Register("input/event1", 0o640, 13, 65, nullOps{}) // makes the directory, which stays
	e := env(t)
	if err := Register("input/event0", 0o640, 13, 64, nullOps{}); err != 0 {
		t.Fatal(err)
	}
	if err := Register("other", 0o640, 13, 64, nullOps{}); err != errno.EEXIST {
		t.Errorf("the number is taken: %v", err)
	}
	e.Open("/dev/input/event0", vfs.O_RDWR, 0).Put()
	Unregister("input/event0", 13, 64)
	if _, err := e.Stat("/dev/input/event0", 0); err != errno.ENOENT {
		t.Errorf("after Unregister: %v", err)
	}
}

// TestBlockFile reads and writes a block device as a file.
func TestBlockFile(t *testing.T) {
	const size = int64(10*4096 + 1024) // not whole pages
	store, oserr := os.Create(filepath.Join(t.TempDir(), "disk"))
	if oserr != nil {
		t.Fatal(oserr)
	}
	defer store.Close()
	store.Truncate(size)
	d := block.NewHostDevice("vdz", store, size)
	d.Major, d.Minor = 252, 7
	block.Register(d)
	if err := AddBlockDevice(d); err != 0 {
		t.Fatal(err)
	}
	e := env(t)
	f := e.Open("/dev/vdz", vfs.O_RDWR, 0)
	if pos, err := f.Lseek(0, vfs.SeekEnd); pos != size || err != 0 {
		t.Errorf("size %d %v", pos, err)
	}
	text := bytes.Repeat([]byte("galago "), 1000)
	if n, err := vfstest.WriteAt(f, string(text), 3000); n != len(text) || err != 0 {
		t.Fatalf("write: %d %v", n, err)
	}
	if n, err := vfstest.WriteAt(f, "0123456789", size-4); n != 4 || err != 0 {
		t.Errorf("write across the end: %d %v", n, err)
	}
	if n, err := vfstest.WriteAt(f, "x", size); n != 0 || err != errno.ENOSPC {
		t.Errorf("write at the end: %d %v", n, err)
	}
	if err := f.Fsync(false); err != 0 {
		t.Errorf("fsync: %v", err)
	}
	got, _ := os.ReadFile(store.Name())
	if !bytes.Equal(got[3000:3000+len(text)], text) || string(got[size-4:]) != "0123" {
		t.Error("the device has something else")
	}
	b := vfstest.Heap("12345678")
	if _, err := f.Ioctl(blkGetSize64, uintptr(unsafe.Pointer(&b[0]))); err != 0 || binary.LittleEndian.Uint64(b) != uint64(size) {
		t.Errorf("BLKGETSIZE64: %v %d", err, binary.LittleEndian.Uint64(b))
	}
	if _, err := f.Ioctl(blkFlushBuf, 0); err != 0 {
		t.Error(err)
	}
	if s, err := vfstest.ReadAt(f, 100, size-8); len(s) != 8 || err != 0 || s[4:] != "0123" {
		t.Errorf("%q %v", s, err)
	}
	f.Put()
}
