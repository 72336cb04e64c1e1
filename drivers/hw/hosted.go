//go:build !galago

package hw

import (
	"sync"
	"unsafe"
)

// Fake is the device's side of a range of registers. size is 1, 2, 4 or 8.
type Fake interface {
	Read(off uintptr, size int) uint64
	Write(off uintptr, size int, v uint64)
}

type region struct {
	start, size uintptr
	dev         Fake
}

var (
	mu      sync.RWMutex
	memory  []region
	ports   []region
	vectors [256]struct {
		handler func(unsafe.Pointer)
		arg     unsafe.Pointer
	}
)

// Attach puts a fake device at a range of physical addresses; it hides what was there.
func Attach(phys uint64, size uintptr, dev Fake) {
	mu.Lock()
	defer mu.Unlock()
	memory = append(memory, region{uintptr(phys), size, dev})
}

// AttachPorts puts a fake device at a range of I/O ports.
func AttachPorts(port uint16, n int, dev Fake) {
	mu.Lock()
	defer mu.Unlock()
	ports = append(ports, region{uintptr(port), uintptr(n), dev})
}

// find returns the device at an address, the latest first.
func find(list *[]region, a uintptr) (Fake, uintptr) {
	mu.RLock()
	defer mu.RUnlock()
	for i := len(*list) - 1; i >= 0; i-- {
		if r := (*list)[i]; a-r.start < r.size {
			return r.dev, a - r.start
		}
	}
	return nil, 0
}

func read(list *[]region, a uintptr, size int) uint64 {
	if d, off := find(list, a); d != nil {
		return d.Read(off, size)
	}
	return ^uint64(0)
}

func write(list *[]region, a uintptr, size int, v uint64) {
	if d, off := find(list, a); d != nil {
		d.Write(off, size, v)
	}
}

// Map returns the address of device registers: hosted, virtual addresses of registers are physical ones.
func Map(phys uint64, size uintptr) uintptr { return uintptr(phys) }

// Read8 … Read64 load from a device register; all ones where there is no device.
func Read8(a uintptr) uint8   { return uint8(read(&memory, a, 1)) }
func Read16(a uintptr) uint16 { return uint16(read(&memory, a, 2)) }
func Read32(a uintptr) uint32 { return uint32(read(&memory, a, 4)) }
func Read64(a uintptr) uint64 { return read(&memory, a, 8) }

// Write8 … Write64 store to a device register.
func Write8(a uintptr, v uint8)   { write(&memory, a, 1, uint64(v)) }
func Write16(a uintptr, v uint16) { write(&memory, a, 2, uint64(v)) }
func Write32(a uintptr, v uint32) { write(&memory, a, 4, uint64(v)) }
func Write64(a uintptr, v uint64) { write(&memory, a, 8, v) }

// In8 … In32 and Out8 … Out32 access I/O ports.
func In8(port uint16) uint8       { return uint8(read(&ports, uintptr(port), 1)) }
func In16(port uint16) uint16     { return uint16(read(&ports, uintptr(port), 2)) }
func In32(port uint16) uint32     { return uint32(read(&ports, uintptr(port), 4)) }
func Out8(port uint16, v uint8)   { write(&ports, uintptr(port), 1, uint64(v)) }
func Out16(port uint16, v uint16) { write(&ports, uintptr(port), 2, uint64(v)) }
func Out32(port uint16, v uint32) { write(&ports, uintptr(port), 4, uint64(v)) }

// AllocVector takes an interrupt vector for a handler; 0 when there is none left.
func AllocVector(name string, handler func(arg unsafe.Pointer), arg unsafe.Pointer) uint8 {
	mu.Lock()
	defer mu.Unlock()
	for v := 48; v < len(vectors); v++ {
		if vectors[v].handler == nil {
			vectors[v].handler, vectors[v].arg = handler, arg
			return uint8(v)
		}
	}
	return 0
}

// FreeVector gives a vector back.
func FreeVector(v uint8) {
	mu.Lock()
	defer mu.Unlock()
	vectors[v].handler = nil
}

// Virtual reports whether the machine is a virtual one.
func Virtual() bool { return true }

const msiBase = 0xfee00000

// MSIAddress and MSIData are what a device writes to raise the vector on a CPU.
func MSIAddress(cpu int) uint64   { return msiBase | uint64(cpu)<<12 }
func MSIData(vector uint8) uint32 { return uint32(vector) }

// Interrupt is a fake device's interrupt message. False: it would not have reached a handler.
func Interrupt(addr uint64, data uint32) bool {
	if addr&^0xff000 != msiBase {
		return false
	}
	mu.RLock()
	v := vectors[uint8(data)]
	mu.RUnlock()
	if v.handler == nil {
		return false
	}
	v.handler(v.arg)
	return true
}
