//go:build galago_user

// Command mktemp makes a file or directory with a new name: each X at the end of the template becomes a random character.
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/dir"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("[-dqtu] [-p directory] [template]", "dqtup:", "directory=d", "quiet=q", "dry-run=u", "tmpdir?=p")
	isDir, dry, quiet, in := false, false, false, ""
	useTmp := false
	for o.Next() {
		switch o.Opt {
		case 'd':
			isDir = true
		case 'p':
			in, useTmp = o.Arg, true
		case 'q':
			quiet = true
		case 't':
			useTmp = true
		case 'u':
			dry = true
		}
	}
	o.Need(0, 1)
	template := "tmp.XXXXXXXXXX"
	if len(o.Ops) == 1 {
		template = o.Ops[0]
	} else {
		useTmp = true
	}
	if in == "" && useTmp {
		if v, ok := cmd.Getenv("TMPDIR"); ok && v != "" {
			in = v
		} else {
			in = "/tmp"
		}
	}
	if useTmp {
		template = dir.Join(in, template)
	}
	end := len(template)
	start := end
	for start > 0 && template[start-1] == 'X' {
		start--
	}
	if end-start < 3 {
		cmd.Die("too few X's in template '" + template + "'")
	}
	name, e := create([]byte(template), start, isDir, dry)
	if e != 0 {
		if !quiet {
			stdio.Warn("failed to create '"+template+"'", e)
		}
		sys.ExitNow(1)
	}
	stdio.Puts(name + "\n")
	cmd.Done()
}

func create(name []byte, start int, isDir, dry bool) (string, sys.Errno) {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	for range 100 {
		b := make([]byte, len(name)-start)
		if n, e := sys.Getrandom(b); e != 0 || n < len(b) {
			t := sys.ClockGettime(0)
			v := uint64(t.Nsec)*2654435761 + uint64(sys.Getpid())
			for i := range b {
				b[i] = byte(v >> (i % 8 * 8))
				v = v*6364136223846793005 + 1442695040888963407
			}
		}
		for i, c := range b {
			name[start+i] = letters[int(c)%len(letters)]
		}
		path := string(name)
		e := sys.Errno(0)
		switch {
		case dry:
			var st sys.Stat
			if sys.Lstat(path, &st) == 0 {
				e = errno.EEXIST
			}
		case isDir:
			e = sys.Mkdir(path, 0o700)
		default:
			var fd int
			if fd, e = sys.Open(path, sys.O_RDWR|sys.O_CREAT|sys.O_EXCL, 0o600); e == 0 {
				sys.Close(fd)
			}
		}
		if e != errno.EEXIST {
			return path, e
		}
	}
	return "", errno.EEXIST
}
