//go:build galago_user

// Command false fails.
package main

import "runtime"

func main() { runtime.Exit(1) }
