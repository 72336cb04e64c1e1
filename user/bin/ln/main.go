//go:build galago_user

// Command ln makes links (POSIX.1-2017 XCU ln).
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/dir"
	"galago/libc/stdio"
	"galago/libc/sys"
)

var symbolic, force, interactive, noDeref, noDir, verbose, physical bool

func main() {
	o := cmd.Options("[-fiLnPsTv] [-t directory] source... [target]", "fiLnPsTvt:", "force=f", "interactive=i", "logical=L",
		"no-dereference=n", "physical=P", "symbolic=s", "no-target-directory=T", "verbose=v", "target-directory:=t")
	target := ""
	physical = true
	for o.Next() {
		switch o.Opt {
		case 'f':
			force, interactive = true, false
		case 'i':
			force, interactive = false, true
		case 'L', 'P':
			physical = o.Opt == 'P'
		case 'n':
			noDeref = true
		case 's':
			symbolic = true
		case 'T':
			noDir = true
		case 'v':
			verbose = true
		case 't':
			target = o.Arg
		}
	}
	o.Need(1, -1)
	ops := o.Ops
	if target == "" && len(ops) == 1 {
		target = "."
	} else if target == "" {
		target, ops = ops[len(ops)-1], ops[:len(ops)-1]
	}
	into := !noDir && isDir(target)
	if !into && len(ops) > 1 {
		stdio.Fatal(1, "target '"+target+"'", errno.ENOTDIR)
	}
	for _, src := range ops {
		dst := target
		if into {
			dst = dir.Join(target, cmd.Base(src))
		}
		if link(src, dst) && verbose {
			arrow := "' => '"
			if symbolic {
				arrow = "' -> '"
			}
			stdio.Puts("'" + dst + arrow + src + "'\n")
		}
	}
	cmd.Done()
}

func isDir(p string) bool {
	var st sys.Stat
	look := sys.StatPath
	if noDeref {
		look = sys.Lstat
	}
	return look(p, &st) == 0 && st.Mode&sys.S_IFMT == sys.S_IFDIR
}

func link(src, dst string) bool {
	e := try(src, dst)
	if e == errno.EEXIST && (force || interactive) {
		if interactive && !cmd.Confirm("replace '"+dst+"'") {
			return false
		}
		var a, b sys.Stat
		if !symbolic && sys.Lstat(src, &a) == 0 && sys.Lstat(dst, &b) == 0 && a.Dev == b.Dev && a.Ino == b.Ino {
			cmd.Fail("'"+src+"' and '"+dst+"' are the same file", 0)
			return false
		}
		if e = sys.Unlink(dst); e == 0 {
			e = try(src, dst)
		}
	}
	if e == 0 {
		return true
	}
	what := "failed to create hard link '" + dst + "'"
	if symbolic {
		what = "failed to create symbolic link '" + dst + "'"
	} else if e == errno.ENOENT || e == errno.EPERM {
		what = "cannot link '" + src + "' to '" + dst + "'"
	}
	cmd.Fail(what, e)
	return false
}

func try(src, dst string) sys.Errno {
	if symbolic {
		return sys.Symlink(src, dst)
	}
	if physical {
		return sys.Link(src, dst)
	}
	return sys.Linkat(src, dst, sys.AT_SYMLINK_FOLLOW)
}
