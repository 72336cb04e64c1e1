package syntax

// Parameter expansions in braces (XCU 2.6.2).

// braces parses ${ … } behind its brace.
func (p *Parser) braces(b *builder, quoted bool) {
	in := p.in
	part := Part{Kind: Param, Quoted: quoted}
	if in.peek() == '#' {
		part.Text, part.Op = p.hash()
	} else {
		part.Text = p.paramName(true)
	}
	if part.Text == "" {
		in.fail("Bad substitution")
		return
	}
	if part.Op == OpNone && in.peek() != '}' {
		p.operator(&part)
		if in.err != "" {
			return
		}
		pattern := part.Op >= OpPrefix
		part.Word = p.operand(quoted && !pattern)
	}
	if !in.accept('}') {
		if in.peek() < 0 {
			in.fail("Missing '}'")
		} else {
			in.fail("Bad substitution")
		}
		return
	}
	b.part(part)
}

// hash parses what begins with ${#: the number of parameters, with or without an operator, or a length.
func (p *Parser) hash() (name string, op ParamOp) {
	in := p.in
	in.advance()
	switch c := in.peek(); c {
	case '}':
		return "#", OpNone
	case ':', '=', '+', '%':
		return "#", OpNone
	case '-', '?', '#':
		// ${#-} is the length of $-, but ${#-word} an operator on $#.
		pos := in.pos
		in.advance()
		if in.peek() == '}' {
			return string([]byte{byte(c)}), OpLength
		}
		in.pos = pos
		return "#", OpNone
	}
	return p.paramName(true), OpLength
}

var operators = [...]struct {
	c  byte
	op ParamOp
}{{'-', OpDefault}, {'=', OpAssign}, {'?', OpError}, {'+', OpAlternate}, {'#', OpPrefix}, {'%', OpSuffix}}

func (p *Parser) operator(part *Part) {
	in := p.in
	part.Colon = in.accept(':')
	for _, o := range operators {
		if !in.accept(o.c) {
			continue
		}
		part.Op = o.op
		if o.op >= OpPrefix {
			if part.Colon {
				break
			}
			if in.accept(o.c) {
				part.Op++
			}
		}
		return
	}
	in.fail("Bad substitution")
}

// operand reads the word behind an operator up to the closing brace. Inside double quotes single quotes are ordinary, and double
// quotes inside do not end the outer ones.
func (p *Parser) operand(quoted bool) *Word {
	in := p.in
	var b builder
	for {
		c := in.peek()
		switch {
		case c < 0 || c == '}':
			return b.done()
		case quoted && c == '"':
			p.doubleQuotes(&b)
		case quoted && c == '\\' && in.pos+1 < len(in.buf) && (in.buf[in.pos+1] == '}' || in.buf[in.pos+1] == '"'):
			in.advance()
			b.add(in.buf[in.pos], true)
			in.advance()
		case quoted:
			p.quoted(&b, c, '"')
		default:
			p.unquoted(&b, c)
		}
		if in.err != "" {
			return b.done()
		}
	}
}
