//go:build galago

package hw

import (
	"unsafe"

	"galago/arch"
)

// Map maps device registers and returns their address; 0 when memory runs out.
func Map(phys uint64, size uintptr) uintptr { return arch.MapMMIO(phys, size) }

// Read8 … Read64 load from a device register.
func Read8(a uintptr) uint8   { return arch.Read8(a) }
func Read16(a uintptr) uint16 { return arch.Read16(a) }
func Read32(a uintptr) uint32 { return arch.Read32(a) }
func Read64(a uintptr) uint64 { return arch.Read64(a) }

// Write8 … Write64 store to a device register.
func Write8(a uintptr, v uint8)   { arch.Write8(a, v) }
func Write16(a uintptr, v uint16) { arch.Write16(a, v) }
func Write32(a uintptr, v uint32) { arch.Write32(a, v) }
func Write64(a uintptr, v uint64) { arch.Write64(a, v) }

// In8 … In32 and Out8 … Out32 access I/O ports.
func In8(port uint16) uint8       { return arch.Inb(port) }
func In16(port uint16) uint16     { return arch.Inw(port) }
func In32(port uint16) uint32     { return arch.Inl(port) }
func Out8(port uint16, v uint8)   { arch.Outb(port, v) }
func Out16(port uint16, v uint16) { arch.Outw(port, v) }
func Out32(port uint16, v uint32) { arch.Outl(port, v) }

// AllocVector takes an interrupt vector for a handler; 0 when there is none left.
func AllocVector(name string, handler func(arg unsafe.Pointer), arg unsafe.Pointer) uint8 {
	return arch.AllocVector(name, handler, arg)
}

// FreeVector gives a vector back; its device must be silent.
func FreeVector(v uint8) { arch.FreeVector(v) }

// Virtual reports whether the machine says that it is a virtual one (SDM 2A, CPUID leaf 1, ECX bit 31).
func Virtual() bool {
	_, _, c, _ := arch.Cpuid(1, 0)
	return c>>31 != 0
}

// MSIAddress and MSIData are what a device writes to raise the vector on a CPU.
func MSIAddress(cpu int) uint64   { return arch.MSIAddress(cpu) }
func MSIData(vector uint8) uint32 { return arch.MSIData(vector) }
