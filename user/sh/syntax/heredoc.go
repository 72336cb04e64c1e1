package syntax

// Here-documents (XCU 2.7.4).

type pendingDoc struct {
	redir *Redirect
	delim []byte
	strip bool // <<-: leading tabs go
	plain bool // the delimiter was quoted: no expansion
}

// hereDoc announces the document of r, whose delimiter is the word w.
func (p *Parser) hereDoc(r *Redirect, w *Word, strip bool) {
	d := &pendingDoc{redir: r, strip: strip}
	for i := range w.Parts {
		part := &w.Parts[i]
		if part.Kind != Literal {
			p.in.fail("Here-document delimiter with an expansion")
			return
		}
		d.plain = d.plain || part.Quoted
		d.delim = append(d.delim, part.Text...)
	}
	r.Target = &Word{}
	p.in.pending = append(p.in.pending, d)
}

// readDocs reads the announced documents; the newline before them has just been passed. The end of the input ends a
// document too.
func (p *Parser) readDocs() {
	in := p.in
	docs := in.pending
	in.pending = nil
	for _, d := range docs {
		in.begun = true
		line := in.line
		body := d.body(in)
		if d.plain {
			d.redir.Target.Parts = []Part{{Kind: Literal, Quoted: true, Text: string(body)}}
			continue
		}
		sub := &Parser{in: &input{buf: body, line: line}, Alias: p.Alias, depth: p.depth + 1}
		d.redir.Target.Parts = sub.doc().Parts
		if sub.in.err != "" {
			in.fail(sub.in.err)
		}
	}
}

// doc reads the whole input as a word in which only $ ` and \ are special.
func (p *Parser) doc() *Word {
	var b builder
	for c := p.in.peek(); c >= 0; c = p.in.peek() {
		p.quoted(&b, c, '\\')
	}
	return b.done()
}

// body collects the lines up to the delimiter.
func (d *pendingDoc) body(in *input) []byte {
	var body []byte
	continued := false
	for {
		line, ok := in.restOfLine()
		if !ok {
			return body
		}
		for d.strip && !continued && len(line) > 0 && line[0] == '\t' {
			line = line[1:]
		}
		text := line
		if n := len(text); n > 0 && text[n-1] == '\n' {
			text = text[:n-1]
		}
		if !continued && string(text) == string(d.delim) {
			return body
		}
		body = append(body, line...)
		continued = !d.plain && oddBackslashes(text) && len(text) < len(line)
	}
}

func oddBackslashes(line []byte) bool {
	n := 0
	for n < len(line) && line[len(line)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}
