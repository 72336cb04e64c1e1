//go:build galago || galago_user

package runtime

import (
	"internal/runtime/sys"
	"unsafe"
)

// _defer: the layout is fixed by cmd/compile/internal/ssagen (deferstruct).
type _defer struct {
	heap      bool
	rangefunc bool
	sp        uintptr
	pc        uintptr
	fn        func()
	link      *_defer
	head      unsafe.Pointer
}

// deferprocStack records a deferred call whose record lives in the caller's frame. nosplit: the caller's
// argument area is not described to a stack check.
//
//go:nosplit
func deferprocStack(d *_defer) {
	gp := getg()
	d.sp = sys.GetCallerSP()
	d.link = gp.Deferp
	gp.Deferp = d
}

// deferreturn runs the deferred calls of the caller's frame, for functions whose defers are not open-coded.
func deferreturn() {
	gp := getg()
	sp := sys.GetCallerSP()
	for d := gp.Deferp; d != nil && d.sp == sp; d = gp.Deferp {
		gp.Deferp = d.link
		d.fn()
	}
}
