//go:build galago_user

// Package cond evaluates the expressions of test(1), for the utility and the shell's built-in.
package cond

import "galago/libc/sys"

// Eval evaluates an expression by the number of its operands (POSIX.1-2017 XCU test); longer ones with -a, -o and parentheses.
// msg is set when it is no expression.
func Eval(args []string) (result bool, msg string) {
	e := eval{args: args}
	if len(args) == 0 {
		return false, ""
	}
	switch len(args) {
	case 3: // a binary operator decides, whatever the operands look like
		if isBinary(args[1]) {
			return e.compare(args[0], args[1], args[2]), e.msg
		}
		if args[0] == "!" {
			r, m := Eval(args[1:])
			return !r, m
		}
		if args[0] == "(" && args[2] == ")" {
			return args[1] != "", ""
		}
	case 4:
		if args[0] == "!" {
			r, m := Eval(args[1:])
			return !r, m
		}
	}
	result = e.or()
	if e.msg == "" && e.i < len(args) {
		e.msg = args[e.i] + ": unexpected operator"
	}
	return result, e.msg
}

type eval struct {
	args []string
	i    int
	msg  string
}

func (e *eval) fail(msg string) bool {
	if e.msg == "" {
		e.msg = msg
	}
	return false
}

func (e *eval) or() bool {
	r := e.and()
	for e.msg == "" && e.i < len(e.args) && e.args[e.i] == "-o" {
		e.i++
		s := e.and()
		r = r || s
	}
	return r
}

func (e *eval) and() bool {
	r := e.not()
	for e.msg == "" && e.i < len(e.args) && e.args[e.i] == "-a" {
		e.i++
		s := e.not()
		r = r && s
	}
	return r
}

func (e *eval) not() bool {
	if e.i < len(e.args) && e.args[e.i] == "!" && len(e.args)-e.i > 1 {
		e.i++
		return !e.not()
	}
	return e.primary()
}

func (e *eval) primary() bool {
	if e.i >= len(e.args) {
		return e.fail("argument expected")
	}
	left := len(e.args) - e.i
	a := e.args[e.i]
	switch {
	case left >= 3 && isBinary(e.args[e.i+1]):
		e.i += 3
		return e.compare(a, e.args[e.i-2], e.args[e.i-1])
	case left >= 2 && isUnary(a):
		e.i += 2
		return e.unary(a[1], e.args[e.i-1])
	case a == "(" && left >= 3:
		e.i++
		r := e.or()
		if e.i >= len(e.args) || e.args[e.i] != ")" {
			return e.fail("closing paren expected")
		}
		e.i++
		return r
	}
	e.i++
	return a != ""
}

func isBinary(s string) bool {
	switch s {
	case "=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef":
		return true
	}
	return false
}

func isUnary(s string) bool {
	if len(s) != 2 || s[0] != '-' {
		return false
	}
	switch s[1] {
	case 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'L', 'k', 'n', 'p', 'r', 'S', 's', 't', 'u', 'w', 'x', 'z', 'O', 'G':
		return true
	}
	return false
}

func (e *eval) compare(a, op, b string) bool {
	switch op {
	case "=", "==":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case ">":
		return a > b
	case "-nt", "-ot", "-ef":
		return files(a, op, b)
	}
	x, y := e.number(a), e.number(b)
	if e.msg != "" {
		return false
	}
	switch op {
	case "-eq":
		return x == y
	case "-ne":
		return x != y
	case "-lt":
		return x < y
	case "-le":
		return x <= y
	case "-gt":
		return x > y
	}
	return x >= y
}

func files(a, op, b string) bool {
	var s, t sys.Stat
	okA, okB := sys.StatPath(a, &s) == 0, sys.StatPath(b, &t) == 0
	newer := func(p, q *sys.Stat) bool {
		return p.MTime.Sec > q.MTime.Sec || p.MTime.Sec == q.MTime.Sec && p.MTime.Nsec > q.MTime.Nsec
	}
	switch op {
	case "-nt":
		return okA && (!okB || newer(&s, &t))
	case "-ot":
		return okB && (!okA || newer(&t, &s))
	}
	return okA && okB && s.Dev == t.Dev && s.Ino == t.Ino
}

func (e *eval) number(s string) int64 {
	t := s
	for t != "" && (t[0] == ' ' || t[0] == '\t') {
		t = t[1:]
	}
	for t != "" && (t[len(t)-1] == ' ' || t[len(t)-1] == '\t') {
		t = t[:len(t)-1]
	}
	neg := false
	if t != "" && (t[0] == '-' || t[0] == '+') {
		neg = t[0] == '-'
		t = t[1:]
	}
	v := int64(0)
	for i := range len(t) {
		if t[i] < '0' || t[i] > '9' {
			e.fail("Illegal number: " + s)
			return 0
		}
		v = v*10 + int64(t[i]-'0')
	}
	if t == "" {
		e.fail("Illegal number: " + s)
	}
	if neg {
		return -v
	}
	return v
}

func (e *eval) unary(op byte, a string) bool {
	var st sys.Stat
	switch op {
	case 'n':
		return a != ""
	case 'z':
		return a == ""
	case 't':
		return sys.Isatty(int(e.number(a)))
	case 'r':
		return sys.Access(a, 4) == 0
	case 'w':
		return sys.Access(a, 2) == 0
	case 'x':
		return sys.Access(a, 1) == 0
	case 'h', 'L':
		return sys.Lstat(a, &st) == 0 && st.Mode&sys.S_IFMT == sys.S_IFLNK
	}
	if sys.StatPath(a, &st) != 0 {
		return false
	}
	switch op {
	case 'b':
		return st.Mode&sys.S_IFMT == sys.S_IFBLK
	case 'c':
		return st.Mode&sys.S_IFMT == sys.S_IFCHR
	case 'd':
		return st.Mode&sys.S_IFMT == sys.S_IFDIR
	case 'f':
		return st.Mode&sys.S_IFMT == sys.S_IFREG
	case 'p':
		return st.Mode&sys.S_IFMT == sys.S_IFIFO
	case 'S':
		return st.Mode&sys.S_IFMT == sys.S_IFSOCK
	case 's':
		return st.Size > 0
	case 'u':
		return st.Mode&0o4000 != 0
	case 'g':
		return st.Mode&0o2000 != 0
	case 'k':
		return st.Mode&0o1000 != 0
	case 'O':
		return int(st.UID) == sys.Geteuid()
	case 'G':
		return int(st.GID) == sys.Getegid()
	}
	return true // -e
}
