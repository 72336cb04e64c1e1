//go:build galago_user

// Command whoami prints the effective user's name.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/sys"
	"galago/libc/users"
)

func main() {
	cmd.Options("", "").Rest()
	stdio.Puts(users.UserName(sys.Geteuid()) + "\n")
	cmd.Done()
}
