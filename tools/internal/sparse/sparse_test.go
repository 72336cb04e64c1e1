package sparse

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestClone(t *testing.T) {
	dir := t.TempDir()
	src, err := os.Create(filepath.Join(dir, "src"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	const size = 256 << 20
	if err := src.Truncate(size); err != nil {
		t.Fatal(err)
	}
	marks := map[int64][]byte{
		0:               []byte("first block"),
		4096 * 1000:     bytes.Repeat([]byte{7}, 10000),
		128<<20 + 12345: []byte("in the middle"),
		size - 4:        []byte("last"),
	}
	for off, p := range marks {
		if _, err := src.WriteAt(p, off); err != nil {
			t.Fatal(err)
		}
	}
	for name, copyTo := range map[string]func(dst *os.File) error{
		"clone": func(dst *os.File) error { return Clone(dst, src) },
		"extents": func(dst *os.File) error {
			if err := dst.Truncate(size); err != nil {
				return err
			}
			return copyExtents(dst, src, size)
		},
	} {
		dst, err := Temp(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer dst.Close()
		if err := copyTo(dst); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		st, err := dst.Stat()
		if err != nil || st.Size() != size {
			t.Fatalf("%s: size %d, %v", name, st.Size(), err)
		}
		for off, p := range marks {
			got := make([]byte, len(p))
			if _, err := dst.ReadAt(got, off); err != nil || !bytes.Equal(got, p) {
				t.Errorf("%s: at %d: %q, %v", name, off, got, err)
			}
		}
		if used := st.Sys().(*syscall.Stat_t).Blocks * 512; used > 4<<20 {
			t.Errorf("%s: the copy takes %d bytes of disk", name, used)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("Temp left a name behind: %v, %v", left, err)
	}
}
