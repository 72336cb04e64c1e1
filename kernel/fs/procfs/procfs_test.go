package procfs

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"galago/kernel/block"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/fs/tmpfs"
	"galago/kernel/mem"
	"galago/kernel/vfs"
	"galago/kernel/vfs/vfstest"
)

// source pretends that there are some processes; the caller is number 7.
type source struct {
	e    *vfstest.Env
	pids []int
	big  int // size of maps
}

func (s *source) EachPID(after int) int {
	for _, p := range s.pids {
		if p > after {
			return p
		}
	}
	return 0
}

func (s *source) EachTID(pid, after int) int {
	if after < pid {
		return pid
	}
	if after < pid+1 {
		return pid + 1
	}
	return 0
}

func (s *source) Self() (int, int)           { return 7, 7 }
func (s *source) Memory(pid int) Memory      { return nil }
func (s *source) MayInspect(pid int) bool    { return pid != 1 }
func (s *source) Context() *vfs.Context      { return s.e.Ctx }
func (s *source) Files(pid int) *vfs.FDTable { return s.e.Ctx.Files.Get() }

func (s *source) Owner(pid int) (uid, gid uint32, ok bool) {
	for _, p := range s.pids {
		ok = ok || p == pid
	}
	return uint32(pid), 100, ok
}

func (s *source) Generate(pid, tid int, which PIDFile, b *Buffer) errno.Errno {
	switch which {
	case PIDComm:
		b.Printf("name%d\n", max(pid, tid))
	case PIDMaps:
		for b.Len() < s.big && !b.Full() {
			b.Printf("%08x-%08x\n", b.Len(), b.Len()+1)
		}
	default:
		return errno.ESRCH
	}
	return errno.OK
}

func (s *source) Write(pid, tid int, which PIDFile, data []byte) errno.Errno {
	if which != PIDComm || string(data) != "fresh" {
		return errno.EINVAL
	}
	return errno.OK
}

func (s *source) Path(pid int, which PIDLink) (vfs.Path, bool) {
	if which == LinkExe {
		return vfs.Path{}, false
	}
	return s.e.Ctx.FS.Cwd(), true
}

func TestMain(m *testing.M) {
	mem.HostInit(128 << 20)
	if _, err := vfs.NewAnonInode(0, &cred.Root); err != 0 { // makes what is made once
		panic(err)
	}
	vfs.Register(&Type)
	vfs.Register(&tmpfs.Type)
	os.Exit(m.Run())
}

func env(t *testing.T) *vfstest.Env {
	e := vfstest.NewEnv(t, func(t testing.TB) (*vfs.FSType, *block.Device, string) { return &tmpfs.Type, nil, "" })
	Source = &source{e, []int{1, 7, 42, 1000}, 100_000}
	e.OK(vfs.Mkdir(e.Ctx, vfs.AtFDCWD, "/proc", 0o755), "mkdir")
	e.OK(vfs.MountFS(e.Ctx, "proc", "/proc", "proc", 0, ""), "mount")
	t.Cleanup(func() { e.OK(vfs.Umount(e.Ctx, "/proc", 0), "umount") })
	return e
}

func TestSystemFiles(t *testing.T) {
	e := env(t)
	for name, want := range map[string]string{"meminfo": "MemTotal:", "uptime": ".", "loadavg": "0.00 ", "stat": "cpu ",
		"version": "Galago", "filesystems": "nodev\ttmpfs", "slabinfo": "dentry", "buddyinfo": "zone", "partitions": "#blocks",
		"mounts": "proc /proc proc rw,relatime 0 0", "sys/kernel/ostype": "Linux\n", "cpuinfo": "processor"} {
		if got := e.ReadFile("/proc/" + name); !strings.Contains(got, want) {
			t.Errorf("%s: %q has no %q", name, got, want)
		}
	}
	if st, err := e.Stat("/proc/meminfo", 0); err != 0 || st.Size != 0 || st.Mode != modeFile {
		t.Errorf("stat: %v %+v", err, st)
	}
	_, err := vfs.Open(e.Ctx, vfs.AtFDCWD, "/proc/new", vfs.O_CREAT|vfs.O_RDWR, 0o644)
	if err == 0 {
		t.Error("a file was created")
	}
}

func TestSettings(t *testing.T) {
	e := env(t)
	write := func(name, text string) errno.Errno {
		f := e.Open("/proc/sys/"+name, vfs.O_WRONLY|vfs.O_TRUNC, 0)
		defer f.Put()
		_, err := vfstest.Write(f, text)
		return err
	}
	e.OK(write("kernel/hostname", "worker1\n"), "hostname")
	if got := e.ReadFile("/proc/sys/kernel/hostname"); got != "worker1\n" {
		t.Errorf("%q", got)
	}
	e.OK(write("vm/drop_caches", "3\n"), "drop_caches")
	e.Want(errno.EINVAL, write("vm/drop_caches", "x"), "drop_caches")
	e.Want(errno.EINVAL, write("fs/protected_regular", "9"), "out of range")
	value := "5"
	if err := RegisterSysctl("vm", "test", func(b *Buffer) errno.Errno { b.WriteString(value); return 0 },
		func(p []byte) errno.Errno { value = string(p); return 0 }); err != 0 {
		t.Fatal(err)
	}
	e.OK(write("vm/test", "17\n"), "registered")
	if got := e.ReadFile("/proc/sys/vm/test"); got != "17" {
		t.Errorf("%q", got)
	}
}

func TestProcesses(t *testing.T) {
	e := env(t)
	list := names(e.ReadDir("/proc", 200))
	for _, want := range []string{".", "..", "1", "7", "42", "1000", "self", "meminfo", "sys"} {
		if list[want] != 1 {
			t.Errorf("%s is listed %d times", want, list[want])
		}
	}
	if got := e.ReadFile("/proc/42/comm"); got != "name42\n" {
		t.Errorf("%q", got)
	}
	if got := e.ReadFile("/proc/self/comm"); got != "name7\n" {
		t.Errorf("%q", got)
	}
	if got := e.ReadFile("/proc/42/maps"); len(got) < 100_000 || !strings.HasPrefix(got, "00000000-00000001\n") {
		t.Errorf("a long file has %d bytes", len(got))
	}
	if st, err := e.Stat("/proc/42", 0); err != 0 || st.UID != 42 || st.Mode != modeDir {
		t.Errorf("%v %+v", err, st)
	}
	for _, gone := range []string{"/proc/2", "/proc/042", "/proc/9999999999", "/proc/42/nope", "/proc/x"} {
		if _, err := e.Stat(gone, 0); err != errno.ENOENT {
			t.Errorf("%s: %v", gone, err)
		}
	}
	_, err := vfs.Open(e.Ctx, vfs.AtFDCWD, "/proc/1/maps", vfs.O_RDONLY, 0)
	e.Want(errno.EACCES, err, "maps of another")
	f := e.Open("/proc/7/comm", vfs.O_RDWR, 0)
	if n, err := vfstest.Write(f, "fresh\n"); n != 6 || err != 0 {
		t.Errorf("write: %d %v", n, err)
	}
	f.Put()
	b := e.Open("/proc/42/stat", vfs.O_RDONLY, 0)
	if _, err := vfstest.Read(b, 10); err != errno.ESRCH {
		t.Errorf("a process that is gone: %v", err)
	}
	b.Put()
}

func names(es []vfstest.Entry) map[string]int {
	m := map[string]int{}
	for _, x := range es {
		m[x.Name]++
	}
	return m
}

func TestLinks(t *testing.T) {
	e := env(t)
	e.OK(vfs.Mkdir(e.Ctx, vfs.AtFDCWD, "/home", 0o755), "mkdir")
	e.OK(vfs.Chdir(e.Ctx, "/home"), "chdir")
	e.WriteFile("/home/file", "contents", 0o644)
	link := func(p string) string {
		b := make([]byte, 100)
		n, err := vfs.Readlink(e.Ctx, vfs.AtFDCWD, p, b)
		return fmt.Sprint(string(b[:n]), " ", err)
	}
	if got := link("/proc/42/cwd"); got != "/home OK" {
		t.Errorf("cwd: %s", got)
	}
	if got := e.ReadFile("/proc/42/cwd/file"); got != "contents" {
		t.Errorf("%q", got)
	}
	if got := link("/proc/42/exe"); got != " ENOENT" {
		t.Errorf("exe: %s", got)
	}
	f := e.Open("/home/file", vfs.O_RDONLY, 0)
	fd, _ := e.Ctx.Files.Add(f, 5, 100, false)
	e.OK(vfs.Unlink(e.Ctx, vfs.AtFDCWD, "/home/file"), "unlink")
	p := fmt.Sprint("/proc/self/fd/", fd)
	if got := link(p); got != "/home/file (deleted) OK" {
		t.Errorf("fd: %s", got)
	}
	if got := e.ReadFile(p); got != "contents" {
		t.Errorf("through the descriptor: %q", got)
	}
	if got := names(e.ReadDir("/proc/self/fd", 500)); got["5"] != 1 || len(got) != 3 {
		t.Errorf("fd: %v", got)
	}
	if st, err := e.Stat(p, vfs.AT_SYMLINK_NOFOLLOW); err != 0 || st.Mode&vfs.S_IFMT != vfs.S_IFLNK {
		t.Errorf("lstat: %v %o", err, st.Mode)
	}
	anon, aerr := vfs.NewAnonFile(vfs.NoFileOps{}, nil, nil, vfs.O_RDWR, e.Ctx.Cred)
	e.OK(aerr, "anonymous file")
	fd, _ = e.Ctx.Files.Add(anon, 6, 100, false)
	if got := link(fmt.Sprint("/proc/self/fd/", fd)); !strings.HasPrefix(got, "anon_inode:[") {
		t.Errorf("anonymous: %s", got)
	}
	if _, err := e.Stat(fmt.Sprint("/proc/self/fd/", fd), 0); err != 0 {
		t.Errorf("stat of an anonymous file: %v", err)
	}
	e.OK(vfs.Chdir(e.Ctx, "/"), "chdir")
}
