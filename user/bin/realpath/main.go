//go:build galago_user

// Command realpath prints paths without symbolic links, dots and double slashes.
package main

import (
	"galago/libc/cmd"
	"galago/libc/paths"
	"galago/libc/stdio"
)

func main() {
	o := cmd.Options("[-emz] file...", "emzqs", "canonicalize-existing=e", "canonicalize-missing=m", "zero=z", "quiet=q")
	missing, end, quiet := paths.Last, byte('\n'), false
	for o.Next() {
		switch o.Opt {
		case 'e':
			missing = paths.None
		case 'm':
			missing = paths.Any
		case 'q':
			quiet = true
		case 'z':
			end = 0
		}
	}
	o.Need(1, -1)
	for _, p := range o.Ops {
		t, e := paths.Resolve(p, missing)
		if e != 0 {
			if cmd.Status = 1; !quiet {
				cmd.Fail(p, e)
			}
			continue
		}
		stdio.Puts(t)
		stdio.Out.Putc(end)
	}
	cmd.Done()
}
