//go:build galago_user

package main

import "galago/libc/cond"

// biTest is test and [.
func biTest(args []string) int {
	if args[0] == "[" {
		if args[len(args)-1] != "]" {
			return usage("[: missing ]")
		}
		args = args[:len(args)-1]
	}
	ok, msg := cond.Eval(args[1:])
	if msg != "" {
		return usage(args[0] + ": " + msg)
	}
	return int(b2i(!ok))
}
