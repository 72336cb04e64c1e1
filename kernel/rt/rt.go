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

import (
	"internal/abi"
	_ "internal/runtime/maps"
	"unsafe"
)

// G is the part of the current thread's header that compiled code and this package use. The offsets are
// those of arch.ThreadHeader; stackguard0 at 16 is fixed by cmd/internal/obj/x86 (stacksplit).
type G struct {
	StackLo, StackHi uintptr
	Stackguard0      uintptr
	Stackguard1      uintptr
	Deferp           *_defer
}

// BootG is the header the boot CPU runs on until it has a thread.
var BootG [512]byte

func getg() *G // compiler intrinsic: the value of R14

// Getg returns the current thread's header.
func Getg() *G { return getg() }

// Types that the linker's DWARF generator looks up by name (cmd/link/internal/ld/dwarf.go).
type (
	stringStructDWARF struct {
		str *byte
		len int
	}
	slice struct {
		array unsafe.Pointer
		len   int
		cap   int
	}
	iface struct {
		tab  *abi.ITab
		data unsafe.Pointer
	}
	eface struct {
		_type *abi.Type
		data  unsafe.Pointer
	}
	sudog struct{ elem unsafe.Pointer }
	waitq struct{ first, last *sudog }
	hchan struct {
		qcount, dataqsiz uint
		buf              unsafe.Pointer
		recvq, sendq     waitq
	}
)

// keeptypes makes reachable the type descriptors that DWARF's root entries refer to.
var keeptypes = [...]any{unsafe.Pointer(nil), uintptr(0)}

// Error mirrors the standard package's interface; the type checker knows it by name.
type Error interface {
	error
	RuntimeError()
}

// Variables the compiler may read. The x86Has* are false: kernel code never takes the paths they guard.
var (
	x86HasPOPCNT, x86HasSSE41, x86HasFMA, x86HasAVX bool
	zeroVal                                         [abi.ZeroValSize]byte
)

func add(p unsafe.Pointer, n uintptr) unsafe.Pointer { return unsafe.Pointer(uintptr(p) + n) }

// KeepAlive is for packages that name it; nothing here is ever collected.
func KeepAlive(any) {}

//go:cgo_export_static main
//go:cgo_export_static runtime.BootG go_boot_g
