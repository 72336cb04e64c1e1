//go:build galago_user

// Command wc counts lines, words and bytes.
package main

import (
	"runtime"

	"galago/libc/args"
	"galago/libc/stdio"
	"galago/libc/sys"
)

type counts struct{ lines, words, bytes int }

func main() {
	o := args.Parse("lwcm", "[-lwc] [file...]")
	all := !o.Has('l') && !o.Has('w') && !o.Has('c') && !o.Has('m')
	var total counts
	status := 0
	width := 1
	if len(o.Args) != 1 || all && len(o.Args) == 0 {
		width = 7
	}
	show := func(c counts, name string) {
		first := true
		put := func(n int, on bool) {
			if !on {
				return
			}
			if !first {
				stdio.Puts(" ")
			}
			first = false
			s := stdio.Sprintf("%d", n)
			multi := all || o.Has('l') && o.Has('w') || o.Has('l') && o.Has('c') || o.Has('w') && o.Has('c')
			for k := len(s); k < width && multi; k++ {
				stdio.Puts(" ")
			}
			stdio.Puts(s)
		}
		put(c.lines, all || o.Has('l'))
		put(c.words, all || o.Has('w'))
		put(c.bytes, all || o.Has('c') || o.Has('m'))
		if name != "" {
			stdio.Puts(" " + name)
		}
		stdio.Puts("\n")
	}
	if len(o.Args) == 0 {
		c, e := count(0)
		if e != 0 {
			stdio.Fatal(1, "-", e)
		}
		show(c, "")
	}
	for _, name := range o.Args {
		fd, e := sys.Open(name, sys.O_RDONLY, 0)
		var c counts
		if e == 0 {
			c, e = count(fd)
			sys.Close(fd)
		}
		if e != 0 {
			stdio.Warn(name, e)
			status = 1
			continue
		}
		total.lines += c.lines
		total.words += c.words
		total.bytes += c.bytes
		show(c, name)
	}
	if len(o.Args) > 1 {
		show(total, "total")
	}
	runtime.Exit(status)
}

func count(fd int) (c counts, e sys.Errno) {
	r := stdio.NewReader(fd)
	in := false
	for b := r.Chunk(); b != nil; b = r.Chunk() {
		c.bytes += len(b)
		for _, ch := range b {
			switch {
			case ch == '\n':
				c.lines++
				in = false
			case ch == ' ' || ch >= '\t' && ch <= '\r':
				in = false
			case !in:
				in = true
				c.words++
			}
		}
	}
	return c, r.Err
}
