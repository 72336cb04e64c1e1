//go:build galago || galago_user

package runtime

import (
	"internal/abi"
	"unsafe"
)

// Memory primitives; bodies in memory_amd64.s.
//
//go:noescape
func memequal(x, y unsafe.Pointer, size uintptr) bool
func memequal_varlen(x, y unsafe.Pointer) bool

//go:noescape
func memmove(to, from unsafe.Pointer, n uintptr)

//go:noescape
func memclrNoHeapPointers(ptr unsafe.Pointer, n uintptr)

func memclrHasPointers(ptr unsafe.Pointer, n uintptr) { memclrNoHeapPointers(ptr, n) }

// Without a collector, typed moves are plain moves.
func typedmemmove(t *abi.Type, dst, src unsafe.Pointer) { memmove(dst, src, t.Size_) }
func typedmemclr(t *abi.Type, p unsafe.Pointer)         { memclrNoHeapPointers(p, t.Size_) }
func typedslicecopy(t *abi.Type, dst unsafe.Pointer, dstLen int, src unsafe.Pointer, srcLen int) int {
	n := min(dstLen, srcLen)
	if n > 0 && dst != src {
		memmove(dst, src, uintptr(n)*t.Size_)
	}
	return n
}

// Equality functions that type descriptors and comparisons refer to (cmd/compile/internal/reflectdata/alg.go).
func memequal0(p, q unsafe.Pointer) bool   { return true }
func memequal8(p, q unsafe.Pointer) bool   { return *(*int8)(p) == *(*int8)(q) }
func memequal16(p, q unsafe.Pointer) bool  { return *(*int16)(p) == *(*int16)(q) }
func memequal32(p, q unsafe.Pointer) bool  { return *(*int32)(p) == *(*int32)(q) }
func memequal64(p, q unsafe.Pointer) bool  { return *(*int64)(p) == *(*int64)(q) }
func memequal128(p, q unsafe.Pointer) bool { return *(*[2]int64)(p) == *(*[2]int64)(q) }
func strequal(p, q unsafe.Pointer) bool    { return *(*string)(p) == *(*string)(q) }
func interequal(p, q unsafe.Pointer) bool {
	x, y := *(*iface)(p), *(*iface)(q)
	return x.tab == y.tab && ifaceeq(x.tab, x.data, y.data)
}
func nilinterequal(p, q unsafe.Pointer) bool {
	x, y := *(*eface)(p), *(*eface)(q)
	return x._type == y._type && efaceeq(x._type, x.data, y.data)
}
func efaceeq(t *abi.Type, x, y unsafe.Pointer) bool {
	switch {
	case t == nil:
		return true
	case t.Equal == nil:
		die("comparing an uncomparable type", nil, false, 0, 0, 0, 0)
	case t.IsDirectIface():
		return x == y
	}
	return t.Equal(x, y)
}
func ifaceeq(tab *abi.ITab, x, y unsafe.Pointer) bool {
	return tab == nil || efaceeq(tab.Type, x, y)
}

func cmpstring(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return int(a[i]) - int(b[i])
		}
	}
	return len(a) - len(b)
}

// Hash functions only map descriptors refer to. They are defined so that the linker reports a map in the
// kernel at the map operation, with its file and line, and not at the descriptor.
func strhash(p unsafe.Pointer, h uintptr) uintptr        { return 0 }
func interhash(p unsafe.Pointer, h uintptr) uintptr      { return 0 }
func nilinterhash(p unsafe.Pointer, h uintptr) uintptr   { return 0 }
func memhash(p unsafe.Pointer, h, s uintptr) uintptr     { return 0 }
func memhash8(p unsafe.Pointer, h uintptr) uintptr       { return 0 }
func memhash16(p unsafe.Pointer, h uintptr) uintptr      { return 0 }
func memhash32(p unsafe.Pointer, h uintptr) uintptr      { return 0 }
func memhash64(p unsafe.Pointer, h uintptr) uintptr      { return 0 }
func memhash128(p unsafe.Pointer, h uintptr) uintptr     { return 0 }
func memhash_varlen(p unsafe.Pointer, h uintptr) uintptr { return 0 }

// decoderune decodes the multi-byte rune at s[k:] for range loops (RFC 3629), and returns the index after it;
// invalid encodings give U+FFFD of width 1.
func decoderune(s string, k int) (r rune, pos int) {
	const bad = 0xfffd
	s = s[k:]
	cont := func(i int) bool { return s[i]&0xc0 == 0x80 }
	c := rune(s[0])
	switch {
	case c >= 0xc2 && c < 0xe0 && len(s) > 1 && cont(1):
		return c&0x1f<<6 | rune(s[1]&0x3f), k + 2
	case c&0xf0 == 0xe0 && len(s) > 2 && cont(1) && cont(2):
		r = c&0x0f<<12 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f)
		if r >= 0x800 && (r < 0xd800 || r > 0xdfff) {
			return r, k + 3
		}
	case c >= 0xf0 && c < 0xf5 && len(s) > 3 && cont(1) && cont(2) && cont(3):
		r = c&7<<18 | rune(s[1]&0x3f)<<12 | rune(s[2]&0x3f)<<6 | rune(s[3]&0x3f)
		if r >= 0x10000 && r <= 0x10ffff {
			return r, k + 4
		}
	}
	return bad, k + 1
}
