//go:build galago_user

// Command head prints the first lines (-n) or bytes (-c) of files.
package main

import (
	"runtime"

	"galago/libc/args"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	o := args.Parse("n:c:0123456789", "[-n lines] [-c bytes] [file...]")
	n, bytes := int64(10), false
	for _, c := range []byte{'n', 'c'} {
		if o.Has(c) {
			v, ok := args.Int(o.Value(c))
			if !ok || v < 0 {
				stdio.Fatal(1, "invalid number '"+o.Value(c)+"'", 0)
			}
			n, bytes = v, c == 'c'
		}
	}
	if a := args.Argv(); len(a) > 1 && len(a[1]) > 1 && a[1][0] == '-' {
		if v, ok := args.Int(a[1][1:]); ok {
			n = v
		}
	}
	status := 0
	names := o.Args
	if len(names) == 0 {
		names = []string{"-"}
	}
	for i, name := range names {
		fd := 0
		if name != "-" {
			var e sys.Errno
			if fd, e = sys.Open(name, sys.O_RDONLY, 0); e != 0 {
				stdio.Warn("cannot open '"+name+"' for reading", e)
				status = 1
				continue
			}
		}
		if len(names) > 1 {
			if i > 0 {
				stdio.Puts("\n")
			}
			stdio.Puts("==> " + name + " <==\n")
		}
		show(stdio.NewReader(fd), n, bytes)
		if fd != 0 {
			sys.Close(fd)
		}
	}
	runtime.Exit(status)
}

func show(r *stdio.Reader, n int64, bytes bool) {
	for n > 0 {
		c := r.Getc()
		if c < 0 {
			return
		}
		stdio.Out.Putc(byte(c))
		if bytes || c == '\n' {
			n--
		}
	}
}
