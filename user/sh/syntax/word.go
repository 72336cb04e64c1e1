package syntax

// Words: quoting (XCU 2.2) and the places of expansions (2.6).

// builder collects the parts of a word.
type builder struct {
	parts  []Part
	lit    []byte
	quoted bool // of lit
}

func (b *builder) add(c byte, quoted bool) {
	if quoted != b.quoted {
		b.flush()
		b.quoted = quoted
	}
	b.lit = append(b.lit, c)
}

func (b *builder) flush() {
	if len(b.lit) > 0 {
		b.parts = append(b.parts, Part{Kind: Literal, Quoted: b.quoted, Text: string(b.lit)})
		b.lit = nil
	}
}

func (b *builder) part(p Part) {
	b.flush()
	b.parts = append(b.parts, p)
}

// size changes whenever something is added.
func (b *builder) size() int { return len(b.parts)<<32 + len(b.lit) }

func (b *builder) done() *Word {
	b.flush()
	w := &Word{Parts: b.parts}
	w.Plain = isPlain(w.Lit())
	return w
}

func isPlain(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		switch s[i] {
		case '*', '?', '[', '~':
			return false
		}
	}
	return true
}

// scanWord reads a word up to a metacharacter.
func (p *Parser) scanWord() *Word {
	var b builder
	for c := p.in.peek(); !isMeta(c); c = p.in.peek() {
		p.unquoted(&b, c)
	}
	return b.done()
}

// unquoted reads what begins with c outside quotes.
func (p *Parser) unquoted(b *builder, c int) {
	in := p.in
	switch c {
	case '\\':
		in.advance()
		if d := in.raw(); d < 0 {
			b.add('\\', true)
		} else {
			in.advance()
			b.add(byte(d), true)
		}
	case '\'':
		p.singleQuotes(b)
	case '"':
		p.doubleQuotes(b)
	case '$':
		p.dollar(b, false)
	case '`':
		p.backquotes(b, false)
	default:
		in.advance()
		b.add(byte(c), false)
	}
}

func (p *Parser) singleQuotes(b *builder) {
	in := p.in
	in.advance()
	size := b.size()
	for {
		c := in.raw()
		if c < 0 {
			in.fail("Unterminated quoted string")
			return
		}
		in.advance()
		if c == '\'' {
			break
		}
		b.add(byte(c), true)
	}
	if b.size() == size {
		b.part(Part{Kind: Literal, Quoted: true})
	}
}

func (p *Parser) doubleQuotes(b *builder) {
	in := p.in
	in.advance()
	size := b.size()
	for {
		c := in.peek()
		if c < 0 {
			in.fail("Unterminated quoted string")
			return
		}
		if c == '"' {
			in.advance()
			break
		}
		p.quoted(b, c, '"')
	}
	if b.size() == size {
		b.part(Part{Kind: Literal, Quoted: true})
	}
}

// quoted reads what begins with c inside double quotes. A backslash escapes $ ` \ and the byte extra.
func (p *Parser) quoted(b *builder, c int, extra int) {
	in := p.in
	switch c {
	case '\\':
		in.advance()
		switch d := in.raw(); d {
		case '$', '`', '\\', extra:
			in.advance()
			b.add(byte(d), true)
		default:
			b.add('\\', true)
		}
	case '$':
		p.dollar(b, true)
	case '`':
		p.backquotes(b, true)
	default:
		in.advance()
		b.add(byte(c), true)
	}
}

// dollar reads the expansion that begins with $.
func (p *Parser) dollar(b *builder, quoted bool) {
	in := p.in
	in.advance()
	p.depth++
	p.checkDepth()
	defer p.leave()
	c := in.peek()
	switch {
	case c == '{':
		in.advance()
		p.braces(b, quoted)
	case c == '(':
		in.advance()
		if in.peek() == '(' {
			if w := p.arithmetic(); w != nil {
				b.part(Part{Kind: Arithmetic, Quoted: quoted, Word: w})
				return
			}
		}
		b.part(Part{Kind: CommandSub, Quoted: quoted, Body: p.substitution()})
	default:
		name := p.paramName(false)
		if name == "" {
			b.add('$', quoted)
			return
		}
		b.part(Part{Kind: Param, Quoted: quoted, Text: name})
	}
}

func (p *Parser) leave() { p.depth-- }

// paramName reads a name, a special parameter, or a positional one: of one digit, with long of several.
func (p *Parser) paramName(long bool) string {
	in := p.in
	c := in.peek()
	switch c {
	case '@', '*', '#', '?', '-', '$', '!':
		in.advance()
		return string([]byte{byte(c)})
	}
	var name []byte
	digit := c >= '0' && c <= '9'
	for c >= 0 && isNameByte(byte(c)) {
		if digit && (c < '0' || c > '9' || len(name) > 0 && !long) {
			break
		}
		name = append(name, byte(c))
		in.advance()
		c = in.peek()
	}
	return string(name)
}

// substitution parses $( … ) behind its parenthesis.
func (p *Parser) substitution() *List {
	sub := p.nested()
	l := sub.list()
	if sub.peek() != tRParen {
		sub.unexpected()
	}
	return l
}

// arithmetic parses $(( … )) behind $(, or returns nil when that is the beginning of a subshell in a command substitution.
func (p *Parser) arithmetic() *Word {
	in := p.in
	pos, line, err := in.pos, in.line, in.err
	in.advance()
	var b builder
	for depth := 0; ; {
		c := in.peek()
		switch c {
		case -1:
			in.pos, in.line, in.err = pos, line, err
			return nil
		case '(':
			depth++
		case ')':
			if depth == 0 {
				in.advance()
				if in.accept(')') {
					return b.done()
				}
				in.pos, in.line, in.err = pos, line, err
				return nil
			}
			depth--
		case '"':
			in.advance()
			continue
		}
		p.quoted(&b, c, '"')
	}
}

// backquotes parses ` … `: the text up to the closing one, freed of its backslashes, is a script of its own.
func (p *Parser) backquotes(b *builder, quoted bool) {
	in := p.in
	in.advance()
	line := in.line
	var text []byte
	for {
		c := in.raw()
		if c < 0 {
			in.fail("EOF in backquote substitution")
			return
		}
		in.advance()
		if c == '`' {
			break
		}
		if c == '\\' {
			if d := in.raw(); d == '`' || d == '\\' || d == '$' || d == '"' && quoted {
				in.advance()
				c = d
			}
		}
		text = append(text, byte(c))
	}
	sub := &Parser{in: &input{buf: text, line: line}, Alias: p.Alias, depth: p.depth + 1}
	sub.checkDepth()
	l := sub.list()
	if sub.peek() != tEOF {
		sub.unexpected()
	}
	if sub.in.err != "" {
		in.fail(sub.in.err)
	}
	b.part(Part{Kind: CommandSub, Quoted: quoted, Body: l})
}
