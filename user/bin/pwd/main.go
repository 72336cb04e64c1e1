//go:build galago_user

// Command pwd prints the working directory.
package main

import (
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	d, e := sys.Getcwd()
	if e != 0 {
		stdio.Fatal(1, "cannot determine the working directory", e)
	}
	stdio.Puts(d + "\n")
}
