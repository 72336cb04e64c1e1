//go:build galago

package arch

import (
	"unsafe"

	"galago/arch/bootinfo"
)

// Boot protocols (boot/defs.inc).
const (
	bootPVH = 1
	bootMB2 = 2
)

// bootMapped is how much memory the boot page tables map directly.
const bootMapped = 1 << 30

func bootMemory(pa uint64, n int) []byte {
	if n < 0 || pa >= bootMapped || uint64(n) > bootMapped-pa {
		return nil
	}
	return unsafe.Slice(at[byte](PhysToVirt(pa)), n)
}

// ReadBootInfo parses the loader's information; false when the loader is unknown or its data damaged.
func ReadBootInfo(info *bootinfo.Info) bool {
	pa := uint64(*at[uint32](PhysToVirt(uint64(linkAddr(symBootInfo)))))
	switch *at[uint32](PhysToVirt(uint64(linkAddr(symBootProtocol)))) {
	case bootPVH:
		return info.ParsePVH(bootMemory, pa)
	case bootMB2:
		return info.ParseMultiboot2(bootMemory, pa)
	}
	return false
}
