// Package format formats text without allocating: the kernel's log and /proc files and the user library's Printf are made of
// it. Arguments do not escape; it switches on concrete types only.
package format

import "galago/kernel/errno"

// Hex is printed in hexadecimal by %v.
type Hex uint64

// Format writes the formatted text to buf and returns its length; what does not fit is cut off. Verbs: %d %x %X %s %v %t
// %c %o %p; flags 0, - and # (0x before hexadecimal numbers), and a width. %x prints the bytes of a string or slice. A missing
// argument shows as %!missing, one of another than the basic types as %!type.
func Format(buf []byte, format string, args ...any) int {
	w := writer{buf: buf}
	next := 0
	for i := 0; i < len(format); i++ {
		c := format[i]
		if c != '%' {
			w.byte(c)
			continue
		}
		var spec fieldSpec
		i = spec.parse(format, i+1)
		if i >= len(format) {
			w.str("%!")
			break
		}
		if format[i] == '%' {
			w.byte('%')
			continue
		}
		if next >= len(args) {
			w.str("%!missing")
			continue
		}
		w.arg(spec, format[i], args[next])
		next++
	}
	return w.n
}

type writer struct {
	buf []byte
	n   int
}

func (w *writer) byte(c byte) {
	if w.n < len(w.buf) {
		w.buf[w.n] = c
		w.n++
	}
}

func (w *writer) str(s string) { w.n += copy(w.buf[w.n:], s) }

type fieldSpec struct {
	width int
	zero  bool
	left  bool
	sharp bool
}

func (f *fieldSpec) parse(s string, i int) int {
	for ; i < len(s) && (s[i] == '0' || s[i] == '-' || s[i] == '+' || s[i] == '#'); i++ {
		f.zero = f.zero || s[i] == '0'
		f.left = f.left || s[i] == '-'
		f.sharp = f.sharp || s[i] == '#'
	}
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		f.width = min(f.width*10+int(s[i]-'0'), 256)
	}
	return i
}

func (w *writer) pad(n int, c byte) {
	for ; n > 0; n-- {
		w.byte(c)
	}
}

func (w *writer) text(f fieldSpec, s string) {
	if !f.left {
		w.pad(f.width-len(s), ' ')
	}
	w.str(s)
	if f.left {
		w.pad(f.width-len(s), ' ')
	}
}

func (w *writer) number(f fieldSpec, v uint64, neg bool, base uint64) {
	var tmp [24]byte
	i := len(tmp)
	digits := "0123456789abcdef"
	if base == upperHex {
		base, digits = 16, "0123456789ABCDEF"
	}
	for {
		i--
		tmp[i] = digits[v%base]
		v /= base
		if v == 0 {
			break
		}
	}
	n := len(tmp) - i
	if neg {
		n++
	}
	prefix := ""
	if f.sharp && base == 16 {
		prefix = "0x"
	}
	n += len(prefix)
	if !f.left && !f.zero {
		w.pad(f.width-n, ' ')
	}
	if neg {
		w.byte('-')
	}
	w.str(prefix)
	if !f.left && f.zero {
		w.pad(f.width-n, '0')
	}
	for ; i < len(tmp); i++ {
		w.byte(tmp[i])
	}
	if f.left {
		w.pad(f.width-n, ' ')
	}
}

func (w *writer) signed(f fieldSpec, verb byte, v int64) {
	if verb == 'c' {
		w.byte(byte(v))
		return
	}
	if v < 0 {
		w.number(f, uint64(-v), true, base(verb))
	} else {
		w.number(f, uint64(v), false, base(verb))
	}
}

func (w *writer) unsigned(f fieldSpec, verb byte, v uint64) {
	if verb == 'c' {
		w.byte(byte(v))
		return
	}
	w.number(f, v, false, base(verb))
}

// upperHex stands for base 16 with capital letters.
const upperHex = 1<<8 + 16

func base(verb byte) uint64 {
	switch verb {
	case 'x', 'p':
		return 16
	case 'X':
		return upperHex
	case 'o':
		return 8
	}
	return 10
}

func (w *writer) arg(f fieldSpec, verb byte, a any) {
	switch v := a.(type) {
	case int:
		w.signed(f, verb, int64(v))
	case int8:
		w.signed(f, verb, int64(v))
	case int16:
		w.signed(f, verb, int64(v))
	case int32:
		w.signed(f, verb, int64(v))
	case int64:
		w.signed(f, verb, v)
	case uint:
		w.unsigned(f, verb, uint64(v))
	case uint8:
		w.unsigned(f, verb, uint64(v))
	case uint16:
		w.unsigned(f, verb, uint64(v))
	case uint32:
		w.unsigned(f, verb, uint64(v))
	case uint64:
		w.unsigned(f, verb, v)
	case uintptr:
		w.unsigned(f, verb, uint64(v))
	case Hex:
		w.unsigned(f, 'x', uint64(v))
	case errno.Errno:
		if verb == 'd' {
			w.signed(f, verb, int64(v))
		} else {
			w.text(f, v.Name())
		}
	case string:
		if verb == 'x' {
			for i := range len(v) {
				w.hexByte(v[i])
			}
			return
		}
		w.text(f, v)
	case []byte:
		if verb == 'x' {
			for _, c := range v {
				w.hexByte(c)
			}
			return
		}
		w.bytes(f, v)
	case bool:
		if v {
			w.text(f, "true")
		} else {
			w.text(f, "false")
		}
	case nil:
		w.text(f, "nil")
	default:
		w.str("%!type")
	}
}

func (w *writer) hexByte(c byte) {
	const digits = "0123456789abcdef"
	w.byte(digits[c>>4])
	w.byte(digits[c&15])
}

func (w *writer) bytes(f fieldSpec, b []byte) {
	if !f.left {
		w.pad(f.width-len(b), ' ')
	}
	w.n += copy(w.buf[w.n:], b)
	if f.left {
		w.pad(f.width-len(b), ' ')
	}
}
