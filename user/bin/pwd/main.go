//go:build galago_user

// Command pwd prints the current directory (POSIX.1-2017 XCU pwd): -L trusts $PWD if it is right, -P (the default, as in GNU pwd) does not.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("[-LP]", "LP", "logical=L", "physical=P")
	logical := false
	for o.Next() {
		logical = o.Opt == 'L'
	}
	dir, e := sys.Getcwd()
	if e != 0 {
		stdio.Fatal(1, "cannot find the current directory", e)
	}
	if p, ok := cmd.Getenv("PWD"); logical && ok && plain(p) && same(p, ".") {
		dir = p
	}
	stdio.Puts(dir)
	stdio.Out.Putc('\n')
	cmd.Done()
}

// plain reports whether p is absolute and has no . or .. in it.
func plain(p string) bool {
	for _, part := range str.Split(p, '/') {
		if part == "." || part == ".." {
			return false
		}
	}
	return str.HasPrefix(p, "/")
}

func same(a, b string) bool {
	var s, t sys.Stat
	return sys.StatPath(a, &s) == 0 && sys.StatPath(b, &t) == 0 && s.Dev == t.Dev && s.Ino == t.Ino
}
