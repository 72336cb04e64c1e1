//go:build galago_user

package main

import (
	"galago/libc/stdio"
	"galago/libc/sys"
)

// cd and pwd, with the logical working directory of XCU cd.

// logicalOption reads -L and -P; the last one counts.
func logicalOption(args []string) (rest []string, physical bool) {
	for args = args[1:]; len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-'; args = args[1:] {
		if args[0] == "--" {
			return args[1:], physical
		}
		physical = args[0][len(args[0])-1] == 'P'
	}
	return args, physical
}

func cdCommand(args []string) int {
	args, physical := logicalOption(args)
	dir, _ := getVar("HOME")
	show := false
	if len(args) > 0 {
		dir = args[0]
	} else if dir == "" {
		return usage("cd: HOME not set")
	}
	if dir == "-" {
		var ok bool
		if dir, ok = getVar("OLDPWD"); !ok {
			return usage("cd: OLDPWD not set")
		}
		show = true
	}
	if dir == "" {
		dir = "."
	}
	target := dir
	if found := searchCDPath(dir); found != "" {
		target, show = found, true
	}
	old := workingDir()
	next := ""
	if !physical {
		next = logical(old, target)
		if sys.Chdir(next) != 0 {
			next = ""
		}
	}
	if next == "" {
		if e := sys.Chdir(target); e != 0 {
			return usage("cd: can't cd to " + dir + ": " + stdio.Message(e))
		}
		next, _ = sys.Getcwd()
	}
	for _, msg := range [...]string{setVar("OLDPWD", old), setVar("PWD", next)} {
		if msg != "" {
			return usage("cd: " + msg)
		}
	}
	if show {
		puts(next + "\n")
	}
	return 0
}

// searchCDPath looks a relative directory up in CDPATH; "" if it is not found there, or found in the working directory.
func searchCDPath(dir string) string {
	path, _ := getVar("CDPATH")
	first := dir[:index(dir, '/')]
	if path == "" || first == "" || first == "." || first == ".." {
		return ""
	}
	for more := true; more; {
		n := index(path, ':')
		full := dir
		if n > 0 {
			full = path[:n] + "/" + dir
		}
		if isDir(full) {
			if n == 0 || path[:n] == "." {
				return ""
			}
			return full
		}
		more = n < len(path)
		path = path[min(n+1, len(path)):]
	}
	return ""
}

func isDir(path string) bool {
	var st sys.Stat
	return sys.StatPath(path, &st) == 0 && st.Mode&sys.S_IFMT == sys.S_IFDIR
}

// workingDir is PWD if that is right, otherwise what the kernel says.
func workingDir() string {
	if v, ok := getVar("PWD"); ok && v != "" && v[0] == '/' {
		var a, b sys.Stat
		if sys.StatPath(v, &a) == 0 && sys.StatPath(".", &b) == 0 && a.Ino == b.Ino && a.Dev == b.Dev {
			return v
		}
	}
	d, _ := sys.Getcwd()
	return d
}

// logical joins a path to a directory, resolving . and .. by name.
func logical(base, path string) string {
	rest := path
	if path[0] != '/' {
		rest = base + "/" + path
	}
	var out []byte
	for rest != "" {
		n := index(rest, '/')
		part := rest[:n]
		rest = rest[min(n+1, len(rest)):]
		switch part {
		case "", ".":
		case "..":
			n := len(out)
			for n > 0 && out[n-1] != '/' {
				n--
			}
			out = out[:max(n-1, 0)]
		default:
			out = append(append(out, '/'), part...)
		}
	}
	if len(out) == 0 {
		return "/"
	}
	return string(out)
}

func pwdCommand(args []string) int {
	_, physical := logicalOption(args)
	d := ""
	if physical {
		var e sys.Errno
		if d, e = sys.Getcwd(); e != 0 {
			return usage("pwd: " + stdio.Message(e))
		}
	} else {
		d = workingDir()
	}
	puts(d + "\n")
	return 0
}
