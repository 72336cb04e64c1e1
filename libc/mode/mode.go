// Package mode reads and writes file modes: octal and symbolic ones of chmod(1), and the ten letters of ls(1).
package mode

import "galago/libc/str"

// File type bits (POSIX.1-2017 sys/stat.h; values of Linux).
const (
	typeMask = 0o170000
	typeDir  = 0o040000
)

// Set-ID bits of directories change only when a mode mentions them, as GNU chmod has it.
const setID = 0o6000

// Change is one action of a mode, as "u+x" or "=rw".
type Change struct {
	who       uint32 // mask of the bits that may change; 0: all that the umask allows
	op        byte
	bits      uint32
	copy      byte // u, g or o: take the permissions from there
	x         bool // X: execute only for directories and files that have it somewhere
	mentioned uint32
}

// Parse reads a mode; ok is false when it is neither octal nor symbolic.
func Parse(s string) (list []Change, ok bool) {
	if v, isNum := str.ParseUint(s, 8); isNum {
		if v > 0o7777 {
			return nil, false
		}
		c := Change{who: 0o7777, op: '=', bits: uint32(v), mentioned: uint32(v) & setID}
		if len(s) >= 5 {
			c.mentioned = setID
		}
		return []Change{c}, true
	}
	for _, clause := range str.Split(s, ',') {
		if list, ok = parseClause(list, clause); !ok {
			return nil, false
		}
	}
	return list, true
}

func parseClause(list []Change, s string) ([]Change, bool) {
	who, i := uint32(0), 0
	for ; i < len(s); i++ {
		w := whoMask(s[i])
		if w == 0 {
			break
		}
		who |= w
	}
	if i == len(s) {
		return nil, false
	}
	for i < len(s) {
		c := Change{who: who, op: s[i]}
		if c.op != '+' && c.op != '-' && c.op != '=' {
			return nil, false
		}
		for i++; i < len(s) && s[i] != '+' && s[i] != '-' && s[i] != '='; i++ {
			if !c.permission(s[i]) {
				return nil, false
			}
		}
		c.mentioned = c.bits
		if who != 0 {
			c.mentioned &= who
		}
		list = append(list, c)
	}
	return list, true
}

func whoMask(c byte) uint32 {
	switch c {
	case 'u':
		return 0o4700
	case 'g':
		return 0o2070
	case 'o':
		return 0o1007
	case 'a':
		return 0o7777
	}
	return 0
}

func (c *Change) permission(p byte) bool {
	switch p {
	case 'r':
		c.bits |= 0o444
	case 'w':
		c.bits |= 0o222
	case 'x':
		c.bits |= 0o111
	case 's':
		c.bits |= 0o6000
	case 't':
		c.bits |= 0o1000
	case 'X':
		c.x = true
	case 'u', 'g', 'o':
		c.copy = p
	default:
		return false
	}
	return true
}

// Apply changes the permission bits of a file with mode old (type bits included) and returns the new permission bits.
func Apply(list []Change, old, umask uint32) uint32 {
	dir := old&typeMask == typeDir
	m := old & 0o7777
	for _, c := range list {
		bits := c.bits
		if c.x && (dir || m&0o111 != 0) {
			bits |= 0o111
		}
		if c.copy != 0 {
			bits |= (m >> map3(c.copy) & 7) * 0o111
		}
		keep := uint32(0)
		if dir {
			keep = setID &^ c.mentioned
		}
		if c.who != 0 {
			bits &= c.who
		} else {
			bits &^= umask
		}
		bits &^= keep
		switch c.op {
		case '+':
			m |= bits
		case '-':
			m &^= bits
		case '=':
			if c.who != 0 {
				keep |= ^c.who
			}
			m = m&keep | bits
		}
	}
	return m
}

func map3(who byte) uint {
	switch who {
	case 'u':
		return 6
	case 'g':
		return 3
	}
	return 0
}

// String returns the ten letters of ls -l.
func String(m uint32) string {
	var b [10]byte
	b[0] = '?'
	switch m & typeMask {
	case 0o010000:
		b[0] = 'p'
	case 0o020000:
		b[0] = 'c'
	case typeDir:
		b[0] = 'd'
	case 0o060000:
		b[0] = 'b'
	case 0o100000:
		b[0] = '-'
	case 0o120000:
		b[0] = 'l'
	case 0o140000:
		b[0] = 's'
	}
	for i := range 9 {
		b[i+1] = '-'
		if m>>(8-i)&1 != 0 {
			b[i+1] = "rwx"[i%3]
		}
	}
	special(&b[3], m&0o4000, 's', 'S')
	special(&b[6], m&0o2000, 's', 'S')
	special(&b[9], m&0o1000, 't', 'T')
	return string(b[:])
}

func special(c *byte, on uint32, with, without byte) {
	if on == 0 {
		return
	}
	if *c == 'x' {
		*c = with
	} else {
		*c = without
	}
}
