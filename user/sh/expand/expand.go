// Package expand carries out word expansions (POSIX.1-2017 XCU 2.6): tilde, parameters, command substitution, arithmetic, field
// splitting, pathnames and quote removal. It is ordinary Go; everything it needs to know of the shell and of the system goes
// through Env, so it runs and is tested on the host.
//
// Memory: results are freshly allocated or parts of the values Env returned; nothing is kept between calls.
package expand

import (
	"galago/libc/match"
	"galago/user/sh/syntax"
)

// Env is what expansions need of the shell.
type Env interface {
	// Get returns a variable or a special or positional parameter, but not @ and *.
	Get(name string) (value string, ok bool)
	// Set assigns a variable; it returns a message on failure.
	Set(name, value string) (msg string)
	// Params returns the positional parameters.
	Params() []string
	// Command runs a command substitution and returns its output without the newlines at the end; a message if it could not run.
	Command(body *syntax.List) (output, msg string)
	// Home returns a user's home directory; "" is the present user.
	Home(user string) (dir string, ok bool)
	// NoUnset is set -u, NoGlob set -f.
	NoUnset() bool
	NoGlob() bool
	// ReadDir lists a directory; nil if it cannot be read.
	ReadDir(path string) []string
	// Exists reports whether a path exists (a dangling link does), or is a directory.
	Exists(path string, directory bool) bool
}

// field is a field under construction: its text, and the same as a pattern, with quoted characters escaped.
type field struct {
	text, pat []byte
	wild      bool // unquoted pattern characters
	begun     bool // counts even if empty: something was quoted
}

// Expander expands words. Err is the message of the first failure, after which results are meaningless.
type Expander struct {
	env    Env
	Err    string
	fields []string
	cur    field
	split  bool // unquoted expansions are split
	pats   bool // patterns are needed
	ifs    string
	space  bool // the last field ended at IFS white space
}

// New makes an expander.
func New(env Env) *Expander { return &Expander{env: env} }

func (e *Expander) fail(msg string) {
	if e.Err == "" {
		e.Err = msg
	}
}

// Fields expands the words of a command.
func (e *Expander) Fields(words []*syntax.Word) []string {
	e.fields = make([]string, 0, len(words)+4)
	e.split, e.pats = true, !e.env.NoGlob()
	v, ok := e.env.Get("IFS")
	if !ok {
		v = " \t\n"
	}
	e.ifs = v
	for _, w := range words {
		if w.Plain {
			e.fields = append(e.fields, w.Parts[0].Text)
			continue
		}
		e.word(w)
		e.endField(false)
		if e.Err != "" {
			break
		}
	}
	return e.fields
}

// String expands a word to one string: no splitting, no pathnames. Redirections, case subjects and here-documents want this.
func (e *Expander) String(w *syntax.Word) string {
	if w.Plain {
		return w.Parts[0].Text
	}
	return string(e.whole(w, false, false).text)
}

// Assignment is String with tildes behind colons too.
func (e *Expander) Assignment(w *syntax.Word) string {
	if w.Plain {
		return w.Parts[0].Text
	}
	return string(e.whole(w, false, true).text)
}

// Pattern expands a word to a pattern, in which quoted characters are escaped by backslashes.
func (e *Expander) Pattern(w *syntax.Word) string {
	if w.Plain && !hasBackslash(w.Parts[0].Text) {
		return w.Parts[0].Text
	}
	return string(e.whole(w, true, false).pat)
}

func hasBackslash(s string) bool {
	for i := range len(s) {
		if s[i] == '\\' {
			return true
		}
	}
	return false
}

// whole expands a word to one field, beside whatever is under construction.
func (e *Expander) whole(w *syntax.Word, pats, assign bool) field {
	saved := *e
	e.cur, e.split, e.pats = field{}, false, pats
	e.parts(w, true, assign)
	f := e.cur
	err := e.Err
	*e = saved
	e.Err = err
	return f
}

func (e *Expander) word(w *syntax.Word) { e.parts(w, true, false) }

// parts expands the parts of a word; tilde: at its beginning a tilde may stand, and with assign behind colons.
func (e *Expander) parts(w *syntax.Word, tilde, assign bool) {
	for i := range w.Parts {
		p := &w.Parts[i]
		if e.Err != "" {
			return
		}
		switch p.Kind {
		case syntax.Literal:
			switch {
			case p.Quoted:
				e.cur.begun = true
				e.add(p.Text, true)
			case tilde && (i == 0 || assign):
				e.tildes(p.Text, i == 0, assign, i == len(w.Parts)-1)
			default:
				e.add(p.Text, false)
			}
		case syntax.Param:
			e.param(p)
		case syntax.CommandSub:
			out, msg := e.env.Command(p.Body)
			if msg != "" {
				e.fail(msg)
				return
			}
			e.insert(out, p.Quoted)
		case syntax.Arithmetic:
			v, msg := Arith(e.env, e.String(p.Word))
			if e.Err == "" && msg != "" {
				e.fail(msg)
				return
			}
			e.insert(Itoa(v), p.Quoted)
		}
	}
}

// tildes adds literal text with the tildes in it expanded. A tilde prefix that reaches the end of the text counts only if the word
// ends there, since otherwise a part of it is quoted or expanded.
func (e *Expander) tildes(text string, first, assign, last bool) {
	for text != "" {
		if first && text[0] == '~' {
			n := 1
			for n < len(text) && text[n] != '/' && !(assign && text[n] == ':') {
				n++
			}
			if n < len(text) || last {
				if home, ok := e.env.Home(text[1:n]); ok {
					e.add(home, true)
					e.cur.begun = true
					text = text[n:]
					first = false
					continue
				}
			}
		}
		n := 1
		for n < len(text) && !(assign && text[n-1] == ':') {
			n++
		}
		e.add(text[:n], false)
		first = assign && text[n-1] == ':'
		text = text[n:]
	}
}

// add appends text to the field.
func (e *Expander) add(s string, quoted bool) {
	e.space = false
	e.cur.text = append(e.cur.text, s...)
	if !e.pats {
		return
	}
	for i := range len(s) {
		c := s[i]
		switch c {
		case '*', '?', '[':
			if quoted {
				e.cur.pat = append(e.cur.pat, '\\')
			} else {
				e.cur.wild = true
			}
		case ']', '\\', '-', '!', '^':
			if quoted {
				e.cur.pat = append(e.cur.pat, '\\')
			}
		}
		e.cur.pat = append(e.cur.pat, c)
	}
}

// endField finishes the field, if there is one; force makes an empty one count.
func (e *Expander) endField(force bool) bool {
	f := &e.cur
	if len(f.text) == 0 && !f.begun && !force {
		return false
	}
	if !f.wild || !e.glob(f) {
		e.fields = append(e.fields, string(f.text))
	}
	e.cur = field{}
	e.space = false
	return true
}

// insert adds the value of an expansion.
func (e *Expander) insert(s string, quoted bool) {
	if quoted {
		e.cur.begun = true
	}
	if quoted || !e.split {
		e.add(s, quoted)
		return
	}
	e.addSplit(s)
}

const (
	notIFS = iota
	whiteIFS
	otherIFS
)

func (e *Expander) ifsKind(c byte) int {
	for i := range len(e.ifs) {
		if e.ifs[i] == c {
			if c == ' ' || c == '\t' || c == '\n' {
				return whiteIFS
			}
			return otherIFS
		}
	}
	return notIFS
}

// addSplit adds unquoted text split at IFS (XCU 2.6.5): white space ends a field that has begun; any other separator ends one
// even if empty, and takes the white space around it along.
func (e *Expander) addSplit(s string) {
	start := 0
	for i := 0; i < len(s); i++ {
		kind := e.ifsKind(s[i])
		if kind == notIFS {
			continue
		}
		if i > start {
			e.add(s[start:i], false)
		}
		start = i + 1
		switch {
		case kind == whiteIFS:
			if e.endField(false) {
				e.space = true
			}
		case e.space:
			e.space = false
		default:
			e.endField(true)
		}
	}
	if start < len(s) {
		e.add(s[start:], false)
	}
}

// Match reports whether a string matches a pattern made by Pattern.
func Match(pattern, s string) bool { return match.Glob(pattern, s) }

// Itoa is the decimal form of v.
func Itoa(v int64) string {
	var b [20]byte
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
