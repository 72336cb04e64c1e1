package syntax

// Tokens (XCU 2.3).

type token uint8

const (
	tNone token = iota // not read yet
	tEOF
	tNewline
	tWord
	tIONumber
	tSemi
	tDSemi
	tAmp
	tAndIf
	tPipe
	tOrIf
	tLParen
	tRParen
	tLess
	tGreat
	tDLess
	tDLessDash
	tDGreat
	tLessAnd
	tGreatAnd
	tLessGreat
	tClobber
)

var tokenNames = [...]string{tEOF: "end of file", tNewline: "newline", tWord: "word", tIONumber: "number", tSemi: `";"`, tDSemi: `";;"`,
	tAmp: `"&"`, tAndIf: `"&&"`, tPipe: `"|"`, tOrIf: `"||"`, tLParen: `"("`, tRParen: `")"`, tLess: `"<"`, tGreat: `">"`,
	tDLess: `"<<"`, tDLessDash: `"<<-"`, tDGreat: `">>"`, tLessAnd: `"<&"`, tGreatAnd: `">&"`, tLessGreat: `"<>"`, tClobber: `">|"`}

func isMeta(c int) bool {
	switch c {
	case -1, ' ', '\t', '\n', ';', '&', '|', '<', '>', '(', ')':
		return true
	}
	return false
}

// skipBlanks passes blanks and comments.
func (in *input) skipBlanks() {
	for {
		switch in.peek() {
		case ' ', '\t':
			in.advance()
		case '#':
			for c := in.raw(); c >= 0 && c != '\n'; c = in.raw() {
				in.advance()
			}
			return
		default:
			return
		}
	}
}

// scan reads the next token into p.tok, and p.word or p.num.
func (p *Parser) scan() {
	in := p.in
	in.skipBlanks()
	c := in.peek()
	p.start = in.pos
	switch {
	case c < 0:
		p.tok = tEOF
		return
	case c == '\n':
		in.advance()
		p.tok = tNewline
		p.readDocs()
		return
	}
	in.begun = true
	if isMeta(c) {
		in.advance()
		p.tok = in.operator(c)
		return
	}
	p.word = p.scanWord()
	p.tok = tWord
	if c := in.peek(); c == '<' || c == '>' {
		if n, ok := ioNumber(p.word.Lit()); ok {
			p.tok, p.num = tIONumber, n
		}
	}
}

// operator completes the operator that begins with c.
func (in *input) operator(c int) token {
	switch c {
	case ';':
		if in.accept(';') {
			return tDSemi
		}
		return tSemi
	case '&':
		if in.accept('&') {
			return tAndIf
		}
		return tAmp
	case '|':
		if in.accept('|') {
			return tOrIf
		}
		return tPipe
	case '(':
		return tLParen
	case ')':
		return tRParen
	case '<':
		switch {
		case in.accept('<'):
			if in.accept('-') {
				return tDLessDash
			}
			return tDLess
		case in.accept('&'):
			return tLessAnd
		case in.accept('>'):
			return tLessGreat
		}
		return tLess
	}
	switch {
	case in.accept('>'):
		return tDGreat
	case in.accept('&'):
		return tGreatAnd
	case in.accept('|'):
		return tClobber
	}
	return tGreat
}

func ioNumber(s string) (int, bool) {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, len(s) > 0 && len(s) < 6
}
