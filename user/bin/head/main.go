//go:build galago_user

// Command head prints the beginning of files (POSIX.1-2017 XCU head): lines, bytes, or with a negative number all but the last.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

var (
	count = int64(10)
	bytes bool
	quiet bool
	loud  bool
	first = true
)

func main() {
	o := cmd.Options("[-n lines | -c bytes] [-qv] [file...]", "n:c:qv0:1:2:3:4:5:6:7:8:9:", "lines:=n", "bytes:=c", "quiet=q",
		"silent=q", "verbose=v")
	args := cmd.Args()
	if len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && str.IsDigit(args[0][1]) {
		setCount(args[0][1:]) // head -5
		o.Drop(1)
	}
	for o.Next() {
		switch o.Opt {
		case 'n', 'c':
			bytes = o.Opt == 'c'
			setCount(o.Arg)
		case 'q':
			quiet, loud = true, false
		case 'v':
			quiet, loud = false, true
		default:
			o.Usage()
		}
	}
	title := loud || len(o.Ops) > 1 && !quiet
	cmd.Input(o.Ops, func(name string, fd int) {
		if title {
			header(name)
		}
		show(name, fd)
	})
	cmd.Done()
}

func setCount(s string) {
	neg := str.HasPrefix(s, "-")
	digits := s
	if neg || str.HasPrefix(s, "+") {
		digits = s[1:]
	}
	v, ok := str.Size(digits)
	if !ok {
		cmd.Die("invalid number: '" + s + "'")
	}
	count = v
	if neg {
		count = -v
		all = true
	}
}

// all is set for "all but the last -count".
var all bool

func header(name string) {
	if !first {
		stdio.Out.Putc('\n')
	}
	first = false
	if name == "-" {
		name = "standard input"
	}
	stdio.Puts("==> " + name + " <==\n")
}

func show(name string, fd int) {
	var e sys.Errno
	switch {
	case all:
		var text []byte
		text, e = stdio.ReadAll(fd)
		stdio.Out.Write(text[:allBut(text, -count)])
	case bytes:
		e = showBytes(fd)
	default:
		e = showLines(fd)
	}
	if e != 0 {
		cmd.Fail(name, e)
	}
}

// allBut returns where the last n lines or bytes begin.
func allBut(text []byte, n int64) int {
	if bytes {
		return int(max(int64(len(text))-n, 0))
	}
	end := len(text)
	if n > 0 && end > 0 && text[end-1] != '\n' {
		n--
		for end > 0 && text[end-1] != '\n' {
			end--
		}
	}
	for ; n > 0 && end > 0; n-- {
		end--
		for end > 0 && text[end-1] != '\n' {
			end--
		}
	}
	return end
}

func showBytes(fd int) sys.Errno {
	r := stdio.NewReader(fd)
	for left := count; left > 0; {
		b := r.Chunk()
		if b == nil {
			break
		}
		n := min(left, int64(len(b)))
		stdio.Out.Write(b[:n])
		left -= n
	}
	return r.Err
}

func showLines(fd int) sys.Errno {
	r := stdio.NewReader(fd)
	for left := count; left > 0; {
		b := r.Chunk()
		if b == nil {
			break
		}
		n := 0
		for n < len(b) && left > 0 {
			if b[n] == '\n' {
				left--
			}
			n++
		}
		stdio.Out.Write(b[:n])
		if n < len(b) { // give back to a seekable input what was read too much
			sys.Lseek(fd, int64(n-len(b)), 1)
		}
	}
	return r.Err
}
