//go:build linux

// Package raw has what tests need that make system calls by number.
package raw

import (
	"fmt"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

var (
	keep sync.Mutex
	kept []any
)

// Addr returns an address of p for a system call. What it points to stays: it lies in the heap, where it neither moves, as a stack that grows does,
// nor is freed.
func Addr[T any](p *T) uintptr {
	keep.Lock()
	kept = append(kept, p)
	keep.Unlock()
	return uintptr(unsafe.Pointer(p))
}

// String returns the address of a copy of s with a zero behind it, which stays.
func String(s string) uintptr {
	b := append([]byte(s), 0)
	return Addr(&b[0])
}

// Name names an error as the manuals do: "ok" for none.
func Name(e unix.Errno) string {
	if e == 0 {
		return "ok"
	}
	return unix.ErrnoName(e)
}

// Check ends the test at an error that must not be.
func Check(err error) {
	if err != nil {
		panic(err)
	}
}

// Result prints what a call has come to.
func Result(what string, err error) {
	if e, ok := err.(unix.Errno); ok && e != 0 {
		fmt.Printf("%s: %s\n", what, unix.ErrnoName(e))
	} else {
		fmt.Printf("%s: ok\n", what)
	}
}
