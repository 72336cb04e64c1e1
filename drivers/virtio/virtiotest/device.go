//go:build !galago

// Package virtiotest plays the device's side of virtio over PCI, well-behaved or hostile, for tests of drivers.
package virtiotest

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/drivers/hw"
	"galago/drivers/hw/hwtest"
)

// Features of the transport.
const (
	Indirect = 1 << 28
	EventIdx = 1 << 29
	Version1 = 1 << 32
)

const (
	common     = 0x0000
	config     = 0x2000
	notify     = 0x3000
	regionSize = 0x4000
	stride     = 4 // of notification addresses
)

// Where the next device's BARs 4 and 1 are. No two devices have the same addresses, as the driver of an earlier test may
// still be at work.
var base, tableBase uint64 = 0x800000000, 0xe0000000

// Chain is a request as the device sees it.
type Chain struct {
	ID       uint32
	Out, In  [][]byte // what the device may read, and write
	Indirect bool
}

type ring struct {
	size, vector, enabled uint16
	desc, avail, used     uint64
	seen, index           uint16
}

// Device is a fake device. Set it up before Attach; a goroutine serves its queues.
type Device struct {
	Offered   uint64
	Config    []byte
	QueueSize uint16
	NumQueues int
	// Serve handles a request and returns how many bytes it wrote; ok false leaves the request unanswered. It runs in
	// the device's goroutine.
	Serve func(q int, c *Chain) (n uint32, ok bool)
	// Mangle, if set, may change what is put into the used ring: element and index.
	Mangle func(q int, id, n uint32, index uint16) (uint32, uint32, uint16)
	// RefuseReset keeps the status from becoming 0.
	RefuseReset bool

	Resets   atomic.Int32
	Notified atomic.Int32
	Raised   atomic.Int32
	Indirect atomic.Int32 // requests with an indirect table

	mu        sync.Mutex
	status    uint8
	featSel   [2]uint32
	accepted  uint64
	queueSel  int
	rings     []ring
	confVec   uint16
	table     *hwtest.MSIXTable
	kick      chan struct{}
	Function  *hwtest.Function
	vectors   int
	available map[int][]Chain // unanswered requests by queue
}

// Attach puts the device of a type on the bus at an address, with the given number of interrupts.
func (d *Device) Attach(b *hwtest.Bus, addr int, kind uint16, vectors int) {
	f := b.Add(addr, 0x1af4, 0x1040+kind, 0x010000)
	d.Function, d.vectors = f, vectors
	base += regionSize
	tableBase += 0x1000
	f.SetBAR(1, tableBase, 0x1000, false)
	f.SetBAR(4, base, regionSize, true)
	f.AddCap(9, 16, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)                        // a structure of unknown kind
	f.AddCap(9, 16, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0x38, 0, 0, 0)                     // common
	f.AddCap(9, 20, 2, 4, 0, 0, 0, 0, 0x30, 0, 0, 0, 0x10, 0, 0, stride, 0, 0, 0) // notify
	f.AddCap(9, 16, 4, 4, 0, 0, 0, 0, 0x20, 0, 0, byte(len(d.Config)), 0, 0, 0)   // config
	f.AddCap(0x11, byte(vectors-1), 0, 1, 0, 0, 0, 1, 8, 0, 0)
	d.table = hwtest.NewMSIXTable(vectors)
	d.rings = make([]ring, d.NumQueues)
	d.kick = make(chan struct{}, 1)
	d.available = map[int][]Chain{}
	hw.Attach(base, regionSize, d)
	hw.Attach(tableBase, uintptr(16*vectors), d.table)
	go d.run()
}

// Read reads a register.
func (d *Device) Read(off uintptr, size int) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if off >= config && off < config+uintptr(len(d.Config)) {
		return hwtest.Get(d.Config[off-config:], size)
	}
	r := d.selected()
	switch off {
	case 0x04:
		return d.Offered >> (32 * d.featSel[0]) & 0xffffffff
	case 0x10:
		return uint64(d.confVec)
	case 0x12:
		return uint64(d.NumQueues)
	case 0x14:
		return uint64(d.status)
	case 0x18:
		return uint64(r.size)
	case 0x1a:
		return uint64(r.vector)
	case 0x1e:
		return uint64(d.queueSel)
	}
	return 0
}

func (d *Device) selected() *ring {
	if d.queueSel >= len(d.rings) {
		return &ring{}
	}
	return &d.rings[d.queueSel]
}

// Write writes a register.
func (d *Device) Write(off uintptr, size int, v uint64) {
	if off >= notify {
		d.Notified.Add(1)
		select {
		case d.kick <- struct{}{}:
		default:
		}
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.selected()
	switch off {
	case 0x00:
		d.featSel[0] = uint32(v)
	case 0x08:
		d.featSel[1] = uint32(v)
	case 0x0c:
		d.accepted |= v << (32 * d.featSel[1])
	case 0x10:
		d.confVec = uint16(v)
	case 0x14:
		d.setStatus(uint8(v))
	case 0x16:
		d.queueSel = int(v)
	case 0x18:
		r.size = uint16(v)
	case 0x1a:
		r.vector = uint16(v)
		if int(v) >= d.vectors {
			r.vector = 0xffff
		}
	case 0x1c:
		r.enabled = uint16(v)
	case 0x20, 0x24, 0x28, 0x2c, 0x30, 0x34:
		p := [...]*uint64{&r.desc, &r.avail, &r.used}[(off-0x20)/8]
		if off&4 == 0 {
			*p = *p&^0xffffffff | v
		} else {
			*p = *p&0xffffffff | v<<32
		}
	}
}

func (d *Device) setStatus(v uint8) {
	if v != 0 {
		if v&8 != 0 && d.accepted&^d.Offered != 0 {
			v &^= 8
		}
		d.status = v
		return
	}
	if d.RefuseReset && d.status != 0 {
		return
	}
	d.Resets.Add(1)
	d.status, d.accepted = 0, 0
	d.available = map[int][]Chain{}
	for i := range d.rings {
		d.rings[i] = ring{size: d.QueueSize}
	}
}

// Locked runs fn while the device does nothing.
func (d *Device) Locked(fn func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fn()
}

// Failed reports whether the driver has given the device up.
func (d *Device) Failed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.status&128 != 0
}

// Accepted returns the negotiated features.
func (d *Device) Accepted() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.accepted
}

func memory(phys uint64) unsafe.Pointer {
	a := arch.DirectMap + uintptr(phys)
	return *(*unsafe.Pointer)(unsafe.Pointer(&a))
}

func bytesAt(phys uint64, n uint32) []byte { return unsafe.Slice((*byte)(memory(phys)), n) }

func word(phys uint64) *uint32 { return (*uint32)(memory(phys)) }

func (d *Device) run() {
	for range d.kick {
		d.mu.Lock()
		for i := range d.rings {
			if r := &d.rings[i]; r.enabled != 0 && d.status&4 != 0 {
				d.serve(i, r)
			}
		}
		d.mu.Unlock()
	}
}

// serve takes the available requests of a queue, answers them, and interrupts.
func (d *Device) serve(i int, r *ring) {
	for r.enabled != 0 {
		index := uint16(atomic.LoadUint32(word(r.avail)) >> 16)
		if index == r.seen {
			if d.accepted&EventIdx == 0 {
				return
			}
			atomic.StoreUint32(word(r.used+4+8*uint64(r.size)), uint32(r.seen))
			if uint16(atomic.LoadUint32(word(r.avail))>>16) == r.seen {
				return
			}
			continue
		}
		head := *(*uint16)(memory(r.avail + 4 + 2*uint64(r.seen%r.size)))
		r.seen++
		c := d.gather(r, head)
		n, ok := uint32(0), false
		if d.Serve != nil {
			n, ok = d.Serve(i, &c)
		}
		if ok {
			d.push(i, r, c.ID, n)
		} else {
			d.available[i] = append(d.available[i], c)
		}
	}
}

// gather collects the buffers of a chain.
func (d *Device) gather(r *ring, head uint16) Chain {
	c := Chain{ID: uint32(head)}
	table, id, limit := r.desc, uint64(head), uint64(r.size)
	for range 2 * limit {
		b := bytesAt(table+16*id, 16)
		addr, n := hwtest.Get(b, 8), uint32(hwtest.Get(b[8:], 4))
		flags, next := hwtest.Get(b[12:], 2), hwtest.Get(b[14:], 2)
		if flags&4 != 0 {
			if c.Indirect || n%16 != 0 || flags&1 != 0 {
				panic("bad indirect descriptor")
			}
			c.Indirect = true
			d.Indirect.Add(1)
			table, id, limit = addr, 0, uint64(n/16)
			continue
		}
		if flags&2 != 0 {
			c.In = append(c.In, bytesAt(addr, n))
		} else {
			if len(c.In) > 0 {
				panic("a buffer to read after one to write")
			}
			c.Out = append(c.Out, bytesAt(addr, n))
		}
		if flags&1 == 0 {
			return c
		}
		if id = next; id >= limit {
			panic("descriptor out of range")
		}
	}
	panic("descriptors in a circle")
}

// push puts a request into the used ring and interrupts if the driver wants it.
func (d *Device) push(i int, r *ring, id, n uint32) {
	old := r.index
	next := old + 1
	if d.Mangle != nil {
		id, n, next = d.Mangle(i, id, n, next)
	}
	e := bytesAt(r.used+4+8*uint64(old%r.size), 8)
	hwtest.Put(e, 4, uint64(id))
	hwtest.Put(e[4:], 4, uint64(n))
	r.index = next
	atomic.StoreUint32(word(r.used), uint32(next)<<16)
	want := atomic.LoadUint32(word(r.avail))&1 == 0
	if d.accepted&EventIdx != 0 {
		event := uint16(atomic.LoadUint32(word(r.avail + 4 + 2*uint64(r.size))))
		want = next-event-1 < next-old
	}
	if want {
		d.Raised.Add(1)
		vector := int(r.vector)
		d.mu.Unlock()
		d.table.Raise(vector)
		d.mu.Lock()
	}
}

// Answer answers the oldest unanswered request of a queue: fill writes to it and returns the length. False: there is none.
func (d *Device) Answer(q int, fill func(c *Chain) uint32) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.available[q]
	if len(list) == 0 {
		return false
	}
	c := list[0]
	d.available[q] = list[1:]
	d.push(q, &d.rings[q], c.ID, fill(&c))
	return true
}
