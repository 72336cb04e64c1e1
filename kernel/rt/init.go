//go:build galago || galago_user

package runtime

import "unsafe"

// initTask: the layout is cmd/compile/internal/pkginit's; nfns code pointers follow it.
type initTask struct {
	state uint32
	nfns  uint32
}

const initDone = 2

// RunInits runs the packages' initialisers in the order cmd/link gave them. Called once, on the boot CPU,
// before main.main, with a page-mapped image and nothing else: initialisers may only compute.
func RunInits() {
	for _, t := range firstmoduledata.inittasks {
		if t.state == initDone {
			continue
		}
		t.state = initDone
		first := add(unsafe.Pointer(t), unsafe.Sizeof(initTask{}))
		for i := range uintptr(t.nfns) {
			// A slot holds a code pointer, so its address is a function value.
			slot := add(first, i*8)
			(*(*func())(unsafe.Pointer(&slot)))()
		}
	}
}
