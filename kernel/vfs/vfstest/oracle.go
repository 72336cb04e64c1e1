//go:build !galago

package vfstest

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"galago/kernel/vfs"
)

// A script is a list of operations, one a line: a verb and its operands. Both sides run each line and answer with a line of text;
// the answers must be the same. Paths are relative to the scratch directory, which is the root on our side.
//
//	mkdir P MODE      rmdir P      unlink P      symlink TARGET P      link OLD NEW     linkf OLD NEW
//	rename OLD NEW    renamex FLAGS OLD NEW      open P FLAGS MODE     write P TEXT     append P TEXT
//	truncate P SIZE   stat P       lstat P       readlink P            chmod P MODE     chown P UID GID
//	access P MODE     list P       mknod P MODE  umask M               as UID GID       (then every line as that user)

// side runs lines.
type side interface {
	do(verb string, a []string) string
}

func answer(e syscall.Errno, extra ...any) string {
	if e != 0 {
		return "errno " + strconv.Itoa(int(e))
	}
	return strings.TrimSpace("ok " + fmt.Sprintln(extra...))
}

func num(s string, base int) uint32 {
	n, err := strconv.ParseUint(s, base, 32)
	if err != nil {
		panic(err)
	}
	return uint32(n)
}

// host is the oracle: system calls relative to a scratch directory.
type host struct {
	dir      int
	uid, gid uint32
}

func newHost(t testing.TB) *host {
	base := "/dev/shm"
	if _, err := os.Stat(base); err != nil {
		base = ""
	}
	dir, err := os.MkdirTemp(base, "vfstest")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, scratch), 0o755); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Open(filepath.Join(dir, scratch), syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Close(fd)
		os.RemoveAll(dir)
	})
	return &host{dir: fd}
}

func cstr(s string) uintptr {
	b := append([]byte(s), 0)
	kept = append(kept, b)
	return uintptr(unsafe.Pointer(&b[0]))
}

var kept [][]byte

func sys(nr uintptr, a ...uintptr) (uintptr, syscall.Errno) {
	var x [6]uintptr
	copy(x[:], a)
	r, _, e := syscall.RawSyscall6(nr, x[0], x[1], x[2], x[3], x[4], x[5])
	return r, e
}

const (
	sysSetfsuid  = 122
	sysSetfsgid  = 123
	sysRenameat2 = 316
	sysUmask     = 95
)

// do runs one line on a thread whose file-system identity is the script's.
func (h *host) do(verb string, a []string) string {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if verb == "as" {
		h.uid, h.gid = num(a[0], 10), num(a[1], 10)
		return "ok"
	}
	sys(sysSetfsgid, uintptr(h.gid))
	sys(sysSetfsuid, uintptr(h.uid))
	defer func() {
		sys(sysSetfsuid, 0)
		sys(sysSetfsgid, 0)
		kept = nil
	}()
	return h.run(verb, a)
}

func (h *host) run(verb string, a []string) string {
	d := uintptr(h.dir)
	simple := func(nr uintptr, args ...uintptr) string {
		_, e := sys(nr, args...)
		return answer(e)
	}
	switch verb {
	case "mkdir":
		return simple(syscall.SYS_MKDIRAT, d, cstr(a[0]), uintptr(num(a[1], 8)))
	case "rmdir":
		return simple(syscall.SYS_UNLINKAT, d, cstr(a[0]), vfs.AT_REMOVEDIR)
	case "unlink":
		return simple(syscall.SYS_UNLINKAT, d, cstr(a[0]), 0)
	case "symlink":
		return simple(syscall.SYS_SYMLINKAT, cstr(a[0]), d, cstr(a[1]))
	case "link":
		return simple(syscall.SYS_LINKAT, d, cstr(a[0]), d, cstr(a[1]), 0)
	case "linkf":
		return simple(syscall.SYS_LINKAT, d, cstr(a[0]), d, cstr(a[1]), vfs.AT_SYMLINK_FOLLOW)
	case "rename":
		return simple(sysRenameat2, d, cstr(a[0]), d, cstr(a[1]), 0)
	case "renamex":
		return simple(sysRenameat2, d, cstr(a[1]), d, cstr(a[2]), uintptr(num(a[0], 10)))
	case "chmod":
		return simple(syscall.SYS_FCHMODAT, d, cstr(a[0]), uintptr(num(a[1], 8)))
	case "chown":
		return simple(syscall.SYS_FCHOWNAT, d, cstr(a[0]), uintptr(num(a[1], 10)), uintptr(num(a[2], 10)), 0)
	case "mknod":
		return simple(syscall.SYS_MKNODAT, d, cstr(a[0]), uintptr(num(a[1], 8)), 0x103)
	case "umask":
		sys(sysUmask, uintptr(num(a[0], 8)))
		return "ok"
	}
	return h.runFile(verb, a)
}

func (h *host) open(path string, flags, mode uint32) (uintptr, syscall.Errno) {
	return sys(syscall.SYS_OPENAT, uintptr(h.dir), cstr(path), uintptr(flags|vfs.O_NONBLOCK), uintptr(mode))
}

func (h *host) runFile(verb string, a []string) string {
	switch verb {
	case "open":
		fd, e := h.open(a[0], parseFlags(a[1]), num(a[2], 8))
		if e == 0 {
			syscall.Close(int(fd))
		}
		return answer(e)
	case "write", "append":
		flags := uint32(vfs.O_WRONLY)
		if verb == "append" {
			flags |= vfs.O_APPEND
		}
		fd, e := h.open(a[0], flags, 0)
		if e != 0 {
			return answer(e)
		}
		b := []byte(a[1])
		n, e := sys(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		syscall.Close(int(fd))
		return answer(e, n)
	case "truncate":
		fd, e := h.open(a[0], vfs.O_WRONLY, 0)
		if e != 0 {
			return answer(e)
		}
		_, e = sys(syscall.SYS_FTRUNCATE, fd, uintptr(num(a[1], 10)))
		syscall.Close(int(fd))
		return answer(e)
	case "stat", "lstat":
		flags := uintptr(0)
		if verb == "lstat" {
			flags = vfs.AT_SYMLINK_NOFOLLOW
		}
		var st vfs.Stat
		_, e := sys(syscall.SYS_NEWFSTATAT, uintptr(h.dir), cstr(a[0]), uintptr(unsafe.Pointer(&st)), flags)
		return answer(e, showStat(&st))
	case "readlink":
		var b [4096]byte
		n, e := sys(syscall.SYS_READLINKAT, uintptr(h.dir), cstr(a[0]), uintptr(unsafe.Pointer(&b)), uintptr(len(b)))
		return answer(e, string(b[:min(n, 4096)]))
	case "access":
		_, e := sys(439, uintptr(h.dir), cstr(a[0]), uintptr(num(a[1], 10)), vfs.AT_EACCESS)
		return answer(e)
	case "read":
		fd, e := h.open(a[0], vfs.O_RDONLY, 0)
		if e != 0 {
			return answer(e)
		}
		b := make([]byte, 1<<16)
		n, e := sys(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		syscall.Close(int(fd))
		return answer(e, strconv.Quote(string(b[:min(n, uintptr(len(b)))])))
	}
	panic("verb " + verb)
}

// showStat prints what both sides must agree on. Sizes and link counts of directories are the file system's own business.
func showStat(st *vfs.Stat) string {
	size, nlink := st.Size, st.Nlink
	if st.Mode&vfs.S_IFMT == vfs.S_IFDIR {
		size, nlink = 0, 0
	}
	return fmt.Sprintf("mode=%o uid=%d gid=%d size=%d nlink=%d", st.Mode, st.UID, st.GID, size, nlink)
}

var flagNames = map[string]uint32{"RDONLY": 0, "WRONLY": vfs.O_WRONLY, "RDWR": vfs.O_RDWR, "CREAT": vfs.O_CREAT, "EXCL": vfs.O_EXCL,
	"TRUNC": vfs.O_TRUNC, "APPEND": vfs.O_APPEND, "DIRECTORY": vfs.O_DIRECTORY, "NOFOLLOW": vfs.O_NOFOLLOW, "PATH": vfs.O_PATH,
	"NOATIME": vfs.O_NOATIME}

func parseFlags(s string) (f uint32) {
	for _, w := range strings.Split(s, "|") {
		v, ok := flagNames[w]
		if !ok {
			panic("flag " + w)
		}
		f |= v
	}
	return f
}

// ours is the file system under test.
type ours struct{ env, user *Env }

func (o *ours) do(verb string, a []string) string {
	if verb == "as" {
		uid := num(a[0], 10)
		o.user = o.env
		if uid != 0 {
			o.user = o.env.As(uid, num(a[1], 10))
		}
		return "ok"
	}
	c, at := o.user.Ctx, vfs.AtFDCWD
	switch verb {
	case "mkdir":
		return answer(syscall.Errno(vfs.Mkdir(c, at, a[0], num(a[1], 8))))
	case "rmdir":
		return answer(syscall.Errno(vfs.Rmdir(c, at, a[0])))
	case "unlink":
		return answer(syscall.Errno(vfs.Unlink(c, at, a[0])))
	case "symlink":
		return answer(syscall.Errno(vfs.Symlink(c, a[0], at, a[1])))
	case "link":
		return answer(syscall.Errno(vfs.Link(c, at, a[0], at, a[1], 0)))
	case "linkf":
		return answer(syscall.Errno(vfs.Link(c, at, a[0], at, a[1], vfs.AT_SYMLINK_FOLLOW)))
	case "rename":
		return answer(syscall.Errno(vfs.Rename(c, at, a[0], at, a[1], 0)))
	case "renamex":
		return answer(syscall.Errno(vfs.Rename(c, at, a[1], at, a[2], num(a[0], 10))))
	case "chmod":
		return answer(syscall.Errno(vfs.Fchmodat(c, at, a[0], num(a[1], 8), 0)))
	case "chown":
		return answer(syscall.Errno(vfs.Fchownat(c, at, a[0], num(a[1], 10), num(a[2], 10), 0)))
	case "mknod":
		return answer(syscall.Errno(vfs.Mknod(c, at, a[0], num(a[1], 8), 0x103)))
	case "umask":
		c.FS.SetUmask(num(a[0], 8))
		return "ok"
	}
	return o.doFile(verb, a)
}

func (o *ours) doFile(verb string, a []string) string {
	c, at := o.user.Ctx, vfs.AtFDCWD
	open := func(flags uint32, mode uint32) (*vfs.File, syscall.Errno) {
		f, e := vfs.Open(c, at, a[0], flags|vfs.O_NONBLOCK, mode)
		return f, syscall.Errno(e)
	}
	switch verb {
	case "open":
		f, e := open(parseFlags(a[1]), num(a[2], 8))
		if e == 0 {
			f.Put()
		}
		return answer(e)
	case "write", "append":
		flags := uint32(vfs.O_WRONLY)
		if verb == "append" {
			flags |= vfs.O_APPEND
		}
		f, e := open(flags, 0)
		if e != 0 {
			return answer(e)
		}
		defer f.Put()
		n, err := Write(f, a[1])
		return answer(syscall.Errno(err), n)
	case "truncate":
		f, e := open(vfs.O_WRONLY, 0)
		if e != 0 {
			return answer(e)
		}
		defer f.Put()
		fd, err := c.Files.Add(f, 0, 1024, false)
		o.env.OK(err, "descriptor")
		f.Get()
		err = vfs.Ftruncate(c, fd, int64(num(a[1], 10)))
		c.Files.Close(fd)
		return answer(syscall.Errno(err))
	case "stat", "lstat":
		flags := uint32(0)
		if verb == "lstat" {
			flags = vfs.AT_SYMLINK_NOFOLLOW
		}
		st, err := o.user.Stat(a[0], flags)
		return answer(syscall.Errno(err), showStat(&st))
	case "readlink":
		b := make([]byte, 4096)
		n, err := vfs.Readlink(c, at, a[0], b)
		return answer(syscall.Errno(err), string(b[:n]))
	case "access":
		return answer(syscall.Errno(vfs.Faccessat(c, at, a[0], num(a[1], 10), vfs.AT_EACCESS)))
	case "read":
		f, e := open(vfs.O_RDONLY, 0)
		if e != 0 {
			return answer(e)
		}
		defer f.Put()
		s, err := Read(f, 1<<16)
		return answer(syscall.Errno(err), strconv.Quote(s))
	}
	panic("verb " + verb)
}

var longNames = regexp.MustCompile(`%[0-9]+`)

// scratch is where scripts run, on both sides: deep enough that ".." does not lead out of what is ours.
const scratch = "r/s/t/u"

// protections sets ours to the host's.
func protections() {
	for name, p := range map[string]*atomic.Int32{"hardlinks": &vfs.Protected.Hardlinks, "symlinks": &vfs.Protected.Symlinks,
		"fifos": &vfs.Protected.FIFOs, "regular": &vfs.Protected.Regular} {
		b, _ := os.ReadFile("/proc/sys/fs/protected_" + name)
		n, _ := strconv.Atoi(strings.TrimSpace(string(b)))
		p.Store(int32(n))
	}
}

// compare runs a script on both sides and reports the first differences.
func compare(t testing.TB, m Mounter, lines []string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("the oracle needs root")
	}
	old := syscall.Umask(0o022)
	defer syscall.Umask(old)
	env := NewEnv(t, m)
	protections()
	for k, c := range scratch + "/" {
		if c == '/' {
			env.OK(vfs.Mkdir(env.Ctx, vfs.AtFDCWD, scratch[:k], 0o755), "mkdir")
		}
	}
	env.OK(vfs.Chdir(env.Ctx, scratch), "chdir")
	sides := [2]side{newHost(t), &ours{env, env}}
	bad := 0
	for k, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		a := strings.Fields(line)
		for j := range a { // "" stands for the empty path, %N for a name of N bytes
			if a[j] == `""` {
				a[j] = ""
			}
			a[j] = longNames.ReplaceAllStringFunc(a[j], func(s string) string {
				return strings.Repeat("n", int(num(s[1:], 10)))
			})
		}
		want, got := sides[0].do(a[0], a[1:]), sides[1].do(a[0], a[1:])
		if want != got {
			t.Errorf("line %d: %s\n  Linux: %s\n  ours:  %s", k+1, line, want, got)
			if bad++; bad > 8 {
				t.Fatal("too many differences")
			}
		}
	}
}

// randomScript makes lines of operations over few names, so that they meet.
func randomScript(seed int64, n int) []string {
	r := rand.New(rand.NewSource(seed))
	names := []string{"a", "b", "c", "d", "l"}
	path := func() string {
		p := names[r.Intn(len(names))]
		up := 0
		for r.Intn(2) == 0 {
			switch r.Intn(12) {
			case 0:
				if up++; up < 3 {
					p += "/.."
				}
			case 1:
				p += "/."
			case 2:
				p += "//" + names[r.Intn(len(names))]
			default:
				p += "/" + names[r.Intn(len(names))]
			}
		}
		if r.Intn(15) == 0 {
			p += "/"
		}
		return p
	}
	mode := func() string {
		return []string{"0755", "0700", "0644", "0600", "0777", "1777", "0000", "4755", "2755", "0555"}[r.Intn(10)]
	}
	lines := make([]string, 0, n)
	for len(lines) < n {
		var s string
		switch r.Intn(24) {
		case 0, 1, 2, 3:
			s = fmt.Sprintf("mkdir %s %s", path(), mode())
		case 4:
			s = "rmdir " + path()
		case 5:
			s = "unlink " + path()
		case 6:
			s = fmt.Sprintf("symlink %s %s", path(), path())
		case 7:
			s = fmt.Sprintf("link %s %s", path(), path())
		case 8:
			s = fmt.Sprintf("linkf %s %s", path(), path())
		case 9, 10, 11:
			s = fmt.Sprintf("rename %s %s", path(), path())
		case 12:
			s = fmt.Sprintf("renamex %d %s %s", 1+r.Intn(2), path(), path())
		case 13, 14, 15:
			s = fmt.Sprintf("open %s %s %s", path(), []string{"CREAT|RDWR", "CREAT|EXCL|WRONLY", "RDONLY", "WRONLY|TRUNC",
				"CREAT|NOFOLLOW|RDWR", "RDONLY|DIRECTORY", "RDONLY|NOFOLLOW", "CREAT|RDWR", "RDWR", "CREAT|WRONLY|TRUNC",
				"PATH|NOFOLLOW", "PATH"}[r.Intn(12)], mode())
		case 16:
			s = fmt.Sprintf("write %s %s", path(), strings.Repeat("x", 1+r.Intn(300)))
		case 17:
			s = fmt.Sprintf("append %s %s", path(), strings.Repeat("y", 1+r.Intn(300)))
		case 18:
			s = fmt.Sprintf("truncate %s %d", path(), r.Intn(10000))
		case 19:
			s = "lstat " + path()
		case 20:
			s = "read " + path()
		case 21:
			s = fmt.Sprintf("chmod %s %s", path(), mode())
		case 22:
			s = []string{"as 0 0", "as 0 0", "as 1000 1000", "as 1001 1000"}[r.Intn(4)]
		case 23:
			s = fmt.Sprintf("access %s %d", path(), r.Intn(8))
		}
		lines = append(lines, s, "lstat "+names[r.Intn(len(names))])
	}
	return lines
}
