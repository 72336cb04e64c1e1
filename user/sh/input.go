//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/kernel/errno"
	"galago/libc/sys"
	"galago/user/sh/expand"
	"galago/user/sh/syntax"
)

// fileSource reads commands from a descriptor, line by line.
type fileSource struct {
	fd       int
	prompts  bool
	terminal bool // a read ends with the line
	shared   bool // commands read the same descriptor: take no more than the line (XCU sh, INPUT FILES)
	seekable bool
	buf      []byte // not in a region: it lives on from command to command
	r, w     int
	stopped  bool // ^C while reading
}

func newFileSource(fd int) *fileSource {
	const size = 4096
	s := create[fileSource]()
	s.fd = fd
	s.buf = unsafe.Slice((*byte)(runtime.Alloc(size)), size)
	return s
}

// fill reads on; false at the end and after ^C.
func (s *fileSource) fill() bool {
	if s.shared && !s.seekable && !s.terminal {
		return s.fillSome(1)
	}
	return s.fillSome(len(s.buf))
}

// fillSome reads at most n bytes.
func (s *fileSource) fillSome(n int) bool {
	for {
		if s.prompts {
			s.await()
		}
		k, e := 0, errno.EINTR
		if !s.prompts || !pending[sys.SIGINT] {
			k, e = sys.Read(s.fd, s.buf[:n])
		}
		if e == errno.EINTR {
			if s.prompts && pending[sys.SIGINT] && !traps[sys.SIGINT].set {
				s.stopped = true
				return false
			}
			runTraps()
			if unwind != none {
				return false
			}
			continue
		}
		s.r, s.w = 0, max(k, 0)
		return k > 0 && e == 0
	}
}

// await waits for input or ^C. A read alone would sleep on if ^C came just before it, so the signal is let in only by ppoll(2).
func (s *fileSource) await() {
	const (
		block, set = 0, 2
		ppoll      = 271
	)
	mask := sys.Sigprocmask(block, 1<<(sys.SIGINT-1))
	if !pending[sys.SIGINT] {
		p := sys.PollFD{FD: int32(s.fd), Events: sys.POLLIN}
		sys.Call(ppoll, uintptr(unsafe.Pointer(&p)), 1, 0, uintptr(unsafe.Pointer(&mask)), unsafe.Sizeof(mask))
	}
	sys.Sigprocmask(set, mask)
}

// Next returns the next line, after a prompt.
func (s *fileSource) Next(continued bool) []byte {
	var line []byte
	if s.prompts && s.r == s.w {
		text := prompt(continued)
		if s.canEdit() {
			return s.edit(text)
		}
		sys.WriteAll(2, []byte(text))
	}
	for s.r < s.w || s.fill() {
		c := s.buf[s.r]
		s.r++
		line = append(line, c)
		if c == '\n' {
			break
		}
	}
	if s.shared && s.seekable && s.r < s.w {
		const current = 1
		sys.Lseek(s.fd, int64(s.r-s.w), current)
		s.r = s.w
	}
	if opt.verbose {
		sys.WriteAll(2, line)
	}
	return line
}

// discard forgets what has been read ahead.
func (s *fileSource) discard() { s.r = s.w }

// prompt returns PS1 or PS2, expanded.
func prompt(continued bool) string {
	flush()
	name := "PS1"
	if continued {
		name = "PS2"
	} else {
		reap(true)
	}
	text, _ := getVar(name)
	st := status
	w, msg := syntax.Doc(promptEscapes(text))
	if msg == "" {
		e := expand.New(environ)
		if s := e.String(w); e.Err == "" {
			text = s
		}
	}
	status = st
	return text
}

// promptEscapes replaces \w (working directory, ~ for the home), \u (user), \h (host), \$ (# for root) and \n in a prompt. The
// values are protected from expansion.
func promptEscapes(s string) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'w':
			b = protect(b, shortDir())
		case 'u':
			user, _ := getVar("USER")
			b = protect(b, user)
		case 'h':
			var u sys.Utsname
			sys.Uname(&u)
			host := string(u.Nodename[:])
			b = protect(b, host[:index(host, 0)])
		case '$':
			if sys.Geteuid() == 0 {
				b = append(b, '#')
			} else {
				b = append(b, `\$`...)
			}
		case 'n':
			b = append(b, '\n')
		case 'e':
			b = append(b, 27)
		case '[', ']': // where other shells mark escape sequences
		default:
			b = append(b, '\\', s[i])
		}
	}
	return string(b)
}

func protect(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] == '$' || s[i] == '`' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return b
}

func shortDir() string {
	d := workingDir()
	home, _ := getVar("HOME")
	if n := len(home); n > 1 && len(d) >= n && d[:n] == home && (len(d) == n || d[n] == '/') {
		return "~" + d[n:]
	}
	return d
}
