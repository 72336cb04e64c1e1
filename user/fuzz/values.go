//go:build galago_user

package main

import (
	"unsafe"

	"galago/libc/sys"
)

// Where the values come from. A row's args string has one letter an argument; value makes an argument of a letter. Each kind is
// plausible most of the time, at an edge some of the time, and garbage now and then.

func (w *worker) random() uint64      { return w.rng.Next() }
func (w *worker) below(n int) int     { return w.rng.Below(n) }
func (w *worker) chance(one int) bool { return w.rng.Chance(one) }

// pick chooses a row by weight.
func (w *worker) pick() *row {
	for {
		if r := &grammar[w.below(len(grammar))]; w.below(8) < int(r.weight) {
			return r
		}
	}
}

// edges are numbers where things change.
var edges = [...]uint64{0, 1, 2, 3, 7, 8, 16, 63, 64, 127, 128, 255, 256, 511, 1023, 1024, 4095, 4096, 4097, 8192, 65535, 65536, 1 << 20, 1 << 24, 1<<31 - 1, 1 << 31,
	1<<32 - 1, 1 << 32, 1<<47 - 4096, 1 << 47, 1<<63 - 1, 1 << 63, ^uint64(0), ^uint64(0) - 1, ^uint64(0) - 4095, 0x8000000000000000, 0xffff800000000000,
	0xffffffff80100000, 0xffff888000001000, 1000000, 999999999, 1000000000}

func (w *worker) edgeNumber() uintptr { return uintptr(edges[w.below(len(edges))]) }

// value makes one argument; set counts the flag sets of the row that were used.
func (w *worker) value(r *row, kind byte, set int) (uintptr, int) {
	if w.chance(60) {
		return uintptr(w.random()), w.after(kind, set)
	}
	switch kind {
	case 'F':
		return w.flags(r.sets[set]), set + 1
	case 'E':
		return w.one(r.sets[set]), set + 1
	case 'f', 'D':
		return w.descriptor(kind == 'D'), set
	case 'p':
		return w.path(), set
	case 'b', 'v', 't', 'w', 'S', 'M', 'A', 'x', 'e', 'P', 'T', 'C', 'I', 'L', 'Q', 'G', 'H', 'R', 'O', 'W', 'Z':
		return w.pointer(kind), set
	case 'n', 'o', 'i':
		return w.number(kind), set
	case 'a', 'l', 'K':
		return w.mapping(kind), set
	case 'k', 'u', 's', 'm':
		return w.identity(kind), set
	case 'c':
		return uintptr(w.below(6)), set
	case '8':
		return 8, set
	case 'r':
		return uintptr(w.random()), set
	}
	return 0, set
}

func (w *worker) after(kind byte, set int) int {
	if kind == 'F' || kind == 'E' {
		return set + 1
	}
	return set
}

// flags is a subset of a set, mostly a small one, with a wrong bit now and then.
func (w *worker) flags(set []uint64) (v uintptr) {
	for n := w.below(4); n > 0; n-- {
		v |= uintptr(set[w.below(len(set))])
	}
	if w.chance(20) {
		v |= 1 << w.below(64)
	}
	return v
}

// one is an element of a set, or a number near.
func (w *worker) one(set []uint64) uintptr {
	if w.chance(25) {
		return uintptr(w.below(300)) - 20
	}
	return uintptr(set[w.below(len(set))])
}

// descriptor is mostly one that is open.
func (w *worker) descriptor(dir bool) uintptr {
	const atCwd = ^uintptr(99)
	switch {
	case dir && !w.chance(3):
		return atCwd
	case w.chance(20):
		return w.edgeNumber()
	case w.chance(6):
		return uintptr(w.below(200))
	}
	return 3 + uintptr(w.below(45))
}

// number is a length, an offset or a plain number.
func (w *worker) number(kind byte) uintptr {
	switch {
	case w.chance(8):
		return w.edgeNumber()
	case kind == 'n' && !w.chance(4):
		return uintptr(w.below(300))
	case kind == 'o' && !w.chance(4):
		return uintptr(w.below(64 << 10))
	case kind == 'i':
		return uintptr(w.below(20))
	}
	return uintptr(w.below(1 << 16))
}

// identity is a process, user, signal or mode: never init, nor the master.
func (w *worker) identity(kind byte) uintptr {
	switch kind {
	case 'k':
		switch w.below(8) {
		case 0:
			return 0
		case 1:
			return uintptr(100000 + w.below(1<<20))
		case 2:
			if w.lastPID > 2 {
				return -w.lastPID
			}
		case 3, 4:
			if w.lastPID > 2 {
				return w.lastPID
			}
		case 5:
			return uintptr(sys.Gettid())
		case 6:
			return ^uintptr(0)
		}
		return uintptr(sys.Getpid())
	case 'u':
		ids := [...]uintptr{0, 1000, 1001, 65534, ^uintptr(0), 0xffffffff, 0x7fffffff}
		return ids[w.below(len(ids))]
	case 's':
		if w.chance(10) {
			return w.edgeNumber()
		}
		if w.chance(25) {
			hard := [...]uintptr{1, 2, 3, 6, 9, 11, 15, 19, 20, 31, 40, 64}
			return hard[w.below(len(hard))]
		}
		mild := [...]uintptr{0, 10, 12, 13, 14, 17, 18, 23, 34, 35, 28}
		return mild[w.below(len(mild))]
	}
	return uintptr(w.random() & 0o7777)
}

// mapping is an address or length in pages of the arena, or a stack for a clone.
func (w *worker) mapping(kind byte) uintptr {
	switch {
	case kind == 'K':
		if w.chance(3) {
			return 0
		}
		return w.farewell()
	case kind == 'l':
		if w.chance(10) {
			return w.edgeNumber()
		}
		return uintptr(w.below(20))*pageSize + uintptr(w.below(30)/29*w.below(5000))
	case w.chance(12):
		return w.edgeNumber()
	}
	at := arena + uintptr(w.below(arenaPages))*pageSize
	if w.chance(20) {
		at += uintptr(w.below(pageSize))
	}
	return at
}

// farewell is the stack pointer of a clone that ends at once.
func (w *worker) farewell() uintptr {
	*(*uintptr)(unsafe.Pointer(w.stack)) = byeAddr()
	return w.stack
}

// pointer is the address of something of a kind, or a bad address.
func (w *worker) pointer(kind byte) uintptr {
	switch w.below(24) {
	case 0:
		return w.edgeNumber()
	case 1:
		return w.edge - uintptr(w.below(40))
	case 2:
		return arena + uintptr(w.below(arenaPages*pageSize))
	case 3:
		return 0
	}
	if kind == 'w' { // words that several share
		return arena + uintptr(w.below(4))*4
	}
	at := w.room(structSize)
	w.fill(at, structSize)
	switch kind {
	case 't':
		*at64(at) = uint64(w.below(2) * w.below(2))
		*at64(at + 8) = uint64(w.below(5_000_000))
		*at64(at + 16) = 0
		*at64(at + 24) = uint64(w.below(5_000_000))
	case 'v':
		for i := range uintptr(6) {
			*at64(at + i*16) = uint64(w.edge) - 2048 + uint64(w.below(2040))
			*at64(at + i*16 + 8) = uint64(w.below(200))
		}
		if w.chance(5) {
			*at64(at + uintptr(w.below(12))*8) = uint64(w.edgeNumber())
		}
	case 'S', 'M':
		w.socketStructure(at, kind)
	case 'A':
		w.sigaction(at)
	case 'x':
		w.name(at)
	case 'e':
		*(*uint32)(unsafe.Pointer(at)) = uint32(w.random() & 0xf800203f)
		*at64(at + 4) = uint64(w.descriptor(false))
	case 'P', 'T', 'C', 'I', 'L', 'Q', 'G', 'H', 'R', 'O', 'W', 'Z':
		w.structure(at, kind)
	}
	return at
}

const structSize = 256

func at64(at uintptr) *uint64 { return (*uint64)(unsafe.Pointer(at)) }

// room takes n bytes of the worker's page.
func (w *worker) room(n int) uintptr {
	if w.fillFrom+n > pageSize-1024 {
		w.fillFrom = 0
	}
	at := uintptr(unsafe.Pointer(w.page)) + uintptr(w.fillFrom)
	w.fillFrom += n
	return at
}

// fill writes what structures are made of: small numbers, descriptors, addresses, edges.
func (w *worker) fill(at uintptr, n int) {
	for i := uintptr(0); i < uintptr(n); i += 8 {
		var v uint64
		switch w.below(8) {
		case 0, 1:
			v = uint64(w.below(16))
		case 2:
			v = uint64(w.below(50)) | uint64(w.below(50))<<32
		case 3:
			v = arena + uint64(w.below(arenaPages*pageSize))
		case 4:
			v = uint64(w.edge) - uint64(w.below(600))
		case 5:
			v = uint64(w.edgeNumber())
		case 6:
			v = uint64(w.below(5_000_000))
		}
		*at64(at + i) = v
	}
}

// socketStructure makes a Unix address, or a message with a vector, a control message and a name.
func (w *worker) socketStructure(at uintptr, kind byte) {
	if kind == 'S' {
		b := unsafe.Slice((*byte)(unsafe.Pointer(at)), 110)
		for i := range b {
			b[i] = 0
		}
		b[0] = 1
		i := 2 + w.below(2) // a path, or an abstract name
		b[i], b[i+1] = 's', byte('0'+w.below(4))
		return
	}
	const fdMessage, credMessage = 1, 2
	control, vector := w.room(64), w.pointer('v')
	*at64(control) = uint64(16 + 4*w.below(4))
	*at64(control + 8) = 1 | uint64(fdMessage+w.below(credMessage))<<32
	*at64(control + 16) = uint64(w.descriptor(false))&0xffffffff | uint64(w.descriptor(false))<<32
	*at64(at), *at64(at + 8) = 0, 0
	if w.chance(3) {
		*at64(at), *at64(at + 8) = uint64(w.pointer('S')), 110
	}
	*at64(at + 16), *at64(at + 24) = uint64(vector), uint64(w.below(4))
	*at64(at + 32), *at64(at + 40), *at64(at + 48) = uint64(control), uint64(16+4*w.below(8)), 0
}

// sigaction makes a disposition: default, ignore, or the handler that does nothing.
func (w *worker) sigaction(at uintptr) {
	handler, restorer := handlerAddresses()
	pick := [...]uint64{0, 1, uint64(handler), uint64(handler), uint64(handler)}
	*at64(at) = pick[w.below(len(pick))]
	*at64(at + 8) = w.random()&0xd8000007 | 0x04000000
	*at64(at + 16) = uint64(restorer)
	*at64(at + 24) = w.random() & w.random() & w.random()
}

// name writes a short name as for message queues, memory files and attributes.
func (w *worker) name(at uintptr) {
	b := unsafe.Slice((*byte)(unsafe.Pointer(at)), 16)
	prefix := "user."
	if w.chance(2) {
		prefix = "/q"
	}
	n := copy(b, prefix)
	b[n], b[n+1] = byte('a'+w.below(4)), 0
}

// path is the address of a name: of the world's files, or one that is too long or not ended before a hole.
func (w *worker) path() uintptr {
	switch w.below(20) {
	case 0:
		return w.pointer('b')
	case 1:
		*(*byte)(unsafe.Pointer(w.edge - 2)) = 'f'
		*(*byte)(unsafe.Pointer(w.edge - 1)) = byte(w.below(2)) * 'f'
		return w.edge - 2
	}
	return uintptr(unsafe.Pointer(w.paths[w.below(len(w.paths))]))
}
