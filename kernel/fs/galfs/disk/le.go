package disk

// Little-endian access. The compiler merges each of these into one load or store.

// U16 reads two bytes at off.
func U16(b []byte, off int) uint16 {
	b = b[off : off+2 : off+2]
	return uint16(b[0]) | uint16(b[1])<<8
}

// U32 reads four bytes at off.
func U32(b []byte, off int) uint32 {
	b = b[off : off+4 : off+4]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// U64 reads eight bytes at off.
func U64(b []byte, off int) uint64 {
	b = b[off : off+8 : off+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// Put16 writes two bytes at off.
func Put16(b []byte, off int, v uint16) {
	b = b[off : off+2 : off+2]
	b[0], b[1] = byte(v), byte(v>>8)
}

// Put32 writes four bytes at off.
func Put32(b []byte, off int, v uint32) {
	b = b[off : off+4 : off+4]
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

// Put64 writes eight bytes at off.
func Put64(b []byte, off int, v uint64) {
	b = b[off : off+8 : off+8]
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	b[4], b[5], b[6], b[7] = byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56)
}
