//go:build galago_user

// Command tr translates, deletes or squeezes bytes (POSIX.1-2017 XCU tr).
package main

import (
	"galago/libc/cmd"
	"galago/libc/escape"
	"galago/libc/match"
	"galago/libc/stdio"
	"galago/libc/str"
)

func main() {
	o := cmd.Options("[-cCdst] set1 [set2]", "+cCdst", "complement=c", "delete=d", "squeeze-repeats=s", "truncate-set1=t")
	complement, del, squeeze, truncate := false, false, false, false
	for o.Next() {
		switch o.Opt {
		case 'c', 'C':
			complement = true
		case 'd':
			del = true
		case 's':
			squeeze = true
		case 't':
			truncate = true
		}
	}
	switch {
	case del && !squeeze:
		o.Need(1, 1)
	case squeeze && !del:
		o.Need(1, 2)
	default:
		o.Need(2, 2)
	}
	set1 := parse(o.Ops[0], nil)
	if complement {
		set1.complement()
	}
	var set2 *set
	if len(o.Ops) == 2 {
		set2 = parse(o.Ops[1], set1)
	}
	var t tables
	translate := set2 != nil && !del
	if translate {
		t.translation(set1, set2, truncate)
	} else {
		t.identity()
	}
	if del {
		t.deleted = set1.members()
	}
	if squeeze {
		last := set1
		if set2 != nil {
			last = set2
		}
		t.squeezed = last.members()
	}
	t.run()
	cmd.Done()
}

// set is a string of bytes in order.
type set struct{ b []byte }

// parse reads a set; [c*] in the second is filled up to the length of the first.
func parse(s string, first *set) *set {
	r := &set{}
	fill, fillByte := -1, byte(0)
	for i := 0; i < len(s); {
		if n := r.bracket(s[i:]); n > 0 {
			i += n
			continue
		}
		if c, n, count := repeat(s[i:]); n > 0 {
			if count == 0 && first == nil {
				cmd.Die("the [c*] repeat construct may not appear in string1")
			}
			if count == 0 {
				fill, fillByte = len(r.b), c
			}
			for range count {
				r.b = append(r.b, c)
			}
			i += n
			continue
		}
		lo, n := char(s[i:])
		i += n
		if i+1 < len(s) && s[i] == '-' {
			hi, n := char(s[i+1:])
			i += 1 + n
			if hi < lo {
				cmd.Die("range-endpoints of '" + s + "' are in reverse collating sequence order")
			}
			for c := int(lo); c <= int(hi); c++ {
				r.b = append(r.b, byte(c))
			}
			continue
		}
		r.b = append(r.b, lo)
	}
	if fill >= 0 && first != nil {
		tail := append([]byte(nil), r.b[fill:]...)
		r.b = r.b[:fill]
		for len(r.b)+len(tail) < len(first.b) {
			r.b = append(r.b, fillByte)
		}
		r.b = append(r.b, tail...)
	}
	return r
}

// bracket reads [:class:] or [=c=].
func (r *set) bracket(s string) int {
	if len(s) < 5 || s[0] != '[' {
		return 0
	}
	if s[1] == '=' && s[3] == '=' && s[4] == ']' {
		r.b = append(r.b, s[2])
		return 5
	}
	end := str.Index(s, ":]")
	if s[1] != ':' || end < 2 {
		return 0
	}
	name := s[2:end]
	before := len(r.b)
	for c := range 256 {
		if match.InClass(name, byte(c)) {
			r.b = append(r.b, byte(c))
		}
	}
	if len(r.b) == before {
		cmd.Die("invalid character class '" + name + "'")
	}
	return end + 2
}

// repeat reads [c*n]; a count of 0 is "as many as needed".
func repeat(s string) (c byte, n, count int) {
	if len(s) < 4 || s[0] != '[' {
		return 0, 0, 0
	}
	c, k := char(s[1:])
	rest := s[1+k:]
	end := str.IndexByte(rest, ']')
	if rest == "" || rest[0] != '*' || end < 0 {
		return 0, 0, 0
	}
	digits := rest[1:end]
	base := uint64(10)
	if str.HasPrefix(digits, "0") {
		base = 8
	}
	if digits != "" {
		v, ok := str.ParseUint(digits, base)
		if !ok {
			return 0, 0, 0
		}
		count = int(min(v, 1<<20))
	}
	return c, 1 + k + end + 1, count
}

// char reads one byte, perhaps written as an escape.
func char(s string) (c byte, n int) {
	if s[0] != '\\' || len(s) == 1 {
		return s[0], 1
	}
	if s[1] >= '0' && s[1] <= '7' {
		v, i := 0, 1
		for ; i < 4 && i < len(s) && s[i] >= '0' && s[i] <= '7' && v*8+int(s[i]-'0') < 256; i++ {
			v = v*8 + int(s[i]-'0')
		}
		return byte(v), i
	}
	if l := escape.Letter(s[1]); l != 0 && s[1] != 'e' {
		return l, 2
	}
	return s[1], 2
}

func (r *set) members() (in [256]bool) {
	for _, c := range r.b {
		in[c] = true
	}
	return in
}

func (r *set) complement() {
	in := r.members()
	r.b = nil
	for c := range 256 {
		if !in[c] {
			r.b = append(r.b, byte(c))
		}
	}
}

// tables say what happens to each byte.
type tables struct {
	to                [256]byte
	deleted, squeezed [256]bool
}

func (t *tables) identity() {
	for i := range t.to {
		t.to[i] = byte(i)
	}
}

func (t *tables) translation(from, to *set, truncate bool) {
	t.identity()
	if len(to.b) == 0 {
		if truncate || len(from.b) == 0 {
			return
		}
		cmd.Die("when not truncating set1, string2 must be non-empty")
	}
	b := to.b
	for i, c := range from.b {
		switch {
		case i < len(b):
			t.to[c] = b[i]
		case !truncate:
			t.to[c] = b[len(b)-1]
		}
	}
}

func (t *tables) run() {
	r := stdio.NewReader(0)
	last := -1
	for b := r.Chunk(); b != nil; b = r.Chunk() {
		for _, c := range b {
			if t.deleted[c] {
				continue
			}
			c = t.to[c]
			if int(c) == last && t.squeezed[c] {
				continue
			}
			last = int(c)
			stdio.Out.Putc(c)
		}
	}
	if r.Err != 0 {
		cmd.Fail("read error", r.Err)
	}
}
