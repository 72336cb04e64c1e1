//go:build galago_user

// Command tail prints the end of files (POSIX.1-2017 XCU tail), and with -f what is appended to them.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

var (
	count     = int64(10)
	fromStart bool
	bytes     bool
	follow    bool
	quiet     bool
	loud      bool
	last      = "" // whose header was printed last
	interval  = sys.Timespec{Sec: 0, Nsec: 200e6}
)

func main() {
	o := cmd.Options("[-f] [-n [+]lines | -c [+]bytes] [-qv] [file...]", "n:c:fFqvs:", "lines:=n", "bytes:=c", "follow=f",
		"quiet=q", "silent=q", "verbose=v", "sleep-interval:=s")
	if args := cmd.Args(); len(args) > 0 && len(args[0]) > 1 && (args[0][0] == '-' || args[0][0] == '+') && str.IsDigit(args[0][1]) {
		setCount(args[0])
		o.Drop(1)
	}
	for o.Next() {
		switch o.Opt {
		case 'n', 'c':
			bytes = o.Opt == 'c'
			setCount(o.Arg)
		case 'f', 'F':
			follow = true
		case 'q':
			quiet, loud = true, false
		case 'v':
			quiet, loud = false, true
		case 's':
			s, ok := str.Atoi(o.Arg)
			if !ok || s < 0 {
				cmd.Die("invalid number of seconds: '" + o.Arg + "'")
			}
			interval = sys.Timespec{Sec: s}
		}
	}
	loud = loud || len(o.Ops) > 1 && !quiet
	if !follow {
		cmd.Input(o.Ops, func(name string, fd int) { show(name, fd) })
		cmd.Done()
	}
	followAll(o.Ops)
}

func setCount(s string) {
	fromStart = str.HasPrefix(s, "+")
	digits := s
	if fromStart || str.HasPrefix(s, "-") {
		digits = s[1:]
	}
	v, ok := str.Size(digits)
	if !ok {
		cmd.Die("invalid number: '" + s + "'")
	}
	count = v
}

func header(name string) {
	if !loud || name == last {
		return
	}
	if last != "" {
		stdio.Out.Putc('\n')
	}
	last = name
	if name == "-" {
		name = "standard input"
	}
	stdio.Puts("==> " + name + " <==\n")
}

func show(name string, fd int) {
	header(name)
	var e sys.Errno
	if fromStart {
		e = skip(fd)
	} else {
		e = end(fd)
	}
	if e != 0 {
		cmd.Fail(name, e)
	}
}

// skip prints from the count-th line or byte on.
func skip(fd int) sys.Errno {
	r := stdio.NewReader(fd)
	left := count - 1
	for b := r.Chunk(); b != nil; b = r.Chunk() {
		n := 0
		if bytes {
			n = int(min(max(left, 0), int64(len(b))))
			left -= int64(n)
		} else {
			for n < len(b) && left > 0 {
				if b[n] == '\n' {
					left--
				}
				n++
			}
		}
		stdio.Out.Write(b[n:])
	}
	return r.Err
}

// end prints the last lines or bytes. Of a regular file only the end is read; of anything else, a window is kept.
func end(fd int) sys.Errno {
	var st sys.Stat
	if sys.Fstat(fd, &st) == 0 && st.Mode&sys.S_IFMT == sys.S_IFREG && st.Size > 0 {
		if at, e := sys.Lseek(fd, 0, 1); e == 0 && at < st.Size {
			sys.Lseek(fd, start(fd, at, st.Size), 0)
			return copyRest(fd)
		}
	}
	text, e := window(fd)
	from := len(text)
	if bytes {
		from = int(max(int64(len(text))-count, 0))
	} else {
		from = lineStart(text, count)
	}
	stdio.Out.Write(text[from:])
	return e
}

// start finds the offset from which to print in a file, looking at its blocks from the last to the first.
func start(fd int, low, size int64) int64 {
	if bytes {
		return max(size-count, low)
	}
	if count == 0 {
		return size
	}
	const block = 16384
	buf := make([]byte, block)
	newlines := count
	for at := size; at > low; {
		from := max(at-block, low)
		n, e := sys.Pread(fd, buf[:at-from], from)
		if e != 0 {
			return low
		}
		for i := n - 1; i >= 0; i-- {
			if buf[i] != '\n' || from+int64(i) == size-1 {
				continue
			}
			if newlines--; newlines <= 0 {
				return from + int64(i) + 1
			}
		}
		at = from
	}
	return low
}

// lineStart returns where the last n lines of text begin.
func lineStart(text []byte, n int64) int {
	if n == 0 {
		return len(text)
	}
	for i := len(text) - 2; i >= 0; i-- {
		if text[i] == '\n' {
			if n--; n == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// window reads everything and keeps as much of the end as can matter.
func window(fd int) ([]byte, sys.Errno) {
	r := stdio.NewReader(fd)
	var text []byte
	for b := r.Chunk(); b != nil; b = r.Chunk() {
		text = append(text, b...)
		if len(text) > 1<<20 {
			from := 0
			if bytes {
				from = int(max(int64(len(text))-count, 0))
			} else {
				from = lineStart(text, count+1)
			}
			text = text[:copy(text, text[from:])]
		}
	}
	return text, r.Err
}

func copyRest(fd int) sys.Errno {
	r := stdio.NewReader(fd)
	for b := r.Chunk(); b != nil; b = r.Chunk() {
		stdio.Out.Write(b)
	}
	return r.Err
}

// followed is a file that is watched; its descriptor's offset is where the printing has come to.
type followed struct {
	name string
	fd   int
}

func followAll(names []string) {
	if len(names) == 0 {
		names = []string{"-"}
	}
	var files []followed
	for _, name := range names {
		fd := 0
		if name != "-" {
			var e sys.Errno
			if fd, e = sys.Open(name, sys.O_RDONLY, 0); e != 0 {
				cmd.Fail(name, e)
				continue
			}
		}
		show(name, fd)
		files = append(files, followed{name, fd})
	}
	buf := make([]byte, 16384)
	for len(files) > 0 {
		stdio.Out.Flush()
		if stdio.Out.Failed() {
			break
		}
		sys.Nanosleep(interval)
		for _, f := range files {
			f.poll(buf)
		}
	}
	cmd.Done()
}

func (f followed) poll(buf []byte) {
	var st sys.Stat
	at, e := sys.Lseek(f.fd, 0, 1)
	if e == 0 && sys.Fstat(f.fd, &st) == 0 && st.Size < at {
		stdio.Warn(f.name+": file truncated", 0)
		sys.Lseek(f.fd, 0, 0)
	}
	for {
		n, e := sys.Read(f.fd, buf)
		if n <= 0 || e != 0 {
			return
		}
		header(f.name)
		stdio.Out.Write(buf[:n])
	}
}
