package syntax

// Source delivers a script line by line.
type Source interface {
	// Next returns the next line with its newline, nil at the end. continued: the line goes on with an unfinished command, or
	// with a here-document; interactive shells prompt with PS2 then.
	Next(continued bool) []byte
}

// input holds the text of the command being read. It keeps all lines from the command's beginning on, so the parser can go back.
type input struct {
	src     Source
	buf     []byte
	pos     int
	line    int // of buf[pos], from 1
	begun   bool
	eof     bool
	pending []*pendingDoc // here-documents whose bodies follow the next newline
	err     string
	errLine int
}

func (in *input) fill() bool {
	if in.eof {
		return false
	}
	var line []byte
	if in.src != nil {
		line = in.src.Next(in.begun)
	}
	if len(line) == 0 {
		in.eof = true
		return false
	}
	in.buf = append(in.buf, line...)
	return true
}

// raw returns the next byte as it is, -1 at the end and after a syntax error.
func (in *input) raw() int {
	if in.err != "" || in.pos == len(in.buf) && !in.fill() {
		return -1
	}
	return int(in.buf[in.pos])
}

// peek is raw behind line continuations: a backslash and a newline vanish.
func (in *input) peek() int {
	for {
		c := in.raw()
		if c != '\\' || in.pos+1 >= len(in.buf) || in.buf[in.pos+1] != '\n' {
			return c
		}
		in.pos += 2
		in.line++
		in.begun = true
	}
}

// advance passes the byte that raw or peek returned.
func (in *input) advance() {
	if in.buf[in.pos] == '\n' {
		in.line++
	}
	in.pos++
}

// accept passes c if it is next.
func (in *input) accept(c byte) bool {
	if in.peek() == int(c) {
		in.advance()
		return true
	}
	return false
}

// fail records the first syntax error.
func (in *input) fail(msg string) {
	if in.err == "" {
		in.err, in.errLine = msg, in.line
	}
}

// restOfLine takes the rest of the line with its newline; ok is false at the end of the input.
func (in *input) restOfLine() (line []byte, ok bool) {
	if in.raw() < 0 {
		return nil, false
	}
	start := in.pos
	for in.pos < len(in.buf) && in.buf[in.pos] != '\n' {
		in.pos++
	}
	if in.pos < len(in.buf) {
		in.advance()
	}
	return in.buf[start:in.pos], true
}
