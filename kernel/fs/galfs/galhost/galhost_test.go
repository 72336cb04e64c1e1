//go:build !galago

package galhost

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"math/rand"
	"strings"
	"testing"
	"time"

	"galago/kernel/fs/galfs/disk"
)

// memDevice is a Device in memory.
type memDevice struct{ b []byte }

func newMem(blocks int) *memDevice { return &memDevice{make([]byte, blocks*disk.BlockSize)} }

func (d *memDevice) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(p)) > int64(len(d.b)) {
		return 0, io.ErrUnexpectedEOF
	}
	return copy(p, d.b[off:]), nil
}

func (d *memDevice) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(p)) > int64(len(d.b)) {
		return 0, io.ErrShortWrite
	}
	return copy(d.b[off:], p), nil
}

func (d *memDevice) Size() int64 { return int64(len(d.b)) }
func (d *memDevice) Sync() error { return nil }

var testTime = time.Unix(1700000000, 123456789)

func testFormat(blocks int) *memDevice {
	d := newMem(blocks)
	if err := Format(d, FormatOptions{UUID: [16]byte{1, 2, 3}, Label: "test", Time: testTime}); err != nil {
		panic(err)
	}
	return d
}

func mustCheck(t *testing.T, d Device) {
	t.Helper()
	p, err := Check(d)
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

func mustMount(t *testing.T, d Device) *FS {
	t.Helper()
	f, err := Mount(d, MountOptions{Time: testTime})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFormat(t *testing.T) {
	for _, blocks := range []int{512, 600, 4096, disk.BitmapBits, disk.BitmapBits + 100, disk.BitmapBits + 20000, 3*disk.BitmapBits + 9999} {
		d := testFormat(blocks)
		mustCheck(t, d)
		f := mustMount(t, d)
		must(t, f.WriteFile("/x", Meta{Mode: 0o644}, 5, strings.NewReader("hello")))
		must(t, f.Unmount())
		mustCheck(t, d)
	}
	if err := Format(newMem(511), FormatOptions{}); !errors.Is(err, ErrTooSmall) {
		t.Error(err)
	}
}

func TestOperations(t *testing.T) {
	d := testFormat(8192)
	f := mustMount(t, d)
	must(t, f.MkdirAll("/usr/share/doc", 0o755, 1, 2))
	big := make([]byte, 3<<20+17)
	rand.New(rand.NewSource(1)).Read(big)
	must(t, f.WriteFile("usr/big", Meta{Mode: 0o4755, UID: 7, GID: 8, MTime: testTime.Add(time.Hour)}, int64(len(big)), bytes.NewReader(big)))
	must(t, f.WriteFile("/empty", Meta{Mode: 0o600}, 0, strings.NewReader("")))
	must(t, f.Symlink("usr/share", "/link", Meta{}))
	long := strings.Repeat("x/", 2040)
	must(t, f.Symlink(long, "/long", Meta{}))
	must(t, f.WriteFile("/link/doc/f", Meta{Mode: 0o644}, 3, strings.NewReader("abc")))
	must(t, f.Link("/usr/share/doc/f", "/hard"))
	must(t, f.Mknod("/null", Meta{Mode: disk.ModeChr | 0o666}, 0x103))
	must(t, f.Rename("/empty", "/usr/share/e"))
	check := func() {
		t.Helper()
		if b, err := f.ReadFile("/usr/big"); err != nil || !bytes.Equal(b, big) {
			t.Fatal("big differs", err)
		}
		if b, err := f.ReadFile("/hard"); err != nil || string(b) != "abc" {
			t.Fatal(string(b), err)
		}
		if s, err := f.Readlink("/long"); err != nil || s != long {
			t.Fatal(err)
		}
		in, err := f.Stat("/usr/big")
		must(t, err)
		if in.Mode != disk.ModeReg|0o4755 || in.UID != 7 || in.GID != 8 || !in.MTime.Equal(testTime.Add(time.Hour)) || in.Nlink != 1 {
			t.Error(in)
		}
		if in, err = f.Stat("/hard"); err != nil || in.Nlink != 2 {
			t.Error(in, err)
		}
		if in, err = f.Stat("/null"); err != nil || in.Rdev != 0x103 {
			t.Error(in, err)
		}
		l, err := f.ReadDir("/")
		must(t, err)
		if fmt.Sprint(len(l)) != "5" {
			t.Error(l)
		}
	}
	check()
	if err := f.Remove("/usr"); err == nil || !strings.Contains(err.Error(), "ENOTEMPTY") {
		t.Error(err)
	}
	if _, err := f.Stat("/nope"); !errors.Is(err, iofs.ErrNotExist) {
		t.Error(err)
	}
	must(t, f.Unmount())
	mustCheck(t, d)
	f = mustMount(t, d)
	check()
	for _, p := range []string{"/hard", "/link", "/long", "/null", "/usr/share/doc/f", "/usr/share/doc", "/usr/share/e", "/usr/share", "/usr/big", "/usr"} {
		must(t, f.Remove(p))
	}
	must(t, f.Unmount())
	mustCheck(t, d)
}

func TestReproducible(t *testing.T) {
	var sums [2][32]byte
	for k := range sums {
		d := testFormat(8192)
		f := mustMount(t, d)
		for i := range 300 {
			must(t, f.MkdirAll(fmt.Sprintf("/d%d/e%d", i%7, i%13), 0o755, 0, 0))
			must(t, f.WriteFile(fmt.Sprintf("/d%d/e%d/f%d", i%7, i%13, i), Meta{Mode: 0o644}, int64(i*37), bytes.NewReader(make([]byte, i*37))))
		}
		must(t, f.Unmount())
		sums[k] = sha256.Sum256(d.b)
	}
	if sums[0] != sums[1] {
		t.Error("two builds of the same tree differ")
	}
}
