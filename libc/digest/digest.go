// Package digest computes MD5 (RFC 1321) and SHA-256 (FIPS 180-4) sums. Both work on blocks of 64 bytes and end with a one bit,
// zeros and the length in bits; they differ in the byte order and in the step.
package digest

import "math/bits"

const blockSize = 64

// Hash is a sum in the making.
type Hash struct {
	sha   bool
	state [8]uint32
	block [blockSize]byte
	n     int    // bytes in block
	size  uint64 // bytes in all
}

// NewMD5 returns an empty MD5 sum.
func NewMD5() *Hash {
	return &Hash{state: [8]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}}
}

// NewSHA256 returns an empty SHA-256 sum.
func NewSHA256() *Hash {
	return &Hash{sha: true, state: [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}}
}

// Write adds bytes.
func (h *Hash) Write(p []byte) {
	h.size += uint64(len(p))
	if h.n > 0 {
		k := copy(h.block[h.n:], p)
		h.n += k
		p = p[k:]
		if h.n < blockSize {
			return
		}
		h.step(&h.block)
		h.n = 0
	}
	for len(p) >= blockSize {
		h.step((*[blockSize]byte)(p))
		p = p[blockSize:]
	}
	h.n = copy(h.block[:], p)
}

func (h *Hash) step(b *[blockSize]byte) {
	if h.sha {
		h.stepSHA(b)
	} else {
		h.stepMD5(b)
	}
}

// Sum ends the sum and returns it in hexadecimal.
func (h *Hash) Sum() string {
	length := h.size * 8
	pad := [blockSize]byte{0x80}
	n := 56 - h.n
	if n <= 0 {
		n += blockSize
	}
	h.Write(pad[:n])
	var tail [8]byte
	for i := range tail {
		shift := 8 * i
		if h.sha {
			shift = 56 - shift
		}
		tail[i] = byte(length >> shift)
	}
	h.Write(tail[:])
	words := h.state[:4]
	if h.sha {
		words = h.state[:]
	}
	const digits = "0123456789abcdef"
	var out []byte
	for _, w := range words {
		if !h.sha {
			w = bits.ReverseBytes32(w)
		}
		for shift := 28; shift >= 0; shift -= 4 {
			out = append(out, digits[w>>shift&15])
		}
	}
	return string(out)
}

// md5Shift is the rotation of each step, four a round.
var md5Shift = [16]int{7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21}

func (h *Hash) stepMD5(block *[blockSize]byte) {
	var m [16]uint32
	for i := range m {
		m[i] = uint32(block[4*i]) | uint32(block[4*i+1])<<8 | uint32(block[4*i+2])<<16 | uint32(block[4*i+3])<<24
	}
	a, b, c, d := h.state[0], h.state[1], h.state[2], h.state[3]
	for i := range 64 {
		var f uint32
		k := i
		switch i / 16 {
		case 0:
			f = b&c | ^b&d
		case 1:
			f, k = d&b|^d&c, 5*i+1
		case 2:
			f, k = b^c^d, 3*i+5
		default:
			f, k = c^(b|^d), 7*i
		}
		f += a + md5Table[i] + m[k&15]
		a, d, c = d, c, b
		b += bits.RotateLeft32(f, md5Shift[i/16*4+i%4])
	}
	h.state[0] += a
	h.state[1] += b
	h.state[2] += c
	h.state[3] += d
}

func (h *Hash) stepSHA(block *[blockSize]byte) {
	var w [64]uint32
	for i := range 16 {
		w[i] = uint32(block[4*i])<<24 | uint32(block[4*i+1])<<16 | uint32(block[4*i+2])<<8 | uint32(block[4*i+3])
	}
	rotate := bits.RotateLeft32
	for i := 16; i < 64; i++ {
		x, y := w[i-15], w[i-2]
		w[i] = w[i-16] + w[i-7] + (rotate(x, -7) ^ rotate(x, -18) ^ x>>3) + (rotate(y, -17) ^ rotate(y, -19) ^ y>>10)
	}
	s := h.state
	for i := range 64 {
		a, e := s[0], s[4]
		t1 := s[7] + (rotate(e, -6) ^ rotate(e, -11) ^ rotate(e, -25)) + (e&s[5] ^ ^e&s[6]) + shaTable[i] + w[i]
		t2 := (rotate(a, -2) ^ rotate(a, -13) ^ rotate(a, -22)) + (a&s[1] ^ a&s[2] ^ s[1]&s[2])
		s = [8]uint32{t1 + t2, a, s[1], s[2], s[3] + t1, e, s[5], s[6]}
	}
	for i := range s {
		h.state[i] += s[i]
	}
}
