//go:build galago

package arch

// Device registers: volatile accesses of exactly one width, in assembly so that the compiler neither merges nor
// splits them.

// Read8 … Read64 load from the device register at a.
func Read8(a uintptr) uint8
func Read16(a uintptr) uint16
func Read32(a uintptr) uint32
func Read64(a uintptr) uint64

// Write8 … Write64 store to the device register at a.
func Write8(a uintptr, v uint8)
func Write16(a uintptr, v uint16)
func Write32(a uintptr, v uint32)
func Write64(a uintptr, v uint64)
