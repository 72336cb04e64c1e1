//go:build galago_user

// Package paths resolves paths as realpath(3) does.
package paths

import (
	"galago/kernel/errno"
	"galago/libc/str"
	"galago/libc/sys"
)

// Missing says which components need not exist.
type Missing int

const (
	None Missing = iota // all must exist
	Last                // all but the last must
	Any                 // none need
)

// maxLinks is how many symbolic links are followed, as in the kernel.
const maxLinks = 40

// Resolve returns path as an absolute path without symbolic links, "." and "..".
func Resolve(path string, missing Missing) (string, sys.Errno) {
	if path == "" {
		return "", errno.ENOENT
	}
	done := ""
	if path[0] != '/' {
		cwd, e := sys.Getcwd()
		if e != 0 {
			return "", e
		}
		done = cwd
		if done == "/" {
			done = ""
		}
	}
	rest := path
	for links := 0; rest != ""; {
		part, after, more := str.Cut(rest, '/')
		rest = after
		switch part {
		case "", ".":
			continue
		case "..":
			done = done[:max(str.LastByte(done, '/'), 0)]
			continue
		}
		next := done + "/" + part
		var st sys.Stat
		e := sys.Lstat(next, &st)
		if e == errno.ENOENT && (missing == Any || missing == Last && slashes(rest) == "") {
			done = next
			continue
		}
		if e != 0 && missing != Any {
			return "", e
		}
		if e != 0 || st.Mode&sys.S_IFMT != sys.S_IFLNK {
			if e == 0 && more && st.Mode&sys.S_IFMT != sys.S_IFDIR && missing != Any {
				return "", errno.ENOTDIR
			}
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", errno.ELOOP
		}
		target, e := sys.Readlink(next)
		if e != 0 {
			return "", e
		}
		if str.HasPrefix(target, "/") {
			done = ""
		}
		if more {
			target += "/"
		}
		rest = target + rest
	}
	if done == "" {
		done = "/"
	}
	return done, 0
}

// slashes takes the leading slashes away.
func slashes(s string) string {
	for str.HasPrefix(s, "/") {
		s = s[1:]
	}
	return s
}
