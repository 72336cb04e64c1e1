//go:build galago_user

// Command readlink prints where symbolic links point; -f resolves a path completely.
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/paths"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("[-efmn] file...", "efmnqsvz", "canonicalize=f", "canonicalize-existing=e", "canonicalize-missing=m",
		"no-newline=n", "zero=z", "verbose=v")
	missing, end, newline, verbose, canonical := paths.Last, byte('\n'), true, false, false
	for o.Next() {
		switch o.Opt {
		case 'e':
			canonical, missing = true, paths.None
		case 'f':
			canonical, missing = true, paths.Last
		case 'm':
			canonical, missing = true, paths.Any
		case 'n':
			newline = false
		case 'v':
			verbose = true
		case 'z':
			end = 0
		}
	}
	o.Need(1, -1)
	for _, p := range o.Ops {
		t, e := "", errno.Errno(0)
		if canonical {
			t, e = paths.Resolve(p, missing)
		} else {
			t, e = sys.Readlink(p)
		}
		if e != 0 {
			cmd.Status = 1
			if verbose {
				cmd.Fail(p, e)
			}
			continue
		}
		stdio.Puts(t)
		if newline || len(o.Ops) > 1 {
			stdio.Out.Putc(end)
		}
	}
	cmd.Done()
}
