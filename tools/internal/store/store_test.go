package store

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galago/kernel/fs/galfs/galhost"
	"galago/tools/internal/disk"
	"galago/tools/internal/manifest"
)

const text = `
size 64M
file /bin/tool tool 0755 0 0
dir /tmp 01777 0 0
symlink /bin/link tool
link /bin/hard /bin/tool
node /dev/null c 1 3 0666 0 0
tree /etc etc
`

// build makes an image of the manifest above, with host files of the given times.
func build(t *testing.T, name string) string {
	t.Helper()
	base := t.TempDir()
	for file, data := range map[string]string{"tool": strings.Repeat("tool", 5000), "etc/passwd": "root:x:0:0", "etc/deep/er/f": "f", "etc/a": ""} {
		p := filepath.Join(base, file)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m, err := manifest.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := Build(path, m, base, Observer{}); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return path
}

func hash(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

func clean(t *testing.T, path string) {
	t.Helper()
	list, err := Check(path)
	if err != nil || len(list) > 0 {
		t.Errorf("fsck: %v, %v", list, err)
	}
}

func TestReproducible(t *testing.T) {
	a, b := build(t, "a"), build(t, "b")
	if hash(t, a) != hash(t, b) {
		t.Error("two builds differ")
	}
	clean(t, a)
}

func TestContents(t *testing.T) {
	image := build(t, "image")
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	extra := filepath.Join(t.TempDir(), "extra")
	data := bytes.Repeat([]byte("0123456789"), 300_000)
	if err := os.WriteFile(extra, data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Add(f, []Addition{{extra, "/opt/"}, {extra, "/bin/tool"}, {filepath.Dir(extra), "/new"}}, Observer{}); err != nil {
		t.Fatal(err)
	}
	clean(t, image)
	p, err := disk.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	fs, err := galhost.Mount(p, galhost.MountOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer fs.Unmount()
	for _, c := range []struct {
		path string
		mode uint32
		size int64
	}{
		{"/opt/extra", 0o100700, 3_000_000}, {"/bin/tool", 0o100700, 3_000_000}, {"/bin/hard", 0o100755, 20000}, {"/new/extra", 0o100700, 3_000_000},
		{"/tmp", 0o041777, -1}, {"/bin/link", 0o120777, 4}, {"/dev/null", 0o020666, 0}, {"/etc/deep/er/f", 0o100644, 1}, {"/etc/a", 0o100644, 0},
	} {
		info, err := fs.Stat(c.path)
		if err != nil || info.Mode != c.mode || c.size >= 0 && info.Size != c.size || info.UID != 0 {
			t.Errorf("%s: %+v, %v", c.path, info, err)
		}
	}
	if got, err := fs.ReadFile("/opt/extra"); err != nil || !bytes.Equal(got, data) {
		t.Errorf("contents: %d bytes, %v", len(got), err)
	}
}

func TestFailures(t *testing.T) {
	image := build(t, "image")
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := Add(f, []Addition{{"/nonexistent", "/x"}}, Observer{}); err == nil {
		t.Error("a missing file was added")
	}
	clean(t, image)
	p, err := disk.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, bytes.Repeat([]byte{1}, 80<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Add(f, []Addition{{big, "/big"}}, Observer{}); err == nil || !strings.Contains(err.Error(), "adding") {
		t.Errorf("a file larger than the disk: %v", err)
	}
	clean(t, image)
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xff}, 4096), p.Offset()); err != nil {
		t.Fatal(err)
	}
	if list, err := Check(image); err == nil && len(list) == 0 {
		t.Error("a destroyed superblock was not noticed")
	}
	if _, err := Check("/nonexistent"); err == nil {
		t.Error("a missing image was checked")
	}
}

// TestParallel mounts several images at once, as the tests that run machines side by side do.
func TestParallel(t *testing.T) {
	data, err := os.ReadFile(build(t, "image"))
	if err != nil {
		t.Fatal(err)
	}
	source := t.TempDir()
	for i := range 50 {
		if err := os.WriteFile(filepath.Join(source, fmt.Sprint(i)), bytes.Repeat([]byte{byte(i)}, i*3000), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error)
	const images = 4
	var paths [images]string
	for i := range paths {
		paths[i] = filepath.Join(t.TempDir(), fmt.Sprint(i))
		if err := os.WriteFile(paths[i], data, 0o644); err != nil {
			t.Fatal(err)
		}
		go func() { done <- addTwice(paths[i], source) }()
	}
	for range paths {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for _, p := range paths {
		clean(t, p)
	}
}

// addTwice adds a tree to an image in two places.
func addTwice(image, source string) error {
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, guest := range []string{"/one", "/two"} {
		if err := Add(f, []Addition{{source, guest}}, Observer{}); err != nil {
			return err
		}
	}
	return nil
}
