//go:build galago && !lockdep

package oops

import "galago/arch"

func initLockdep() {}

// heldLocks has nothing to list: only the lock checker keeps the list.
func heldLocks(*arch.ThreadHeader) {}
