//go:build galago_user

// Command md5sum prints MD5 sums of files, or with -c checks them against a list; called as sha256sum it does so with SHA-256.
package main

import (
	"galago/libc/cmd"
	"galago/libc/digest"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

var digits = 32

func main() {
	o := cmd.Options("[-c] [file...]", "bctqsw", "check=c", "quiet=q", "status=s", "binary=b", "text=t")
	if stdio.Name == "sha256sum" {
		digits = 64
	}
	check, quiet, silent, binary := false, false, false, false
	for o.Next() {
		switch o.Opt {
		case 'b':
			binary = true
		case 'c':
			check = true
		case 'q':
			quiet = true
		case 's':
			quiet, silent = true, true
		}
	}
	mark := "  "
	if binary {
		mark = " *"
	}
	cmd.Input(o.Ops, func(name string, fd int) {
		if check {
			checkList(name, fd, quiet, silent)
			return
		}
		if s, e := sum(fd); e != 0 {
			cmd.Fail(name, e)
		} else {
			stdio.Puts(s + mark + name + "\n")
		}
	})
	cmd.Done()
}

var buffer [65536]byte

func sum(fd int) (string, sys.Errno) {
	h := digest.NewMD5()
	if digits == 64 {
		h = digest.NewSHA256()
	}
	for {
		n, e := sys.Read(fd, buffer[:])
		if e != 0 {
			return "", e
		}
		if n == 0 {
			return h.Sum(), 0
		}
		h.Write(buffer[:n])
	}
}

// checkList reads lines of "sum  name" and compares.
func checkList(list string, fd int, quiet, silent bool) {
	text, e := stdio.ReadAll(fd)
	if e != 0 {
		cmd.Fail(list, e)
		return
	}
	lines, failed, unread := 0, 0, 0
	for _, line := range str.Split(string(text), '\n') {
		if len(line) < digits+3 || line[digits] != ' ' {
			continue
		}
		lines++
		want, name := line[:digits], line[digits+2:]
		got := ""
		in, e := sys.Open(name, sys.O_RDONLY, 0)
		if e == 0 {
			got, e = sum(in)
			sys.Close(in)
		}
		switch {
		case e != 0:
			cmd.Fail(name, e)
			unread++
			if !silent {
				stdio.Puts(name + ": FAILED open or read\n")
			}
		case got != want:
			failed++
			if !silent {
				stdio.Puts(name + ": FAILED\n")
			}
		case !quiet:
			stdio.Puts(name + ": OK\n")
		}
	}
	if lines == 0 {
		cmd.Fail(list+": no properly formatted checksum lines found", 0)
	}
	if failed+unread > 0 {
		cmd.Fail("WARNING: "+str.Itoa(int64(failed+unread))+" computed checksums did NOT match", 0)
	}
}
