//go:build galago_user

// Command expr evaluates an expression (POSIX.1-2017 XCU expr). Each function below parses one level of precedence; skip says that
// the value does not matter (after a decided | or &).
package main

import (
	"galago/libc/cmd"
	"galago/libc/re"
	"galago/libc/stdio"
	"galago/libc/str"
)

var args []string

func main() {
	cmd.UsageStatus = 2
	args = cmd.Args()
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		cmd.Die("missing operand")
	}
	v := or(false)
	if len(args) > 0 {
		syntax("unexpected argument '" + args[0] + "'")
	}
	stdio.Puts(v)
	stdio.Out.Putc('\n')
	if null(v) {
		cmd.Status = 1
	}
	cmd.Done()
}

func syntax(msg string) { cmd.Die("syntax error: " + msg) }

// null reports whether a value is empty or zero.
func null(v string) bool {
	n, ok := str.Atoi(v)
	return v == "" || ok && n == 0 && v[0] != '+'
}

func take(ops ...string) string {
	if len(args) == 0 {
		return ""
	}
	for _, o := range ops {
		if args[0] == o {
			args = args[1:]
			return o
		}
	}
	return ""
}

func or(skip bool) string {
	v := and(skip)
	for take("|") != "" {
		w := and(skip || !null(v))
		if null(v) {
			v = w
			if null(w) {
				v = "0"
			}
		}
	}
	return v
}

func and(skip bool) string {
	v := compare(skip)
	for take("&") != "" {
		w := compare(skip || null(v))
		if null(v) || null(w) {
			v = "0"
		}
	}
	return v
}

func compare(skip bool) string {
	v := sum(skip)
	for {
		op := take("=", "==", "!=", "<", "<=", ">", ">=")
		if op == "" {
			return v
		}
		w := sum(skip)
		c := 0
		x, okX := str.Atoi(v)
		y, okY := str.Atoi(w)
		switch {
		case okX && okY && x < y, !(okX && okY) && v < w:
			c = -1
		case okX && okY && x > y, !(okX && okY) && v > w:
			c = 1
		}
		result := false
		switch op {
		case "=", "==":
			result = c == 0
		case "!=":
			result = c != 0
		case "<":
			result = c < 0
		case "<=":
			result = c <= 0
		case ">":
			result = c > 0
		case ">=":
			result = c >= 0
		}
		v = "0"
		if result {
			v = "1"
		}
	}
}

func number(s string, skip bool) int64 {
	n, ok := str.Atoi(s)
	if !ok && !skip {
		cmd.Die("non-integer argument")
	}
	return n
}

func sum(skip bool) string {
	v := product(skip)
	for {
		op := take("+", "-")
		if op == "" {
			return v
		}
		w := product(skip)
		x, y := number(v, skip), number(w, skip)
		if op == "-" {
			y = -y
		}
		r := x + y
		if (x < 0) == (y < 0) && (r < 0) != (x < 0) && !skip {
			cmd.Die("integer overflow")
		}
		v = str.Itoa(r)
	}
}

func product(skip bool) string {
	v := match(skip)
	for {
		op := take("*", "/", "%")
		if op == "" {
			return v
		}
		w := match(skip)
		x, y := number(v, skip), number(w, skip)
		if skip {
			continue
		}
		if op != "*" && y == 0 {
			cmd.Die("division by zero")
		}
		r := int64(0)
		switch op {
		case "*":
			if r = x * y; x != 0 && (r/x != y || x == -1 && y == -1<<63) {
				cmd.Die("integer overflow")
			}
		case "/":
			r = x / y
		case "%":
			r = x % y
		}
		v = str.Itoa(r)
	}
}

func match(skip bool) string {
	v := primary(skip)
	for take(":") != "" {
		w := primary(skip)
		if !skip {
			v = matched(v, w)
		}
	}
	return v
}

// matched is what : gives: the first group, or the number of bytes matched, from the beginning of s. The search for the
// leftmost match finds one at the beginning if there is any.
func matched(s, expr string) string {
	r, msg := re.Compile(expr, 0)
	if msg != "" {
		cmd.Die(msg)
	}
	caps := make([]int, 2*(r.Groups+1))
	found := r.Find([]byte(s), 0, caps) && caps[0] == 0
	switch {
	case found && r.Groups > 0 && caps[2] >= 0:
		return s[caps[2]:caps[3]]
	case r.Groups > 0:
		return ""
	case found:
		return str.Itoa(int64(caps[1]))
	}
	return "0"
}

func primary(skip bool) string {
	if len(args) == 0 {
		syntax("missing argument")
	}
	a := args[0]
	args = args[1:]
	switch a {
	case "(":
		v := or(skip)
		if take(")") == "" {
			syntax("expecting ')'")
		}
		return v
	case "match", "substr", "index", "length", "+":
		if len(args) > 0 {
			return function(a, skip)
		}
	case ")":
		syntax("unexpected ')'")
	}
	return a
}

func function(name string, skip bool) string {
	if name == "+" { // the next argument is a string, whatever it looks like
		a := args[0]
		args = args[1:]
		return a
	}
	s := primary(skip)
	if name == "length" {
		return str.Itoa(int64(len(s)))
	}
	t := primary(skip)
	switch name {
	case "match":
		return matched(s, t)
	case "index":
		for i := range len(s) {
			if str.IndexByte(t, s[i]) >= 0 {
				return str.Itoa(int64(i + 1))
			}
		}
		return "0"
	}
	from, ok1 := str.Atoi(t)
	n, ok2 := str.Atoi(primary(skip))
	if !ok1 || !ok2 || from < 1 || n < 1 || from > int64(len(s)) {
		return ""
	}
	return s[from-1 : min(from-1+n, int64(len(s)))]
}
