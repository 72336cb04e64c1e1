//go:build galago || galago_user

package runtime

import (
	"internal/abi"
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
