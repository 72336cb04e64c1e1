//go:build galago_user

// Package copy copies files and trees, for cp and for mv across file systems.
package copy

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/dir"
	"galago/libc/stdio"
	"galago/libc/sys"
	"galago/libc/walk"
)

// Options say how to copy.
type Options struct {
	Recursive   bool
	Follow      byte // 'L' all symbolic links, 'H' those on the command line, 'P' none
	Force       bool // remove a target that cannot be opened
	Interactive bool // ask before overwriting
	NoClobber   bool // never overwrite
	Update      bool // only if newer
	Mode, Owner bool // preserve
	Times       bool
	Links       bool // hard links between copied files
	Hard        bool // make hard links instead of copies
	Symbolic    bool // make symbolic links instead of copies
	Verbose     bool
	Moving      bool // messages are mv's
}

// link remembers where a file with several names has gone.
type link struct {
	dev, ino uint64
	path     string
}

// job is one tree being copied.
type job struct {
	*Options
	links  []link
	root   sys.Stat // of the directory that is made, against copying it into itself
	inside bool
	failed bool
}

// Tree copies src to dst; it reports whether all went well.
func Tree(src, dst string, o *Options) bool {
	j := &job{Options: o}
	j.copy(src, dst, true)
	return !j.failed
}

func (j *job) fail(what string, e sys.Errno) {
	j.failed = true
	cmd.Fail(what, e)
}

func (j *job) copy(src, dst string, operand bool) {
	var st, old sys.Stat
	look := sys.Lstat
	if j.Follow == 'L' || j.Follow == 'H' && operand {
		look = sys.StatPath
	}
	if e := look(src, &st); e != 0 {
		j.fail("cannot stat '"+src+"'", e)
		return
	}
	kind := st.Mode & sys.S_IFMT
	if kind == sys.S_IFDIR && !j.Recursive {
		j.fail("-r not specified; omitting directory '"+src+"'", 0)
		return
	}
	exists := sys.Lstat(dst, &old) == 0
	if exists && !j.clear(src, dst, &st, &old) {
		return
	}
	if j.Verbose {
		stdio.Puts("'" + src + "' -> '" + dst + "'\n")
	}
	if j.Links && kind != sys.S_IFDIR && st.Nlink > 1 && j.relink(&st, dst) {
		return
	}
	switch {
	case kind == sys.S_IFDIR:
		j.directory(src, dst, &st)
		return
	case j.Hard:
		j.check(sys.Link(src, dst), "cannot create hard link '"+dst+"'")
		return
	case j.Symbolic:
		j.check(sys.Symlink(src, dst), "cannot create symbolic link '"+dst+"'")
		return
	case kind == sys.S_IFREG || kind != sys.S_IFLNK && !j.Recursive: // a link is seen here only if it is not followed
		j.file(src, dst, &st)
		return
	case kind == sys.S_IFLNK:
		target, e := sys.Readlink(src)
		if e == 0 {
			e = sys.Symlink(target, dst)
		}
		if !j.check(e, "cannot create symbolic link '"+dst+"'") {
			return
		}
	default:
		if !j.check(sys.Mknod(dst, st.Mode&(sys.S_IFMT|0o777), st.Rdev), "cannot create special file '"+dst+"'") {
			return
		}
	}
	j.preserve(dst, &st)
}

func (j *job) check(e sys.Errno, what string) bool {
	if e != 0 {
		j.fail(what, e)
	}
	return e == 0
}

// clear decides about a target that exists; false if it must be left alone.
func (j *job) clear(src, dst string, st, old *sys.Stat) bool {
	var real sys.Stat
	if sys.StatPath(dst, &real) != 0 {
		real = *old
	}
	dirs := st.Mode&sys.S_IFMT == sys.S_IFDIR
	switch {
	case j.NoClobber && !dirs:
		return false
	case st.Dev == real.Dev && st.Ino == real.Ino:
		j.fail("'"+src+"' and '"+dst+"' are the same file", 0)
		return false
	case dirs && real.Mode&sys.S_IFMT != sys.S_IFDIR:
		j.fail("cannot overwrite non-directory '"+dst+"' with directory '"+src+"'", 0)
		return false
	case !dirs && real.Mode&sys.S_IFMT == sys.S_IFDIR:
		j.fail("cannot overwrite directory '"+dst+"' with non-directory", 0)
		return false
	case dirs:
		return true
	case j.Update && !newer(st.MTime, real.MTime):
		return false
	case j.Interactive && !cmd.Confirm("overwrite '"+dst+"'"):
		return false
	}
	// A link, a special file, or a target that becomes one, is replaced, not written through.
	if j.Hard || j.Symbolic || j.Moving || st.Mode&sys.S_IFMT == sys.S_IFLNK || j.Recursive && st.Mode&sys.S_IFMT != sys.S_IFREG ||
		j.Follow == 'P' && old.Mode&sys.S_IFMT == sys.S_IFLNK && j.Recursive {
		if j.Hard || j.Symbolic {
			if !j.Force {
				j.fail("cannot create link '"+dst+"'", errno.EEXIST)
				return false
			}
		}
		return j.check(sys.Unlink(dst), "cannot remove '"+dst+"'")
	}
	return true
}

func newer(a, b sys.Timespec) bool { return a.Sec > b.Sec || a.Sec == b.Sec && a.Nsec > b.Nsec }

// relink makes dst a name of the copy that was made of another name of the same file.
func (j *job) relink(st *sys.Stat, dst string) bool {
	for _, l := range j.links {
		if l.dev == st.Dev && l.ino == st.Ino {
			if sys.Link(l.path, dst) == errno.EEXIST {
				sys.Unlink(dst)
				return sys.Link(l.path, dst) == 0
			}
			return true
		}
	}
	j.links = append(j.links, link{st.Dev, st.Ino, string([]byte(dst))})
	return false
}

func (j *job) directory(src, dst string, st *sys.Stat) {
	if j.inside && st.Dev == j.root.Dev && st.Ino == j.root.Ino {
		j.fail("cannot copy a directory into itself, '"+dst+"'", 0)
		return
	}
	made := false
	switch e := sys.Mkdir(dst, st.Mode&0o777|0o700); e {
	case 0:
		made = true
	case errno.EEXIST:
	default:
		j.fail("cannot create directory '"+dst+"'", e)
		return
	}
	if !j.inside {
		j.inside = sys.StatPath(dst, &j.root) == 0
	}
	e := walk.Dir(src, func(path string, n *dir.Entry) { j.copy(path, dir.Join(dst, n.Name), false) })
	j.check(e, "cannot access '"+src+"'")
	if made && !j.Mode {
		umask := sys.Umask(0)
		sys.Umask(umask)
		if want := st.Mode & 0o777 &^ uint32(umask); want != (st.Mode&0o777|0o700)&^uint32(umask) {
			sys.Chmod(dst, want)
		}
	}
	j.preserve(dst, st)
}

var buffer [65536]byte

func (j *job) file(src, dst string, st *sys.Stat) {
	in, e := sys.Open(src, sys.O_RDONLY|sys.O_CLOEXEC, 0)
	if e != 0 {
		j.fail("cannot open '"+src+"' for reading", e)
		return
	}
	const flags = sys.O_WRONLY | sys.O_CREAT | sys.O_TRUNC | sys.O_CLOEXEC
	out, e := sys.Open(dst, flags, st.Mode&0o777)
	if e != 0 && j.Force {
		sys.Unlink(dst)
		out, e = sys.Open(dst, flags, st.Mode&0o777)
	}
	if e != 0 {
		sys.Close(in)
		j.fail("cannot create regular file '"+dst+"'", e)
		return
	}
	e = data(in, out, st)
	sys.Close(in)
	j.check(e, "error copying '"+src+"' to '"+dst+"'")
	j.check(sys.Close(out), "error writing '"+dst+"'")
	j.preserve(dst, st)
}

// data copies bytes; of a file with fewer blocks than its size needs, blocks of zeros become holes.
func data(in, out int, st *sys.Stat) sys.Errno {
	sparse := st.Mode&sys.S_IFMT == sys.S_IFREG && st.Blocks*512 < st.Size
	hole := false
	size := int64(0)
	for {
		n, e := sys.Read(in, buffer[:])
		if e == errno.EINTR {
			continue
		}
		if e != 0 {
			return e
		}
		if n == 0 {
			if hole {
				return sys.Ftruncate(out, size)
			}
			return 0
		}
		size += int64(n)
		if hole = sparse && zeros(buffer[:n]); hole {
			if _, e := sys.Lseek(out, int64(n), 1); e == 0 {
				continue
			}
		}
		if e := sys.WriteAll(out, buffer[:n]); e != 0 {
			return e
		}
	}
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// preserve gives the copy the original's owner, mode and times, in this order, as changing the owner clears set-ID bits.
func (j *job) preserve(dst string, st *sys.Stat) {
	isLink := st.Mode&sys.S_IFMT == sys.S_IFLNK
	mode := st.Mode & 0o7777
	if j.Owner {
		if e := sys.Lchown(dst, int(st.UID), int(st.GID)); e != 0 {
			mode &^= 0o6000
			if sys.Geteuid() == 0 {
				j.fail("failed to preserve ownership for '"+dst+"'", e)
			}
		}
	}
	if j.Mode && !isLink {
		j.check(sys.Chmod(dst, mode), "setting permissions for '"+dst+"'")
	}
	if j.Times {
		t := [2]sys.Timespec{st.ATime, st.MTime}
		j.check(sys.Utimensat(dst, &t, sys.AT_SYMLINK_NOFOLLOW), "preserving times for '"+dst+"'")
	}
}
