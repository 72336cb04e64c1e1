//go:build galago

package arch

import "unsafe"

// linkAddr returns the address of a symbol of the linker script or of the entry code (boot/switch.S).
func linkAddr(i int) uintptr

// Indexes of linkAddr's table.
const (
	symImageStart = iota
	symTextEnd
	symRodataEnd
	symImageEnd
	symBootStart
	symBootDataEnd
	symBootInfo
	symBootProtocol
	symTrapStubs
	symSyscallEntry
	symUserIret
	symBootPML4
	symAPStart
	symAPEnd
	symAPArgs
	symExtableStart
	symExtableEnd
	symSmapStart
	symSmapEnd
	symBootG
	symCopyWide
	symBootTextEnd
	symVDSOStart
	symVDSOEnd
)

// imageBase is the virtual minus the physical address of the kernel image (linker.ld).
const imageBase uintptr = 0xffff_ffff_8000_0000

// ImageRange returns the physical bounds of the boot pages and the kernel image.
func ImageRange() (lo, hi uint64) {
	return uint64(linkAddr(symBootStart)), uint64(linkAddr(symImageEnd) - imageBase)
}

// VDSO returns the image of the virtual dynamic shared object (boot/vdso): read-only.
func VDSO() []byte {
	start := linkAddr(symVDSOStart)
	return unsafe.Slice(at[byte](start), linkAddr(symVDSOEnd)-start)
}

func at[T any](a uintptr) *T { return (*T)(unsafe.Pointer(a)) }
