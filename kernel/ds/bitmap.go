package ds

import "math/bits"

// Bitmap is a set of integers from 0 to 64·len−1.
type Bitmap []uint64

// Has, Set and Clear test, add and remove i.
func (b Bitmap) Has(i int) bool { return b[i>>6]>>(i&63)&1 != 0 }
func (b Bitmap) Set(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b Bitmap) Clear(i int)    { b[i>>6] &^= 1 << (i & 63) }

// FindZero returns the smallest integer ≥ from and < limit that is not in the set, or -1.
func (b Bitmap) FindZero(from, limit int) int {
	limit = min(limit, len(b)*64)
	for i := from; i < limit; {
		if free := ^b[i>>6] >> (i & 63); free != 0 {
			if i += bits.TrailingZeros64(free); i < limit {
				return i
			}
			return -1
		}
		i = (i | 63) + 1
	}
	return -1
}

// FindSet returns the smallest integer ≥ from and < limit in the set, or -1.
func (b Bitmap) FindSet(from, limit int) int {
	limit = min(limit, len(b)*64)
	for i := from; i < limit; {
		if set := b[i>>6] >> (i & 63); set != 0 {
			if i += bits.TrailingZeros64(set); i < limit {
				return i
			}
			return -1
		}
		i = (i | 63) + 1
	}
	return -1
}

// FindZeroRun returns the start of the first run of n integers ≥ from and < limit that are not in the set, or -1.
func (b Bitmap) FindZeroRun(from, limit, n int) int {
	for {
		start := b.FindZero(from, limit)
		if start < 0 || start+n > limit {
			return -1
		}
		end := b.FindSet(start, min(start+n, limit))
		if end < 0 {
			return start
		}
		from = end + 1
	}
}
