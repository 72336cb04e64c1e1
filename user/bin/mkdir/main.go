//go:build galago_user

// Command mkdir makes directories.
package main

import (
	"runtime"

	"galago/kernel/errno"
	"galago/libc/args"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	o := args.Parse("pm:", "[-p] [-m mode] dir...")
	mode := uint32(0o777)
	if s := o.Value('m'); s != "" {
		mode = 0
		for i := range len(s) {
			if s[i] < '0' || s[i] > '7' {
				stdio.Fatal(1, "invalid mode '"+s+"'", 0)
			}
			mode = mode<<3 | uint32(s[i]-'0')
		}
	}
	if len(o.Args) == 0 {
		stdio.Fatal(1, "missing operand", 0)
	}
	status := 0
	for _, d := range o.Args {
		if o.Has('p') {
			for i := 1; i < len(d); i++ {
				if d[i] == '/' {
					sys.Mkdir(d[:i], 0o777)
				}
			}
		}
		e := sys.Mkdir(d, mode)
		if e == errno.EEXIST && o.Has('p') {
			var st sys.Stat
			if sys.StatPath(d, &st) == 0 && st.Mode&sys.S_IFMT == sys.S_IFDIR {
				continue
			}
		}
		if e == 0 && o.Has('m') {
			e = sys.Chmod(d, mode)
		}
		if e != 0 {
			stdio.Warn("cannot create directory '"+d+"'", e)
			status = 1
		}
	}
	runtime.Exit(status)
}
