//go:build galago

package arch

import "unsafe"

// Bodies in boot/usercopy.S.
func copyUser(dst, src, n uintptr) (left uintptr)
func zeroUser(dst, n uintptr) (left uintptr)
func loadUser32(src uintptr) (v uint32, ok bool)
func casUser32(addr uintptr, old, new uint32) (prev uint32, ok bool)
func saveUserFPU(area uintptr, f *Frame, components uint64) (ok bool)
func loadUserFPU(area uintptr, f *Frame, components uint64) (ok bool)

// UserRange reports whether [a, a+n) lies in user space.
func UserRange(a, n uintptr) bool { return a < UserLimit && n <= UserLimit-a }

// CopyFromUser copies n bytes from user address src and returns how many were left when an address could not be
// read. It may fault pages in, so it may sleep.
func CopyFromUser(dst unsafe.Pointer, src, n uintptr) (left uintptr) {
	if !UserRange(src, n) {
		return n
	}
	return copyUser(uintptr(dst), src, n)
}

// CopyToUser copies n bytes to user address dst and returns how many were left.
func CopyToUser(dst uintptr, src unsafe.Pointer, n uintptr) (left uintptr) {
	if !UserRange(dst, n) {
		return n
	}
	return copyUser(dst, uintptr(src), n)
}

// ZeroUser clears n bytes at user address dst and returns how many were left.
func ZeroUser(dst, n uintptr) (left uintptr) {
	if !UserRange(dst, n) {
		return n
	}
	return zeroUser(dst, n)
}

// LoadUser32 reads an aligned word of user memory; ok is false when it cannot be read.
func LoadUser32(a uintptr) (v uint32, ok bool) {
	if !UserRange(a, 4) {
		return 0, false
	}
	return loadUser32(a)
}

// CasUser32 compares and swaps an aligned word of user memory and returns what it held.
func CasUser32(a uintptr, old, new uint32) (prev uint32, ok bool) {
	if !UserRange(a, 4) {
		return 0, false
	}
	return casUser32(a, old, new)
}

// FPUSaveUser stores the running thread's FPU state, with the X14 and X15 of its frame f, at the 64-byte aligned user address area;
// FPULoadUser loads it from there. The CPU has XSAVE. false: the memory cannot be used, or the state is invalid; part of it may be loaded then.
func FPUSaveUser(area uintptr, f *Frame) bool {
	return UserRange(area, FPUSize) && saveUserFPU(area, f, xcr0)
}

// FPULoadUser is described at FPUSaveUser.
func FPULoadUser(area uintptr, f *Frame) bool {
	return UserRange(area, FPUSize) && loadUserFPU(area, f, xcr0)
}

// patchSMAP turns the NOPs around user accesses into STAC and CLAC. It writes through the direct map, before
// BuildKernelTables makes the text's alias read-only.
func patchSMAP() {
	type site struct{ addr, insn uintptr }
	for a := linkAddr(symSmapStart); a < linkAddr(symSmapEnd); a += unsafe.Sizeof(site{}) {
		s := at[site](a)
		p := at[[3]byte](PhysToVirt(VirtToPhys(s.addr)))
		for i := range p {
			p[i] = byte(s.insn >> (8 * i))
		}
	}
}
