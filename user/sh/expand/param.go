package expand

import "galago/user/sh/syntax"

// Parameter expansion (XCU 2.6.2).

// param expands $name or ${name…}.
func (e *Expander) param(p *syntax.Part) {
	switch p.Op {
	case syntax.OpNone:
		e.plainParam(p.Text, p.Quoted)
	case syntax.OpLength:
		e.length(p)
	case syntax.OpDefault, syntax.OpAssign, syntax.OpError, syntax.OpAlternate:
		e.conditional(p)
	default:
		e.trim(p)
	}
}

func isAll(name string) bool { return name == "@" || name == "*" }

// value returns a parameter; set -u makes an unset one a failure.
func (e *Expander) value(name string) (string, bool) {
	v, ok := e.env.Get(name)
	if !ok && e.env.NoUnset() {
		e.fail(name + ": parameter not set")
	}
	return v, ok
}

func (e *Expander) plainParam(name string, quoted bool) {
	if isAll(name) {
		e.allParams(name == "@", quoted)
		return
	}
	v, _ := e.value(name)
	if e.Err == "" {
		e.insert(v, quoted)
	}
}

// allParams expands $@ and $*: to fields of their own where fields are made, but "$*" to one.
func (e *Expander) allParams(at, quoted bool) {
	list := e.env.Params()
	if e.split && (at || !quoted) {
		for i, s := range list {
			if i > 0 {
				e.endField(quoted)
				e.space = false
			}
			e.insert(s, quoted)
		}
		return
	}
	e.insert(e.join(list, at), quoted)
}

// join puts the first character of IFS between the parameters, for $@ a blank.
func (e *Expander) join(list []string, at bool) string {
	sep := " "
	if ifs, ok := e.env.Get("IFS"); ok && !at {
		sep = ifs[:min(1, len(ifs))]
	}
	var b []byte
	for i, s := range list {
		if i > 0 {
			b = append(b, sep...)
		}
		b = append(b, s...)
	}
	return string(b)
}

func (e *Expander) length(p *syntax.Part) {
	n := len(e.env.Params())
	if !isAll(p.Text) {
		v, _ := e.value(p.Text)
		n = len(v)
	}
	if e.Err == "" {
		e.insert(Itoa(int64(n)), p.Quoted)
	}
}

// conditional expands the operators that test whether the parameter is set, or with a colon, set and not null.
func (e *Expander) conditional(p *syntax.Part) {
	v, ok := "", false
	if isAll(p.Text) {
		list := e.env.Params()
		v, ok = e.join(list, true), len(list) > 0
	} else {
		v, ok = e.env.Get(p.Text)
	}
	set := ok && !(p.Colon && v == "")
	switch {
	case p.Op == syntax.OpAlternate:
		if set {
			e.operand(p)
		} else if p.Quoted {
			e.cur.begun = true
		}
	case set:
		if isAll(p.Text) {
			e.allParams(p.Text == "@", p.Quoted)
		} else {
			e.insert(v, p.Quoted)
		}
	case p.Op == syntax.OpDefault:
		e.operand(p)
	case p.Op == syntax.OpAssign:
		e.assign(p)
	default:
		msg := e.String(p.Word)
		if msg == "" {
			msg = "parameter not set"
			if p.Colon {
				msg += " or null"
			}
		}
		e.fail(p.Text + ": " + msg)
	}
}

func (e *Expander) assign(p *syntax.Part) {
	if !syntax.IsName(p.Text) {
		e.fail(p.Text + ": bad variable name")
		return
	}
	v := e.Assignment(p.Word)
	if e.Err != "" {
		return
	}
	if msg := e.env.Set(p.Text, v); msg != "" {
		e.fail(msg)
		return
	}
	e.insert(v, p.Quoted)
}

// operand expands the word of an operator in place. Its unquoted text is subject to field splitting, as the result of an expansion.
func (e *Expander) operand(p *syntax.Part) {
	if p.Quoted && !startsWithAt(p.Word) {
		e.cur.begun = true
	}
	w := p.Word
	for i := range w.Parts {
		q := &w.Parts[i]
		if q.Kind != syntax.Literal || q.Quoted || !e.split {
			one := syntax.Word{Parts: w.Parts[i : i+1]}
			e.parts(&one, i == 0, false)
			continue
		}
		text := q.Text
		if i == 0 && text != "" && text[0] == '~' {
			one := syntax.Word{Parts: w.Parts[i : i+1]}
			e.parts(&one, true, false)
			continue
		}
		e.addSplit(text)
	}
}

// startsWithAt reports whether a word is $@ and nothing else: quoted, it makes no field when there are no parameters.
func startsWithAt(w *syntax.Word) bool {
	return len(w.Parts) == 1 && w.Parts[0].Kind == syntax.Param && w.Parts[0].Text == "@"
}

// trim removes the part of a value at its beginning or end that matches a pattern.
func (e *Expander) trim(p *syntax.Part) {
	v := ""
	if isAll(p.Text) {
		v = e.join(e.env.Params(), p.Text == "@")
	} else {
		v, _ = e.value(p.Text)
	}
	pat := e.Pattern(p.Word)
	if e.Err != "" {
		return
	}
	e.insert(Trim(v, pat, p.Op), p.Quoted)
}

// Trim applies one of the operators # ## % %% to a value.
func Trim(v, pat string, op syntax.ParamOp) string {
	longest := op == syntax.OpPrefixLong || op == syntax.OpSuffixLong
	suffix := op == syntax.OpSuffix || op == syntax.OpSuffixLong
	for k := range len(v) + 1 {
		n := k
		if longest {
			n = len(v) - k
		}
		if suffix {
			if Match(pat, v[len(v)-n:]) {
				return v[:len(v)-n]
			}
		} else if Match(pat, v[:n]) {
			return v[n:]
		}
	}
	return v
}
