//go:build galago

// Package runtime is Galago's replacement of Go's package runtime: the symbols and types that cmd/compile
// and cmd/link of go1.26 refer to by name, and nothing that allocates. It is the only code that knows
// compiler internals; each such fact names its place in the Go source tree.
//
// What is missing here is missing on purpose. newobject, makeslice, growslice, mapassign, concatstrings,
// convT, typeAssert and their like are left undefined, so kernel code that would allocate behind the
// programmer's back does not link, and the linker names the file and line.
//
// Invariants: R14 points to a G-shaped header in all compiled code; X15 is zero; vector registers other than
// X14 and X15 belong to user mode and are never touched.
package runtime

import _ "internal/runtime/maps"

// BootG is the header the boot CPU runs on until it has a thread.
var BootG [512]byte

// KeepAlive is for packages that name it; nothing here is ever collected.
func KeepAlive(any) {}

//go:cgo_export_static main
//go:cgo_export_static runtime.BootG go_boot_g
