package imagefs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"galago/tools/internal/manifest"
)

func TestMain(m *testing.M) {
	unix.Umask(0o022) // the modes of the trees that tests make
	os.Exit(m.Run())
}

// memFS is an FS in memory.
type memFS map[string]*memNode

type memNode struct {
	meta   Meta
	data   string
	target string
	dev    uint64
	names  int
}

func newMemFS() memFS {
	return memFS{"/": {meta: Meta{Mode: unix.S_IFDIR | 0o755}}}
}

func (m memFS) put(p string, n *memNode) error {
	parent := m[path.Dir(p)]
	if parent == nil || parent.meta.Mode&unix.S_IFMT != unix.S_IFDIR {
		return &os.PathError{Op: "create", Path: p, Err: unix.ENOENT}
	}
	if m[p] != nil {
		return &os.PathError{Op: "create", Path: p, Err: unix.EEXIST}
	}
	n.names++
	m[p] = n
	return nil
}

func (m memFS) MkdirAll(p string, mode, uid, gid uint32) error {
	if n := m[p]; n != nil {
		if n.meta.Mode&unix.S_IFMT != unix.S_IFDIR {
			return unix.ENOTDIR
		}
		return nil
	}
	if err := m.MkdirAll(path.Dir(p), mode, uid, gid); err != nil {
		return err
	}
	return m.put(p, &memNode{meta: Meta{Mode: unix.S_IFDIR | mode, UID: uid, GID: gid}})
}

func (m memFS) WriteFile(p string, meta Meta, size int64, r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return m.put(p, &memNode{meta: meta, data: string(b)})
}

func (m memFS) Symlink(target, p string, meta Meta) error {
	return m.put(p, &memNode{meta: meta, target: target})
}

func (m memFS) Link(old, new string) error {
	n := m[old]
	if n == nil {
		return unix.ENOENT
	}
	return m.put(new, n)
}

func (m memFS) Mknod(p string, meta Meta, dev uint64) error {
	return m.put(p, &memNode{meta: meta, dev: dev})
}

func (m memFS) Remove(p string) error {
	m[p].names--
	delete(m, p)
	return nil
}

func (m memFS) SetMeta(p string, meta Meta) error {
	m[p].meta = meta
	return nil
}

func (m memFS) Lookup(p string) (uint32, bool, error) {
	if n := m[p]; n != nil {
		return n.meta.Mode, true, nil
	}
	return 0, false, nil
}

// list renders the whole tree.
func (m memFS) list() string {
	var out []string
	for p, n := range m {
		out = append(out, fmt.Sprintf("%s %o %d:%d %d %s%s %d", p, n.meta.Mode, n.meta.UID, n.meta.GID, n.names, n.data, n.target, n.dev))
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

func write(t *testing.T, p, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(p, mode); err != nil {
		t.Fatal(err)
	}
}

// hostTree makes a directory with everything a tree can hold.
func hostTree(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "tree")
	write(t, filepath.Join(dir, "a"), "aaa", 0o755|os.ModeSetuid)
	write(t, filepath.Join(dir, "sub", "b"), "bb", 0o600)
	for _, err := range []error{
		os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "sub", "hard")),
		os.Symlink("../a", filepath.Join(dir, "sub", "soft")),
		os.Symlink("/nowhere", filepath.Join(dir, "dangling")),
		unix.Mkfifo(filepath.Join(dir, "fifo"), 0o640),
		os.Chmod(filepath.Join(dir, "sub"), 0o700),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAddTree(t *testing.T) {
	dir := hostTree(t)
	sock, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(sock)
	if err := unix.Bind(sock, &unix.SockaddrUnix{Name: filepath.Join(dir, "sock")}); err != nil {
		t.Fatal(err)
	}
	m := newMemFS()
	var warned []string
	f := Filler{FS: m, Warn: func(s string) { warned = append(warned, s) }}
	if err := f.Add(dir, "/x/y"); err != nil {
		t.Fatal(err)
	}
	want := `/ 40755 0:0 0  0
/x 40755 0:0 1  0
/x/y 40755 0:0 1  0
/x/y/a 104755 0:0 2 aaa 0
/x/y/dangling 120777 0:0 1 /nowhere 0
/x/y/fifo 10640 0:0 1  0
/x/y/sub 40700 0:0 1  0
/x/y/sub/b 100600 0:0 1 bb 0
/x/y/sub/hard 104755 0:0 2 aaa 0
/x/y/sub/soft 120777 0:0 1 ../a 0`
	if got := m.list(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(warned) != 1 || !strings.Contains(warned[0], "socket") {
		t.Errorf("warnings %q", warned)
	}
	if f.files != 6 || f.bytes != 5 {
		t.Errorf("%d files, %d bytes", f.files, f.bytes)
	}
	// Adding once more replaces the files and keeps the directories.
	if err := (&Filler{FS: m}).Add(filepath.Join(dir, "sub"), "/x/y/sub"); err != nil || m["/x/y/sub/b"].data != "bb" {
		t.Errorf("second time: %v", err)
	}
}

func TestAddFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "f"), "new", 0o755)
	if err := os.Symlink("f", filepath.Join(dir, "l")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ host, guest, want string }{
		{"f", "/bin/tool", "/bin/tool"},
		{"f", "/opt/", "/opt/f"},
		{"f", "/d", "/d/f"}, // /d exists
		{"l", "/l", "/l"},   // a link given directly is followed
		{"f", "/old", "/old"},
	} {
		m := newMemFS()
		if err := errors.Join(m.MkdirAll("/d", 0o755, 0, 0), m.WriteFile("/old", Meta{}, 3, strings.NewReader("old"))); err != nil {
			t.Fatal(err)
		}
		if err := (&Filler{FS: m}).Add(filepath.Join(dir, c.host), c.guest); err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		if n := m[c.want]; n == nil || n.data != "new" || n.meta.Mode != unix.S_IFREG|0o755 {
			t.Errorf("%v: %+v", c, n)
		}
	}
	m := newMemFS()
	for _, c := range []struct{ host, guest string }{{"f", "relative"}, {"missing", "/x"}} {
		if err := (&Filler{FS: m}).Add(filepath.Join(dir, c.host), c.guest); err == nil {
			t.Errorf("%v was accepted", c)
		}
	}
}

func TestSplitSpec(t *testing.T) {
	for spec, want := range map[string][2]string{
		"a:/b": {"a", "/b"}, "/x/y:/z/": {"/x/y", "/z/"}, "c:\\d:/e": {"c:\\d", "/e"}, "a:b:/c": {"a:b", "/c"},
		"a": {}, "a:b": {}, ":/b": {},
	} {
		host, guest, err := SplitSpec(spec)
		if host != want[0] || guest != want[1] || errors.Is(err, ErrSpec) != (want[0] == "") {
			t.Errorf("%q: %q, %q, %v", spec, host, guest, err)
		}
	}
}

func TestApply(t *testing.T) {
	base := t.TempDir()
	write(t, filepath.Join(base, "build/sh"), "shell", 0o700)
	write(t, filepath.Join(base, "etc/passwd"), "root", 0o644)
	m, err := manifest.Parse(strings.NewReader(`
dir /tmp/a/b 0700 3 4
dir /tmp 01777 0 0
file /bin/sh build/sh 0755 0 0
symlink /bin/ash sh
link /bin/bash /bin/sh
node /dev/null c 1 3 0666 0 0
node /dev/big b 259 1048575 0660 0 6
tree /etc etc 0 4
`))
	if err != nil {
		t.Fatal(err)
	}
	fs := newMemFS()
	stamp := time.Unix(1e9, 0)
	if err := (&Filler{FS: fs, Time: stamp}).Apply(m, base); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`/ 40755 0:0 0  0
/bin 40755 0:0 1  0
/bin/ash 120777 0:0 1 sh 0
/bin/bash 100755 0:0 2 shell 0
/bin/sh 100755 0:0 2 shell 0
/dev 40755 0:0 1  0
/dev/big 60660 0:6 1  %d
/dev/null 20666 0:0 1  259
/etc 40755 0:4 1  0
/etc/passwd 100644 0:4 1 root 0
/tmp 41777 0:0 1  0
/tmp/a 40755 0:0 1  0
/tmp/a/b 40700 3:4 1  0`, unix.Mkdev(259, 1048575))
	if got := fs.list(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !fs["/etc/passwd"].meta.MTime.Equal(stamp) || !fs["/bin/sh"].meta.MTime.Equal(stamp) {
		t.Error("times are not the fixed one")
	}
	m.Entries[2].Source = "build/missing"
	if err := (&Filler{FS: newMemFS()}).Apply(m, base); err == nil || !strings.Contains(err.Error(), "line 4: file /bin/sh") {
		t.Errorf("missing file: %v", err)
	}
}
