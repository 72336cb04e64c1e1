package syntax

// Simple commands, redirections, function definitions and aliases.

// simple parses a simple command or a function definition.
func (p *Parser) simple() Command {
	p.peek()
	c := &Simple{Line: p.in.line}
	for {
		if p.redirect(&c.Redirs) {
			continue
		}
		switch p.peek() {
		case tWord:
			w := p.word
			if a, ok := SplitAssign(w); ok && len(c.Words) == 0 {
				c.Assigns = append(c.Assigns, a)
				p.next()
				p.alias()
				continue
			}
			if len(c.Words) > 0 && p.afterBlank() {
				p.alias()
				if p.peek() != tWord {
					continue
				}
			}
			c.Words = append(c.Words, p.word)
			p.next()
			continue
		case tLParen:
			if len(c.Words) == 1 && len(c.Assigns)+len(c.Redirs) == 0 {
				return p.function(c.Words[0].Lit())
			}
			p.unexpected()
		}
		if len(c.Words)+len(c.Assigns)+len(c.Redirs) == 0 {
			p.unexpected()
		}
		return c
	}
}

func (p *Parser) function(name string) Command {
	p.next()
	if !p.accept(tRParen) {
		p.unexpected()
	}
	if !IsName(name) {
		p.in.fail("Bad function name")
	}
	p.skipNewlines()
	body := p.command()
	switch body.(type) {
	case *Simple, *FuncDef:
		if p.in.err == "" {
			p.in.fail("Function body is not a compound command")
		}
	}
	return &FuncDef{name, body}
}

// SplitAssign splits NAME=value.
func SplitAssign(w *Word) (a Assign, ok bool) {
	if len(w.Parts) == 0 {
		return a, false
	}
	first := &w.Parts[0]
	if first.Kind != Literal || first.Quoted {
		return a, false
	}
	text := first.Text
	n := 0
	for n < len(text) && text[n] != '=' {
		n++
	}
	if n == len(text) || !IsName(text[:n]) {
		return a, false
	}
	v := &Word{Parts: w.Parts[1:]}
	if n+1 < len(text) {
		v.Parts = append([]Part{{Kind: Literal, Text: text[n+1:]}}, v.Parts...)
	}
	v.Plain = isPlain(v.Lit())
	return Assign{text[:n], v}, true
}

// redirect parses one redirection onto list, if there is one.
func (p *Parser) redirect(list *[]*Redirect) bool {
	fd := -1
	if p.peek() == tIONumber {
		fd = p.num
		p.next()
	}
	r := &Redirect{FD: 1}
	t := p.peek()
	switch t {
	case tLess:
		r.FD, r.Op = 0, Input
	case tDLess, tDLessDash:
		r.FD, r.Op = 0, HereDoc
	case tLessGreat:
		r.FD, r.Op = 0, ReadWrite
	case tLessAnd:
		r.FD, r.Op = 0, DupInput
	case tGreat:
		r.Op = Output
	case tClobber:
		r.Op = Clobber
	case tDGreat:
		r.Op = Append
	case tGreatAnd:
		r.Op = DupOutput
	default:
		if fd >= 0 {
			p.unexpected()
		}
		return false
	}
	if fd >= 0 {
		r.FD = fd
	}
	p.next()
	if p.peek() == tIONumber { // 2>&1>file: the word is followed by < or >
		p.word = &Word{Parts: []Part{{Kind: Literal, Text: itoa(p.num)}}, Plain: true}
	} else if p.tok != tWord {
		p.unexpected()
		return false
	}
	r.Target = p.word
	if r.Op == HereDoc {
		p.hereDoc(r, p.word, t == tDLessDash)
	}
	p.next()
	*list = append(*list, r)
	return true
}

func itoa(n int) string {
	if n < 10 {
		return string([]byte{byte('0' + n)})
	}
	return itoa(n/10) + itoa(n%10)
}

// activeAlias is an alias being substituted: it is not substituted again while more than rest bytes of text are left, and after
// it the next word is tried too if its text ends in a blank.
type activeAlias struct {
	name  string
	rest  int
	blank bool
}

// alias replaces the word at hand, in the place of a command's name, if it is an alias (XCU 2.3.1).
func (p *Parser) alias() {
	for p.Alias != nil && p.peek() == tWord {
		name := p.word.Lit()
		if name == "" || p.isActive(name) {
			return
		}
		text, ok := p.Alias(name)
		if !ok {
			return
		}
		in := p.in
		tail := append([]byte(nil), in.buf[in.pos:]...)
		in.buf = append(append(in.buf[:p.start:p.start], text...), tail...)
		in.pos = p.start
		p.active = append(p.active, activeAlias{name, len(tail), text != "" && isBlank(text[len(text)-1])})
		p.next()
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// afterBlank reports whether the word at hand is the first one behind an alias that ends in a blank.
func (p *Parser) afterBlank() bool {
	left := len(p.in.buf) - p.start
	for i := range p.active {
		if a := &p.active[i]; a.blank && left <= a.rest {
			a.blank = false
			return true
		}
	}
	return false
}

func (p *Parser) isActive(name string) bool {
	left := len(p.in.buf) - p.start
	for _, a := range p.active {
		if a.name == name && left > a.rest {
			return true
		}
	}
	return false
}
