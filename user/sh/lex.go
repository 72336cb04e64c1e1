//go:build galago_user

package main

// The lexer (POSIX.1-2017 XCU 2.3): characters to tokens. A word token keeps its quotes.

type token uint8

const (
	tEOF token = iota
	tNewline
	tWord
	tOp
	tIONumber
)

// lineSource gives input line by line; nil at the end.
type lineSource interface {
	next(continued bool) []byte
}

type lexer struct {
	src  lineSource
	buf  []byte
	at   int
	line int
	eof  bool

	tok  token
	text string // of a word or operator
	num  int    // of an IO number

	docs    []*redir // here-documents to read after the newline
	failed  string   // syntax error
	started bool     // inside a command: ask for continuation lines
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isMeta(c byte) bool {
	switch c {
	case ' ', '\t', '\n', ';', '&', '|', '<', '>', '(', ')':
		return true
	}
	return false
}

// peek returns the next character, or 0 at the end.
func (l *lexer) peek() byte {
	if l.at < len(l.buf) {
		return l.buf[l.at]
	}
	if l.eof {
		return 0
	}
	line := l.src.next(l.started)
	if line == nil {
		l.eof = true
		return 0
	}
	l.buf, l.at = line, 0
	l.line++
	if len(line) == 0 {
		return l.peek()
	}
	return l.buf[0]
}

func (l *lexer) get() byte {
	c := l.peek()
	if l.at < len(l.buf) {
		l.at++
	}
	return c
}

// done reports whether the input has ended.
func (l *lexer) done() bool {
	l.peek()
	return l.eof && l.at >= len(l.buf)
}

func (l *lexer) fail(msg string) {
	if l.failed == "" {
		l.failed = msg
	}
}

// skipBlanks skips blanks, line continuations and comments.
func (l *lexer) skipBlanks() {
	for {
		c := l.peek()
		switch {
		case isBlank(c):
			l.at++
		case c == '\\' && l.at+1 < len(l.buf) && l.buf[l.at+1] == '\n':
			l.at += 2
		case c == '#':
			for !l.done() && l.peek() != '\n' {
				l.at++
			}
			return
		default:
			return
		}
	}
}

var operators = []string{"<<-", "&&", "||", ";;", "<<", ">>", "<&", ">&", "<>", ">|", "&", "|", ";", "<", ">", "(", ")"}

// scan reads the next token.
func (l *lexer) scan() {
	l.skipBlanks()
	if l.done() {
		l.tok, l.text = tEOF, ""
		return
	}
	c := l.peek()
	if c == '\n' {
		l.at++
		l.tok, l.text = tNewline, "\n"
		l.readDocs()
		return
	}
	for _, op := range operators {
		if l.hasPrefix(op) {
			l.at += len(op)
			l.tok, l.text = tOp, op
			return
		}
	}
	word := l.word()
	next := l.peek()
	if (next == '<' || next == '>') && len(word) <= 3 && digits(word) {
		l.tok, l.num = tIONumber, atoi(word)
		return
	}
	l.tok, l.text = tWord, word
}

func (l *lexer) hasPrefix(s string) bool {
	if len(l.buf)-l.at < len(s) {
		return false
	}
	return string(l.buf[l.at:l.at+len(s)]) == s
}

// word reads up to an unquoted metacharacter.
func (l *lexer) word() string {
	var w []byte
	for !l.done() {
		c := l.peek()
		if isMeta(c) {
			break
		}
		w = l.piece(w, c)
	}
	return string(w)
}

// piece appends one character, or one quoted or expanded part.
func (l *lexer) piece(w []byte, c byte) []byte {
	switch c {
	case '\\':
		l.at++
		if l.done() {
			return append(w, '\\')
		}
		if d := l.get(); d != '\n' {
			w = append(w, '\\', d)
		}
		return w
	case '\'':
		return l.single(w)
	case '"':
		return l.double(w)
	case '$':
		return l.dollar(w)
	case '`':
		return l.backquote(w)
	}
	l.at++
	return append(w, c)
}

func (l *lexer) single(w []byte) []byte {
	w = append(w, l.get())
	for {
		if l.done() {
			l.fail("unterminated quoted string")
			return w
		}
		c := l.get()
		w = append(w, c)
		if c == '\'' {
			return w
		}
	}
}

func (l *lexer) double(w []byte) []byte {
	w = append(w, l.get())
	for {
		if l.done() {
			l.fail("unterminated quoted string")
			return w
		}
		switch c := l.peek(); c {
		case '"':
			l.at++
			return append(w, c)
		case '\\':
			l.at++
			if d := l.get(); d != '\n' {
				w = append(w, '\\', d)
			}
		case '$':
			w = l.dollar(w)
		case '`':
			w = l.backquote(w)
		default:
			l.at++
			w = append(w, c)
		}
	}
}

func (l *lexer) backquote(w []byte) []byte {
	w = append(w, l.get())
	for {
		if l.done() {
			l.fail("unterminated backquote substitution")
			return w
		}
		c := l.get()
		w = append(w, c)
		if c == '`' {
			return w
		}
		if c == '\\' && !l.done() {
			w = append(w, l.get())
		}
	}
}

// dollar reads $name, ${…}, $(…) or $((…)) whole.
func (l *lexer) dollar(w []byte) []byte {
	w = append(w, l.get())
	switch l.peek() {
	case '{':
		w = append(w, l.get())
		return l.braces(w)
	case '(':
		w = append(w, l.get())
		if l.peek() == '(' {
			return l.parens(append(w, l.get()), 2)
		}
		return l.command(w)
	}
	return w
}

func (l *lexer) braces(w []byte) []byte {
	for {
		if l.done() {
			l.fail("missing '}'")
			return w
		}
		c := l.peek()
		if c == '}' {
			l.at++
			return append(w, c)
		}
		w = l.piece(w, c)
	}
}

// parens reads an arithmetic expansion up to the matching parentheses.
func (l *lexer) parens(w []byte, depth int) []byte {
	for {
		if l.done() {
			l.fail("missing '))'")
			return w
		}
		switch c := l.peek(); c {
		case '(':
			depth++
		case ')':
			depth--
		case '$', '`', '\'', '"':
			w = l.piece(w, c)
			continue
		}
		w = append(w, l.get())
		if depth == 0 {
			return w
		}
	}
}

// command reads a command substitution up to its closing parenthesis, following quotes, nested parentheses, comments and case
// patterns.
func (l *lexer) command(w []byte) []byte {
	depth, cases := 1, 0
	wordStart := true
	for {
		if l.done() {
			l.fail("missing ')'")
			return w
		}
		c := l.peek()
		if wordStart && (c == 'c' || c == 'e') {
			if l.keyword("case") {
				cases++
			} else if l.keyword("esac") && cases > 0 {
				cases--
			}
		}
		switch c {
		case '(':
			depth++
		case ')':
			if cases == 0 {
				depth--
			}
		case '#':
			if wordStart {
				for !l.done() && l.peek() != '\n' {
					w = append(w, l.get())
				}
				continue
			}
		case '\\', '\'', '"', '$', '`':
			w = l.piece(w, c)
			wordStart = false
			continue
		}
		wordStart = isMeta(c)
		w = append(w, l.get())
		if depth == 0 {
			return w
		}
	}
}

func (l *lexer) keyword(s string) bool {
	if !l.hasPrefix(s) {
		return false
	}
	end := l.at + len(s)
	return end >= len(l.buf) || isMeta(l.buf[end])
}

// readDocs reads the bodies of the here-documents announced on the line that has just ended.
func (l *lexer) readDocs() {
	docs := l.docs
	l.docs = nil
	for _, d := range docs {
		strip := d.op == "<<-"
		d.op = "<<"
		delim := d.target
		d.quoted = hasQuote(delim)
		delim = unquote(delim)
		var body []byte
		for {
			if l.done() {
				break // the end of input ends the document, as dash has it
			}
			line := l.restOfLine()
			for strip && len(line) > 0 && line[0] == '\t' {
				line = line[1:]
			}
			if n := len(line); n > 0 && string(line[:n-1]) == delim && line[n-1] == '\n' || string(line) == delim {
				break
			}
			body = append(body, line...)
		}
		d.target = string(body)
	}
}

// restOfLine takes the rest of the line, with its newline.
func (l *lexer) restOfLine() []byte {
	l.peek()
	i := l.at
	for i < len(l.buf) && l.buf[i] != '\n' {
		i++
	}
	if i < len(l.buf) {
		i++
	}
	line := append([]byte(nil), l.buf[l.at:i]...)
	l.at = i
	return line
}

func hasQuote(s string) bool {
	for i := range len(s) {
		if s[i] == '\'' || s[i] == '"' || s[i] == '\\' {
			return true
		}
	}
	return false
}

// unquote removes quotes without expanding anything.
func unquote(s string) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			if i+1 < len(s) {
				i++
				b = append(b, s[i])
			}
		case '\'':
			for i++; i < len(s) && s[i] != '\''; i++ {
				b = append(b, s[i])
			}
		case '"':
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' && i+1 < len(s) {
					i++
				}
				b = append(b, s[i])
			}
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0
}

func atoi(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || n > 1<<40 {
			break
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}
