//go:build galago_user

package main

// The parser (POSIX.1-2017 XCU 2.10): recursive descent over the grammar of the shell.

type parser struct {
	lexer
	pending []pendingDoc
}

func (p *parser) isWord(s string) bool { return p.tok == tWord && p.text == s }
func (p *parser) isOp(s string) bool   { return p.tok == tOp && p.text == s }

func (p *parser) unexpected() {
	switch p.tok {
	case tEOF:
		p.fail("end of file unexpected")
	case tNewline:
		p.fail("newline unexpected")
	default:
		p.fail("\"" + p.text + "\" unexpected")
	}
}

func (p *parser) newlines() {
	for p.failed == "" && p.tok == tNewline {
		p.scan()
	}
}

// command reads one complete command line; nil at the end of the input. An error is in failed.
func (p *parser) command() *node {
	p.started = false
	for {
		p.scan()
		if p.tok == tEOF || p.failed != "" {
			return nil
		}
		if p.tok != tNewline {
			break
		}
	}
	p.started = true
	n := p.list(false)
	if p.failed == "" && p.tok != tNewline && p.tok != tEOF {
		p.unexpected()
	}
	p.started = false
	p.settle()
	return n
}

// list reads and-or lists separated by ; & and, inside compound commands, newlines.
func (p *parser) list(multiline bool) *node {
	seq := &node{kind: kSeq, line: p.line}
	for p.failed == "" {
		if multiline {
			p.newlines()
		}
		if p.endsList() {
			break
		}
		n := p.andOr()
		if p.failed != "" {
			return seq
		}
		switch {
		case p.isOp("&"):
			n = &node{kind: kAsync, list: []*node{n}, line: n.line}
			p.scan()
		case p.isOp(";"):
			p.scan()
		case multiline && p.tok == tNewline:
		default:
			seq.list = append(seq.list, n)
			return seq
		}
		seq.list = append(seq.list, n)
	}
	return seq
}

// endsList reports whether the token cannot begin a command.
func (p *parser) endsList() bool {
	switch p.tok {
	case tEOF, tNewline:
		return true
	case tOp:
		return p.text != "(" && p.text != "<" && p.text != ">" && p.text != ">>" && p.text != "<<" && p.text != "<<-" &&
			p.text != "<&" && p.text != ">&" && p.text != "<>" && p.text != ">|"
	case tWord:
		switch p.text {
		case "then", "else", "elif", "fi", "do", "done", "esac", "}":
			return true
		}
	}
	return false
}

func (p *parser) andOr() *node {
	n := p.pipeline()
	for p.failed == "" && (p.isOp("&&") || p.isOp("||")) {
		k := kAnd
		if p.text == "||" {
			k = kOr
		}
		p.scan()
		p.newlines()
		n = &node{kind: k, list: []*node{n, p.pipeline()}, line: n.line}
	}
	return n
}

func (p *parser) pipeline() *node {
	not := false
	for p.isWord("!") {
		not = !not
		p.scan()
	}
	n := p.simpleOrCompound()
	if p.failed == "" && p.isOp("|") {
		n = &node{kind: kPipe, list: []*node{n}, line: n.line}
		for p.failed == "" && p.isOp("|") {
			p.scan()
			p.newlines()
			n.list = append(n.list, p.simpleOrCompound())
		}
	}
	if not {
		n = &node{kind: kNot, list: []*node{n}, line: n.line}
	}
	return n
}

func (p *parser) simpleOrCompound() *node {
	n := &node{line: p.line}
	if p.tok == tOp && p.text == "(" {
		p.scan()
		n.kind, n.list = kSubshell, []*node{p.body()}
		p.expectOp(")")
		return p.redirections(n)
	}
	if p.tok != tWord {
		if p.tok == tOp && !p.endsList() || p.tok == tIONumber {
			return p.simple(n)
		}
		p.unexpected()
		return n
	}
	switch p.text {
	case "if":
		p.ifClause(n)
	case "while", "until":
		n.kind = kWhile
		if p.text == "until" {
			n.kind = kUntil
		}
		p.scan()
		cond := p.body()
		n.list = []*node{cond, p.doGroup()}
	case "for":
		p.forClause(n)
	case "case":
		p.caseClause(n)
	case "{":
		p.scan()
		n.kind, n.list = kGroup, []*node{p.body()}
		p.expectWord("}")
	case "then", "else", "elif", "fi", "do", "done", "esac", "}":
		p.unexpected()
		return n
	default:
		return p.simple(n)
	}
	return p.redirections(n)
}

// body is a list that may not be empty.
func (p *parser) body() *node {
	n := p.list(true)
	if p.failed == "" && len(n.list) == 0 {
		p.unexpected()
	}
	return n
}

func (p *parser) expectOp(s string) {
	if p.failed == "" && !p.isOp(s) {
		p.unexpected()
	}
	if p.failed == "" {
		p.scan()
	}
}

func (p *parser) expectWord(s string) {
	if p.failed == "" && !p.isWord(s) {
		p.unexpected()
	}
	if p.failed == "" {
		p.scan()
	}
}

func (p *parser) ifClause(n *node) {
	n.kind = kIf
	p.scan()
	cond := p.body()
	p.expectWord("then")
	n.list = []*node{cond, p.body()}
	if p.failed != "" {
		return
	}
	switch {
	case p.isWord("elif"):
		e := &node{line: p.line}
		p.ifClause(e)
		n.list = append(n.list, e)
		return // the inner clause took "fi"
	case p.isWord("else"):
		p.scan()
		n.list = append(n.list, p.body())
	}
	p.expectWord("fi")
}

func (p *parser) doGroup() *node {
	p.expectWord("do")
	n := p.body()
	p.expectWord("done")
	return n
}

func (p *parser) forClause(n *node) {
	n.kind = kFor
	p.scan()
	if p.tok != tWord || !isName(p.text) {
		p.fail("bad for loop variable")
		return
	}
	n.name = p.text
	p.scan()
	p.newlines()
	if p.isWord("in") {
		n.hasIn = true
		for p.scan(); p.tok == tWord; p.scan() {
			n.words = append(n.words, p.text)
		}
		if p.tok != tNewline && !p.isOp(";") {
			p.unexpected()
			return
		}
	}
	if p.isOp(";") {
		p.scan()
	}
	p.newlines()
	n.list = []*node{p.doGroup()}
}

func (p *parser) caseClause(n *node) {
	n.kind = kCase
	p.scan()
	if p.tok != tWord {
		p.unexpected()
		return
	}
	n.words = []string{p.text}
	p.scan()
	p.newlines()
	p.expectWord("in")
	p.newlines()
	for p.failed == "" && !p.isWord("esac") {
		var item caseItem
		if p.isOp("(") {
			p.scan()
		}
		for {
			if p.tok != tWord {
				p.unexpected()
				return
			}
			item.patterns = append(item.patterns, p.text)
			p.scan()
			if !p.isOp("|") {
				break
			}
			p.scan()
		}
		p.expectOp(")")
		item.body = p.list(true)
		n.cases = append(n.cases, item)
		if p.isOp(";;") {
			p.scan()
			p.newlines()
		} else if !p.isWord("esac") {
			p.unexpected()
		}
	}
	p.expectWord("esac")
}

// simple reads assignments, words and redirections, or a function definition.
func (p *parser) simple(n *node) *node {
	for p.failed == "" {
		switch {
		case p.tok == tWord:
			if len(n.words) == 0 && isAssign(p.text) {
				n.assigns = append(n.assigns, p.text)
				p.scan()
				continue
			}
			word := p.text
			p.scan()
			if len(n.words) == 0 && p.isOp("(") && len(n.assigns) == 0 && len(n.redirs) == 0 {
				return p.function(n, word)
			}
			n.words = append(n.words, word)
		case p.redirection(n):
		default:
			return n
		}
	}
	return n
}

func (p *parser) function(n *node, name string) *node {
	p.scan()
	p.expectOp(")")
	if !isName(name) {
		p.fail("bad function name")
		return n
	}
	p.newlines()
	n.kind, n.name = kFunc, name
	n.list = []*node{p.simpleOrCompound()}
	return n
}

func (p *parser) redirections(n *node) *node {
	for p.failed == "" && p.redirection(n) {
	}
	return n
}

// redirection reads one redirection, if there is one.
func (p *parser) redirection(n *node) bool {
	fd := -1
	if p.tok == tIONumber {
		fd = p.num
		p.scan()
	}
	if p.tok != tOp {
		return false
	}
	r := redir{fd: fd, op: p.text}
	switch p.text {
	case "<", "<<", "<<-", "<&", "<>":
		r.fd = max(fd, 0)
	case ">", ">>", ">&", ">|":
		if fd < 0 {
			r.fd = 1
		}
	default:
		return false
	}
	p.scan()
	if p.tok != tWord {
		p.unexpected()
		return true
	}
	r.target = p.text
	n.redirs = append(n.redirs, r)
	if r.op == "<<" || r.op == "<<-" {
		// The list may still grow and move; the body goes to a copy that is found again through its address.
		d := &redir{op: r.op, target: r.target}
		n.redirs[len(n.redirs)-1].target = ""
		p.docs = append(p.docs, d)
		p.pending = append(p.pending, pendingDoc{n, len(n.redirs) - 1, d})
	}
	p.scan()
	return true
}

// pendingDoc ties a here-document to its redirection.
type pendingDoc struct {
	n   *node
	i   int
	doc *redir
}

// settle copies here-documents that have been read into their redirections.
func (p *parser) settle() {
	for _, d := range p.pending {
		r := &d.n.redirs[d.i]
		r.op, r.target, r.quoted = "<<", d.doc.target, d.doc.quoted
	}
	p.pending = nil
}

func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return len(s) > 0
}

// isAssign reports whether a word has the form NAME=….
func isAssign(s string) bool {
	for i := range len(s) {
		if s[i] == '=' {
			return isName(s[:i])
		}
	}
	return false
}

func splitAssign(s string) (name, value string) {
	i := 0
	for s[i] != '=' {
		i++
	}
	return s[:i], s[i+1:]
}
