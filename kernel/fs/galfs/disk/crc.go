package disk

// CRC32C (Castagnoli, reflected polynomial 0x82F63B78, RFC 3720 appendix B.4), eight bytes a step with
// the "slicing-by-8" tables of Kounavis and Berry (Intel, 2005): the kernel has no use of the SSE4.2
// instruction here, since it would need assembly, and the host needs the same figures.

const castagnoli = 0x82F63B78

var crcTable [8][256]uint32

func init() {
	for i := range uint32(256) {
		c := i
		for range 8 {
			if c&1 != 0 {
				c = c>>1 ^ castagnoli
			} else {
				c >>= 1
			}
		}
		crcTable[0][i] = c
	}
	for i := range 256 {
		c := crcTable[0][i]
		for t := 1; t < 8; t++ {
			c = crcTable[0][c&0xff] ^ c>>8
			crcTable[t][i] = c
		}
	}
}

// CRC continues the checksum crc (0 to start) over p.
func CRC(crc uint32, p []byte) uint32 {
	crc = ^crc
	t := &crcTable
	for len(p) >= 8 {
		lo := U32(p, 0) ^ crc
		hi := U32(p, 4)
		crc = t[7][lo&0xff] ^ t[6][lo>>8&0xff] ^ t[5][lo>>16&0xff] ^ t[4][lo>>24] ^
			t[3][hi&0xff] ^ t[2][hi>>8&0xff] ^ t[1][hi>>16&0xff] ^ t[0][hi>>24]
		p = p[8:]
	}
	for _, b := range p {
		crc = t[0][byte(crc)^b] ^ crc>>8
	}
	return ^crc
}

// crc64 continues crc over the eight little-endian bytes of v.
func crc64(crc uint32, v uint64) uint32 {
	var b [8]byte
	Put64(b[:], 0, v)
	return CRC(crc, b[:])
}
