//go:build galago || galago_user

package runtime

import "internal/abi"

// PanicHook takes over after a run-time panic: msg says what, arg is panic's operand (or nil), x and y the
// operands of a bounds failure when bounds is set, pc and fp the failing code's address and frame pointer.
// It must not return.
var PanicHook func(msg string, arg any, bounds bool, x, y int64, pc, fp uintptr)

func die(msg string, arg any, bounds bool, x, y int64, pc, fp uintptr) {
	if h := PanicHook; h != nil {
		h(msg, arg, bounds, x, y, pc, fp)
	}
	for {
		halt()
	}
}

func halt()

// boundsFailed decodes an index or slice failure from the pc's PCDATA_PanicBounds entry
// (internal/abi/bounds.go); regs are the registers in the order panicBounds saved them.
func boundsFailed(pc uintptr, regs *[16]int64, fp uintptr) {
	v := pcdatavalue(findfunc(pc), abi.PCDATA_PanicBounds, pc-1)
	code, _, xIsReg, yIsReg, xVal, yVal := abi.BoundsDecode(int(v))
	x, y := int64(xVal), int64(yVal)
	if xIsReg {
		x = regs[xVal]
	}
	if yIsReg {
		y = regs[yVal]
	}
	msg := "slice bounds out of range"
	if code == abi.BoundsIndex {
		msg = "index out of range"
	}
	die(msg, nil, true, x, y, pc-1, fp)
}

func failed(msg string, pc, fp uintptr) { die(msg, nil, false, 0, 0, pc-1, fp) }

// The assembly entries pass the caller's return address and frame pointer.
func failDivide(pc, fp uintptr)      { failed("integer divide by zero", pc, fp) }
func failShift(pc, fp uintptr)       { failed("negative shift amount", pc, fp) }
func failWrap(pc, fp uintptr)        { failed("value method called on nil pointer", pc, fp) }
func failStack(pc, fp uintptr)       { failed("kernel stack overflow", pc, fp) }
func failNilType(pc, fp uintptr)     { failed("interface conversion: interface is nil", pc, fp) }
func failType(pc, fp uintptr)        { failed("interface conversion: wrong type", pc, fp) }
func failSlice(pc, fp uintptr)       { failed("bad length of unsafe slice or string", pc, fp) }
func failUnreachable(pc, fp uintptr) { failed("call of a method the linker removed", pc, fp) }
func failPanic(pc, fp uintptr, arg any) {
	die("panic", arg, false, 0, 0, pc-1, fp)
}

func panicrangestate(state int) { die("range-over-func body misused", nil, false, 0, 0, 0, 0) }

// Assembly bodies in panic_amd64.s.
func unreachableMethod()
func panicdivide()
func panicshift()
func panicwrap()
func panicoverflow()
func panicunsafeslicelen()
func panicunsafeslicenilptr()
func panicunsafestringlen()
func panicunsafestringnilptr()
func panicnildottype(want *abi.Type)
func panicdottypeE(have, want, iface *abi.Type)
func panicdottypeI(have *abi.ITab, want, iface *abi.Type)
func gopanic(e any)

// gorecover never recovers: a kernel panic is final.
//
//go:nosplit
func gorecover() any { return nil }
