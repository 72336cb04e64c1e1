//go:build galago

package arch

import "unsafe"

// Switch saves the running thread's SP and BP in from and continues to, which becomes Current. Interrupts
// are off. Body in boot/switch.S.
func Switch(from, to *ThreadHeader)

// stackReserve lies below a thread's stack bound: room for nosplit chains and for the overflow report. boot/defs.inc has it as STACK_GUARD.
const stackReserve = 1536

// SetStack gives h the stack [lo, hi).
func (h *ThreadHeader) SetStack(lo, hi uintptr) {
	h.StackLo, h.StackHi = lo, hi
	h.StackGuard0 = lo + stackReserve
	h.StackGuard1 = h.StackGuard0
}

// PrepareKernel makes h start in entry at the first switch to it. entry never returns.
func (h *ThreadHeader) PrepareKernel(entry func()) {
	sp := h.StackHi - 32
	*at[uintptr](sp + 8) = 0 // the entry's return address ends back traces
	*at[uintptr](sp) = **(**uintptr)(unsafe.Pointer(&entry))
	h.SP, h.BP = sp, 0
}

// enterUser leaves the kernel with the registers in f, which lies on the current kernel stack.
func enterUser(f *Frame)

// EnterUser is how a kernel thread becomes a user one: it leaves for user mode with the registers in f, after the work that is due.
func EnterUser(f *Frame) {
	IRQOff()
	h := Current()
	g := at[Frame](h.StackHi - FrameSize)
	*g = *f
	h.UserFrame = uintptr(unsafe.Pointer(g))
	enterUser(g)
}

// UserRegs returns the user registers of the thread, valid while it is in the kernel on behalf of user mode.
func (h *ThreadHeader) UserRegs() *Frame { return at[Frame](h.UserFrame) }
