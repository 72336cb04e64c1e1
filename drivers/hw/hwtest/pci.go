//go:build !galago

// Package hwtest has fake parts of machines for tests of drivers.
package hwtest

import (
	"encoding/binary"
	"sync"

	"galago/drivers/hw"
)

// Bus is PCI configuration space in memory. Functions are named by bus, device and function number as in pci.Addr.
type Bus struct {
	Base  uint64
	buses int

	mu        sync.Mutex
	functions map[int]*Function
	selected  uint32 // by the legacy port
}

// Function is the configuration space of one function.
type Function struct {
	mu      sync.Mutex
	Space   [4096]byte
	BARSize [6]uint64 // 0: none; a 64-bit BAR takes two entries, of which the second is 0
	flags   [6]uint32
	nextCap int
	lastCap int
	Writes  int // to the command register
}

// NewBus puts configuration space for n buses at base, and behind the legacy ports.
func NewBus(base uint64, n int) *Bus {
	b := &Bus{Base: base, buses: n, functions: map[int]*Function{}}
	hw.Attach(base, uintptr(n)<<20, b)
	hw.AttachPorts(0xcf8, 8, legacyPorts{b})
	return b
}

// Add puts a function at an address.
func (b *Bus) Add(addr int, vendor, device uint16, class uint32) *Function {
	f := &Function{nextCap: 0x40}
	le := binary.LittleEndian
	le.PutUint16(f.Space[0:], vendor)
	le.PutUint16(f.Space[2:], device)
	le.PutUint32(f.Space[8:], class<<8)
	b.mu.Lock()
	b.functions[addr] = f
	b.mu.Unlock()
	return f
}

// SetBAR gives the function a memory BAR.
func (f *Function) SetBAR(i int, base, size uint64, is64 bool) {
	f.BARSize[i] = size
	if is64 {
		f.flags[i] = 4
		binary.LittleEndian.PutUint32(f.Space[0x14+4*i:], uint32(base>>32))
	}
	binary.LittleEndian.PutUint32(f.Space[0x10+4*i:], uint32(base)|f.flags[i])
}

// BAR returns the address in a BAR.
func (f *Function) BAR(i int) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := uint64(binary.LittleEndian.Uint32(f.Space[0x10+4*i:])) &^ 15
	if f.flags[i]&4 != 0 {
		v |= uint64(binary.LittleEndian.Uint32(f.Space[0x14+4*i:])) << 32
	}
	return v
}

// AddCap appends a capability with the bytes that follow its identifier and link, and returns its offset.
func (f *Function) AddCap(id byte, body ...byte) int {
	at := f.nextCap
	f.Space[6] |= 1 << 4
	f.Space[at] = id
	copy(f.Space[at+2:], body)
	if f.lastCap == 0 {
		f.Space[0x34] = byte(at)
	} else {
		f.Space[f.lastCap+1] = byte(at)
	}
	f.lastCap = at
	f.nextCap = (at + 2 + len(body) + 3) &^ 3
	return at
}

func (b *Bus) find(addr int) *Function {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.functions[addr]
}

// Read reads configuration space.
func (b *Bus) Read(off uintptr, size int) uint64 {
	f := b.find(int(off >> 12))
	if f == nil {
		return ^uint64(0)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return Get(f.Space[off&4095:], size)
}

// Write writes configuration space: base addresses keep the bits above their size only.
func (b *Bus) Write(off uintptr, size int, v uint64) {
	if f := b.find(int(off >> 12)); f != nil {
		f.write(int(off&4095), size, v)
	}
}

func (f *Function) write(reg, size int, v uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case reg < 4 || reg >= 8 && reg < 12:
		return // identification is read-only
	case reg == 4:
		f.Writes++
	case reg >= 0x10 && reg < 0x28 && f.Space[0xe]&0x7f == 0:
		i := (reg - 0x10) / 4
		switch {
		case f.BARSize[i] != 0:
			v = v&^(f.BARSize[i]-1) | uint64(f.flags[i])
		case i > 0 && f.flags[i-1]&4 != 0:
			v &= ^(f.BARSize[i-1] - 1) >> 32
		default:
			v = 0
		}
	}
	Put(f.Space[reg:], size, v)
}

// Get and Put access little-endian numbers of 1, 2, 4 or 8 bytes.
func Get(b []byte, size int) uint64 {
	v := uint64(0)
	for i := range size {
		v |= uint64(b[i]) << (8 * i)
	}
	return v
}

// Put writes the low bytes of v.
func Put(b []byte, size int, v uint64) {
	for i := range size {
		b[i] = byte(v >> (8 * i))
	}
}

// legacyPorts are ports 0xcf8 to 0xcff.
type legacyPorts struct{ b *Bus }

func (p legacyPorts) target(off uintptr) uintptr {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	s := uintptr(p.b.selected)
	return s>>8&0xffff<<12 | s&0xfc | (off - 4)
}

func (p legacyPorts) Read(off uintptr, size int) uint64 {
	if off < 4 {
		return uint64(p.b.selected)
	}
	return p.b.Read(p.target(off), size)
}

func (p legacyPorts) Write(off uintptr, size int, v uint64) {
	if off < 4 {
		p.b.mu.Lock()
		p.b.selected = uint32(v)
		p.b.mu.Unlock()
		return
	}
	p.b.Write(p.target(off), size, v)
}

// MSIXTable is the table of a function's interrupts in one of its BARs. It is a hw.Fake.
type MSIXTable struct {
	mu      sync.Mutex
	entries []byte
}

// NewMSIXTable makes a table of n entries, all masked.
func NewMSIXTable(n int) *MSIXTable {
	t := &MSIXTable{entries: make([]byte, 16*n)}
	for i := range n {
		t.entries[16*i+12] = 1
	}
	return t
}

// Read reads the table.
func (t *MSIXTable) Read(off uintptr, size int) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Get(t.entries[off:], size)
}

// Write writes the table.
func (t *MSIXTable) Write(off uintptr, size int, v uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	Put(t.entries[off:], size, v)
}

// Raise sends interrupt i, if it is set up and not masked.
func (t *MSIXTable) Raise(i int) bool {
	t.mu.Lock()
	if i < 0 || 16*i >= len(t.entries) || t.entries[16*i+12]&1 != 0 {
		t.mu.Unlock()
		return false
	}
	addr, data := Get(t.entries[16*i:], 8), Get(t.entries[16*i+8:], 4)
	t.mu.Unlock()
	return hw.Interrupt(addr, uint32(data))
}
