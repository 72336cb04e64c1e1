//go:build galago_user

// Command wc counts lines, words, characters and bytes (POSIX.1-2017 XCU wc). Characters are those of UTF-8.
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

// counts are the numbers of one input.
type counts struct{ lines, words, chars, bytes, longest int64 }

var want struct{ lines, words, chars, bytes, longest bool }

func main() {
	o := cmd.Options("[-clLmw] [file...]", "clLmw", "bytes=c", "lines=l", "max-line-length=L", "chars=m", "words=w")
	for o.Next() {
		switch o.Opt {
		case 'c':
			want.bytes = true
		case 'l':
			want.lines = true
		case 'L':
			want.longest = true
		case 'm':
			want.chars = true
		case 'w':
			want.words = true
		}
	}
	if !want.bytes && !want.lines && !want.longest && !want.chars && !want.words {
		want.lines, want.words, want.bytes = true, true, true
	}
	width := fieldWidth(o.Ops)
	var total counts
	cmd.Input(o.Ops, func(name string, fd int) {
		var c counts
		if e := c.count(fd); e != 0 {
			cmd.Fail(name, e)
		}
		if len(o.Ops) == 0 {
			name = ""
		}
		c.print(name, width)
		total.lines += c.lines
		total.words += c.words
		total.chars += c.chars
		total.bytes += c.bytes
		total.longest = max(total.longest, c.longest)
	})
	if len(o.Ops) > 1 {
		total.print("total", width)
	}
	cmd.Done()
}

// fieldWidth is the width of the columns: the digits of the total size, or 7 when it is not known beforehand.
func fieldWidth(names []string) int {
	n := 0
	for _, on := range [...]bool{want.lines, want.words, want.chars, want.bytes, want.longest} {
		if on {
			n++
		}
	}
	if n == 1 && len(names) <= 1 {
		return 1
	}
	size := int64(0)
	if len(names) == 0 {
		names = []string{"-"}
	}
	least := 1
	for _, name := range names {
		var st sys.Stat
		e := errno.Errno(0)
		if name == "-" {
			e = sys.Fstat(0, &st)
		} else {
			e = sys.StatPath(name, &st)
		}
		if e != 0 {
			continue
		}
		if st.Mode&sys.S_IFMT == sys.S_IFREG {
			size += st.Size
		} else {
			least = 7
		}
	}
	return max(len(str.Itoa(size)), least)
}

var buffer [65536]byte

func (c *counts) count(fd int) sys.Errno {
	if want.bytes && !want.lines && !want.words && !want.chars && !want.longest && c.bySize(fd) {
		return 0
	}
	inWord := false
	column := int64(0)
	for {
		n, e := sys.Read(fd, buffer[:])
		if e == errno.EINTR {
			continue
		}
		if e != 0 || n == 0 {
			c.longest = max(c.longest, column)
			if inWord {
				c.words++
			}
			return e
		}
		c.bytes += int64(n)
		if !want.words && !want.chars && !want.longest {
			for _, b := range buffer[:n] {
				if b == '\n' {
					c.lines++
				}
			}
			continue
		}
		for _, b := range buffer[:n] {
			inWord = c.step(b, inWord, &column)
		}
	}
}

// step counts one byte and returns whether it belongs to a word.
func (c *counts) step(b byte, inWord bool, column *int64) bool {
	if b&0xc0 != 0x80 {
		c.chars++
	}
	switch {
	case b == '\n' || b == '\f' || b == '\r':
		if b == '\n' {
			c.lines++
		}
		c.longest = max(c.longest, *column)
		*column = 0
	case b == '\t':
		*column += 8 - *column%8
	case b >= ' ' && b != 0x7f && b&0xc0 != 0x80:
		*column++
	}
	if str.IsSpace(b) {
		if inWord {
			c.words++
		}
		return false
	}
	return inWord || b > ' ' && b != 0x7f // control characters neither begin nor end a word
}

// bySize counts the bytes of a regular file without reading it.
func (c *counts) bySize(fd int) bool {
	var st sys.Stat
	if sys.Fstat(fd, &st) != 0 || st.Mode&sys.S_IFMT != sys.S_IFREG || st.Size == 0 {
		return false
	}
	at, e := sys.Lseek(fd, 0, 1)
	if e != 0 {
		return false
	}
	c.bytes = max(st.Size-at, 0)
	sys.Lseek(fd, 0, 2)
	return true
}

func (c *counts) print(name string, width int) {
	first := true
	column := func(on bool, v int64) {
		if !on {
			return
		}
		if !first {
			stdio.Out.Putc(' ')
		}
		first = false
		stdio.Puts(str.PadLeft(str.Itoa(v), width))
	}
	column(want.lines, c.lines)
	column(want.words, c.words)
	column(want.chars, c.chars)
	column(want.bytes, c.bytes)
	column(want.longest, c.longest)
	if name != "" {
		stdio.Out.Putc(' ')
		stdio.Puts(name)
	}
	stdio.Out.Putc('\n')
}
