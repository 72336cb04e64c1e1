//go:build galago_user

package main

import (
	"galago/kernel/errno"
	"galago/libc/sys"
	"galago/user/sh/syntax"
)

// read and getopts.

// lineReader reads standard input no further than asked, since what follows belongs to others: byte by byte, or, when the file can
// seek, in blocks whose rest is given back.
type lineReader struct {
	buf      [512]byte
	r, w     int
	seekable bool
}

// next returns the next byte; -1 at the end and on errors, -2 when a signal came.
func (l *lineReader) next() int {
	if l.r == l.w {
		n := 1
		if l.seekable {
			n = len(l.buf)
		}
		k, e := sys.Read(0, l.buf[:n])
		if e == errno.EINTR {
			return -2
		}
		if e != 0 || k == 0 {
			return -1
		}
		l.r, l.w = 0, k
	}
	l.r++
	return int(l.buf[l.r-1])
}

func (l *lineReader) finish() {
	if l.seekable && l.r < l.w {
		const current = 1
		sys.Lseek(0, int64(l.r-l.w), current)
	}
}

// splitLine is a line with the characters that a backslash has quoted marked.
type splitLine struct {
	text   []byte
	quoted []bool
}

func (s *splitLine) add(c byte, quoted bool) {
	s.text = append(s.text, c)
	s.quoted = append(s.quoted, quoted)
}

func readCommand(args []string) int {
	raw := false
	args = args[1:]
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		a := args[0]
		args = args[1:]
		if a == "--" {
			break
		}
		switch {
		case a == "-r":
			raw = true
		case a == "-p" && len(args) > 0:
			if sys.Isatty(0) {
				sys.WriteAll(2, []byte(args[0]))
			}
			args = args[1:]
		default:
			return usage("read: Illegal option " + a)
		}
	}
	if len(args) == 0 {
		args = []string{"REPLY"}
	}
	for _, a := range args {
		if !syntax.IsName(a) {
			return usage("read: " + a + ": bad variable name")
		}
	}
	line, st := readLine(raw)
	if st > 1 {
		return st
	}
	return line.assign(args, st)
}

// readLine reads a line without its newline; st is 1 at the end of the input, more if a trap has ended the read.
func readLine(raw bool) (line splitLine, st int) {
	const current = 1
	_, e := sys.Lseek(0, 0, current)
	in := lineReader{seekable: e == 0}
	defer in.finish()
	escaped := false
	for {
		c := in.next()
		switch {
		case c == -2:
			runTraps()
			if unwind != none {
				return line, 130
			}
		case c < 0:
			return line, 1
		case escaped:
			escaped = false
			if c != '\n' {
				line.add(byte(c), true)
			}
		case c == '\\' && !raw:
			escaped = true
		case c == '\n':
			return line, 0
		case c != 0:
			line.add(byte(c), false)
		}
	}
}

// assign splits the line at IFS among variables; the last one takes the rest.
func (s *splitLine) assign(names []string, st int) int {
	ifs, ok := getVar("IFS")
	if !ok {
		ifs = " \t\n"
	}
	i := s.skip(0, ifs)
	for n, name := range names {
		start, end := i, 0
		if n == len(names)-1 {
			end = s.tail(start, ifs)
		} else {
			for i < len(s.text) && !s.separates(i, ifs) {
				i++
			}
			end = i
			i = s.skip(i, ifs)
			if i < len(s.text) && s.separates(i, ifs) {
				i = s.skip(i+1, ifs)
			}
		}
		if msg := setVar(name, string(s.text[start:end])); msg != "" {
			return usage("read: " + msg)
		}
	}
	return st
}

func (s *splitLine) separates(i int, ifs string) bool {
	return !s.quoted[i] && index(ifs, s.text[i]) < len(ifs)
}

// skip passes IFS white space.
func (s *splitLine) skip(i int, ifs string) int {
	for i < len(s.text) && s.separates(i, ifs) && isSpace(s.text[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

// tail is where the value of the last variable ends: before white space at the end of the line, and, if the rest is a single field,
// before the one separator after it.
func (s *splitLine) tail(start int, ifs string) int {
	trim := func(end int) int {
		for end > start && s.separates(end-1, ifs) && isSpace(s.text[end-1]) {
			end--
		}
		return end
	}
	end := trim(len(s.text))
	i := start
	for i < end && !s.separates(i, ifs) {
		i++
	}
	after := s.skip(i, ifs)
	if after == end-1 && s.separates(after, ifs) {
		return trim(after)
	}
	return end
}

// optPos is where getopts goes on in the argument before OPTIND; 0: at the beginning of the one at OPTIND.
var optPos int

func getoptsCommand(args []string) int {
	if len(args) < 3 {
		return usage("getopts: usage: getopts optstring var [arg ...]")
	}
	spec, name := args[1], args[2]
	list := positional.list
	if len(args) > 3 {
		list = args[3:]
	}
	s, _ := getVar("OPTIND")
	ind, _ := number(s)
	ind = max(ind, 1)
	pos := optPos
	if pos > 0 && (ind < 2 || ind-1 > len(list) || pos >= len(list[ind-2])) {
		pos = 0
	}
	unsetVar("OPTARG")
	if pos == 0 {
		if ind > len(list) || len(list[ind-1]) < 2 || list[ind-1][0] != '-' {
			return getoptsEnd(name, ind)
		}
		if list[ind-1] == "--" {
			return getoptsEnd(name, ind+1)
		}
		pos = 1
		ind++
	}
	word := list[ind-2]
	c := word[pos]
	pos++
	rest := word[pos:]
	silent := spec != "" && spec[0] == ':'
	result := string([]byte{c})
	k := index(spec, c)
	switch {
	case c == ':' || k == len(spec):
		result = badOption(silent, result, "?", "Illegal option -")
	case k+1 < len(spec) && spec[k+1] == ':':
		switch {
		case rest != "":
			setVar("OPTARG", rest)
		case ind <= len(list):
			setVar("OPTARG", list[ind-1])
			ind++
		case silent:
			result = badOption(silent, result, ":", "")
		default:
			result = badOption(silent, result, "?", "No arg for -")
		}
		rest = ""
	}
	if rest == "" {
		pos = 0
	}
	setVar("OPTIND", itoa(ind))
	optPos = pos
	return getoptsSet(name, result, 0)
}

// badOption tells of an option that is unknown or lacks its argument: through OPTARG if spec begins with a colon, else in words.
func badOption(silent bool, option, result, msg string) string {
	if silent {
		setVar("OPTARG", option)
	} else {
		sys.WriteAll(2, []byte(msg+option+" option\n"))
	}
	return result
}

func getoptsEnd(name string, ind int) int {
	setVar("OPTIND", itoa(ind))
	return getoptsSet(name, "?", 1)
}

func getoptsSet(name, value string, st int) int {
	if msg := setVar(name, value); msg != "" {
		return usage("getopts: " + msg)
	}
	return st
}
