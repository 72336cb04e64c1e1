package syntax

// The grammar (XCU 2.10) by recursive descent.

// maxDepth bounds the nesting of commands and substitutions, so that no script overflows the stack.
const maxDepth = 200

// Parser reads commands from one source.
type Parser struct {
	in    *input
	depth int

	tok   token
	start int // where the token begins
	word  *Word
	num   int

	// Alias returns the text of an alias; nil when there are none.
	Alias  func(name string) (string, bool)
	active []activeAlias
}

// NewParser reads from src; the first line has number line.
func NewParser(src Source, line int) *Parser {
	return &Parser{in: &input{src: src, line: line}}
}

// Line returns the number of the line that is read next.
func (p *Parser) Line() int { return p.in.line }

// Err returns the syntax error that ended the last Command, "" for none, and its line.
func (p *Parser) Err() (msg string, line int) { return p.in.err, p.in.errLine }

// Command reads a complete command: a list up to the end of its line. It returns nil at the end of the input and after a
// syntax error. Everything it allocated may be released before the next call.
func (p *Parser) Command() *List {
	in := p.in
	*in = input{src: in.src, line: in.line, eof: in.eof, buf: in.buf[:0:0]}
	p.active = nil
	p.tok = tNone
	for p.peek() == tNewline {
		p.tok = tNone
		in.buf, in.pos = in.buf[:0:0], 0
	}
	if p.peek() == tEOF {
		return nil
	}
	l := &List{}
	for p.item(l) {
		t := p.peek()
		for ; t == tNewline && in.pos < len(in.buf); t = p.peek() {
			p.next() // an alias of several lines: nothing of the text may be left over
		}
		if t == tNewline || t == tEOF {
			break
		}
	}
	if t := p.peek(); t != tNewline && t != tEOF {
		p.unexpected()
	}
	if in.err != "" {
		return nil
	}
	if len(in.pending) > 0 {
		p.readDocs()
	}
	return l
}

// Doc parses text as the body of a here-document: quotes are ordinary, expansions are not. Prompts are such text.
func Doc(text string) (*Word, string) {
	p := &Parser{in: &input{buf: []byte(text), line: 1}}
	w := p.doc()
	return w, p.in.err
}

// nested is a parser for a substitution inside a word of p: it shares the text, but not the token being read.
func (p *Parser) nested() *Parser {
	return &Parser{in: p.in, Alias: p.Alias, depth: p.depth}
}

func (p *Parser) checkDepth() {
	if p.depth > maxDepth {
		p.in.fail("Commands nest too deeply")
	}
}

func (p *Parser) peek() token {
	if p.tok == tNone {
		p.scan()
	}
	if p.in.err != "" {
		p.tok = tEOF
	}
	return p.tok
}

func (p *Parser) next() { p.tok = tNone }

func (p *Parser) accept(t token) bool {
	if p.peek() != t {
		return false
	}
	p.next()
	return true
}

func (p *Parser) skipNewlines() {
	for p.accept(tNewline) {
	}
}

// unexpected fails with the token at hand.
func (p *Parser) unexpected() {
	what := tokenNames[p.peek()]
	if p.tok == tWord {
		what = `"` + p.word.Lit() + `"`
		if p.word.Lit() == "" {
			what = "word"
		}
	}
	p.in.fail(what + " unexpected")
}

// keyword returns the reserved word at hand, "" if there is none. It is called only where one is recognised (XCU 2.4).
func (p *Parser) keyword() string {
	if p.peek() != tWord {
		return ""
	}
	if s := p.word.Lit(); IsReserved(s) {
		return s
	}
	return ""
}

func (p *Parser) expect(word string) {
	if p.keyword() != word {
		p.unexpected()
		if p.in.err != "" {
			p.in.err += ` (expecting "` + word + `")`
		}
		return
	}
	p.next()
}

// list parses commands until something that cannot begin one.
func (p *Parser) list() *List {
	l := &List{}
	p.skipNewlines()
	for p.item(l) {
		p.skipNewlines()
	}
	return l
}

// filled is list, which must not be empty.
func (p *Parser) filled() *List {
	l := p.list()
	if len(l.Items) == 0 {
		p.unexpected()
	}
	return l
}

// item adds one command with its separator to l; false: the list ends here.
func (p *Parser) item(l *List) bool {
	p.alias()
	switch p.peek() {
	case tEOF, tNewline, tRParen, tDSemi:
		return false
	case tWord:
		switch p.keyword() {
		case "}", "do", "done", "elif", "else", "esac", "fi", "then":
			return false
		}
	}
	start := p.start
	cmd := p.andOr()
	switch p.peek() {
	case tAmp:
		l.Items = append(l.Items, Item{cmd, true, p.text(start)})
		p.next()
	case tSemi:
		p.next()
		l.Items = append(l.Items, Item{Cmd: cmd})
	default:
		l.Items = append(l.Items, Item{Cmd: cmd})
		return p.tok == tNewline
	}
	return true
}

// text returns the source text from start to the token at hand, without blanks at its end.
func (p *Parser) text(start int) string {
	end := min(p.start, len(p.in.buf))
	for end > start && (p.in.buf[end-1] == ' ' || p.in.buf[end-1] == '\t' || p.in.buf[end-1] == '\n') {
		end--
	}
	if end < start {
		return ""
	}
	return string(p.in.buf[start:end])
}

func (p *Parser) andOr() Command {
	x := p.pipeline()
	for {
		t := p.peek()
		if t != tAndIf && t != tOrIf {
			return x
		}
		p.next()
		p.skipNewlines()
		p.alias()
		x = &Binary{t == tOrIf, x, p.pipeline()}
	}
}

func (p *Parser) pipeline() Command {
	p.peek()
	start := p.start
	negate := false
	for p.keyword() == "!" {
		p.next()
		p.alias()
		negate = !negate
	}
	first := p.command()
	if p.peek() != tPipe && !negate {
		return first
	}
	pl := &Pipeline{Negate: negate, Cmds: []Command{first}}
	for p.accept(tPipe) {
		p.skipNewlines()
		p.alias()
		pl.Cmds = append(pl.Cmds, p.command())
	}
	p.peek()
	pl.Text = p.text(start)
	return pl
}

// command parses one simple or compound command or function definition.
func (p *Parser) command() Command {
	p.depth++
	p.checkDepth()
	c := p.compound()
	p.depth--
	if c == nil {
		return p.simple()
	}
	var redirs []*Redirect
	for p.redirect(&redirs) {
	}
	if len(redirs) > 0 {
		return &Redirected{c, redirs}
	}
	return c
}

// compound parses a compound command, or returns nil if there is none.
func (p *Parser) compound() Command {
	if p.accept(tLParen) {
		body := p.filled()
		if !p.accept(tRParen) {
			p.unexpected()
		}
		return &Subshell{body}
	}
	switch p.keyword() {
	case "{":
		p.next()
		body := p.filled()
		p.expect("}")
		return &Group{body}
	case "if":
		return p.ifClause()
	case "while", "until":
		l := &Loop{Until: p.keyword() == "until"}
		p.next()
		l.Cond = p.filled()
		l.Body = p.doGroup()
		return l
	case "for":
		return p.forClause()
	case "case":
		return p.caseClause()
	case "!", "in", "":
		return nil
	}
	p.unexpected()
	return nil
}

func (p *Parser) doGroup() *List {
	p.expect("do")
	body := p.filled()
	p.expect("done")
	return body
}

func (p *Parser) ifClause() Command {
	p.next()
	c := &If{Cond: p.filled()}
	p.expect("then")
	c.Then = p.filled()
	switch p.keyword() {
	case "elif":
		c.Else = p.ifClause()
		return c
	case "else":
		p.next()
		c.Else = p.filled()
	}
	p.expect("fi")
	return c
}

func (p *Parser) forClause() Command {
	c := &For{Line: p.in.line}
	p.next()
	if p.peek() == tWord {
		c.Name = p.word.Lit()
	}
	if !IsName(c.Name) {
		p.in.fail("Bad for loop variable")
		return c
	}
	p.next()
	newline := p.peek() == tNewline
	p.skipNewlines()
	if p.keyword() == "in" {
		p.next()
		c.In = true
		for p.peek() == tWord {
			c.Words = append(c.Words, p.word)
			p.next()
		}
		if !p.accept(tSemi) && p.peek() != tNewline {
			p.unexpected()
		}
	} else if !newline {
		p.accept(tSemi)
	}
	p.skipNewlines()
	c.Body = p.doGroup()
	return c
}

func (p *Parser) caseClause() Command {
	c := &Case{Line: p.in.line}
	p.next()
	if p.peek() != tWord {
		p.unexpected()
		return c
	}
	c.Word = p.word
	p.next()
	p.skipNewlines()
	p.expect("in")
	p.skipNewlines()
	for p.keyword() != "esac" && p.in.err == "" {
		p.accept(tLParen)
		var item CaseItem
		for {
			if p.peek() != tWord {
				p.unexpected()
				return c
			}
			item.Patterns = append(item.Patterns, p.word)
			p.next()
			if !p.accept(tPipe) {
				break
			}
		}
		if !p.accept(tRParen) {
			p.unexpected()
		}
		item.Body = p.list()
		c.Items = append(c.Items, item)
		if !p.accept(tDSemi) {
			break
		}
		p.skipNewlines()
	}
	p.expect("esac")
	return c
}

// IsReserved reports whether a word is reserved (XCU 2.4).
func IsReserved(s string) bool {
	switch s {
	case "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while":
		return true
	}
	return false
}
