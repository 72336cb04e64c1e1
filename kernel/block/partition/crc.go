package partition

// crc is the CRC-32 of IEEE 802.3 (polynomial 0x04c11db7, reflected), which the GPT uses.
type crc uint32

var crcTable [256]uint32

func init() {
	for i := range crcTable {
		c := uint32(i)
		for range 8 {
			c = c>>1 ^ 0xedb88320&-(c&1)
		}
		crcTable[i] = c
	}
}

func newCRC() crc { return ^crc(0) }

func (c *crc) add(b []byte) {
	v := uint32(*c)
	for _, x := range b {
		v = v>>8 ^ crcTable[byte(v)^x]
	}
	*c = crc(v)
}

func (c crc) value() uint32 { return ^uint32(c) }
