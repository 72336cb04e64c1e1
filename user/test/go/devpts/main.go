//go:build linux

// Test devpts mounts instances of the file system of pseudo-terminals: what shows up where, who owns it, and what is refused.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

func result(what string, err error) {
	if p, ok := err.(*os.PathError); ok {
		err = p.Err
	}
	if e, ok := err.(unix.Errno); ok && e != 0 {
		fmt.Printf("%s: %s\n", what, unix.ErrnoName(e))
	} else {
		fmt.Printf("%s: ok\n", what)
	}
}

func list(what, dir string) {
	entries, err := os.ReadDir(dir)
	raw.Check(err)
	fmt.Print(what, ":")
	for _, e := range entries {
		var st unix.Stat_t
		raw.Check(unix.Stat(dir+"/"+e.Name(), &st))
		name := e.Name()
		if name != "ptmx" {
			name = "N"
		}
		fmt.Printf(" %s(mode %o owner %d:%d major %d)", name, st.Mode, st.Uid, st.Gid, unix.Major(st.Rdev))
	}
	fmt.Println()
}

func magic(dir string) {
	var st unix.Statfs_t
	raw.Check(unix.Statfs(dir, &st))
	fmt.Printf("type %#x blocks %d\n", st.Type, st.Blocks)
}

const ptmxFlags = unix.O_RDWR | unix.O_NOCTTY | unix.O_CLOEXEC

// slave returns the name of a master's slave in an instance.
func slave(m int, dir string) string {
	n, err := unix.IoctlGetInt(m, unix.TIOCGPTN)
	raw.Check(err)
	return fmt.Sprintf("%s/%d", dir, n)
}

func talk(m int, dir string) {
	name := slave(m, dir)
	_, err := unix.Open(name, ptmxFlags, 0)
	result("locked slave", err)
	zero := int32(0)
	_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(m), unix.TIOCSPTLCK, uintptr(unsafe.Pointer(&zero)))
	result("unlock", e)
	s, err := unix.Open(name, ptmxFlags, 0)
	raw.Check(err)
	_, err = unix.Write(s, []byte("hello"))
	raw.Check(err)
	b := make([]byte, 20)
	n, err := unix.Read(m, b)
	raw.Check(err)
	fmt.Printf("%q\n", b[:n])
	var st, fst unix.Stat_t
	raw.Check(unix.Stat(name, &st))
	raw.Check(unix.Fstat(s, &fst))
	fmt.Println("same file", st.Ino == fst.Ino && st.Dev == fst.Dev)
	to, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", s))
	raw.Check(err)
	fmt.Println("ttyname", strings.HasSuffix(to, name))
	result("umount with an open slave", unix.Unmount(dir, 0))
	result("chmod", unix.Chmod(name, 0o600))
	result("chown", unix.Chown(name, 12, 34))
	list("changed", dir)
	unix.Close(s)
}

func refused(dir string) {
	_, err := os.OpenFile(dir+"/new", os.O_CREATE|os.O_RDWR, 0o600)
	result("create", err)
	result("mkdir", unix.Mkdir(dir+"/new", 0o700))
	result("mknod", unix.Mknod(dir+"/new", unix.S_IFCHR|0o600, 0x501))
	result("symlink", unix.Symlink("x", dir+"/new"))
	result("unlink", unix.Unlink(dir+"/ptmx"))
	result("link", unix.Link(dir+"/ptmx", dir+"/new"))
	result("rename", unix.Rename(dir+"/ptmx", dir+"/new"))
	_, err = unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR, 0o600)
	result("tmpfile", err)
	_, err = unix.Open(dir+"/7", ptmxFlags, 0)
	result("no such slave", err)
}

func main() {
	if len(os.Args) > 1 {
		raw.Check(unix.Setresgid(2000, 2000, 2000))
		raw.Check(unix.Setresuid(1000, 1000, 1000))
		m, err := unix.Open("inst/ptmx", ptmxFlags, 0)
		raw.Check(err)
		list("a user's", "inst")
		unix.Close(m)
		return
	}
	raw.Check(os.Chmod(".", 0o755))
	b, err := os.ReadFile("/proc/filesystems")
	raw.Check(err)
	fmt.Println("known", strings.Contains(string(b), "nodev\tdevpts\n"))
	magic("/dev/pts")
	raw.Check(os.Mkdir("inst", 0o755))
	for _, o := range []string{"gid=x", "bogus", "mode=9", "uid=", "max=9999999"} {
		result("mount "+o, unix.Mount("none", "inst", "devpts", 0, o))
	}
	raw.Check(unix.Mount("none", "inst", "devpts", unix.MS_NOSUID|unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,gid=5"))
	magic("inst")
	list("new", "inst")
	m, err := unix.Open("inst/ptmx", ptmxFlags, 0)
	raw.Check(err)
	list("one master", "inst")
	talk(m, "inst")
	refused("inst")
	result("umount with an open master", unix.Unmount("inst", 0))
	unix.Close(m)
	list("closed", "inst")
	child := exec.Command("/proc/self/exe", "user")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	raw.Check(child.Run())
	result("remount", unix.Mount("none", "inst", "", unix.MS_REMOUNT, "mode=600,gid=7"))
	m, err = unix.Open("inst/ptmx", ptmxFlags, 0)
	raw.Check(err)
	list("other options", "inst")
	unix.Close(m)
	result("umount", unix.Unmount("inst", 0))

	raw.Check(os.MkdirAll("dev/pts", 0o755))
	raw.Check(unix.Mknod("dev/ptmx", unix.S_IFCHR|0o666, int(unix.Mkdev(5, 2))))
	_, err = unix.Open("dev/ptmx", ptmxFlags, 0)
	result("a node without devpts beside it", err)
	raw.Check(unix.Mount("none", "dev/pts", "devpts", 0, ""))
	m, err = unix.Open("dev/ptmx", ptmxFlags, 0)
	result("with it", err)
	list("default options", "dev/pts")
	result("umount with a master of the node", unix.Unmount("dev/pts", 0))
	_, err = unix.Write(m, []byte("x"))
	result("write", err)
	unix.Close(m)
}
