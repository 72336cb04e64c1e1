package disk

import "math/bits"

// HashBits is the width of a name's hash: what is left of a 63-bit directory position after CookieBits.
const (
	HashBits   = 56
	CookieBits = 6 // names with one hash are told apart by up to 1<<CookieBits ordinals
	MaxHash    = 1<<HashBits - 1
)

// Hash returns the position of a name in its directory: SipHash-2-4 (Aumasson and Bernstein, 2012)
// keyed with the file system's seed, cut to HashBits. The key keeps users from choosing names that collide.
func Hash(seed *[2]uint64, name string) uint64 {
	return sip24(seed[0], seed[1], name) >> (64 - HashBits)
}

func sip24(k0, k1 uint64, s string) uint64 {
	v0, v1 := k0^0x736f6d6570736575, k1^0x646f72616e646f6d
	v2, v3 := k0^0x6c7967656e657261, k1^0x7465646279746573
	last := uint64(len(s)) << 56
	for {
		m := last
		final := len(s) < 8
		if final {
			for i := len(s) - 1; i >= 0; i-- {
				m |= uint64(s[i]) << (8 * uint(i))
			}
		} else {
			m = uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
				uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
			s = s[8:]
		}
		v3 ^= m
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0 ^= m
		if final {
			break
		}
	}
	v2 ^= 0xff
	for range 4 {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	return v0 ^ v1 ^ v2 ^ v3
}

func sipRound(v0, v1, v2, v3 uint64) (a, b, c, d uint64) {
	v0 += v1
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v0 = bits.RotateLeft64(v0, 32)
	v2 += v3
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v0 += v3
	v3 = bits.RotateLeft64(v3, 21) ^ v0
	v2 += v1
	v1 = bits.RotateLeft64(v1, 17) ^ v2
	v2 = bits.RotateLeft64(v2, 32)
	return v0, v1, v2, v3
}
