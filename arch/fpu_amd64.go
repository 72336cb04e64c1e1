//go:build galago

package arch

// The FPU state of user threads: x87, SSE and AVX, kept with XSAVE (SDM 1 chapter 13). The kernel itself uses only
// XMM14 and XMM15, which the entry stubs save, so the rest stays in the registers until a switch.

// xcr0 is the set of state components in use: x87, SSE and, when the CPU has it, AVX.
var xcr0 uint64 = 3

// FPUSize is the size of a save area in bytes; areas are aligned to 64.
var FPUSize uintptr = 512

const (
	xstateAVX  = 1 << 2
	mxcsrReset = 0x1f80
	fcwReset   = 0x37f
	xHeader    = 512 // offset of XSTATE_BV
	xmm14      = 160 + 14*16
)

func detectFPU() {
	if !Has.XSAVE {
		return
	}
	a, _, _, _ := Cpuid(0xd, 0)
	xcr0 = uint64(a) & (3 | xstateAVX)
	FPUSize = 512 + 64
	if xcr0&xstateAVX != 0 {
		size, off, _, _ := Cpuid(0xd, 2)
		FPUSize = max(FPUSize, uintptr(size+off))
	}
}

// FPUComponents returns the enabled XSAVE state components (XCR0).
func FPUComponents() uint64 { return xcr0 }

// FPUReset makes area the state of a new program; area is FPUSize bytes of zeroes.
func FPUReset(area uintptr) {
	*at[uint16](area) = fcwReset
	*at[uint32](area + 24) = mxcsrReset
	if Has.XSAVE {
		*at[uint64](area + xHeader) = 3
	}
}

// FPUSave stores this CPU's FPU state, FPURestore loads it.
func FPUSave(area uintptr) {
	if Has.XSAVE {
		xsave(area)
	} else {
		fxsave(area)
	}
}

func FPURestore(area uintptr) {
	if Has.XSAVE {
		xrstor(area)
	} else {
		fxrstor(area)
	}
}

// FPUSetX14X15 replaces the two registers that the entry stubs saved in a frame within a saved area, and
// FPUGetX14X15 copies them out of one.
func FPUSetX14X15(area uintptr, f *Frame) {
	x := at[[4]uint64](area + xmm14)
	x[0], x[1], x[2], x[3] = f.X14[0], f.X14[1], f.X15[0], f.X15[1]
	if Has.XSAVE {
		*at[uint64](area + xHeader) |= 2
	}
}

func FPUGetX14X15(area uintptr, f *Frame) {
	if Has.XSAVE && *at[uint64](area + xHeader)&2 == 0 {
		f.X14[0], f.X14[1], f.X15[0], f.X15[1] = 0, 0, 0, 0
		return
	}
	x := at[[4]uint64](area + xmm14)
	f.X14[0], f.X14[1], f.X15[0], f.X15[1] = x[0], x[1], x[2], x[3]
}

// FPUSanitize makes an area that came from user memory loadable: reserved MXCSR bits and unknown components
// would raise #GP.
func FPUSanitize(area uintptr) {
	*at[uint32](area + 24) &= 0xffff
	if Has.XSAVE {
		*at[uint64](area + xHeader) &= xcr0
		for off := uintptr(8); off < 64; off += 8 {
			*at[uint64](area + xHeader + off) = 0
		}
	}
}

// FPUExceptions returns the unmasked exception flags (IE, DE, ZE, OE, UE, PE from bit 0 on) of a saved area: those of
// MXCSR, or of the x87 status word.
func FPUExceptions(area uintptr, simd bool) uint32 {
	if simd {
		mxcsr := *at[uint32](area + 24)
		return mxcsr &^ (mxcsr >> 7) & 0x3f
	}
	return uint32(*at[uint16](area + 2)&^*at[uint16](area)) & 0x3f
}
