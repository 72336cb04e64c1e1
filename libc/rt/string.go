//go:build galago_user

package runtime

import "unsafe"

// tmpBuf is the caller's buffer for short results that do not escape (cmd/compile/internal/walk).
type tmpBuf [32]byte

func rawString(buf *tmpBuf, n int) unsafe.Pointer {
	if buf != nil && n <= len(buf) {
		return unsafe.Pointer(buf)
	}
	return alloc(uintptr(n))
}

func concatstrings(buf *tmpBuf, a []string) string {
	n := 0
	for _, s := range a {
		n += len(s)
	}
	if n == 0 {
		return ""
	}
	p := rawString(buf, n)
	at := uintptr(0)
	for _, s := range a {
		memmove(add(p, at), unsafe.Pointer(unsafe.StringData(s)), uintptr(len(s)))
		at += uintptr(len(s))
	}
	return unsafe.String((*byte)(p), n)
}

func concatstring2(buf *tmpBuf, a, b string) string { return concatstrings(buf, []string{a, b}) }
func concatstring3(buf *tmpBuf, a, b, c string) string {
	return concatstrings(buf, []string{a, b, c})
}
func concatstring4(buf *tmpBuf, a, b, c, d string) string {
	return concatstrings(buf, []string{a, b, c, d})
}
func concatstring5(buf *tmpBuf, a, b, c, d, e string) string {
	return concatstrings(buf, []string{a, b, c, d, e})
}

func concatbytes(buf *tmpBuf, a []string) []byte {
	s := concatstrings(nil, a)
	return unsafe.Slice(unsafe.StringData(s), len(s))
}
func concatbyte2(buf *tmpBuf, a, b string) []byte    { return concatbytes(buf, []string{a, b}) }
func concatbyte3(buf *tmpBuf, a, b, c string) []byte { return concatbytes(buf, []string{a, b, c}) }
func concatbyte4(buf *tmpBuf, a, b, c, d string) []byte {
	return concatbytes(buf, []string{a, b, c, d})
}
func concatbyte5(buf *tmpBuf, a, b, c, d, e string) []byte {
	return concatbytes(buf, []string{a, b, c, d, e})
}

func slicebytetostring(buf *tmpBuf, p *byte, n int) string {
	if n == 0 {
		return ""
	}
	q := rawString(buf, n)
	memmove(q, unsafe.Pointer(p), uintptr(n))
	return unsafe.String((*byte)(q), n)
}

func slicebytetostringtmp(p *byte, n int) string { return unsafe.String(p, n) }

func stringtoslicebyte(buf *tmpBuf, s string) []byte {
	q := rawString(buf, len(s))
	memmove(q, unsafe.Pointer(unsafe.StringData(s)), uintptr(len(s)))
	return unsafe.Slice((*byte)(q), len(s))
}

// intstring converts a rune to its UTF-8 string (RFC 3629).
func intstring(buf *[4]byte, v int64) string {
	r := uint32(v)
	if v < 0 || v > 0x10ffff || v >= 0xd800 && v < 0xe000 {
		r = 0xfffd
	}
	p := (*[4]byte)(alloc(4))
	switch {
	case r < 0x80:
		p[0] = byte(r)
		return unsafe.String(&p[0], 1)
	case r < 0x800:
		p[0], p[1] = 0xc0|byte(r>>6), 0x80|byte(r&63)
		return unsafe.String(&p[0], 2)
	case r < 0x10000:
		p[0], p[1], p[2] = 0xe0|byte(r>>12), 0x80|byte(r>>6&63), 0x80|byte(r&63)
		return unsafe.String(&p[0], 3)
	}
	p[0], p[1], p[2], p[3] = 0xf0|byte(r>>18), 0x80|byte(r>>12&63), 0x80|byte(r>>6&63), 0x80|byte(r&63)
	return unsafe.String(&p[0], 4)
}

// The print built-ins write to descriptor 2.

func printlock()   {}
func printunlock() {}
func printnl()     { printstring("\n") }
func printsp()     { printstring(" ") }

func printstring(s string) {
	Syscall(sysWrite, 2, uintptr(unsafe.Pointer(unsafe.StringData(s))), uintptr(len(s)), 0, 0, 0)
}

func printbool(b bool) {
	if b {
		printstring("true")
	} else {
		printstring("false")
	}
}

func printint(v int64) {
	if v < 0 {
		printstring("-")
		v = -v
	}
	printuint(uint64(v))
}

func printuint(v uint64) { printBase(v, 10) }
func printhex(v uint64) {
	printstring("0x")
	printBase(v, 16)
}

func printBase(v, base uint64) {
	var b [20]byte
	i := len(b)
	for {
		i--
		b[i] = "0123456789abcdef"[v%base]
		if v /= base; v == 0 {
			break
		}
	}
	printstring(unsafe.String(&b[i], len(b)-i))
}
