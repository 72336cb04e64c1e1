//go:build galago_user

package main

import (
	"galago/libc/sys"
)

// A line editor for terminals (set -o emacs): cursor keys, the usual control characters, history, completion of file names. Where the
// terminal is dumb or the option is off, the terminal's own line discipline edits.

// Keys, beside control characters.
const (
	keyNone = iota + 256
	keyUp
	keyDown
	keyLeft
	keyRight
	keyHome
	keyEnd
	keyDelete
	keyWordLeft
	keyWordRight
	keyEOF
)

func control(c byte) int { return int(c & 31) }

// editor is the line being edited.
type editor struct {
	src     *fileSource
	prompt  string
	margin  int // columns of the prompt's last line
	columns int // of the terminal
	buf     [4096]byte
	n, pos  int
	at      int    // place in the history; len: the new line
	draft   string // the new line while another one is shown
	out     []byte
	listed  bool // the last key was a tab: the next one lists the candidates
}

// theEditor lives as long as the shell.
var theEditor editor

// history is the lines entered before, the oldest first.
var history struct {
	lines [256]string
	n     int
}

func remember(line string) {
	h := &history
	if line == "" || h.n > 0 && h.lines[h.n-1] == line {
		return
	}
	if h.n == len(h.lines) {
		drop(h.lines[0])
		copy(h.lines[:], h.lines[1:])
		h.n--
	}
	h.lines[h.n] = keep(line)
	h.n++
}

// canEdit tells whether the source is a terminal that understands the editor's sequences.
func (s *fileSource) canEdit() bool {
	term, _ := getVar("TERM")
	return s.prompts && s.terminal && opt.emacs && term != "" && term != "dumb"
}

// edit reads a line with its newline; nil at the end of the input and after ^C.
func (s *fileSource) edit(prompt string) []byte {
	var cooked sys.Termios
	if sys.Tcgetattr(s.fd, &cooked) != 0 {
		return nil
	}
	const (
		icanon, echo, iexten = 0o2, 0o10, 0o100000
		vtime, vmin          = 5, 6
	)
	raw := cooked
	raw.Lflag &^= icanon | echo | iexten // ^C and ^Z stay signals, CR stays NL
	raw.CC[vtime], raw.CC[vmin] = 0, 1
	sys.Tcsetattr(s.fd, &raw)
	e := &theEditor
	e.begin(s, prompt)
	ok := e.loop()
	sys.Tcsetattr(s.fd, &cooked)
	if !ok {
		return nil
	}
	line := string(e.buf[:e.n])
	remember(line)
	return []byte(line + "\n")
}

func (e *editor) begin(s *fileSource, prompt string) {
	e.src, e.prompt, e.n, e.pos, e.at, e.draft, e.listed = s, prompt, 0, 0, history.n, "", false
	start := len(prompt)
	for start > 0 && prompt[start-1] != '\n' {
		start--
	}
	e.margin = columnsOf(prompt[start:])
	_, e.columns, _ = sys.Winsize(s.fd)
	if e.columns < 20 { // a serial line does not know
		e.columns = 80
	}
	e.write(prompt)
	e.prompt = prompt[start:]
	e.flush()
}

// columnsOf counts characters, without escape sequences.
func columnsOf(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] == 27 {
			for i++; i < len(s) && (s[i] == '[' || s[i] < '@'); i++ {
			}
			continue
		}
		if s[i]&0xc0 != 0x80 {
			n++
		}
	}
	return n
}

func (e *editor) write(s string) { e.out = append(e.out, s...) }

func (e *editor) flush() {
	sys.WriteAll(2, e.out)
	e.out = nil
}

// loop handles keys until the line is finished; false: there is none.
func (e *editor) loop() bool {
	for {
		k := e.key()
		if k != '\t' {
			e.listed = false
		}
		switch k {
		case keyEOF:
			return false
		case '\n':
			if e.pos != e.n {
				e.pos = e.n
				e.refresh()
			}
			e.write("\n")
			e.flush()
			return true
		case control('d'):
			if e.n == 0 {
				return false
			}
			e.remove(e.pos, e.next())
		default:
			e.command(k)
		}
		e.flush()
	}
}

func (e *editor) command(k int) {
	switch k {
	case control('a'), keyHome:
		e.pos = 0
	case control('e'), keyEnd:
		e.pos = e.n
	case control('b'), keyLeft:
		e.pos = e.previous()
	case control('f'), keyRight:
		e.pos = e.next()
	case keyWordLeft:
		e.pos = e.wordLeft()
	case keyWordRight:
		for e.pos < e.n && e.buf[e.pos] == ' ' {
			e.pos++
		}
		for e.pos < e.n && e.buf[e.pos] != ' ' {
			e.pos++
		}
	case control('h'), 127:
		e.remove(e.previous(), e.pos)
	case keyDelete:
		e.remove(e.pos, e.next())
	case control('k'):
		e.remove(e.pos, e.n)
	case control('u'):
		e.remove(0, e.pos)
	case control('w'):
		e.remove(e.wordLeft(), e.pos)
	case control('l'):
		e.write("\x1b[H\x1b[2J")
	case control('p'), keyUp:
		e.recall(e.at - 1)
	case control('n'), keyDown:
		e.recall(e.at + 1)
	case '\t':
		e.complete()
	default:
		if k >= ' ' && k < 256 {
			e.insert(string([]byte{byte(k)}))
		}
		return
	}
	e.refresh()
}

// key reads a key, decoding the escape sequences of ECMA-48 terminals.
func (e *editor) key() int {
	c := e.byte()
	if c != 27 {
		return c
	}
	switch c = e.byte(); c {
	case 'b':
		return keyWordLeft
	case 'f':
		return keyWordRight
	case '[', 'O':
	default:
		return keyNone
	}
	number, c := 0, e.byte()
	for c >= '0' && c <= '9' || c == ';' {
		if c == ';' {
			number = 0
		} else {
			number = min(number*10+c-'0', 99)
		}
		c = e.byte()
	}
	switch c {
	case 'A':
		return keyUp
	case 'B':
		return keyDown
	case 'C':
		return keyRight
	case 'D':
		return keyLeft
	case 'H':
		return keyHome
	case 'F':
		return keyEnd
	case '~':
		switch number {
		case 1, 7:
			return keyHome
		case 4, 8:
			return keyEnd
		case 3:
			return keyDelete
		}
	case keyEOF:
		return keyEOF
	}
	return keyNone
}

// byte reads a byte: no more, since what follows the line belongs to the command.
func (e *editor) byte() int {
	s := e.src
	if s.r == s.w && !s.fillSome(1) {
		return keyEOF
	}
	s.r++
	return int(s.buf[s.r-1])
}

// previous and next are the places of the characters beside the cursor: UTF-8 sequences count as one.
func (e *editor) previous() int {
	i := max(e.pos-1, 0)
	for i > 0 && e.buf[i]&0xc0 == 0x80 {
		i--
	}
	return i
}

func (e *editor) next() int {
	i := min(e.pos+1, e.n)
	for i < e.n && e.buf[i]&0xc0 == 0x80 {
		i++
	}
	return i
}

func (e *editor) wordLeft() int {
	i := e.pos
	for i > 0 && e.buf[i-1] == ' ' {
		i--
	}
	for i > 0 && e.buf[i-1] != ' ' {
		i--
	}
	return i
}

// insert puts text at the cursor. At the end of a short line it is simply printed.
func (e *editor) insert(s string) {
	if e.n+len(s) > len(e.buf) {
		e.write("\a")
		return
	}
	copy(e.buf[e.pos+len(s):], e.buf[e.pos:e.n])
	copy(e.buf[e.pos:], s)
	e.n += len(s)
	e.pos += len(s)
	if e.pos == e.n && e.margin+columnsOf(string(e.buf[:e.n])) < e.columns-1 {
		e.write(s)
	} else {
		e.refresh()
	}
}

func (e *editor) remove(from, to int) {
	copy(e.buf[from:], e.buf[to:e.n])
	e.n -= to - from
	e.pos = from
	e.refresh()
}

// recall shows line i of the history.
func (e *editor) recall(i int) {
	if i < 0 || i > history.n {
		e.write("\a")
		return
	}
	if e.at == history.n {
		e.draft = string(e.buf[:e.n])
	}
	e.at = i
	line := e.draft
	if i < history.n {
		line = history.lines[i]
	}
	e.n = copy(e.buf[:], line)
	e.pos = e.n
}

// refresh draws the line anew. A line longer than the terminal is shown in part, around the cursor.
func (e *editor) refresh() {
	room := max(e.columns-e.margin-1, 1)
	from, to := 0, e.n
	for columnsOf(string(e.buf[from:e.pos])) >= room {
		from++
		for from < e.n && e.buf[from]&0xc0 == 0x80 {
			from++
		}
	}
	for columnsOf(string(e.buf[from:to])) > room {
		to--
		for to > from && e.buf[to]&0xc0 == 0x80 {
			to--
		}
	}
	e.write("\r" + e.prompt + string(e.buf[from:to]) + "\x1b[K")
	if back := columnsOf(string(e.buf[e.pos:to])); back > 0 {
		e.write("\x1b[" + itoa(back) + "D")
	}
}
