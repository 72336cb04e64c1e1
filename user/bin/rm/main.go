//go:build galago_user

// Command rm removes files and, with -r, trees (POSIX.1-2017 XCU rm). Below a directory it works relative to its descriptor, so depth and
// the length of paths do not matter.
package main

import (
	"unsafe"

	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/dir"
	"galago/libc/stdio"
	"galago/libc/sys"
)

var force, interactive, recursive, dirs, verbose bool

func main() {
	o := cmd.Options("[-dfiRrv] file...", "dfiIRrv", "force=f", "recursive=r", "dir=d", "verbose=v", "interactive?=i",
		"one-file-system=x", "no-preserve-root=n", "preserve-root=p")
	for o.Next() {
		switch o.Opt {
		case 'd':
			dirs = true
		case 'f':
			force, interactive = true, false
		case 'i':
			force, interactive = false, true
		case 'R', 'r':
			recursive = true
		case 'v':
			verbose = true
		}
	}
	if !force {
		o.Need(1, -1)
	}
	for _, p := range o.Ops {
		switch base := cmd.Base(p); {
		case base == "." || base == "..":
			cmd.Fail("refusing to remove '.' or '..' directory: skipping '"+p+"'", 0)
		case base == "/" && recursive:
			cmd.Fail("it is dangerous to operate recursively on '/'", 0)
		default:
			remove(sys.AtFDCWD, p, p)
		}
	}
	cmd.Done()
}

// remove removes name in directory at; path is for messages. It reports whether name is gone.
func remove(at int, name, path string) bool {
	var st sys.Stat
	if e := sys.Fstatat(at, name, &st, sys.AT_SYMLINK_NOFOLLOW); e != 0 {
		if !force || e != errno.ENOENT && e != errno.ENOTDIR {
			cmd.Fail("cannot remove '"+path+"'", e)
			return false
		}
		return true
	}
	if st.Mode&sys.S_IFMT == sys.S_IFDIR {
		return directory(at, name, path)
	}
	if !allowed(&st, at, name, path) {
		return false
	}
	return unlink(at, name, path, 0)
}

// allowed asks when -i says so, or for a file without write permission if there is a terminal.
func allowed(st *sys.Stat, at int, name, path string) bool {
	kind := "file"
	switch {
	case st.Mode&sys.S_IFMT == sys.S_IFDIR:
		kind = "directory"
	case st.Mode&sys.S_IFMT == sys.S_IFLNK:
		kind = "symbolic link"
	case st.Size == 0:
		kind = "regular empty file"
	}
	if interactive {
		return cmd.Confirm("remove " + kind + " '" + path + "'")
	}
	if force || kind == "symbolic link" || st.Mode&0o222 != 0 || sys.Geteuid() == 0 || !sys.Isatty(0) {
		return true
	}
	return cmd.Confirm("remove write-protected " + kind + " '" + path + "'")
}

func unlink(at int, name, path string, flags int) bool {
	if e := sys.Unlinkat(at, name, flags); e != 0 {
		cmd.Fail("cannot remove '"+path+"'", e)
		return false
	}
	if verbose {
		if flags != 0 {
			stdio.Puts("removed directory '" + path + "'\n")
		} else {
			stdio.Puts("removed '" + path + "'\n")
		}
	}
	return true
}

func directory(at int, name, path string) bool {
	if !recursive && !dirs {
		cmd.Fail("cannot remove '"+path+"'", errno.EISDIR)
		return false
	}
	if recursive {
		if interactive && !cmd.Confirm("descend into directory '"+path+"'") {
			return false
		}
		if !empty(at, name, path) {
			return false
		}
	}
	if interactive && !cmd.Confirm("remove directory '"+path+"'") {
		return false
	}
	return unlink(at, name, path, sys.AT_REMOVEDIR)
}

// header is the size of struct linux_dirent64 up to its name.
const header = 19

// empty removes what is in a directory, a buffer of entries at a time. After a round in which something was removed the
// directory is read from its beginning again, as removing may move entries.
func empty(at int, name, path string) bool {
	fd, e := sys.Openat(at, name, sys.O_RDONLY|sys.O_DIRECTORY|sys.O_NOFOLLOW|sys.O_CLOEXEC, 0)
	if e != 0 {
		cmd.Fail("cannot remove '"+path+"'", e)
		return false
	}
	defer sys.Close(fd)
	var buf [4096]byte
	all := true
	for {
		n, e := sys.Getdents(fd, buf[:])
		if e != 0 {
			cmd.Fail("cannot read directory '"+path+"'", e)
			return false
		}
		if n == 0 {
			return all
		}
		removed := false
		for b := buf[:n]; len(b) > header; b = b[*(*uint16)(unsafe.Pointer(&b[16])):] {
			entry := sys.GoString(&b[header])
			if entry == "." || entry == ".." {
				continue
			}
			if child(fd, entry, path) {
				removed = true
			} else {
				all = false
			}
		}
		if removed && all {
			sys.Lseek(fd, 0, 0)
		}
	}
}

// child removes one entry. A file that may go without questions costs one call.
func child(fd int, entry, path string) bool {
	if force && !interactive && !verbose {
		switch e := sys.Unlinkat(fd, entry, 0); e {
		case 0:
			return true
		case errno.EISDIR, errno.EPERM: // POSIX says EPERM for directories
		default:
			cmd.Fail("cannot remove '"+dir.Join(path, entry)+"'", e)
			return false
		}
	}
	return remove(fd, entry, dir.Join(path, entry))
}
