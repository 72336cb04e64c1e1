//go:build linux

// Test tmpfile prints what files without a name (O_TMPFILE) do: their attributes, the ways to give them a name, and who may. It runs
// in the working directory and, as root, in a tmpfs too.
package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

var digits = regexp.MustCompile(`#[0-9]+`)

// link names the file of fd by its link in /proc.
func link(fd int, name string) error {
	return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW)
}

func show(fd int) {
	var st unix.Stat_t
	raw.Check(unix.Fstat(fd, &st))
	fl, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	raw.Check(err)
	fmt.Printf("mode %o links %d size %d flags %#o\n", st.Mode, st.Nlink, st.Size, fl)
}

func arguments(dir string) {
	raw.Check(os.WriteFile(dir+"/file", nil, 0o644))
	raw.Check(os.Symlink(".", dir+"/ln"))
	for _, c := range []struct {
		path  string
		flags int
	}{
		{"", unix.O_RDWR}, {"", unix.O_WRONLY}, {"", unix.O_RDONLY}, {"", 3}, {"", unix.O_RDWR | unix.O_CREAT}, {"", unix.O_RDWR | unix.O_EXCL},
		{"", unix.O_RDONLY | unix.O_TRUNC}, {"", unix.O_RDWR | unix.O_TRUNC}, {"", unix.O_RDWR | unix.O_NOFOLLOW}, {"/ln", unix.O_RDWR},
		{"/ln", unix.O_RDWR | unix.O_NOFOLLOW}, {"/file", unix.O_RDWR}, {"/none", unix.O_RDWR}, {"", unix.O_RDWR | unix.O_APPEND | unix.O_NOATIME},
	} {
		fd, err := unix.Open(dir+c.path, unix.O_TMPFILE|c.flags, 0o640)
		raw.Result(fmt.Sprintf("open %q %#o", c.path, c.flags), err)
		if err == nil {
			show(fd)
			unix.Close(fd)
		}
	}
	fd, err := unix.Open(dir, unix.O_TMPFILE&^unix.O_DIRECTORY|unix.O_RDWR, 0o600)
	raw.Result("without O_DIRECTORY", err)
	if err == nil {
		unix.Close(fd)
	}
	_, err = unix.Open("/proc", unix.O_TMPFILE|unix.O_RDWR, 0o600)
	raw.Result("in /proc", err)
	fd, err = unix.Openat2(unix.AT_FDCWD, dir, &unix.OpenHow{Flags: unix.O_TMPFILE | unix.O_RDWR, Mode: 0o4711})
	raw.Result("openat2", err)
	show(fd)
	unix.Close(fd)
	left, err := os.ReadDir(dir)
	raw.Check(err)
	fmt.Println("entries", len(left))
}

func naming(dir string) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR, 0o666)
	raw.Check(err)
	_, err = unix.Write(fd, []byte("contents"))
	raw.Check(err)
	to, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	raw.Check(err)
	fmt.Println("shown as", digits.ReplaceAllString(strings.TrimPrefix(to, dir), "#N"))
	raw.Result("link to a name in use", link(fd, dir+"/file"))
	raw.Result("link", link(fd, dir+"/named"))
	show(fd)
	raw.Result("second link", link(fd, dir+"/again"))
	show(fd)
	b, err := os.ReadFile(dir + "/named")
	fmt.Printf("%q %v\n", b, err)
	to, _ = os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	fmt.Println("shown as", digits.ReplaceAllString(strings.TrimPrefix(to, dir), "#N"))
	raw.Check(unix.Unlink(dir + "/named"))
	raw.Check(unix.Unlink(dir + "/again"))
	show(fd)
	raw.Result("link after the last unlink", link(fd, dir+"/named"))
	unix.Close(fd)

	fd, err = unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_EXCL, 0o600)
	raw.Check(err)
	raw.Result("link of an exclusive one", link(fd, dir+"/named"))
	raw.Result("link of an exclusive one by descriptor", unix.Linkat(fd, "", unix.AT_FDCWD, dir+"/named", unix.AT_EMPTY_PATH))
	unix.Close(fd)

	fd, err = unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY, 0o600)
	raw.Check(err)
	raw.Result("link by descriptor", unix.Linkat(fd, "", unix.AT_FDCWD, dir+"/named", unix.AT_EMPTY_PATH))
	raw.Result("link by no flag", unix.Linkat(fd, "", unix.AT_FDCWD, dir+"/named2", 0))
	raw.Result("truncate", unix.Ftruncate(fd, 100000))
	show(fd)
	unix.Close(fd)
	raw.Result("unlink", unix.Unlink(dir+"/named"))
	raw.Result("link of a bad descriptor", unix.Linkat(99, "", unix.AT_FDCWD, dir+"/named", unix.AT_EMPTY_PATH))
}

func removed(dir string) {
	raw.Check(os.Mkdir(dir+"/gone", 0o755))
	d, err := unix.Open(dir+"/gone", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	raw.Check(err)
	raw.Check(os.Mkdir(dir+"/closed", 0o555))
	raw.Check(os.Mkdir(dir+"/setgid", 0o777))
	raw.Check(os.Chown(dir+"/setgid", -1, 77))
	raw.Check(os.Chmod(dir+"/setgid", 0o777|os.ModeSetgid))
	fd, err := unix.Open(dir+"/setgid", unix.O_TMPFILE|unix.O_RDWR, 0o770)
	raw.Check(err)
	var st unix.Stat_t
	raw.Check(unix.Fstat(fd, &st))
	fmt.Printf("mode %o group %d\n", st.Mode, st.Gid)
	unix.Close(fd)
	unix.Close(d)
}

// many makes and gives up files from several threads at once, some of them named.
func many(dir string) {
	var g sync.WaitGroup
	for t := range 4 {
		g.Go(func() {
			for k := range 50 {
				fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR, 0o600)
				raw.Check(err)
				_, err = unix.Write(fd, make([]byte, 5000))
				raw.Check(err)
				if k%5 == 0 {
					raw.Check(link(fd, fmt.Sprintf("%s/m%d.%d", dir, t, k)))
				}
				raw.Check(unix.Close(fd))
			}
		})
	}
	g.Wait()
	left, err := os.ReadDir(dir)
	raw.Check(err)
	fmt.Println("entries", len(left))
}

// unprivileged lets an ordinary user try.
func unprivileged(dir string) {
	raw.Check(os.Chmod(dir, 0o777))
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR, 0o600)
	raw.Check(err)
	raw.Check(unix.Setresuid(1000, 1000, 1000))
	raw.Result("user: another's by descriptor", unix.Linkat(fd, "", unix.AT_FDCWD, dir+"/u1", unix.AT_EMPTY_PATH))
	unix.Close(fd)
	fd, err = unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR, 0o600)
	raw.Result("user: open", err)
	raw.Result("user: own by descriptor", unix.Linkat(fd, "", unix.AT_FDCWD, dir+"/u2", unix.AT_EMPTY_PATH))
	raw.Result("user: own by /proc", link(fd, dir+"/u3"))
	_, err = unix.Open(dir+"/closed", unix.O_TMPFILE|unix.O_RDWR, 0o600)
	raw.Result("user: closed directory", err)
	unix.Close(fd)
}

func main() {
	unix.Umask(0o022)
	cwd, err := os.Getwd()
	raw.Check(err)
	raw.Check(os.Chmod(".", 0o755)) // for the ordinary user
	raw.Check(os.Mkdir("mnt", 0o755))
	raw.Check(unix.Mount("none", "mnt", "tmpfs", 0, ""))
	for _, dir := range []string{cwd + "/disk", cwd + "/mnt/mem"} {
		raw.Check(os.Mkdir(dir, 0o755))
		arguments(dir)
		naming(dir)
		removed(dir)
		many(dir)
	}
	raw.Check(unix.Mount("none", "mnt", "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	_, err = unix.Open("mnt", unix.O_TMPFILE|unix.O_RDWR, 0o600)
	raw.Result("read-only", err)
	raw.Check(unix.Unmount("mnt", 0))
	unprivileged("disk")
}
