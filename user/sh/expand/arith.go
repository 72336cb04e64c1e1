package expand

import "galago/user/sh/syntax"

// Arithmetic (XCU 2.6.4): the integer operators of C (ISO C11 6.5) on signed 64-bit numbers, with assignments to variables.

// maxNesting bounds parentheses, chains of ?: and variables that contain expressions.
const maxNesting = 100

type arith struct {
	env   Env
	s     string
	i     int
	skip  int // > 0: parse without evaluating (the other side of && || ?:)
	depth int
	err   string
}

// Arith evaluates an expression; msg tells why it could not.
func Arith(env Env, expr string) (v int64, msg string) { return evaluate(env, expr, 0) }

func evaluate(env Env, expr string, depth int) (int64, string) {
	a := arith{env: env, s: expr, depth: depth}
	a.blanks()
	if a.i == len(a.s) {
		return 0, ""
	}
	v := a.comma()
	if a.err == "" && a.i < len(a.s) {
		a.err = "unexpected \"" + a.s[a.i:] + "\""
	}
	if a.err != "" {
		return 0, "arithmetic expression: " + a.err + ": \"" + expr + "\""
	}
	return v, ""
}

func (a *arith) fail(msg string) int64 {
	if a.err == "" {
		a.err = msg
	}
	a.i = len(a.s)
	return 0
}

func (a *arith) blanks() {
	for a.i < len(a.s) && (a.s[a.i] == ' ' || a.s[a.i] == '\t' || a.s[a.i] == '\n') {
		a.i++
	}
}

// byteAt returns the byte k places on, 0 at the end.
func (a *arith) byteAt(k int) byte {
	if a.i+k < len(a.s) {
		return a.s[a.i+k]
	}
	return 0
}

// take passes n bytes and the blanks after them.
func (a *arith) take(n int) {
	a.i += n
	a.blanks()
}

func (a *arith) comma() int64 {
	v := a.assignment()
	for a.byteAt(0) == ',' {
		a.take(1)
		v = a.assignment()
	}
	return v
}

// assignOp recognises an assignment operator: its length and the binary operator in it, "" for =.
func (a *arith) assignOp() (op string, n int) {
	c, d, f := a.byteAt(0), a.byteAt(1), a.byteAt(2)
	switch {
	case c == '=' && d != '=':
		return "", 1
	case d == '=':
		switch c {
		case '+', '-', '*', '/', '%', '&', '|', '^':
			return a.s[a.i : a.i+1], 2
		}
	case f == '=' && c == d && (c == '<' || c == '>'):
		return a.s[a.i : a.i+2], 3
	}
	return "", 0
}

func (a *arith) name() string {
	n := a.i
	for n < len(a.s) && syntax.IsName(a.s[a.i:n+1]) {
		n++
	}
	return a.s[a.i:n]
}

func (a *arith) assignment() int64 {
	if a.depth++; a.depth > maxNesting {
		return a.fail("too deeply nested")
	}
	defer a.leave()
	start := a.i
	if name := a.name(); name != "" {
		a.take(len(name))
		if op, n := a.assignOp(); n > 0 {
			a.take(n)
			v := a.assignment()
			if op != "" {
				v = a.binary(op, a.variable(name), v)
			}
			a.store(name, v)
			return v
		}
		a.i = start
	}
	return a.conditional()
}

func (a *arith) leave() { a.depth-- }

func (a *arith) store(name string, v int64) {
	if a.skip > 0 || a.err != "" {
		return
	}
	if msg := a.env.Set(name, Itoa(v)); msg != "" {
		a.fail(msg)
	}
}

// variable is a variable's value as a number: 0 if unset, an expression if it is not a number.
func (a *arith) variable(name string) int64 {
	if a.skip > 0 || a.err != "" {
		return 0
	}
	s, ok := a.env.Get(name)
	if !ok && a.env.NoUnset() {
		return a.fail(name + ": parameter not set")
	}
	if a.depth+1 > maxNesting {
		return a.fail("too deeply nested")
	}
	v, msg := evaluate(a.env, s, a.depth+1)
	if msg != "" {
		a.fail("illegal number: " + s)
	}
	return v
}

func (a *arith) conditional() int64 {
	c := a.level(0)
	if a.byteAt(0) != '?' {
		return c
	}
	a.take(1)
	yes := a.unless(c == 0, true)
	if a.byteAt(0) != ':' {
		return a.fail("expecting ':'")
	}
	a.take(1)
	no := a.unless(c != 0, false)
	if c != 0 {
		return yes
	}
	return no
}

// unless parses an operand of ?: and evaluates it only if skip is false.
func (a *arith) unless(skip, comma bool) int64 {
	if skip {
		a.skip++
		defer a.unskip()
	}
	if comma {
		return a.comma()
	}
	if a.depth++; a.depth > maxNesting {
		return a.fail("too deeply nested")
	}
	defer a.leave()
	return a.conditional()
}

func (a *arith) unskip() { a.skip-- }

// levels are the binary operators by rising precedence; a longer operator stands before its prefix.
var levels = [...][]string{{"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<=", ">=", "<", ">"}, {"<<", ">>"}, {"+", "-"},
	{"*", "/", "%"}}

// operator returns the operator of a level at hand, "" if there is none.
func (a *arith) operator(k int) string {
	if _, n := a.assignOp(); n > 0 {
		return ""
	}
	for _, op := range levels[k] {
		if len(a.s)-a.i < len(op) || a.s[a.i:a.i+len(op)] != op {
			continue
		}
		next := a.byteAt(1)
		if len(op) == 1 && (op == "|" || op == "&" || op == "<" || op == ">") && next == op[0] {
			continue // ||, &&, << and >> belong elsewhere
		}
		return op
	}
	return ""
}

func (a *arith) level(k int) int64 {
	if k == len(levels) {
		return a.unary()
	}
	v := a.level(k + 1)
	for a.err == "" {
		op := a.operator(k)
		if op == "" {
			break
		}
		a.take(len(op))
		dead := op == "&&" && v == 0 || op == "||" && v != 0
		if dead {
			a.skip++
		}
		w := a.level(k + 1)
		if dead {
			a.skip--
		}
		v = a.binary(op, v, w)
	}
	return v
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (a *arith) binary(op string, v, w int64) int64 {
	switch op {
	case "||":
		return truth(v != 0 || w != 0)
	case "&&":
		return truth(v != 0 && w != 0)
	case "|":
		return v | w
	case "^":
		return v ^ w
	case "&":
		return v & w
	case "==":
		return truth(v == w)
	case "!=":
		return truth(v != w)
	case "<":
		return truth(v < w)
	case "<=":
		return truth(v <= w)
	case ">":
		return truth(v > w)
	case ">=":
		return truth(v >= w)
	case "<<":
		return v << (uint64(w) & 63)
	case ">>":
		return v >> (uint64(w) & 63)
	case "+":
		return v + w
	case "-":
		return v - w
	case "*":
		return v * w
	}
	if w == 0 {
		if a.skip > 0 {
			return 0
		}
		return a.fail("division by zero")
	}
	if w == -1 { // the most negative number has no counterpart
		if op == "/" {
			return -v
		}
		return 0
	}
	if op == "/" {
		return v / w
	}
	return v % w
}

func (a *arith) unary() int64 {
	c, d := a.byteAt(0), a.byteAt(1)
	switch c {
	case '+', '-', '!', '~':
		if a.depth++; a.depth > maxNesting {
			return a.fail("too deeply nested")
		}
		defer a.leave()
		if d == c && (c == '+' || c == '-') {
			return a.prefix(c)
		}
		a.take(1)
		v := a.unary()
		switch c {
		case '-':
			return -v
		case '!':
			return truth(v == 0)
		case '~':
			return ^v
		}
		return v
	}
	return a.primary()
}

// prefix is ++name or --name; before anything else the two signs stand alone.
func (a *arith) prefix(c byte) int64 {
	a.take(1)
	start := a.i
	a.take(1)
	name := a.name()
	if name == "" {
		a.i = start
		v := a.unary()
		if c == '-' {
			return -v
		}
		return v
	}
	a.take(len(name))
	v := a.variable(name) + 1
	if c == '-' {
		v -= 2
	}
	a.store(name, v)
	return v
}

func (a *arith) primary() int64 {
	switch c := a.byteAt(0); {
	case c == '(':
		a.take(1)
		v := a.comma()
		if a.byteAt(0) != ')' {
			return a.fail("expecting ')'")
		}
		a.take(1)
		return v
	case c >= '0' && c <= '9':
		return a.number()
	}
	name := a.name()
	if name == "" {
		return a.fail("expecting primary")
	}
	a.take(len(name))
	v := a.variable(name)
	if c := a.byteAt(0); (c == '+' || c == '-') && a.byteAt(1) == c {
		a.take(2)
		if c == '+' {
			a.store(name, v+1)
		} else {
			a.store(name, v-1)
		}
	}
	return v
}

// number reads a decimal, octal (0…) or hexadecimal (0x…) constant.
func (a *arith) number() int64 {
	n := a.i
	for n < len(a.s) && digit(a.s[n]) < 36 {
		n++
	}
	v, ok := ParseInt(a.s[a.i:n])
	if !ok {
		return a.fail("illegal number")
	}
	a.take(n - a.i)
	return v
}

// ParseInt reads a C integer constant with an optional sign; values out of range saturate.
func ParseInt(s string) (v int64, ok bool) {
	neg := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	base := uint64(10)
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		base, s = 16, s[2:]
	} else if len(s) > 1 && s[0] == '0' {
		base, s = 8, s[1:]
	}
	if s == "" {
		return 0, false
	}
	const most = 1<<63 - 1
	var u uint64
	for i := range len(s) {
		d := uint64(digit(s[i]))
		if d >= base {
			return 0, false
		}
		if u > (most-d)/base {
			u = most
		} else {
			u = u*base + d
		}
	}
	if neg {
		return -int64(u), true
	}
	return int64(u), true
}

func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return 255
}
