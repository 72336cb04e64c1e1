//go:build galago_user

package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

// input is the files one after the other. It reads a line ahead, to know the last one.
type input struct {
	names []string
	name  string // of the current file
	r     *stdio.Reader
	fd    int
	temp  string // with -i: what becomes the file
	mode  uint32
}

// read puts the next line into the pattern space, or appends it; false at the end.
func (in *input) read(more bool) bool {
	for {
		if in.r == nil && !in.open() {
			return false
		}
		c := in.r.Getc()
		if c < 0 {
			in.close()
			if separate {
				lineNo = 0
			}
			continue
		}
		in.r.Ungetc()
		break
	}
	if !more {
		space = space[:0]
		replaced = false
	}
	space, ended = in.line(space)
	lineNo++
	return true
}

func (in *input) line(dst []byte) ([]byte, bool) {
	for {
		c := in.r.Getc()
		if c < 0 {
			return dst, false
		}
		if byte(c) == newline {
			return dst, true
		}
		dst = append(dst, byte(c))
	}
}

// last reports whether the current line is the last one: of all files, or with -s or -i of its file.
func (in *input) last() bool {
	for {
		if in.r != nil {
			if c := in.r.Getc(); c >= 0 {
				in.r.Ungetc()
				return false
			}
			if separate {
				return true
			}
			in.close()
		}
		if !in.open() {
			return true
		}
	}
}

// open opens the next file that can be; false if there is none.
func (in *input) open() bool {
	for len(in.names) > 0 {
		in.name = in.names[0]
		in.names = in.names[1:]
		in.fd = 0
		if in.name != "-" || inPlace {
			fd, e := sys.Open(in.name, sys.O_RDONLY|sys.O_CLOEXEC, 0)
			if e != 0 {
				stdio.Warn("can't read "+in.name, e)
				cmd.Status = 2
				continue
			}
			var st sys.Stat
			if sys.Fstat(fd, &st); st.Mode&sys.S_IFMT == sys.S_IFDIR {
				stdio.Warn("couldn't edit "+in.name+": not a regular file", 0)
				cmd.Status = 2
				sys.Close(fd)
				continue
			}
			in.fd, in.mode = fd, st.Mode&0o7777
		}
		in.r = stdio.NewReader(in.fd)
		if inPlace {
			in.begin()
		}
		return true
	}
	return false
}

// begin directs the output to a new file beside the one that is edited.
func (in *input) begin() {
	in.temp = in.name + ".sed" + str.Itoa(int64(sys.Getpid()))
	fd, e := sys.Open(in.temp, sys.O_WRONLY|sys.O_CREAT|sys.O_EXCL|sys.O_CLOEXEC, 0o600)
	if e != 0 {
		stdio.Fatal(4, "couldn't open temporary file "+in.temp, e)
	}
	sys.Fchmod(fd, in.mode)
	out = stdio.NewWriterBuffer(fd, outBuffer[:])
	outFD = fd
}

var (
	outBuffer [16384]byte
	outFD     int
)

// close ends the current file; with -i the new one takes its place.
func (in *input) close() {
	if in.r == nil {
		return
	}
	if in.r.Err != 0 {
		stdio.Warn("read error on "+in.name, in.r.Err)
		cmd.Status = 2
	}
	in.r = nil
	if in.fd != 0 {
		sys.Close(in.fd)
	}
	if !inPlace {
		return
	}
	owed = false
	e := out.Flush()
	sys.Close(outFD)
	if e == 0 && suffix != "" {
		e = sys.Rename(in.name, in.name+suffix)
	}
	if e == 0 {
		e = sys.Rename(in.temp, in.name)
	}
	if e != 0 {
		sys.Unlink(in.temp)
		stdio.Fatal(4, "couldn't edit "+in.name, e)
	}
	out = &stdio.Out
}

// finish ends early (q): with -i the rest of the file is kept as it is.
func (in *input) finish() {
	if inPlace && in.r != nil {
		for b := in.r.Chunk(); b != nil; b = in.r.Chunk() {
			out.Write(b)
		}
	}
	in.close()
}
