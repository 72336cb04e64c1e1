//go:build galago_user

// Command cat copies files to standard output (POSIX.1-2017 XCU cat), with the numbering and marking options of GNU cat.
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/sys"
)

var (
	number, numberFull, squeeze, ends, tabs, visible bool

	line      = 0
	lineStart = true
	blank     = 0 // empty lines in a row
)

func main() {
	o := cmd.Options("[-AbeEnstTuv] [file...]", "AbeEnstTuv", "show-all=A", "number-nonblank=b", "show-ends=E",
		"number=n", "squeeze-blank=s", "show-tabs=T", "show-nonprinting=v")
	for o.Next() {
		switch o.Opt {
		case 'A':
			ends, tabs, visible = true, true, true
		case 'b':
			numberFull = true
		case 'e':
			ends, visible = true, true
		case 'E':
			ends = true
		case 'n':
			number = true
		case 's':
			squeeze = true
		case 't':
			tabs, visible = true, true
		case 'T':
			tabs = true
		case 'v':
			visible = true
		}
	}
	copyFile := raw
	if number || numberFull || squeeze || ends || tabs || visible {
		copyFile = cooked
	}
	cmd.Input(o.Ops, copyFile)
	cmd.Done()
}

// same reports whether fd is the file that standard output appends to.
func same(fd int) bool {
	var in, out sys.Stat
	if sys.Fstat(1, &out) != 0 || out.Mode&sys.S_IFMT != sys.S_IFREG || sys.Fstat(fd, &in) != 0 {
		return false
	}
	if in.Dev != out.Dev || in.Ino != out.Ino {
		return false
	}
	at, e := sys.Lseek(fd, 0, 1)
	return e == 0 && at < in.Size
}

var buffer [65536]byte

func raw(name string, fd int) {
	if same(fd) {
		cmd.Fail(name+": input file is output file", 0)
		return
	}
	for {
		n, e := sys.Read(fd, buffer[:])
		if e == errno.EINTR {
			continue
		}
		if e != 0 {
			cmd.Fail(name, e)
		}
		if n <= 0 || e != 0 {
			return
		}
		if e := sys.WriteAll(1, buffer[:n]); e != 0 {
			stdio.Fatal(1, "write error", e)
		}
	}
}

func cooked(name string, fd int) {
	r := stdio.NewReader(fd)
	for b := r.Chunk(); b != nil; b = r.Chunk() {
		for _, c := range b {
			put(c)
		}
	}
	if r.Err != 0 {
		cmd.Fail(name, r.Err)
	}
}

func put(c byte) {
	out := &stdio.Out
	if lineStart {
		if c != '\n' {
			blank = 0
		} else if blank++; squeeze && blank > 1 {
			return
		}
		if numberFull && c != '\n' || number && !numberFull {
			line++
			out.Printf("%6d\t", line)
		}
	}
	lineStart = c == '\n'
	switch {
	case c == '\n':
		if ends {
			out.Putc('$')
		}
	case c == '\t':
		if tabs {
			out.Puts("^I")
			return
		}
	case visible:
		if c >= 0x80 {
			out.Puts("M-")
			c -= 0x80
		}
		if c < ' ' {
			out.Putc('^')
			c += '@'
		} else if c == 0x7f {
			out.Putc('^')
			c = '?'
		}
	}
	out.Putc(c)
}
