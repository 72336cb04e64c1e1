package disk

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func create(t *testing.T, size int64) (*os.File, *Partition) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "image"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	p, err := Create(f, size)
	if err != nil {
		t.Fatal(err)
	}
	return f, p
}

func TestCreateAndOpen(t *testing.T) {
	f, p := create(t, 64<<20)
	q, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	if q.Offset() != 1<<20 || q.Size() != 62<<20 || p.Offset() != q.Offset() || p.Size() != q.Size() {
		t.Errorf("created at %d+%d, found at %d+%d", p.Offset(), p.Size(), q.Offset(), q.Size())
	}
	text := []byte("hello")
	if _, err := p.WriteAt(text, p.Size()-5); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := q.ReadAt(got, q.Size()-5); err != nil || !bytes.Equal(got, text) {
		t.Errorf("read %q, %v", got, err)
	}
	for _, off := range []int64{-1, p.Size() - 4, 1 << 62} {
		if _, err := p.WriteAt(text, off); err == nil {
			t.Errorf("a write at %d was accepted", off)
		}
	}
}

func TestReproducible(t *testing.T) {
	var images [2][]byte
	for i := range images {
		f, _ := create(t, 16<<20)
		b, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		images[i] = b
	}
	if !bytes.Equal(images[0], images[1]) {
		t.Error("two images differ")
	}
}

func TestSparse(t *testing.T) {
	f, p := create(t, 64<<20)
	chunk := bytes.Repeat([]byte{1}, 1<<20)
	if _, err := p.WriteAt(chunk, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := p.WriteAt(make([]byte, 32<<20), 1<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := p.WriteAt(make([]byte, 1<<20), 0); err != nil { // zeroes over data
		t.Fatal(err)
	}
	got := make([]byte, 1<<20)
	if _, err := p.ReadAt(got, 0); err != nil || !bytes.Equal(got, make([]byte, 1<<20)) {
		t.Error("zeroes were not stored")
	}
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if used := st.Sys().(*syscall.Stat_t).Blocks * 512; st.Size() != 64<<20 || used > 1<<20 {
		t.Errorf("size %d, %d in use", st.Size(), used)
	}
}

func TestBadImages(t *testing.T) {
	f, _ := create(t, 16<<20)
	if _, err := Create(f, 1<<20); err == nil {
		t.Error("an image of 1 MiB was made")
	}
	if err := f.Truncate(8 << 20); err != nil { // cuts the partition
		t.Fatal(err)
	}
	if _, err := Open(f); err == nil {
		t.Error("a cut image was accepted")
	}
	bare, err := os.Create(filepath.Join(t.TempDir(), "bare"))
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	if err := bare.Truncate(1 << 20); err != nil {
		t.Fatal(err)
	}
	if p, err := Open(bare); err != nil || p.Size() != 1<<20 || p.Offset() != 0 {
		t.Errorf("bare file system: %+v, %v", p, err)
	}
}

func TestForeignPartition(t *testing.T) {
	f, _ := create(t, 16<<20)
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	b[1024] ^= 0xff // the type GUID of the first entry; both checksums are now wrong as well
	if err := os.WriteFile(f.Name(), b, 0o644); err != nil {
		t.Fatal(err)
	}
	// The library falls back to the secondary table, which is whole.
	if _, err := Open(f); err != nil && !strings.Contains(err.Error(), "partition") && !errors.Is(err, ErrNoPartition) {
		t.Errorf("damaged table: %v", err)
	}
}
