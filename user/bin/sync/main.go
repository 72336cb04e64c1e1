//go:build galago_user

// Command sync writes what is cached to disk: everything, or the given files.
package main

import (
	"galago/libc/cmd"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("[-df] [file...]", "df", "data=d", "file-system=f")
	flush := sys.Fsync
	for o.Next() {
		switch o.Opt {
		case 'd':
			flush = sys.Fdatasync
		case 'f':
			flush = sys.Syncfs
		}
	}
	if len(o.Ops) == 0 {
		sys.Sync()
	}
	for _, path := range o.Ops {
		fd, e := sys.Open(path, sys.O_RDONLY|sys.O_NONBLOCK, 0)
		if e == 0 {
			e = flush(fd)
			sys.Close(fd)
		}
		if e != 0 {
			cmd.Fail(path, e)
		}
	}
	cmd.Done()
}
