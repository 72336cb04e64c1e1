//go:build galago_user

// Command rmdir removes empty directories (POSIX.1-2017 XCU rmdir); -p also the directories above them.
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

var parents, verbose, tolerant bool

func main() {
	o := cmd.Options("[-pv] directory...", "pvI", "parents=p", "verbose=v", "ignore-fail-on-non-empty=I")
	for o.Next() {
		switch o.Opt {
		case 'p':
			parents = true
		case 'v':
			verbose = true
		case 'I':
			tolerant = true
		}
	}
	o.Need(1, -1)
	for _, path := range o.Ops {
		for remove(path) && parents {
			for str.HasSuffix(path, "/") {
				path = path[:len(path)-1]
			}
			i := str.LastByte(path, '/')
			if i <= 0 {
				break
			}
			path = path[:i]
		}
	}
	cmd.Done()
}

func remove(path string) bool {
	if verbose {
		stdio.Puts("rmdir: removing directory, '" + path + "'\n")
	}
	e := sys.Rmdir(path)
	if e != 0 && !(tolerant && e == errno.ENOTEMPTY) {
		cmd.Fail("failed to remove '"+path+"'", e)
	}
	return e == 0
}
