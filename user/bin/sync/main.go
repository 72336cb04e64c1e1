//go:build galago_user

// Command sync writes everything that is buffered to disk.
package main

import "galago/libc/sys"

func main() { sys.Sync() }
