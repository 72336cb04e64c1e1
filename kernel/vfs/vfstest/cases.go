//go:build !galago

package vfstest

import (
	"fmt"
	"math/rand"
	"sort"
	"strings"
	"sync"
	"testing"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// testCase is a test that asks more than the oracle's answers.
type testCase struct {
	name string
	run  func(t *testing.T, m Mounter)
}

var cases = []testCase{
	{"readdir", testReadDir},
	{"readdir while changing", testReadDirChanging},
	{"unlinked files", testUnlinked},
	{"current directory", testCwd},
	{"positions", testPositions},
	{"times", testTimes},
	{"mounts", testMounts},
	{"text busy", testTextBusy},
	{"long names", testLongNames},
	{"parallel", testParallel},
	{"drop caches", testDropCaches},
}

const at = vfs.AtFDCWD

func names(es []Entry) string {
	var s []string
	for _, e := range es {
		s = append(s, e.Name)
	}
	sort.Strings(s)
	return strings.Join(s, " ")
}

func testReadDir(t *testing.T, m Mounter) {
	e := NewEnv(t, m)
	e.OK(vfs.Mkdir(e.Ctx, at, "d", 0o755), "mkdir")
	want := []string{".", ".."}
	for k := range 300 {
		name := fmt.Sprintf("file%03d%s", k, strings.Repeat("x", k%60))
		e.WriteFile("d/"+name, "", 0o644)
		want = append(want, name)
	}
	e.OK(vfs.Mkdir(e.Ctx, at, "d/sub", 0o755), "mkdir")
	e.OK(vfs.Symlink(e.Ctx, "x", at, "d/link"), "symlink")
	want = append(want, "sub", "link")
	sort.Strings(want)
	types := map[string]uint8{"sub": vfs.DT_DIR, "link": vfs.DT_LNK, ".": vfs.DT_DIR, "..": vfs.DT_DIR}
	for _, size := range []int{300, 1000, 32768} {
		es := e.ReadDir("d", size)
		if got := names(es); got != strings.Join(want, " ") {
			t.Errorf("buffer of %d: %d names", size, len(es))
		}
		for _, x := range es {
			if typ, ok := types[x.Name]; ok && x.Type != typ || !ok && x.Type != vfs.DT_REG {
				t.Errorf("%s has type %d", x.Name, x.Type)
			}
			st, err := e.Stat("d/"+x.Name, vfs.AT_SYMLINK_NOFOLLOW)
			if err != 0 || st.Ino != x.Ino {
				t.Errorf("%s: inode %d in the directory, %d in stat (%v)", x.Name, x.Ino, st.Ino, err)
			}
		}
	}
	f := e.Open("d", vfs.O_RDONLY, 0)
	defer f.Put()
	if _, err := GetDents(f, 20); err != errno.EINVAL {
		t.Errorf("a buffer too small for one entry: %v", err)
	}
	all, _ := GetDents(f, 32768)
	for _, k := range []int{0, 1, 5, len(all) - 2} { // d_off leads to the entry after
		if _, err := f.Lseek(all[k].Off, vfs.SeekSet); err != 0 {
			t.Fatal(err)
		}
		part, err := GetDents(f, 400)
		if err != 0 || len(part) == 0 || part[0].Name != all[k+1].Name {
			t.Errorf("after seeking to the offset of entry %d: %v %v", k, part, err)
		}
	}
	f.Lseek(0, vfs.SeekSet)
	if again, _ := GetDents(f, 32768); len(again) != len(all) {
		t.Error("rewinding")
	}
	if _, err := Read(f, 10); err != errno.EISDIR {
		t.Errorf("read(2) of a directory: %v", err)
	}
}

// testReadDirChanging: names that exist throughout a listing appear exactly once, whatever else comes and goes.
func testReadDirChanging(t *testing.T, m Mounter) {
	e := NewEnv(t, m)
	e.OK(vfs.Mkdir(e.Ctx, at, "d", 0o755), "mkdir")
	for k := range 200 {
		e.WriteFile(fmt.Sprintf("d/keep%03d", k), "", 0o644)
		e.WriteFile(fmt.Sprintf("d/gone%03d", k), "", 0o644)
	}
	f := e.Open("d", vfs.O_RDONLY, 0)
	defer f.Put()
	seen := map[string]int{}
	for round := 0; ; round++ {
		es, err := GetDents(f, 512)
		e.OK(err, "getdents64")
		if len(es) == 0 {
			break
		}
		for _, x := range es {
			seen[x.Name]++
		}
		for k := range 3 {
			vfs.Unlink(e.Ctx, at, fmt.Sprintf("d/gone%03d", (round*7+k*50)%200))
			if round < 20 {
				e.WriteFile(fmt.Sprintf("d/new%d-%d", round, k), "", 0o644)
			}
		}
	}
	for k := range 200 {
		if n := seen[fmt.Sprintf("keep%03d", k)]; n != 1 {
			t.Errorf("keep%03d was listed %d times", k, n)
		}
	}
	for name, n := range seen {
		if n > 1 {
			t.Errorf("%s was listed %d times", name, n)
		}
	}
}

func testUnlinked(t *testing.T, m Mounter) {
	e := NewEnv(t, m)
	e.WriteFile("f", "still here", 0o644)
	f := e.Open("f", vfs.O_RDWR, 0)
	e.OK(vfs.Unlink(e.Ctx, at, "f"), "unlink")
	if _, err := e.Stat("f", 0); err != errno.ENOENT {
		t.Errorf("stat: %v", err)
	}
	if s, err := ReadAt(f, 100, 0); s != "still here" || err != 0 {
		t.Errorf("%q %v", s, err)
	}
	WriteAt(f, "STILL", 0)
	var st vfs.Stat
	f.Inode.FillStat(&st)
	if st.Nlink != 0 || st.Size != 10 {
		t.Errorf("nlink %d size %d", st.Nlink, st.Size)
	}
	e.WriteFile("f", "another", 0o644)
	if s, _ := ReadAt(f, 100, 0); s != "STILL here" {
		t.Errorf("%q", s)
	}
	f.Put()
	e.OK(vfs.Mkdir(e.Ctx, at, "d", 0o755), "mkdir")
	d := e.Open("d", vfs.O_RDONLY, 0)
	e.OK(vfs.Rmdir(e.Ctx, at, "d"), "rmdir")
	if _, err := GetDents(d, 1000); err != errno.ENOENT {
		t.Errorf("listing a removed directory: %v", err)
	}
	d.Put()
}

func cwd(e *Env) (string, errno.Errno) {
	b := make([]byte, 4096)
	n, err := vfs.Getcwd(e.Ctx, b)
	if err != 0 {
		return "", err
	}
	return string(b[:n-1]), 0
}

func testCwd(t *testing.T, m Mounter) {
	e := NewEnv(t, m)
	for _, p := range []string{"a", "a/b", "a/b/c", "z"} {
		e.OK(vfs.Mkdir(e.Ctx, at, p, 0o755), "mkdir")
	}
	want := func(w string) {
		t.Helper()
		if got, err := cwd(e); got != w || err != 0 {
			t.Errorf("cwd %q %v, want %q", got, err, w)
		}
	}
	want("/")
	e.OK(vfs.Chdir(e.Ctx, "a/b/c"), "chdir")
	want("/a/b/c")
	e.OK(vfs.Rename(e.Ctx, at, "/a/b", at, "/z/y", 0), "rename")
	want("/z/y/c")
	e.OK(vfs.Chdir(e.Ctx, "../../../../.."), "chdir")
	want("/")
	e.OK(vfs.Chdir(e.Ctx, "z/y/c"), "chdir")
	if n, err := vfs.Getcwd(e.Ctx, make([]byte, 6)); err != errno.ERANGE {
		t.Errorf("short buffer: %d %v", n, err)
	}
	e.OK(vfs.Rmdir(e.Ctx, at, "/z/y/c"), "rmdir")
	if _, err := cwd(e); err != errno.ENOENT {
		t.Errorf("removed: %v", err)
	}
	_, err := vfs.Open(e.Ctx, at, "x", vfs.O_CREAT|vfs.O_RDWR, 0o644)
	e.Want(errno.ENOENT, err, "create in a removed directory")
	e.Want(errno.ENOENT, vfs.Mkdir(e.Ctx, at, "x", 0o755), "mkdir in a removed directory")
	e.OK(vfs.Chdir(e.Ctx, ".."), "chdir out of a removed directory")
	want("/z/y")
	e.OK(vfs.Chroot(e.Ctx, "."), "chroot")
	want("/")
	e.OK(vfs.Chdir(e.Ctx, ".."), "chdir")
	want("/")
	e.Want(errno.ENOENT, vfs.Chdir(e.Ctx, "/a"), "outside of the root")
}

func testPositions(t *testing.T, m Mounter) {
	e := NewEnv(t, m)
	f := e.Open("f", vfs.O_CREAT|vfs.O_RDWR, 0o644)
	defer f.Put()
	Write(f, "0123456789")
	if f.Pos() != 10 {
		t.Errorf("position %d", f.Pos())
	}
	for _, c := range []struct {
		off    int64
		whence int
		want   int64
		err    errno.Errno
	}{
		{3, vfs.SeekSet, 3, 0}, {2, vfs.SeekCur, 5, 0}, {-1, vfs.SeekEnd, 9, 0}, {-1, vfs.SeekSet, 0, errno.EINVAL},
		{100, vfs.SeekEnd, 110, 0}, {-111, vfs.SeekCur, 0, errno.EINVAL}, {0, 9, 0, errno.EINVAL},
		{0, vfs.SeekData, 0, 0}, {10, vfs.SeekData, 0, errno.ENXIO}, {3, vfs.SeekHole, 10, 0},
	} {
		got, err := f.Lseek(c.off, c.whence)
		if err != c.err || err == 0 && got != c.want {
			t.Errorf("lseek(%d, %d) = %d %v", c.off, c.whence, got, err)
		}
	}
	f.Lseek(4, vfs.SeekSet)
	if s, _ := Read(f, 3); s != "456" || f.Pos() != 7 {
		t.Errorf("%q, position %d", s, f.Pos())
	}
	if s, _ := ReadAt(f, 2, 1); s != "12" || f.Pos() != 7 {
		t.Errorf("%q, position %d", s, f.Pos())
	}
	a := e.Open("f", vfs.O_WRONLY|vfs.O_APPEND, 0)
	defer a.Put()
	Write(a, "ab")
	WriteAt(a, "cd", 0) // appends, as on Linux
	if s, _ := ReadAt(f, 100, 0); s != "0123456789abcd" || a.Pos() != 12 {
		t.Errorf("%q, position %d", s, a.Pos())
	}
	if _, err := Read(a, 1); err != errno.EBADF {
		t.Errorf("read of a file open for writing: %v", err)
	}
	if s, err := ReadAt(f, 1, -1); err != errno.EINVAL {
		t.Errorf("%q %v", s, err)
	}
}

func testTimes(t *testing.T, m Mounter) {
	e := NewEnv(t, m)
	e.WriteFile("f", "x", 0o644)
	set := [2]vfs.Time{{Sec: 1000, Nsec: 5}, {Sec: 2000, Nsec: 0}}
	e.OK(vfs.Utimensat(e.Ctx, at, "f", &set, 0), "utimensat")
	st, _ := e.Stat("f", 0)
	if st.ATime.Sec != 1000 || st.MTime.Sec != 2000 || st.CTime.Sec < 1e9 {
		t.Errorf("%+v", st)
	}
	omit := [2]vfs.Time{{Nsec: vfs.UTIME_OMIT}, {Sec: 3000}}
	e.OK(vfs.Utimensat(e.Ctx, at, "f", &omit, 0), "utimensat")
	if st, _ = e.Stat("f", 0); st.ATime.Sec != 1000 || st.MTime.Sec != 3000 {
		t.Errorf("%+v", st)
	}
	bad := [2]vfs.Time{{Nsec: 1e9}, {}}
	e.Want(errno.EINVAL, vfs.Utimensat(e.Ctx, at, "f", &bad, 0), "bad nanoseconds")
	u := e.As(7, 7)
	e.Want(errno.EACCES, vfs.Utimensat(u.Ctx, at, "f", nil, 0), "touch by a stranger")
	e.Want(errno.EPERM, vfs.Utimensat(u.Ctx, at, "f", &set, 0), "set by a stranger")
	e.ReadFile("f") // relatime: atime is older than mtime
	if st, _ = e.Stat("f", 0); st.ATime.Sec < 1e9 {
		t.Error("reading did not renew atime")
	}
	before, _ := e.Stat(".", 0)
	e.WriteFile("g", "", 0o644)
	if after, _ := e.Stat(".", 0); after.MTime == before.MTime {
		t.Error("creating a file did not change the directory's mtime")
	}
}

func testMounts(t *testing.T, m Mounter) {
	e := NewEnv(t, m)
	c := e.Ctx
	for _, d := range []string{"m", "bind", "src", "src/deep"} {
		e.OK(vfs.Mkdir(c, at, d, 0o755), "mkdir")
	}
	e.WriteFile("src/f", "through a bind", 0o644)
	e.OK(vfs.MountFS(c, "src", "bind", "", vfs.MS_BIND, ""), "bind")
	if got := e.ReadFile("bind/f"); got != "through a bind" {
		t.Errorf("%q", got)
	}
	e.OK(vfs.Chdir(c, "bind/deep/.."), "chdir")
	if got, _ := cwd(e); got != "/bind" {
		t.Errorf("cwd %q", got)
	}
	e.Want(errno.EBUSY, vfs.Umount(c, "/bind", 0), "umount with a current directory in it")
	e.OK(vfs.Chdir(c, ".."), "chdir")
	e.Want(errno.EBUSY, vfs.Rmdir(c, at, "bind"), "rmdir of a mount point")
	e.Want(errno.EBUSY, vfs.Rename(c, at, "bind", at, "b2", 0), "rename of a mount point")
	e.Want(errno.EXDEV, vfs.Rename(c, at, "bind/f", at, "f", 0), "rename across mounts")
	e.Want(errno.EXDEV, vfs.Link(c, at, "bind/f", at, "f", 0), "link across mounts")
	e.OK(vfs.MountFS(c, "", "bind", "", vfs.MS_BIND|vfs.MS_REMOUNT|vfs.MS_RDONLY, ""), "remount")
	_, err := vfs.Open(c, at, "bind/new", vfs.O_CREAT|vfs.O_RDWR, 0o644)
	e.Want(errno.EROFS, err, "create")
	_, err = vfs.Open(c, at, "bind/f", vfs.O_RDWR, 0)
	e.Want(errno.EROFS, err, "open for writing")
	e.Want(errno.EROFS, vfs.Unlink(c, at, "bind/f"), "unlink")
	e.Want(errno.EROFS, vfs.Fchmodat(c, at, "bind/f", 0o600, 0), "chmod")
	e.Want(errno.EROFS, vfs.Mkdir(c, at, "bind/d", 0o755), "mkdir")
	e.Want(errno.EEXIST, vfs.Mkdir(c, at, "bind/deep", 0o755), "mkdir of what is there")
	f := e.Open("bind/f", vfs.O_RDONLY, 0)
	e.Want(errno.EBUSY, vfs.Umount(c, "bind", 0), "umount with an open file")
	e.OK(vfs.Umount(c, "bind", vfs.MNT_DETACH), "lazy umount")
	if s, _ := Read(f, 100); s != "through a bind" {
		t.Errorf("%q", s)
	}
	f.Put()
	if _, err := e.Stat("bind/f", 0); err != errno.ENOENT {
		t.Errorf("after the lazy umount: %v", err)
	}
	e.Want(errno.EINVAL, vfs.Umount(c, "bind", 0), "umount of no mount")
	e.Want(errno.EBUSY, vfs.Umount(c, "/", 0), "umount of the root")
	e.Want(errno.ENODEV, vfs.MountFS(c, "none", "m", "nosuchfs", 0, ""), "unknown type")
	u := e.As(5, 5)
	e.Want(errno.EPERM, vfs.MountFS(u.Ctx, "src", "m", "", vfs.MS_BIND, ""), "mount by a user")
	e.Want(errno.EPERM, vfs.Umount(u.Ctx, "m", 0), "umount by a user")
}

func testTextBusy(t *testing.T, m Mounter) {
	e := NewEnv(t, m)
	e.WriteFile("prog", "x", 0o755)
	f, err := vfs.OpenExec(e.Ctx, at, "prog", 0)
	e.OK(err, "exec")
	_, err = vfs.Open(e.Ctx, at, "prog", vfs.O_WRONLY, 0)
	e.Want(errno.ETXTBSY, err, "open for writing while it runs")
	e.Want(errno.ETXTBSY, vfs.Truncate(e.Ctx, "prog", 0), "truncate while it runs")
	f.Inode.AllowWrite()
	f.Put()
	w := e.Open("prog", vfs.O_WRONLY, 0)
	_, err = vfs.OpenExec(e.Ctx, at, "prog", 0)
	e.Want(errno.ETXTBSY, err, "exec while open for writing")
	w.Put()
	e.WriteFile("data", "x", 0o644)
	_, err = vfs.OpenExec(e.Ctx, at, "data", 0)
	e.Want(errno.EACCES, err, "exec without permission")
	_, err = vfs.OpenExec(e.Ctx, at, "/", 0)
	e.Want(errno.EACCES, err, "exec of a directory")
}

// testLongNames renames between names kept inside and outside of the dentry, and walks deep paths.
func testLongNames(t *testing.T, m Mounter) {
	e := NewEnv(t, m)
	long := strings.Repeat("n", 255)
	for k := range 6 {
		from, to := "s", long
		if k%2 == 1 {
			from, to = to, from
		}
		if k == 0 {
			e.WriteFile("s", "contents", 0o644)
		}
		e.OK(vfs.Rename(e.Ctx, at, from, at, to, 0), "rename")
		if got := e.ReadFile(to); got != "contents" {
			t.Errorf("%q", got)
		}
		if _, err := e.Stat(from, 0); err != errno.ENOENT {
			t.Errorf("the old name: %v", err)
		}
	}
	deep := ""
	for range 15 {
		deep += long + "/"
		e.OK(vfs.Mkdir(e.Ctx, at, deep, 0o755), "mkdir")
	}
	e.OK(vfs.Chdir(e.Ctx, deep), "chdir")
	if got, err := cwd(e); got+"/" != "/"+deep {
		t.Errorf("cwd of %d bytes, %v", len(got), err)
	}
	// Links that each add a long rest.
	e.OK(vfs.Symlink(e.Ctx, "/"+deep+".", at, "/l1"), "symlink")
	e.OK(vfs.Symlink(e.Ctx, "/l1/../"+long, at, "/l2"), "symlink")
	if _, err := e.Stat("/l2/../"+long+"/.", 0); err != 0 {
		t.Errorf("stat through links: %v", err)
	}
	e.OK(vfs.Chdir(e.Ctx, "/"), "chdir")
}

// testParallel runs random operations on several threads; nothing must crash, deadlock or leak, and what is left must be
// consistent.
func testParallel(t *testing.T, m Mounter) {
	e := NewEnv(t, m)
	if raceDetector && arch.DirectMap>>32 != 0xc0 {
		t.Skip("the race detector does not see locks outside of Go's heap, where the arena is")
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Add(1)
		ctx := *e.Ctx
		go func() {
			defer wg.Done()
			r := rand.New(rand.NewSource(int64(w)))
			c := &ctx
			p := func() string {
				s := "/" + string(rune('a'+r.Intn(3)))
				for r.Intn(2) == 0 {
					s += "/" + string(rune('a'+r.Intn(3)))
				}
				return s
			}
			for range 1500 {
				switch r.Intn(12) {
				case 0, 1, 2:
					vfs.Mkdir(c, at, p(), 0o755)
				case 3:
					vfs.Rmdir(c, at, p())
				case 4:
					vfs.Unlink(c, at, p())
				case 5, 6:
					vfs.Rename(c, at, p(), at, p(), uint32(r.Intn(3)))
				case 7:
					vfs.Link(c, at, p(), at, p(), 0)
				case 8:
					vfs.Symlink(c, p(), at, p())
				case 9:
					if f, err := vfs.Open(c, at, p(), vfs.O_CREAT|vfs.O_RDWR, 0o644); err == 0 {
						WriteAt(f, "some text", int64(r.Intn(10000)))
						ReadAt(f, 100, 0)
						f.Put()
					}
				case 10:
					st := new(vfs.Stat)
					vfs.Fstatat(c, at, p(), st, 0)
				case 11:
					if f, err := vfs.Open(c, at, p(), vfs.O_RDONLY|vfs.O_DIRECTORY, 0); err == 0 {
						GetDents(f, 2000)
						f.Put()
					}
					if r.Intn(20) == 0 {
						vfs.DropCaches(3)
					}
				}
			}
		}()
	}
	wg.Wait()
	e.checkTree("/", map[uint64]bool{})
}

// checkTree checks that what directories list is what lookup finds, and link counts of directories.
func (e *Env) checkTree(dir string, seen map[uint64]bool) {
	st, err := e.Stat(dir, vfs.AT_SYMLINK_NOFOLLOW)
	e.OK(err, "stat "+dir)
	if seen[st.Ino] {
		e.T.Fatalf("directory %s is there twice", dir)
	}
	seen[st.Ino] = true
	subs := uint64(0)
	for _, x := range e.ReadDir(dir, 4096) {
		if x.Name == "." || x.Name == ".." {
			continue
		}
		sub, err := e.Stat(dir+"/"+x.Name, vfs.AT_SYMLINK_NOFOLLOW)
		if err != 0 || sub.Ino != x.Ino {
			e.T.Errorf("%s/%s: listed with inode %d, found %d (%v)", dir, x.Name, x.Ino, sub.Ino, err)
		}
		if x.Type == vfs.DT_DIR {
			subs++
			e.checkTree(dir+"/"+x.Name, seen)
		}
	}
	if st.Nlink != 2+subs && st.Nlink != 1 {
		e.T.Errorf("%s: nlink %d with %d subdirectories", dir, st.Nlink, subs)
	}
}

func testDropCaches(t *testing.T, m Mounter) {
	e := NewEnv(t, m)
	for k := range 50 {
		e.OK(vfs.Mkdir(e.Ctx, at, fmt.Sprint("d", k), 0o755), "mkdir")
		e.WriteFile(fmt.Sprint("d", k, "/f"), fmt.Sprint("text ", k), 0o644)
	}
	open := e.Open("d7/f", vfs.O_RDONLY, 0)
	for range 3 {
		vfs.Sync()
		vfs.DropCaches(3)
		for k := range 50 {
			if got := e.ReadFile(fmt.Sprint("d", k, "/f")); got != fmt.Sprint("text ", k) {
				t.Fatalf("d%d/f: %q", k, got)
			}
		}
	}
	if s, _ := ReadAt(open, 10, 0); s != "text 7" {
		t.Errorf("%q", s)
	}
	open.Put()
}
