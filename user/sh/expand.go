//go:build galago_user

package main

import (
	"galago/kernel/errno"
	"galago/libc/match"
	"galago/libc/sys"
)

// Word expansion (POSIX.1-2017 XCU 2.6): tilde, parameters, commands and arithmetic, then field splitting, pathnames, quote
// removal. A field under construction keeps for each byte whether it was quoted, for splitting and patterns.

type field struct {
	b []byte
	q []bool // quoted
}

func (f *field) add(c byte, quoted bool) {
	f.b = append(f.b, c)
	f.q = append(f.q, quoted)
}

// expander collects the fields of one word.
type expander struct {
	fields []field
	cur    field
	begun  bool // cur counts as a field even if empty (something was quoted)
	split  bool // unquoted expansions are split
	ifs    string
}

func ifs() string {
	if v, ok := getVar("IFS"); ok {
		return v
	}
	return " \t\n"
}

// expandWords expands the words of a command to fields.
func expandWords(words []string) []string {
	var out []string
	for _, w := range words {
		out = expandWord(out, w)
		if failed() {
			return out
		}
	}
	return out
}

func expandWord(out []string, w string) []string {
	if plain(w) {
		return append(out, w)
	}
	e := expander{split: true, ifs: ifs()}
	e.word(w, true)
	e.endField(false)
	for i := range e.fields {
		f := &e.fields[i]
		if !optNoGlob && hasGlob(f) {
			n := len(out)
			out = glob(out, f)
			if len(out) > n {
				continue
			}
		}
		out = append(out, string(f.b))
	}
	return out
}

// plain reports whether a word needs no expansion.
func plain(w string) bool {
	for i := range len(w) {
		switch w[i] {
		case '$', '`', '\\', '\'', '"', '*', '?', '[', '~':
			return false
		}
	}
	return true
}

// expandString expands without splitting or pathnames: assignments, here-documents, case subjects.
func expandString(w string) string {
	if plain(w) {
		return w
	}
	e := expander{}
	e.word(w, true)
	return string(e.cur.b)
}

// expandPattern expands a pattern; quoted characters are escaped with a backslash.
func expandPattern(w string) string {
	e := expander{}
	e.word(w, true)
	return pattern(&e.cur)
}

func pattern(f *field) string {
	var b []byte
	for i, c := range f.b {
		if f.q[i] && isPatternChar(c) {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return string(b)
}

func isPatternChar(c byte) bool {
	return c == '*' || c == '?' || c == '[' || c == ']' || c == '\\' || c == '-' || c == '!'
}

// expandDoc expands a here-document body: as in double quotes, but quotes are ordinary.
func expandDoc(s string) string {
	e := expander{}
	e.quotedText(s, true)
	return string(e.cur.b)
}

// endField finishes the current field; force keeps an empty one.
func (e *expander) endField(force bool) {
	if len(e.cur.b) > 0 || e.begun || force {
		e.fields = append(e.fields, e.cur)
	}
	e.cur = field{}
	e.begun = false
}

// word expands raw text outside quotes.
func (e *expander) word(w string, tilde bool) {
	i := 0
	if tilde {
		i = e.tilde(w, 0)
	}
	for i < len(w) && !failed() {
		switch c := w[i]; c {
		case '\\':
			if i+1 < len(w) {
				i++
				e.cur.add(w[i], true)
				e.begun = true
			} else {
				e.cur.add('\\', true)
			}
			i++
		case '\'':
			i++
			e.begun = true
			for i < len(w) && w[i] != '\'' {
				e.cur.add(w[i], true)
				i++
			}
			i++
		case '"':
			end := endOfDouble(w, i+1)
			e.double(w[i+1 : end])
			i = end + 1
		case '$':
			i = e.dollar(w, i, false)
		case '`':
			i = e.backquote(w, i, false)
		default:
			e.cur.add(c, false)
			i++
			if c == ':' && !e.split && tilde {
				i = e.tilde(w, i)
			} else if c == '=' && !e.split && tilde {
				i = e.tilde(w, i)
			}
		}
	}
}

// double expands the inside of double quotes. "$@" of no parameters is no field.
func (e *expander) double(s string) {
	if s == "$@" || s == "${@}" {
		if len(positional.list) == 0 {
			return
		}
	}
	e.begun = true
	e.quotedText(s, false)
}

// quotedText expands text in which only $ ` and \ are special. doc: a here-document, where \" is not.
func (e *expander) quotedText(s string, doc bool) {
	for i := 0; i < len(s) && !failed(); {
		switch c := s[i]; c {
		case '\\':
			if i+1 < len(s) {
				d := s[i+1]
				switch {
				case d == '\n':
					i += 2
					continue
				case d == '$' || d == '`' || d == '\\' || d == '"' && !doc:
					e.cur.add(d, true)
				default:
					e.cur.add('\\', true)
					e.cur.add(d, true)
				}
				i += 2
				continue
			}
			e.cur.add('\\', true)
			i++
		case '$':
			i = e.dollar(s, i, true)
		case '`':
			i = e.backquote(s, i, true)
		default:
			e.cur.add(c, true)
			i++
		}
	}
}

// endOfDouble finds the closing quote from i on.
func endOfDouble(w string, i int) int {
	for i < len(w) && w[i] != '"' {
		switch w[i] {
		case '\\':
			i += 2
		case '$':
			i = endOfDollar(w, i)
		case '`':
			i = endOfBackquote(w, i)
		default:
			i++
		}
	}
	return min(i, len(w))
}

func endOfBackquote(w string, i int) int {
	for i++; i < len(w) && w[i] != '`'; i++ {
		if w[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(w))
}

// endOfDollar returns the index after the expansion at i.
func endOfDollar(w string, i int) int {
	if i+1 >= len(w) {
		return i + 1
	}
	switch w[i+1] {
	case '{':
		return endOfBraces(w, i+2)
	case '(':
		return endOfParens(w, i+2)
	}
	return i + 1 + len(paramName(w[i+1:]))
}

func endOfBraces(w string, i int) int {
	for i < len(w) {
		switch w[i] {
		case '}':
			return i + 1
		case '\\':
			i += 2
		case '\'':
			for i++; i < len(w) && w[i] != '\''; i++ {
			}
			i++
		case '"':
			i = endOfDouble(w, i+1) + 1
		case '$':
			i = endOfDollar(w, i)
		case '`':
			i = endOfBackquote(w, i)
		default:
			i++
		}
	}
	return len(w)
}

// endOfParens uses the lexer's own rules for the text after "$(".
func endOfParens(w string, i int) int {
	l := lexer{src: stringSource{}, buf: []byte(w), at: i, eof: true}
	if i < len(w) && w[i] == '(' {
		l.at++
		l.parens(nil, 2)
	} else {
		l.command(nil)
	}
	return l.at
}

type stringSource struct{}

func (stringSource) next(bool) []byte { return nil }

// tilde expands ~ and ~user at i, if there; it returns where to go on.
func (e *expander) tilde(w string, i int) int {
	if i >= len(w) || w[i] != '~' {
		return i
	}
	end := i + 1
	for end < len(w) && w[end] != '/' && w[end] != ':' {
		c := w[end]
		if c == '\\' || c == '\'' || c == '"' || c == '$' || c == '`' {
			return i
		}
		end++
	}
	home, ok := "", false
	if end == i+1 {
		home, ok = getVar("HOME")
	} else {
		home, ok = homeOf(w[i+1 : end])
	}
	if !ok {
		return i
	}
	for k := range len(home) {
		e.cur.add(home[k], true)
	}
	e.begun = true
	return end
}

// homeOf looks a user's home directory up in /etc/passwd.
func homeOf(user string) (string, bool) {
	text := readFile("/etc/passwd")
	for len(text) > 0 {
		n := 0
		for n < len(text) && text[n] != '\n' {
			n++
		}
		var parts [7]string
		line, k := text[:n], 0
		for start, i := 0, 0; i <= len(line) && k < 7; i++ {
			if i == len(line) || line[i] == ':' {
				parts[k] = line[start:i]
				k++
				start = i + 1
			}
		}
		if parts[0] == user && k == 7 {
			return parts[5], true
		}
		text = text[min(n+1, len(text)):]
	}
	return "", false
}

func readFile(path string) string {
	fd, e := sys.Open(path, sys.O_RDONLY|sys.O_CLOEXEC, 0)
	if e != 0 {
		return ""
	}
	var b []byte
	var buf [4096]byte
	for {
		n, e := sys.Read(fd, buf[:])
		if e == errno.EINTR {
			continue
		}
		if n <= 0 || e != 0 {
			break
		}
		b = append(b, buf[:n]...)
	}
	sys.Close(fd)
	return string(b)
}

// insert adds the value of an expansion.
func (e *expander) insert(s string, quoted bool) {
	if quoted || !e.split {
		for i := range len(s) {
			e.cur.add(s[i], quoted)
		}
		return
	}
	e.splitInto(s)
}

// splitInto adds an unquoted value, split at IFS characters (XCU 2.6.5).
func (e *expander) splitInto(s string) {
	for i := 0; i < len(s); {
		c := s[i]
		switch ifsKind(e.ifs, c) {
		case 0:
			e.cur.add(c, false)
			i++
		case 1: // white space ends a field, if one has begun; one other separator may follow
			for i < len(s) && ifsKind(e.ifs, s[i]) == 1 {
				i++
			}
			if len(e.cur.b) > 0 || e.begun {
				if i < len(s) && ifsKind(e.ifs, s[i]) == 2 {
					i++
					for i < len(s) && ifsKind(e.ifs, s[i]) == 1 {
						i++
					}
				}
				e.endField(false)
			}
		case 2:
			i++
			e.endField(true)
			for i < len(s) && ifsKind(e.ifs, s[i]) == 1 {
				i++
			}
		}
	}
}

// ifsKind: 0 not a separator, 1 white space, 2 other separator.
func ifsKind(ifs string, c byte) int {
	for i := range len(ifs) {
		if ifs[i] == c {
			if c == ' ' || c == '\t' || c == '\n' {
				return 1
			}
			return 2
		}
	}
	return 0
}

// dollar expands the expansion at s[i] and returns the index after it.
func (e *expander) dollar(s string, i int, quoted bool) int {
	if i+1 >= len(s) {
		e.cur.add('$', quoted)
		return i + 1
	}
	switch s[i+1] {
	case '(':
		end := endOfParens(s, i+2)
		if i+2 < len(s) && s[i+2] == '(' && end >= 2 && s[end-2] == ')' {
			v, ok := arith(expandArith(s[i+3 : end-2]))
			if ok {
				e.insert(itoa(v), quoted)
			}
			return end
		}
		e.insert(substitute(s[i+2:end-1]), quoted)
		return end
	case '{':
		end := endOfBraces(s, i+2)
		e.braces(s[i+2:end-1], quoted)
		return end
	}
	name := paramName(s[i+1:])
	if name == "" {
		e.cur.add('$', quoted)
		return i + 1
	}
	e.param(name, quoted)
	return i + 1 + len(name)
}

// expandArith expands the text of $(( )) as if in double quotes.
func expandArith(s string) string {
	e := expander{}
	e.quotedText(s, false)
	var b []byte
	for _, c := range e.cur.b {
		if c != '"' {
			b = append(b, c)
		}
	}
	return string(b)
}

func (e *expander) backquote(s string, i int, quoted bool) int {
	end := endOfBackquote(s, i)
	body := s[i+1 : end-1]
	var b []byte
	for k := 0; k < len(body); k++ {
		if body[k] == '\\' && k+1 < len(body) && (body[k+1] == '`' || body[k+1] == '\\' || body[k+1] == '$' || quoted && body[k+1] == '"') {
			k++
		}
		b = append(b, body[k])
	}
	e.insert(substitute(string(b)), quoted)
	return end
}

// paramName returns the parameter name at the start of s: a name, one digit, or a special parameter.
func paramName(s string) string {
	if s == "" {
		return ""
	}
	switch s[0] {
	case '@', '*', '#', '?', '-', '$', '!', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return s[:1]
	}
	n := 0
	for n < len(s) && isName(s[:n+1]) {
		n++
	}
	return s[:n]
}

// param inserts the value of a parameter.
func (e *expander) param(name string, quoted bool) {
	if name == "@" || name == "*" {
		e.allParams(name == "@", quoted)
		return
	}
	v, ok := paramValue(name)
	if !ok && optNoUnset {
		fail(name+": parameter not set", 2)
		return
	}
	e.insert(v, quoted)
}

// allParams inserts $@ or $*.
func (e *expander) allParams(at, quoted bool) {
	list := positional.list
	switch {
	case quoted && at && e.split:
		for i, s := range list {
			if i > 0 {
				e.endField(true)
				e.begun = true
			}
			e.insert(s, true)
			e.begun = true
		}
	case quoted || !e.split:
		sep := " "
		if f, ok := getVar("IFS"); ok && !at {
			sep = f[:min(1, len(f))]
		}
		for i, s := range list {
			if i > 0 {
				e.insert(sep, quoted)
			}
			e.insert(s, quoted)
		}
	default:
		for i, s := range list {
			if i > 0 {
				e.endField(false)
			}
			e.insert(s, false)
		}
	}
}

// paramValue returns the value of any parameter but @ and *.
func paramValue(name string) (string, bool) {
	switch name {
	case "#":
		return itoa(int64(len(positional.list))), true
	case "?":
		return itoa(int64(lastStatus)), true
	case "$":
		return itoa(int64(shellPID)), true
	case "!":
		if lastAsync == 0 {
			return "", false
		}
		return itoa(int64(lastAsync)), true
	case "-":
		var b []byte
		for _, o := range optionLetters {
			if *o.on && o.letter != 0 {
				b = append(b, o.letter)
			}
		}
		if interactive {
			b = append(b, 'i')
		}
		return string(b), true
	case "0":
		return arg0, true
	}
	if digits(name) {
		n := atoi(name)
		if n >= 1 && n <= len(positional.list) {
			return positional.list[n-1], true
		}
		return "", false
	}
	if name == "LINENO" {
		return itoa(int64(currentLine)), true
	}
	return getVar(name)
}

// braces expands the inside of ${ }.
func (e *expander) braces(s string, quoted bool) {
	if len(s) > 1 && s[0] == '#' && s != "#" && paramFull(s[1:]) == s[1:] {
		e.length(s[1:], quoted)
		return
	}
	name := paramFull(s)
	if name == "" {
		fail("${"+s+"}: bad substitution", 2)
		return
	}
	rest := s[len(name):]
	if rest == "" {
		e.param(name, quoted)
		return
	}
	colon := rest[0] == ':'
	if colon {
		rest = rest[1:]
	}
	if rest == "" {
		fail("${"+s+"}: bad substitution", 2)
		return
	}
	switch op := rest[0]; op {
	case '-', '=', '?', '+':
		e.conditional(name, op, rest[1:], colon, quoted)
	case '#', '%':
		if colon {
			fail("${"+s+"}: bad substitution", 2)
			return
		}
		e.trim(name, rest, quoted)
	default:
		fail("${"+s+"}: bad substitution", 2)
	}
}

// paramFull is paramName with several digits.
func paramFull(s string) string {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n > 0 {
		return s[:n]
	}
	return paramName(s)
}

func (e *expander) length(name string, quoted bool) {
	if name == "@" || name == "*" {
		e.insert(itoa(int64(len(positional.list))), quoted)
		return
	}
	v, ok := paramValue(name)
	if !ok && optNoUnset {
		fail(name+": parameter not set", 2)
		return
	}
	e.insert(itoa(int64(len(v))), quoted)
}

func (e *expander) conditional(name string, op byte, word string, colon, quoted bool) {
	v, ok := "", false
	if name == "@" || name == "*" {
		ok = len(positional.list) > 0
		if ok {
			v = positional.list[0]
		}
	} else {
		v, ok = paramValue(name)
	}
	use := ok && !(colon && v == "")
	if op == '+' {
		if use {
			e.sub(word, quoted)
		}
		return
	}
	if use {
		e.param(name, quoted)
		return
	}
	switch op {
	case '-':
		e.sub(word, quoted)
	case '=':
		if !isName(name) {
			fail(name+": bad variable name", 2)
			return
		}
		val := expandString(word)
		if setVar(name, val) {
			e.insert(val, quoted)
		}
	case '?':
		msg := expandString(word)
		if msg == "" {
			msg = "parameter not set"
			if colon {
				msg = "parameter null or not set"
			}
		}
		fail(name+": "+msg, 2)
	}
}

// sub expands the word of a ${ } operator in place.
func (e *expander) sub(word string, quoted bool) {
	if !quoted {
		e.substWord(word)
		return
	}
	// Inside double quotes: quotes toggle as in dash, text is quoted.
	for i := 0; i < len(word); {
		if word[i] == '"' {
			end := endOfDouble(word, i+1)
			e.quotedText(word[i+1:end], false)
			i = end + 1
			continue
		}
		n := i
		for n < len(word) && word[n] != '"' {
			switch word[n] {
			case '\\':
				n = min(n+2, len(word))
			case '$':
				n = endOfDollar(word, n)
			case '`':
				n = endOfBackquote(word, n)
			default:
				n++
			}
		}
		e.braceText(word[i:n])
		i = n
	}
}

// braceText is quotedText where \} is } too.
func (e *expander) braceText(s string) {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && s[i+1] == '}' {
			e.quotedText(s[:i], false)
			e.cur.add('}', true)
			e.braceText(s[i+2:])
			return
		}
	}
	e.quotedText(s, false)
}

// substWord expands an unquoted alternative word: its literal text is split too.
func (e *expander) substWord(w string) {
	i := e.tilde(w, 0)
	for i < len(w) && !failed() {
		switch c := w[i]; c {
		case '\\':
			if i+1 < len(w) {
				i++
				e.cur.add(w[i], true)
				e.begun = true
			}
			i++
		case '\'':
			e.begun = true
			for i++; i < len(w) && w[i] != '\''; i++ {
				e.cur.add(w[i], true)
			}
			i++
		case '"':
			end := endOfDouble(w, i+1)
			e.double(w[i+1 : end])
			i = end + 1
		case '$':
			i = e.dollar(w, i, false)
		case '`':
			i = e.backquote(w, i, false)
		default:
			n := i
			for n < len(w) && w[n] != '\\' && w[n] != '\'' && w[n] != '"' && w[n] != '$' && w[n] != '`' {
				n++
			}
			e.insert(w[i:n], false)
			i = n
		}
	}
}

// trim removes a prefix (#, ##) or suffix (%, %%) that matches a pattern.
func (e *expander) trim(name, rest string, quoted bool) {
	op := rest[0]
	rest = rest[1:]
	longest := rest != "" && rest[0] == op
	if longest {
		rest = rest[1:]
	}
	v, ok := paramValue(name)
	if !ok && optNoUnset {
		fail(name+": parameter not set", 2)
		return
	}
	p := expandPattern(rest)
	best := -1
	for k := 0; k <= len(v); k++ {
		if op == '#' && match.Glob(p, v[:k]) {
			best = k
			if !longest {
				break
			}
		}
		if op == '%' && match.Glob(p, v[len(v)-k:]) {
			best = k
			if !longest {
				break
			}
		}
	}
	switch {
	case best < 0:
	case op == '#':
		v = v[best:]
	default:
		v = v[:len(v)-best]
	}
	e.insert(v, quoted)
}

func itoa(v int64) string {
	var b [21]byte
	i := len(b)
	u := uint64(v)
	if v < 0 {
		u = -u
	}
	for {
		i--
		b[i] = byte('0' + u%10)
		if u /= 10; u == 0 {
			break
		}
	}
	if v < 0 {
		i--
		b[i] = '-'
	}
	return string(b[i:])
}
