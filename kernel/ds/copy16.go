package ds

import "unsafe"

// Copy16 copies 16 bytes as two words. The compiler copies exactly 16 bytes through any vector register, which in the kernel may
// hold user state (only X14 and X15 are saved); the link gate refuses that, and code copies identifiers with this.
func Copy16(dst, src *[16]byte) {
	d, s := (*[2]uint64)(unsafe.Pointer(dst)), (*[2]uint64)(unsafe.Pointer(src))
	d[0], d[1] = s[0], s[1]
}
