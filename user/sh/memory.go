//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/libc/sys"
)

// Memory that outlives commands. What the language allocates is released when the command that allocated it has run (see
// inRegion); variables, functions, jobs and so on live in blocks that are freed one by one.

// inRegion runs fn and releases what it allocated.
func inRegion(fn func()) {
	m := runtime.Mark()
	fn()
	runtime.Release(m)
}

// stackBottom is where main's frame lies; stackRoom how far the stack may grow before commands may nest no deeper.
var stackBottom, stackRoom uintptr

// measureStack notes how much stack there is: of what the limit allows, an eighth is left to what cannot fail.
func measureStack() {
	const stackLimit, most = 3, 64 << 20
	var here byte
	stackBottom = uintptr(unsafe.Pointer(&here))
	var lim sys.Rlimit
	sys.Prlimit(stackLimit, nil, &lim)
	stackRoom = uintptr(min(lim.Cur, most)) / 8 * 7
}

// stackLow reports that the stack is almost used up. Functions and eval ask; the nesting of commands within them is bounded by the
// parser.
func stackLow() bool {
	var here byte
	const reserve = 128 << 10
	return stackBottom-uintptr(unsafe.Pointer(&here))+reserve > stackRoom
}

// create makes a zero T that lives until discard.
func create[T any]() *T {
	var v T
	return (*T)(runtime.Alloc(unsafe.Sizeof(v)))
}

func discard[T any](p *T) { runtime.Free(unsafe.Pointer(p)) }

// keep copies a string into a block of its own.
func keep(s string) string {
	if s == "" {
		return ""
	}
	b := unsafe.Slice((*byte)(runtime.Alloc(uintptr(len(s)))), len(s))
	copy(b, s)
	return unsafe.String(&b[0], len(b))
}

func drop(s string) {
	if s != "" {
		runtime.Free(unsafe.Pointer(unsafe.StringData(s)))
	}
}

// keepStrings copies a list of strings.
func keepStrings(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	k := unsafe.Slice((*string)(runtime.Alloc(uintptr(len(list))*unsafe.Sizeof(""))), len(list))
	for i, s := range list {
		k[i] = keep(s)
	}
	return k
}

func dropStrings(list []string) {
	for _, s := range list {
		drop(s)
	}
	if len(list) > 0 {
		runtime.Free(unsafe.Pointer(&list[0]))
	}
}
