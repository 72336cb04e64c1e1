//go:build galago_user

package main

import (
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

var delimiter = byte('\n')

// job is the search through one input.
type job struct {
	name     string
	withName bool
	line     int64 // number of the current line
	offset   int64 // of the current line
	found    int64
	binary   bool

	held    [][]byte // lines before a possible match, a ring
	heldAt  []int64  // their offsets
	first   int64    // number of the oldest held line
	pending int64    // lines of context still to print
	printed int64    // number of the last line printed
}

var (
	firstBuf [65536]byte
	buf      = firstBuf[:]
)

// search looks through fd. A buffer holds whole lines; it grows for longer ones.
func search(name string, fd int, withName bool) {
	j := job{name: name, withName: withName}
	have, stop := 0, maxCount == 0
	for !stop {
		if have == len(buf) {
			bigger := make([]byte, 2*len(buf))
			copy(bigger, buf)
			buf = bigger
		}
		n, e := sys.Read(fd, buf[have:])
		if e != 0 {
			complain(name, e)
			break
		}
		if j.offset == 0 && !text && holdsNUL(buf[have:have+n]) {
			j.binary = true
		}
		at, end := 0, have+n
		for i := have; i < end && !stop; i++ {
			if buf[i] == delimiter {
				stop = j.next(buf[at:i])
				at = i + 1
			}
		}
		if n == 0 {
			if at < end && !stop {
				j.next(buf[at:end])
			}
			break
		}
		have = copy(buf, buf[at:end])
	}
	j.report()
}

func holdsNUL(b []byte) bool {
	for _, c := range b {
		if c == 0 {
			return true
		}
	}
	return false
}

// next looks at one line; true ends the search.
func (j *job) next(line []byte) (stop bool) {
	j.line++
	if selects(line) != invert {
		stop = j.selected(line)
	} else if !countOnly && list == 0 && !quiet {
		j.other(line)
	}
	j.offset += int64(len(line)) + 1
	return stop
}

func selects(line []byte) bool {
	if pattern == nil {
		return false
	}
	if words {
		var caps [2]int
		return findWord(line, 0, &caps)
	}
	return pattern.Match(line)
}

// findWord finds a match with no word character beside it.
func findWord(line []byte, from int, caps *[2]int) bool {
	for from <= len(line) && pattern.Find(line, from, caps[:]) {
		lo, hi := caps[0], caps[1]
		for hi >= lo {
			if (lo == 0 || !isWord(line[lo-1])) && (hi == len(line) || !isWord(line[hi])) {
				caps[1] = hi
				return true
			}
			// A shorter match at the same place may do: look in what is left.
			if hi == lo || !pattern.Find(line[:hi-1], lo, caps[:]) || caps[0] != lo {
				break
			}
			hi = caps[1]
		}
		from = lo + 1
	}
	return false
}

func isWord(c byte) bool {
	return c == '_' || str.IsDigit(c) || str.Lower(c) >= 'a' && str.Lower(c) <= 'z'
}

func (j *job) selected(line []byte) (stop bool) {
	matched = true
	j.found++
	if quiet {
		sys.ExitNow(0)
	}
	if list != 0 {
		return true
	}
	if j.binary && !countOnly {
		stdio.Warn(j.name+": binary file matches", 0)
		return true
	}
	if !countOnly {
		j.context()
		if onlyMatch {
			if !invert {
				j.parts(line)
			}
		} else {
			j.print(line, j.line, j.offset, ':')
		}
		j.pending = after
	}
	if j.found == maxCount {
		return after == 0 || countOnly
	}
	if maxCount > 0 && j.found > maxCount {
		return true
	}
	return false
}

// other handles a line that is not selected: context after or, perhaps, before a match.
func (j *job) other(line []byte) {
	if j.pending > 0 {
		j.pending--
		if !onlyMatch {
			j.print(line, j.line, j.offset, '-')
		}
		return
	}
	if before == 0 || j.binary {
		return
	}
	if int64(len(j.held)) == before {
		oldest := j.held[0]
		copy(j.held, j.held[1:])
		copy(j.heldAt, j.heldAt[1:])
		j.held[before-1] = append(oldest[:0], line...)
		j.heldAt[before-1] = j.offset
		j.first++
		return
	}
	if len(j.held) == 0 {
		j.first = j.line
	}
	j.held = append(j.held, append([]byte(nil), line...))
	j.heldAt = append(j.heldAt, j.offset)
}

// context prints what is held, after a separator if lines were left out.
func (j *job) context() {
	start := j.line - int64(len(j.held))
	if (before > 0 || after > 0) && anyPrinted && (j.printed == 0 || start > j.printed+1) {
		stdio.Puts("--\n")
	}
	for i, line := range j.held {
		if !onlyMatch {
			j.print(line, start+int64(i), j.heldAt[i], '-')
		}
	}
	j.held, j.heldAt = j.held[:0], j.heldAt[:0]
}

// anyPrinted tells whether a line was printed of any input.
var anyPrinted bool

func (j *job) prefix(line, offset int64, sep byte) {
	if j.withName {
		stdio.Puts(j.name)
		if nulName {
			stdio.Out.Putc(0)
		} else {
			stdio.Out.Putc(sep)
		}
	}
	if number {
		stdio.Printf("%d", line)
		stdio.Out.Putc(sep)
	}
	if byteOffset {
		stdio.Printf("%d", offset)
		stdio.Out.Putc(sep)
	}
}

func (j *job) print(line []byte, number, offset int64, sep byte) {
	j.prefix(number, offset, sep)
	if color && sep == ':' && !invert {
		highlight(line)
	} else {
		stdio.Out.Write(line)
	}
	stdio.Out.Putc(delimiter)
	j.printed, anyPrinted = number, true
}

func nextMatch(line []byte, from int, caps *[2]int) bool {
	if words {
		return findWord(line, from, caps)
	}
	return from <= len(line) && pattern.Find(line, from, caps[:])
}

// parts prints each match that is not empty on a line of its own.
func (j *job) parts(line []byte) {
	var caps [2]int
	for from := 0; nextMatch(line, from, &caps); {
		if caps[1] == caps[0] {
			from = caps[1] + 1
			continue
		}
		from = caps[1]
		j.prefix(j.line, j.offset+int64(caps[0]), ':')
		if color {
			highlight(line[caps[0]:caps[1]])
		} else {
			stdio.Out.Write(line[caps[0]:caps[1]])
		}
		stdio.Out.Putc(delimiter)
		j.printed, anyPrinted = j.line, true
	}
}

// highlight prints a line with its matches in bold red (ECMA-48 SGR).
func highlight(line []byte) {
	var caps [2]int
	at := 0
	for from := 0; nextMatch(line, from, &caps); from = max(caps[1], caps[0]+1) {
		if caps[1] > caps[0] {
			stdio.Out.Write(line[at:caps[0]])
			stdio.Puts("\x1b[01;31m\x1b[K")
			stdio.Out.Write(line[caps[0]:caps[1]])
			stdio.Puts("\x1b[m\x1b[K")
			at = caps[1]
		}
	}
	stdio.Out.Write(line[at:])
}

// report prints counts and names.
func (j *job) report() {
	if countOnly && list == 0 && !quiet {
		if j.withName {
			stdio.Puts(j.name)
			if nulName {
				stdio.Out.Putc(0)
			} else {
				stdio.Out.Putc(':')
			}
		}
		stdio.Printf("%d\n", j.found)
	}
	if list == 'l' && j.found > 0 || list == 'L' && j.found == 0 {
		stdio.Puts(j.name)
		if nulName {
			stdio.Out.Putc(0)
		} else {
			stdio.Out.Putc('\n')
		}
		matched = true
	}
}
