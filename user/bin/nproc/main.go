//go:build galago_user

// Command nproc prints the number of processors this process may use.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("[--all] [--ignore=n]", "", "all=a", "ignore:=i")
	n := int64(sys.CPUCount())
	for o.Next() {
		if o.Opt == 'i' {
			less, ok := str.Atoi(o.Arg)
			if !ok || less < 0 {
				cmd.Die("invalid number: '" + o.Arg + "'")
			}
			n = max(n-less, 1)
		}
	}
	o.Need(0, 0)
	stdio.Printf("%d\n", n)
	cmd.Done()
}
