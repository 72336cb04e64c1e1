// Package uio describes the memory of a read or write call: user memory, one piece or an array of them, or the
// kernel's own. File systems and devices copy through an Iter and need not know which.
//
// Copies to and from user memory may fault pages in, so they may sleep. EFAULT is reported only when nothing
// could be copied; otherwise the count says how far it went, as read(2) and write(2) do.
package uio

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
)

// IOVec is struct iovec.
type IOVec struct {
	Base uintptr
	Len  uint64
}

// MaxIOV is the largest number of pieces (IOV_MAX); MaxLen the longest transfer of one call (Linux: MAX_RW_COUNT).
const (
	MaxIOV = 1024
	MaxLen = 0x7ffff000
)

// Iter is a position in the memory of a transfer.
type Iter struct {
	base uintptr // current piece
	left int     // bytes left in it
	n    int     // bytes left in all
	vec  []IOVec // pieces after it
	user bool
}

// FromUser is n bytes of user memory at base.
func FromUser(base uintptr, n int) Iter {
	n = max(min(n, MaxLen), 0)
	return Iter{base: base, left: n, n: n, user: true}
}

// FromKernel is kernel memory.
func FromKernel(b []byte) Iter {
	return Iter{base: uintptr(unsafe.Pointer(unsafe.SliceData(b))), left: len(b), n: len(b)}
}

// FromIOV is an array of pieces of user memory; CheckIOV has limited the lengths.
func FromIOV(vec []IOVec) Iter {
	it := Iter{vec: vec, user: true}
	for _, v := range vec {
		it.n += int(v.Len)
	}
	it.advance(0)
	return it
}

// CheckIOV checks the lengths of an array copied from user memory: EINVAL if one is negative or the sum overflows. The
// sum is cut to MaxLen.
func CheckIOV(vec []IOVec) errno.Errno {
	sum := uint64(0)
	for i := range vec {
		v := &vec[i]
		if int64(v.Len) < 0 {
			return errno.EINVAL
		}
		if !arch.UserRange(v.Base, uintptr(v.Len)) && v.Len > 0 {
			return errno.EFAULT
		}
		v.Len = min(v.Len, MaxLen-sum)
		sum += v.Len
	}
	return errno.OK
}

// Len returns the number of bytes left.
func (it *Iter) Len() int { return it.n }

// User reports whether it is user memory.
func (it *Iter) User() bool { return it.user }

// advance moves n bytes on within the current piece and past empty ones.
func (it *Iter) advance(n int) {
	it.base += uintptr(n)
	it.left -= n
	it.n -= n
	for it.left == 0 && len(it.vec) > 0 {
		it.base, it.left = it.vec[0].Base, int(it.vec[0].Len)
		it.vec = it.vec[1:]
	}
}

// Skip moves n bytes on.
func (it *Iter) Skip(n int) {
	for n > 0 && it.n > 0 {
		k := min(n, it.left)
		it.advance(k)
		n -= k
	}
}

// Truncate cuts the transfer to n bytes.
func (it *Iter) Truncate(n int) {
	if n >= it.n {
		return
	}
	it.n = n
	it.left = min(it.left, n)
}

func result(done int, want int) (int, errno.Errno) {
	if done == 0 && want > 0 {
		return 0, errno.EFAULT
	}
	return done, errno.OK
}

// CopyOut copies p to the memory (as much as fits) and moves on; it returns how much it copied.
func (it *Iter) CopyOut(p []byte) (int, errno.Errno) {
	want := min(len(p), it.n)
	done := 0
	for done < want {
		k := min(want-done, it.left)
		left := 0
		if it.user {
			left = int(arch.CopyToUser(it.base, unsafe.Pointer(&p[done]), uintptr(k)))
		} else {
			copy(unsafe.Slice((*byte)(pointer(it.base)), k), p[done:])
		}
		it.advance(k - left)
		done += k - left
		if left > 0 {
			break
		}
	}
	return result(done, want)
}

// CopyIn copies from the memory to p and moves on.
func (it *Iter) CopyIn(p []byte) (int, errno.Errno) {
	want := min(len(p), it.n)
	done := 0
	for done < want {
		k := min(want-done, it.left)
		left := 0
		if it.user {
			left = int(arch.CopyFromUser(unsafe.Pointer(&p[done]), it.base, uintptr(k)))
		} else {
			copy(p[done:done+k], unsafe.Slice((*byte)(pointer(it.base)), k))
		}
		it.advance(k - left)
		done += k - left
		if left > 0 {
			break
		}
	}
	return result(done, want)
}

// Zero writes n zero bytes and moves on.
func (it *Iter) Zero(n int) (int, errno.Errno) {
	want := min(n, it.n)
	done := 0
	for done < want {
		k := min(want-done, it.left)
		left := 0
		if it.user {
			left = int(arch.ZeroUser(it.base, uintptr(k)))
		} else {
			clear(unsafe.Slice((*byte)(pointer(it.base)), k))
		}
		it.advance(k - left)
		done += k - left
		if left > 0 {
			break
		}
	}
	return result(done, want)
}

// Prefault touches the first n bytes, so that a copy soon afterwards is likely not to fault: for reading from the
// memory (write false) or writing to it, which is for memory that the copy overwrites anyway: a byte of each page is
// written back as it was read. It reports whether the first byte is accessible.
func (it *Iter) Prefault(n int, write bool) bool {
	if !it.user || it.n == 0 {
		return true
	}
	n = min(n, it.left)
	ok := true
	for off := 0; off < n; off = (off | (arch.PageSize - 1)) + 1 {
		var b [1]byte
		bad := arch.CopyFromUser(unsafe.Pointer(&b), it.base+uintptr(off), 1) != 0
		if !bad && write {
			bad = arch.CopyToUser(it.base+uintptr(off), unsafe.Pointer(&b), 1) != 0
		}
		if bad && off == 0 {
			ok = false
		}
	}
	return ok
}

// CopyInString copies a NUL-terminated string from user address p to dst and returns its length without the NUL.
// ENAMETOOLONG when dst ends first, EFAULT.
func CopyInString(p uintptr, dst []byte) (int, errno.Errno) {
	for n := 0; n < len(dst); {
		// Up to the next page border, so that a string just before unmapped memory is read whole.
		k := min(len(dst)-n, arch.PageSize-int(p+uintptr(n))&(arch.PageSize-1), 64)
		left := int(arch.CopyFromUser(unsafe.Pointer(&dst[n]), p+uintptr(n), uintptr(k)))
		for i := n; i < n+k-left; i++ {
			if dst[i] == 0 {
				return i, errno.OK
			}
		}
		if left > 0 {
			return 0, errno.EFAULT
		}
		n += k
	}
	return 0, errno.ENAMETOOLONG
}

// pointer converts the address of memory that is never moved or collected.
func pointer(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }
