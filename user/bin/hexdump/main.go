//go:build galago_user

// Command hexdump shows bytes: as 16-bit words in hexadecimal, or with -C byte by byte beside their characters. Repeated lines are shown as
// one asterisk unless -v is given.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

var (
	format = byte('x')
	wide   bool // -x was given: it has wider columns than what is shown without an option
)

func main() {
	o := cmd.Options("[-bCcdovx] [-n length] [-s offset] [file...]", "bCcdn:os:vx", "canonical=C", "length:=n", "skip:=s",
		"no-squeezing=v")
	length, skip, verbose := int64(-1), int64(0), false
	for o.Next() {
		switch o.Opt {
		case 'n', 's':
			v, ok := size(o.Arg)
			if !ok {
				cmd.Die("invalid number '" + o.Arg + "'")
			}
			if o.Opt == 'n' {
				length = v
			} else {
				skip = v
			}
		case 'v':
			verbose = true
		default:
			format, wide = o.Opt, o.Opt == 'x'
		}
	}
	d := dumper{at: 0, skip: skip, left: length, verbose: verbose}
	cmd.Input(o.Ops, d.file)
	d.finish()
	cmd.Done()
}

func size(s string) (int64, bool) {
	if len(s) > 2 && s[0] == '0' && str.Lower(s[1]) == 'x' {
		v, ok := str.ParseUint(s[2:], 16)
		return int64(v), ok && v < 1<<62
	}
	return str.Size(s)
}

// dumper goes through all inputs as if they were one.
type dumper struct {
	at, skip, left int64
	line, last     [16]byte
	n              int
	any, starred   bool
	verbose        bool
}

func (d *dumper) file(name string, fd int) {
	if d.skip > 0 {
		var st sys.Stat
		if sys.Fstat(fd, &st) == 0 && st.Mode&sys.S_IFMT == sys.S_IFREG {
			k := min(d.skip, st.Size)
			if _, e := sys.Lseek(fd, k, 0); e == 0 {
				d.skip -= k
				d.at += k
			}
		}
	}
	r := stdio.NewReader(fd)
	for d.left != 0 {
		c := r.Getc()
		if c < 0 {
			break
		}
		if d.skip > 0 {
			d.skip--
			d.at++
			continue
		}
		d.line[d.n] = byte(c)
		d.n++
		if d.left > 0 {
			d.left--
		}
		if d.n == 16 {
			d.flush()
		}
	}
	if r.Err != 0 {
		cmd.Fail(name, r.Err)
	}
}

// flush shows the line.
func (d *dumper) flush() {
	n := d.n
	d.n = 0
	if n == 16 && d.any && d.line == d.last && !d.verbose {
		if !d.starred {
			stdio.Puts("*\n")
		}
		d.starred = true
		d.at += 16
		return
	}
	d.starred = false
	d.offset()
	if format == 'C' {
		canonical(d.line[:n])
	} else {
		words(d.line[:n])
	}
	d.at += int64(n)
	d.last, d.any = d.line, true
}

func (d *dumper) offset() {
	if format == 'C' {
		stdio.Printf("%08x", d.at)
	} else {
		stdio.Printf("%07x", d.at)
	}
}

func (d *dumper) finish() {
	if d.n > 0 {
		clear(d.line[d.n:])
		d.flush()
	}
	if d.any {
		d.offset()
		stdio.Out.Putc('\n')
	}
}

func canonical(b []byte) {
	for i := range 16 {
		if i%8 == 0 {
			stdio.Out.Putc(' ')
		}
		if i < len(b) {
			stdio.Printf(" %02x", b[i])
		} else {
			stdio.Puts("   ")
		}
	}
	stdio.Puts("  |")
	for _, c := range b {
		if c < ' ' || c > '~' {
			c = '.'
		}
		stdio.Out.Putc(c)
	}
	stdio.Puts("|\n")
}

// words shows units of one or two bytes; a line that is cut short is filled with blanks.
func words(b []byte) {
	width := 8
	switch format {
	case 'b', 'c':
		width = 4
	case 'x':
		width = 5
		if wide {
			width = 8
		}
	}
	for i := 0; i < 16; i++ {
		single := format == 'b' || format == 'c'
		if !single && i%2 == 1 {
			continue
		}
		have := i < len(b)
		v := uint16(0)
		if have {
			v = uint16(b[i])
			if !single && i+1 < len(b) {
				v |= uint16(b[i+1]) << 8
			}
		}
		if !have {
			for range width {
				stdio.Out.Putc(' ')
			}
			continue
		}
		switch format {
		case 'b':
			stdio.Printf(" %03o", v)
		case 'c':
			stdio.Puts(str.PadLeft(character(byte(v)), 4))
		case 'd':
			stdio.Printf("   %05d", v)
		case 'o':
			stdio.Printf("  %06o", v)
		default:
			if wide {
				stdio.Puts("   ")
			}
			stdio.Printf(" %04x", v)
		}
	}
	stdio.Out.Putc('\n')
}

func character(c byte) string {
	if i := str.IndexByte("\x00\a\b\f\n\r\t\v", c); i >= 0 {
		return "\\" + "0abfnrtv"[i:i+1]
	}
	if c < ' ' || c > '~' {
		o := str.Utoa(uint64(c), 8)
		return "000"[len(o):] + o
	}
	return string([]byte{c})
}
