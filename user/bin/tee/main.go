//go:build galago_user

// Command tee copies standard input to standard output and to files (POSIX.1-2017 XCU tee).
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/sys"
)

type output struct {
	name string
	fd   int // -1 after an error
}

var buffer [65536]byte

func main() {
	o := cmd.Options("[-ai] [file...]", "ai", "append=a", "ignore-interrupts=i")
	flags := sys.O_WRONLY | sys.O_CREAT | sys.O_TRUNC
	for o.Next() {
		switch o.Opt {
		case 'a':
			flags = sys.O_WRONLY | sys.O_CREAT | sys.O_APPEND
		case 'i':
			sys.Signal(sys.SIGINT, sys.Ignore, false)
		}
	}
	outs := []output{{"standard output", 1}}
	for _, name := range o.Ops {
		fd, e := sys.Open(name, flags, 0o666)
		if e != 0 {
			cmd.Fail(name, e)
			continue
		}
		outs = append(outs, output{name, fd})
	}
	for {
		n, e := sys.Read(0, buffer[:])
		if e == errno.EINTR {
			continue
		}
		if e != 0 {
			cmd.Fail("standard input", e)
		}
		if e != 0 || n == 0 {
			cmd.Done()
		}
		for i := range outs {
			w := &outs[i]
			if w.fd < 0 {
				continue
			}
			if e := sys.WriteAll(w.fd, buffer[:n]); e != 0 {
				cmd.Fail(w.name, e)
				w.fd = -1
			}
		}
	}
}
