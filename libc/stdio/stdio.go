//go:build galago_user

// Package stdio is buffered input and output on descriptors, and Printf without allocation (the formatter is the kernel's).
// Out and Err are the standard streams; Out is flushed at exit, before reads of a terminal it is line buffered.
package stdio

import (
	"runtime"

	"galago/kernel/errno"
	"galago/kernel/format"
	"galago/libc/sys"
)

// Writer buffers output to a descriptor. The first error sticks; Flush returns it.
type Writer struct {
	fd   int
	buf  []byte
	n    int
	line bool // flush at newlines
	err  sys.Errno
}

var outBuf, errBuf [8192]byte

// Out and Err are standard output and error; Err is not buffered beyond a call.
var (
	Out = Writer{fd: 1, buf: outBuf[:]}
	Err = Writer{fd: 2, buf: errBuf[:]}
)

func init() {
	runtime.AtExit = func() { Out.Flush() }
	Out.line = sys.Isatty(1)
}

// NewWriter makes a writer on fd.
func NewWriter(fd int) *Writer { return &Writer{fd: fd, buf: make([]byte, 8192)} }

// NewWriterBuffer makes a writer on fd with a buffer of the caller's.
func NewWriterBuffer(fd int, buf []byte) *Writer { return &Writer{fd: fd, buf: buf} }

// Flush writes what is buffered.
func (w *Writer) Flush() sys.Errno {
	if w.n > 0 && w.err == 0 {
		w.err = sys.WriteAll(w.fd, w.buf[:w.n])
	}
	w.n = 0
	return w.err
}

// Failed reports whether an error has occurred.
func (w *Writer) Failed() bool { return w.err != 0 }

// Reset forgets what is buffered: in a child that shares the buffer with its parent.
func (w *Writer) Reset() { w.n = 0 }

// Write appends bytes.
func (w *Writer) Write(p []byte) {
	nl := false
	for len(p) > 0 {
		if w.n == len(w.buf) {
			w.Flush()
		}
		k := copy(w.buf[w.n:], p)
		if w.line {
			for _, c := range p[:k] {
				nl = nl || c == '\n'
			}
		}
		w.n += k
		p = p[k:]
	}
	if nl {
		w.Flush()
	}
}

// Puts appends a string, Putc a byte.
func (w *Writer) Puts(s string) {
	if w.line || len(s) > len(w.buf)-w.n {
		w.Write([]byte(s))
		return
	}
	w.n += copy(w.buf[w.n:], s)
}

func (w *Writer) Putc(c byte) {
	if w.n == len(w.buf) {
		w.Flush()
	}
	w.buf[w.n] = c
	w.n++
	if w.line && c == '\n' {
		w.Flush()
	}
}

// Printf appends formatted text (package format), at most the buffer's size.
func (w *Writer) Printf(f string, args ...any) {
	room := w.buf[w.n:]
	n := format.Format(room, f, args...)
	if n == len(room) { // it may have been cut off
		w.Flush()
		room = w.buf
		n = format.Format(room, f, args...)
	}
	w.n += n
	if w.line {
		for _, c := range room[:n] {
			if c == '\n' {
				w.Flush()
				return
			}
		}
	}
}

// Printf prints to standard output.
func Printf(f string, args ...any) { Out.Printf(f, args...) }

// Puts prints a string.
func Puts(s string) { Out.Puts(s) }

// Sprintf returns formatted text.
func Sprintf(f string, args ...any) string {
	var b [4096]byte
	return string(b[:format.Format(b[:], f, args...)])
}

// Name is the program's name in messages: argv[0] without its directory.
var Name = base(argv0())

func argv0() string {
	if len(runtime.Argv) == 0 {
		return "?"
	}
	return sys.GoString(runtime.Argv[0])
}

func base(s string) string {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '/' {
			return s[i+1:]
		}
	}
	return s
}

// Warn prints "name: what: message" on standard error.
func Warn(what string, e sys.Errno) {
	Out.Flush()
	Err.Puts(Name)
	Err.Puts(": ")
	Err.Puts(what)
	if e != 0 {
		Err.Puts(": ")
		Err.Puts(Message(e))
	}
	Err.Putc('\n')
	Err.Flush()
}

// Fatal is Warn and exit.
func Fatal(code int, what string, e sys.Errno) {
	Warn(what, e)
	runtime.Exit(code)
}

// Reader buffers input from a descriptor.
type Reader struct {
	fd   int
	buf  []byte
	r, w int
	eof  bool
	Err  sys.Errno
}

// NewReader makes a reader on fd.
func NewReader(fd int) *Reader { return &Reader{fd: fd, buf: make([]byte, 16384)} }

func (r *Reader) fill() bool {
	if r.eof {
		return false
	}
	if r.fd == 0 {
		Out.Flush()
	}
	for {
		n, e := sys.Read(r.fd, r.buf)
		if e == errno.EINTR {
			continue
		}
		if e != 0 {
			r.Err = e
		}
		if n <= 0 || e != 0 {
			r.eof = true
			return false
		}
		r.r, r.w = 0, n
		return true
	}
}

// Getc returns the next byte, or -1 at the end.
func (r *Reader) Getc() int {
	if r.r == r.w && !r.fill() {
		return -1
	}
	c := r.buf[r.r]
	r.r++
	return int(c)
}

// Ungetc gives the last byte back.
func (r *Reader) Ungetc() { r.r-- }

// Chunk returns the bytes at hand, nil at the end; they are valid until the next call.
func (r *Reader) Chunk() []byte {
	if r.r == r.w && !r.fill() {
		return nil
	}
	b := r.buf[r.r:r.w]
	r.r = r.w
	return b
}

// Line appends the next line, without its newline, to dst[:0]; ok is false at the end, ended tells whether a newline was there.
func (r *Reader) Line(dst []byte) (line []byte, ended, ok bool) {
	line = dst[:0]
	for {
		if r.r == r.w && !r.fill() {
			return line, false, len(line) > 0
		}
		b := r.buf[r.r:r.w]
		for i, c := range b {
			if c == '\n' {
				r.r += i + 1
				return append(line, b[:i]...), true, true
			}
		}
		line = append(line, b...)
		r.r = r.w
	}
}

// ReadAll returns everything that is left of a descriptor.
func ReadAll(fd int) ([]byte, sys.Errno) {
	b := make([]byte, 0, 8192)
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, e := sys.Read(fd, b[len(b):cap(b)])
		if e == errno.EINTR {
			continue
		}
		if e != 0 || n == 0 {
			return b, e
		}
		b = b[:len(b)+n]
	}
}
