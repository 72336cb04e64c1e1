//go:build galago_user

package main

import "unsafe"

const (
	nrUringSetup, nrUringEnter, nrUringRegister = 425, 426, 427

	uringEntries = 8
)

// sceneUring makes an instance, fills its ring with requests of all kinds, some linked or drained, and goes with results outstanding.
func (w *worker) sceneUring() {
	const sqesAt, paramsSize, arrayOffset, tailAt = 0x10000000, 120, 64, 4
	params := w.room(structSize)
	for i := uintptr(0); i < paramsSize; i += 8 {
		*at64(params + i) = 0
	}
	if w.chance(4) {
		*(*uint32)(unsafe.Pointer(params + 8)) = uint32(w.random() & 0x1ff)
	}
	fd := w.call(nrUringSetup, uringEntries, params)
	if !valid(fd) {
		return
	}
	array := uintptr(*(*uint32)(unsafe.Pointer(params + arrayOffset)))
	rings := w.call(nrMmap, 0, pageSize, 3, 0x8001, fd, 0)
	entries := w.call(nrMmap, 0, pageSize, 3, 0x8001, fd, sqesAt)
	if valid(rings) && valid(entries) && rings != 0 && entries != 0 && array < 2048 {
		for range 1 + w.below(4) {
			if w.chance(5) {
				ops := [...]uintptr{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
				w.call(nrUringRegister, fd, ops[w.below(len(ops))], w.pointer('b'), uintptr(w.below(6)))
			}
			n := uint32(1 + w.below(5))
			for i := uint32(0); i < n; i++ {
				slot := uintptr(w.below(uringEntries))
				w.entry(fields{w, entries + slot*64})
				*(*uint32)(unsafe.Pointer(rings + array + uintptr(w.below(uringEntries))*4)) = uint32(slot)
			}
			*(*uint32)(unsafe.Pointer(rings + tailAt)) += n
			const getEvents = 1
			w.call(nrUringEnter, fd, uintptr(n), uintptr(w.below(2)*w.below(3)), uintptr(w.below(2)*getEvents), 0, 0)
		}
	}
	if valid(rings) {
		w.call(nrMunmap, rings, pageSize)
	}
	if valid(entries) {
		w.call(nrMunmap, entries, pageSize)
	}
	if !w.chance(4) {
		w.call(nrClose, fd)
	}
}

// entry makes a struct io_uring_sqe.
func (w *worker) entry(f fields) {
	for i := uintptr(0); i < 64; i += 8 {
		f.put64(i, 0)
	}
	op := uint64(w.below(48))
	flags := uint64(0)
	if w.chance(3) {
		flags = w.random() & 0x7f
	}
	f.put16(0, op|flags<<8)
	f.put32(4, uint64(w.descriptor(op >= 18)))
	f.put64(8, uint64(w.below(2)*w.below(9000)))
	kinds := [...]byte{'b', 'v', 't', 'S', 'M', 'x', 'e', 'O', 'P'}
	f.put64(16, uint64(w.pointer(kinds[w.below(len(kinds))])))
	if op == 18 || op == 28 || op >= 35 && op <= 39 || op == 21 { // by path
		f.put64(16, uint64(w.path()))
	}
	f.put32(24, uint64(w.below(200)))
	f.put32(28, w.random()&0x1f*uint64(w.below(2)))
	f.put64(32, w.random()&7) // cancelled and removed by it
	f.put16(40, uint64(w.below(3)))
	f.put32(44, uint64(w.descriptor(false)))
	f.spoil(8)
}
