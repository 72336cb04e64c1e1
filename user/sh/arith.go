//go:build galago_user

package main

// Arithmetic expansion (POSIX.1-2017 XCU 2.6.4): C's integer expressions on int64, by precedence climbing.

type calc struct {
	s    string
	i    int
	skip int // > 0: inside an operand that is not evaluated
	bad  string
}

// arith evaluates an expression; on an error it fails the command and returns false.
func arith(s string) (int64, bool) {
	c := calc{s: s}
	c.blanks()
	if c.i == len(s) {
		return 0, true
	}
	v := c.expr(0)
	c.blanks()
	if c.bad == "" && c.i < len(s) {
		c.bad = "syntax error"
	}
	if c.bad != "" {
		fail("arithmetic expression: "+c.bad+": \""+s+"\"", 2)
		return 0, false
	}
	return v, true
}

func (c *calc) blanks() {
	for c.i < len(c.s) && (c.s[c.i] == ' ' || c.s[c.i] == '\t' || c.s[c.i] == '\n') {
		c.i++
	}
}

func (c *calc) err(msg string) int64 {
	if c.bad == "" {
		c.bad = msg
	}
	return 0
}

// binary operators with their precedence; longer ones first.
var binary = []struct {
	op   string
	prec int
}{
	{"<<", 9}, {">>", 9}, {"<=", 8}, {">=", 8}, {"==", 7}, {"!=", 7}, {"&&", 3}, {"||", 2},
	{"*", 11}, {"/", 11}, {"%", 11}, {"+", 10}, {"-", 10}, {"<", 8}, {">", 8}, {"&", 6}, {"^", 5}, {"|", 4}, {"?", 1},
}

func (c *calc) peekOp() (op string, prec int) {
	c.blanks()
	for _, b := range binary {
		n := len(b.op)
		if len(c.s)-c.i >= n && c.s[c.i:c.i+n] == b.op {
			// "+=" and the like belong to assignments, which the operand has taken already.
			return b.op, b.prec
		}
	}
	return "", -1
}

func (c *calc) expr(min int) int64 {
	left := c.unary()
	for c.bad == "" {
		op, prec := c.peekOp()
		if prec < 0 || prec < min {
			return left
		}
		c.i += len(op)
		switch op {
		case "?":
			left = c.ternary(left)
		case "&&", "||":
			short := (left != 0) == (op == "||")
			if short {
				c.skip++
			}
			right := c.expr(prec + 1)
			if short {
				c.skip--
				left = b2i(op == "||")
			} else {
				left = b2i(right != 0)
			}
		default:
			left = c.apply(op, left, c.expr(prec+1))
		}
	}
	return left
}

func (c *calc) ternary(cond int64) int64 {
	if cond == 0 {
		c.skip++
	}
	a := c.expr(0)
	if cond == 0 {
		c.skip--
	}
	c.blanks()
	if c.i >= len(c.s) || c.s[c.i] != ':' {
		return c.err("expecting ':'")
	}
	c.i++
	if cond != 0 {
		c.skip++
	}
	b := c.expr(1)
	if cond != 0 {
		c.skip--
		return a
	}
	return b
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (c *calc) apply(op string, a, b int64) int64 {
	switch op {
	case "*":
		return a * b
	case "/", "%":
		if b == 0 {
			if c.skip > 0 {
				return 0
			}
			return c.err("division by zero")
		}
		if b == -1 {
			if op == "/" {
				return -a
			}
			return 0
		}
		if op == "/" {
			return a / b
		}
		return a % b
	case "+":
		return a + b
	case "-":
		return a - b
	case "<<":
		return a << uint(b&63)
	case ">>":
		return a >> uint(b&63)
	case "<":
		return b2i(a < b)
	case ">":
		return b2i(a > b)
	case "<=":
		return b2i(a <= b)
	case ">=":
		return b2i(a >= b)
	case "==":
		return b2i(a == b)
	case "!=":
		return b2i(a != b)
	case "&":
		return a & b
	case "^":
		return a ^ b
	}
	return a | b
}

func (c *calc) unary() int64 {
	c.blanks()
	if c.i >= len(c.s) {
		return c.err("expecting primary")
	}
	switch ch := c.s[c.i]; ch {
	case '+', '-':
		if c.i+1 < len(c.s) && c.s[c.i+1] == ch {
			return c.preIncrement(ch)
		}
		c.i++
		v := c.unary()
		if ch == '-' {
			return -v
		}
		return v
	case '!':
		c.i++
		return b2i(c.unary() == 0)
	case '~':
		c.i++
		return ^c.unary()
	case '(':
		c.i++
		v := c.expr(0)
		c.blanks()
		if c.i >= len(c.s) || c.s[c.i] != ')' {
			return c.err("expecting ')'")
		}
		c.i++
		return v
	}
	if ch := c.s[c.i]; ch >= '0' && ch <= '9' {
		return c.number()
	}
	return c.variable()
}

func (c *calc) preIncrement(ch byte) int64 {
	c.i += 2
	c.blanks()
	name := c.name()
	if name == "" {
		return c.err("expecting primary")
	}
	d := int64(1)
	if ch == '-' {
		d = -1
	}
	v := c.value(name) + d
	c.assign(name, v)
	return v
}

func (c *calc) number() int64 {
	start := c.i
	for c.i < len(c.s) && (c.s[c.i] >= '0' && c.s[c.i] <= '9' || c.s[c.i]|32 >= 'a' && c.s[c.i]|32 <= 'z') {
		c.i++
	}
	v, ok := parseNumber(c.s[start:c.i])
	if !ok {
		return c.err("bad number")
	}
	return v
}

// parseNumber reads a decimal, octal (0…) or hexadecimal (0x…) constant.
func parseNumber(s string) (int64, bool) {
	base := int64(10)
	switch {
	case len(s) > 2 && s[0] == '0' && s[1]|32 == 'x':
		base, s = 16, s[2:]
	case len(s) > 1 && s[0] == '0':
		base, s = 8, s[1:]
	}
	v := int64(0)
	for i := range len(s) {
		d := int64(99)
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			d = int64(c - '0')
		case c|32 >= 'a' && c|32 <= 'f':
			d = int64(c|32-'a') + 10
		}
		if d >= base {
			return 0, false
		}
		v = v*base + d
	}
	return v, len(s) > 0
}

func (c *calc) name() string {
	n := c.i
	for n < len(c.s) && isName(c.s[c.i:n+1]) {
		n++
	}
	s := c.s[c.i:n]
	c.i = n
	return s
}

// value is a variable's number; an unset one is 0.
func (c *calc) value(name string) int64 {
	s, ok := getVar(name)
	if !ok && optNoUnset && c.skip == 0 {
		return c.err(name + ": parameter not set")
	}
	if s == "" {
		return 0
	}
	neg := false
	t := s
	for t != "" && (t[0] == ' ' || t[0] == '\t') {
		t = t[1:]
	}
	if t != "" && (t[0] == '-' || t[0] == '+') {
		neg = t[0] == '-'
		t = t[1:]
	}
	v, ok := parseNumber(t)
	if !ok {
		return c.err("bad number \"" + s + "\"")
	}
	if neg {
		return -v
	}
	return v
}

func (c *calc) assign(name string, v int64) {
	if c.skip == 0 && c.bad == "" && !setVar(name, itoa(v)) {
		c.err("read only")
	}
}

// variable is a name, perhaps with an assignment or an increment behind it.
func (c *calc) variable() int64 {
	name := c.name()
	if name == "" {
		return c.err("expecting primary")
	}
	c.blanks()
	rest := c.s[c.i:]
	has := func(s string) bool { return len(rest) >= len(s) && rest[:len(s)] == s }
	switch {
	case has("++"), has("--"):
		c.i += 2
		v := c.value(name)
		if rest[0] == '+' {
			c.assign(name, v+1)
		} else {
			c.assign(name, v-1)
		}
		return v
	case has("=") && !has("=="):
		c.i++
		v := c.expr(1)
		c.assign(name, v)
		return v
	}
	for _, op := range [...]string{"<<=", ">>=", "*=", "/=", "%=", "+=", "-=", "&=", "^=", "|="} {
		if has(op) {
			c.i += len(op)
			v := c.apply(op[:len(op)-1], c.value(name), c.expr(1))
			c.assign(name, v)
			return v
		}
	}
	if c.skip > 0 {
		return 0
	}
	return c.value(name)
}
