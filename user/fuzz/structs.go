//go:build galago_user

package main

import (
	"unsafe"

	"galago/libc/sys"
)

// Structures that random words hardly ever make: each right in most fields, with an edge or garbage in one now and then.

// fields are a structure's words, by offset.
type fields struct {
	w  *worker
	at uintptr
}

func (f fields) put64(off uintptr, v uint64) { *at64(f.at + off) = v }
func (f fields) put32(off uintptr, v uint64) { *(*uint32)(unsafe.Pointer(f.at + off)) = uint32(v) }
func (f fields) put16(off uintptr, v uint64) { *(*uint16)(unsafe.Pointer(f.at + off)) = uint16(v) }

// spoil makes one of the first n words an edge, seldom.
func (f fields) spoil(n int) {
	if f.w.chance(12) {
		f.put64(uintptr(f.w.below(n))*8, uint64(f.w.edgeNumber()))
	}
}

// structure fills the zeroed bytes at at as the kind says.
func (w *worker) structure(at uintptr, kind byte) {
	f := fields{w, at}
	for i := uintptr(0); i < structSize; i += 8 {
		f.put64(i, 0)
	}
	switch kind {
	case 'P': // struct pollfd, some
		for i := range uintptr(6) {
			f.put32(i*8, uint64(w.descriptor(false)))
			f.put16(i*8+4, w.random()&0x3f)
		}
		f.spoil(6)
	case 'T': // struct sigevent
		w.sigevent(f)
	case 'C': // struct clone_args
		w.cloneArgs(f)
	case 'I': // a table of addresses of struct iocb
		for i := range uintptr(4) {
			one := w.room(64)
			w.iocb(fields{w, one})
			f.put64(i*8, uint64(one))
		}
		f.spoil(4)
	case 'L': // struct flock
		f.put16(0, uint64(w.below(3)))
		f.put16(2, uint64(w.below(3)))
		f.put64(8, uint64(w.below(40))-uint64(w.below(8)))
		f.put64(16, uint64(w.below(20)))
		f.spoil(3)
	case 'Q': // struct mq_attr
		f.put64(0, uint64(w.below(2)*0x800))
		f.put64(8, uint64(1+w.below(12)))
		f.put64(16, uint64(1+w.below(300)))
		f.spoil(3)
	case 'G': // struct sembuf, some
		for i := range uintptr(4) {
			f.put16(i*6, uint64(w.below(4)))
			f.put16(i*6+2, uint64(w.below(5))-2)
			f.put16(i*6+4, uint64(w.below(2)*0o4000|w.below(2)*0x1000))
		}
		f.spoil(3)
	case 'H': // struct rlimit
		f.put64(0, uint64(w.number('o')))
		f.put64(8, uint64(w.number('o')))
		f.spoil(2)
	case 'R': // struct sched_attr
		w.schedAttr(f)
	case 'O': // struct open_how
		f.put64(0, uint64(w.flags(openF)))
		f.put64(16, uint64(w.below(32)))
		if f.put64(8, 0); *at64(at)&0x40 != 0 {
			f.put64(8, w.random()&0o777)
		}
		f.spoil(3)
	case 'Z': // a set of signals that mostly lets the timer's through
		f.put64(0, w.random())
		if !w.chance(16) {
			f.put64(0, *at64(at)&^(1<<(sys.SIGALRM-1)))
		}
	case 'W': // struct futex_waitv, some
		for i := range uintptr(6) {
			f.put64(i*24, uint64(w.below(2)))
			f.put64(i*24+8, uint64(arena+uintptr(w.below(4))*4))
			f.put32(i*24+16, uint64(2|w.below(2)<<7))
		}
		f.spoil(18)
	}
}

// sigevent: none, a signal, a thread's signal; mild ones, since most end the process.
func (w *worker) sigevent(f fields) {
	mild := [...]uint64{10, 12, 14, 17, 23, 34, 35}
	f.put64(0, w.random())
	f.put32(8, mild[w.below(len(mild))])
	f.put32(12, []uint64{0, 0, 1, 2, 4, 4}[w.below(6)])
	f.put32(16, uint64(sys.Gettid()))
	f.spoil(3)
}

// cloneArgs: a process with flags that need no stack, or a thread that ends at once.
func (w *worker) cloneArgs(f fields) {
	const vm, fs, files, sigHand, thread, sysvsem, parentTID, childTID, clearTID, pidFD = 0x100, 0x200, 0x400, 0x800, 0x10000, 0x40000, 0x100000, 0x1000000, 0x200000, 0x1000
	ids := uint64(w.room(32))
	f.put64(8, ids)
	f.put64(16, ids+8)
	f.put64(24, ids+16)
	pick := [...]uint64{0, fs, files, fs | files, childTID | clearTID, pidFD, parentTID | childTID, files | pidFD}
	flags := pick[w.below(len(pick))]
	f.put64(32, 17)
	if w.chance(2) {
		const size = 16 * pageSize
		flags |= vm
		f.put64(40, uint64(w.farewell()-size+64)) // the stack's lowest byte
		f.put64(48, size-64)
		if w.chance(2) {
			flags |= fs | files | sigHand | thread | sysvsem
			f.put64(32, 0)
		}
	}
	f.put64(0, flags)
	f.spoil(8)
}

// iocb is one control block: reads, writes, vectors, syncs and polls, some with an eventfd.
func (w *worker) iocb(f fields) {
	ops := [...]uint64{0, 1, 2, 3, 5, 6, 7, 8}
	op := ops[w.below(len(ops))]
	for i := uintptr(0); i < 64; i += 8 {
		f.put64(i, 0)
	}
	f.put64(0, w.random())
	f.put16(16, op)
	f.put32(20, uint64(w.descriptor(false)))
	at, n := arena+uint64(w.below(arenaPages*pageSize)), uint64(w.below(3000))
	switch op {
	case 7, 8:
		at, n = uint64(w.edge)-256, uint64(w.below(4)) // words that fill has left
	case 5:
		at, n = w.random()&0x3f, 0
	}
	f.put64(24, at)
	f.put64(32, n)
	f.put64(40, uint64(w.below(9000)))
	if w.chance(4) {
		f.put32(56, 1)
		f.put32(60, uint64(w.descriptor(false)))
	}
	f.spoil(8)
}

// schedAttr: a class with the parameters it takes.
func (w *worker) schedAttr(f fields) {
	class := []uint64{0, 1, 2, 3, 5, 6}[w.below(6)]
	f.put32(0, 48)
	f.put32(4, class)
	f.put64(8, uint64(w.below(2)))
	f.put32(16, uint64(w.below(20)))
	if class == 1 || class == 2 {
		f.put32(20, uint64(w.below(5)))
	}
	if class == 6 {
		f.put64(24, 100_000+uint64(w.below(900_000)))
		f.put64(32, 2_000_000+uint64(w.below(9_000_000)))
		f.put64(40, 20_000_000)
	}
	f.spoil(6)
}
