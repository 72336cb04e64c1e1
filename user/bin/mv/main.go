//go:build galago_user

// Command mv renames files (POSIX.1-2017 XCU mv); across file systems it copies and removes.
package main

import (
	"runtime"

	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/copy"
	"galago/libc/dir"
	"galago/libc/spawn"
	"galago/libc/stdio"
	"galago/libc/sys"
)

var force, interactive, noClobber, update, verbose bool

func main() {
	o := cmd.Options("[-finTuv] [-t directory] source... target", "finTuvt:", "force=f", "interactive=i", "no-clobber=n",
		"no-target-directory=T", "update=u", "verbose=v", "target-directory:=t")
	target, noDir := "", false
	for o.Next() {
		switch o.Opt {
		case 'f', 'i', 'n':
			force, interactive, noClobber = o.Opt == 'f', o.Opt == 'i', o.Opt == 'n'
		case 'T':
			noDir = true
		case 'u':
			update = true
		case 'v':
			verbose = true
		case 't':
			target = o.Arg
		}
	}
	ops := o.Ops
	if target == "" {
		o.Need(2, -1)
		target, ops = ops[len(ops)-1], ops[:len(ops)-1]
	} else {
		o.Need(1, -1)
	}
	var st sys.Stat
	into := !noDir && sys.StatPath(target, &st) == 0 && st.Mode&sys.S_IFMT == sys.S_IFDIR
	if !into && len(ops) > 1 {
		stdio.Fatal(1, "target '"+target+"'", errno.ENOTDIR)
	}
	for _, src := range ops {
		dst := target
		if into {
			dst = dir.Join(target, cmd.Base(src))
		}
		move(src, dst)
	}
	cmd.Done()
}

func move(src, dst string) {
	var s, d sys.Stat
	if e := sys.Lstat(src, &s); e != 0 {
		cmd.Fail("cannot stat '"+src+"'", e)
		return
	}
	if sys.Lstat(dst, &d) == 0 && !overwrite(src, dst, &s, &d) {
		return
	}
	switch e := sys.Rename(src, dst); e {
	case 0:
		if verbose {
			stdio.Puts("renamed '" + src + "' -> '" + dst + "'\n")
		}
	case errno.EXDEV:
		across(src, dst)
	case errno.EINVAL:
		cmd.Fail("cannot move '"+src+"' to a subdirectory of itself, '"+dst+"'", 0)
	default:
		cmd.Fail("cannot move '"+src+"' to '"+dst+"'", e)
	}
}

// overwrite decides about a target that exists.
func overwrite(src, dst string, s, d *sys.Stat) bool {
	dirS, dirD := s.Mode&sys.S_IFMT == sys.S_IFDIR, d.Mode&sys.S_IFMT == sys.S_IFDIR
	newer := s.MTime.Sec > d.MTime.Sec || s.MTime.Sec == d.MTime.Sec && s.MTime.Nsec > d.MTime.Nsec
	switch {
	case noClobber, update && !newer:
		return false
	case s.Dev == d.Dev && s.Ino == d.Ino:
		cmd.Fail("'"+src+"' and '"+dst+"' are the same file", 0)
		return false
	case dirD && !dirS:
		cmd.Fail("cannot overwrite directory '"+dst+"' with non-directory", 0)
		return false
	case dirS && !dirD:
		cmd.Fail("cannot overwrite non-directory '"+dst+"' with directory '"+src+"'", 0)
		return false
	case interactive:
		return cmd.Confirm("overwrite '" + dst + "'")
	case !force && d.Mode&sys.S_IFMT != sys.S_IFLNK && sys.Access(dst, 2) != 0 && sys.Isatty(0):
		return cmd.Confirm("replace '" + dst + "', overriding its mode")
	}
	return true
}

// across copies a tree to another file system and removes the original when all of it has arrived.
func across(src, dst string) {
	o := copy.Options{Recursive: true, Follow: 'P', Mode: true, Owner: true, Times: true, Links: true, Moving: true,
		Verbose: verbose}
	if sys.Rmdir(dst) == errno.ENOTEMPTY {
		cmd.Fail("cannot move '"+src+"' to '"+dst+"'", errno.ENOTEMPTY)
		return
	}
	if !copy.Tree(src, dst, &o) {
		return
	}
	stdio.Out.Flush()
	st, e := spawn.Run([]string{"rm", "-rf", "--", src}, cmd.Environ())
	if e != 0 {
		cmd.Fail("rm", e)
	} else if !st.Exited() || st.ExitCode() != 0 {
		runtime.Exit(1)
	}
}
