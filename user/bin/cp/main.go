//go:build galago_user

// Command cp copies files and trees (POSIX.1-2017 XCU cp). The work is done by package copy.
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/copy"
	"galago/libc/dir"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("[-afHilLnPpRrsTuvd] [-t directory] source... target", "afHilLnPpRrsTuvdt:", "archive=a", "force=f",
		"interactive=i", "link=l", "dereference=L", "no-clobber=n", "no-dereference=P", "preserve?=p", "recursive=R",
		"symbolic-link=s", "no-target-directory=T", "update=u", "verbose=v", "target-directory:=t")
	var c copy.Options
	target, noDir := "", false
	for o.Next() {
		switch o.Opt {
		case 'a':
			c.Recursive, c.Follow, c.Links = true, 'P', true
			c.Mode, c.Owner, c.Times = true, true, true
		case 'd':
			c.Follow, c.Links = 'P', true
		case 'p':
			c.Mode, c.Owner, c.Times = true, true, true
		case 'f':
			c.Force = true
		case 'i':
			c.Interactive, c.NoClobber = true, false
		case 'n':
			c.Interactive, c.NoClobber = false, true
		case 'H', 'L', 'P':
			c.Follow = o.Opt
		case 'R', 'r':
			c.Recursive = true
		case 'l':
			c.Hard = true
		case 's':
			c.Symbolic = true
		case 'T':
			noDir = true
		case 'u':
			c.Update = true
		case 'v':
			c.Verbose = true
		case 't':
			target = o.Arg
		}
	}
	if c.Follow == 0 {
		c.Follow = 'L'
		if c.Recursive {
			c.Follow = 'P'
		}
	}
	ops := o.Ops
	if target == "" {
		o.Need(2, -1)
		target, ops = ops[len(ops)-1], ops[:len(ops)-1]
	} else {
		o.Need(1, -1)
	}
	copyAll(ops, target, noDir, &c)
	cmd.Done()
}

func copyAll(ops []string, target string, noDir bool, c *copy.Options) {
	var st sys.Stat
	into := !noDir && sys.StatPath(target, &st) == 0 && st.Mode&sys.S_IFMT == sys.S_IFDIR
	if !into && (len(ops) > 1 || str.HasSuffix(target, "/") && !c.Recursive) {
		stdio.Fatal(1, "target '"+target+"'", errno.ENOTDIR)
	}
	for _, src := range ops {
		dst := target
		if into {
			base := cmd.Base(src)
			if base == ".." {
				base = "."
			}
			dst = dir.Join(target, base)
		}
		copy.Tree(src, dst, c)
	}
}
