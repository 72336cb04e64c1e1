//go:build galago_user

package main

import (
	"galago/libc/mode"
	"galago/libc/re"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
	"galago/libc/users"
)

// expr is a node of the expression.
type expr struct {
	op   op
	a, b *expr

	text   string
	number number
	unit   int64
	bits   uint32
	types  string
	time   byte // a, c or m
	ref    sys.Stat
	regexp *re.Regexp
	cmd    []string
	batch  []string // collected for -exec … +
	size   int
	out    *stdio.Writer
}

type op uint8

const (
	opTrue op = iota
	opFalse
	opAnd
	opOr
	opComma
	opNot
	opName
	opIName
	opPath
	opIPath
	opRegex
	opType
	opSize
	opTime
	opMinutes
	opNewer
	opPerm
	opUser
	opGroup
	opNoUser
	opNoGroup
	opLinks
	opInum
	opEmpty
	opAccess
	opSameFile
	opLinkName
	opPrint
	opPrint0
	opLs
	opPrintf
	opPrune
	opQuit
	opDelete
	opExec
	opExecPlus
	opOk
)

// number is +n, -n or n.
type number struct {
	cmp byte // '+', '-' or 0
	n   int64
}

func (x number) matches(v int64) bool {
	switch x.cmp {
	case '+':
		return v > x.n
	case '-':
		return v < x.n
	}
	return v == x.n
}

type parser struct{ args []string }

func parse(args []string) *expr {
	p := &parser{args}
	e := &expr{op: opTrue}
	if len(args) > 0 {
		e = p.comma()
	}
	if len(p.args) > 0 {
		fail("unexpected '" + p.args[0] + "'")
	}
	if !hasAction {
		e = &expr{op: opAnd, a: e, b: &expr{op: opPrint}}
	}
	return e
}

func (p *parser) take(words ...string) bool {
	if len(p.args) == 0 {
		return false
	}
	for _, w := range words {
		if p.args[0] == w {
			p.args = p.args[1:]
			return true
		}
	}
	return false
}

func (p *parser) comma() *expr {
	e := p.or()
	for p.take(",") {
		e = &expr{op: opComma, a: e, b: p.or()}
	}
	return e
}

func (p *parser) or() *expr {
	e := p.and()
	for p.take("-o", "-or") {
		e = &expr{op: opOr, a: e, b: p.and()}
	}
	return e
}

func (p *parser) and() *expr {
	e := p.not()
	for len(p.args) > 0 {
		switch p.args[0] {
		case ")", ",", "-o", "-or":
			return e
		}
		p.take("-a", "-and")
		e = &expr{op: opAnd, a: e, b: p.not()}
	}
	return e
}

func (p *parser) not() *expr {
	if p.take("!", "-not") {
		return &expr{op: opNot, a: p.not()}
	}
	if p.take("(") {
		e := p.comma()
		if !p.take(")") {
			fail("invalid expression: ')' is missing")
		}
		return e
	}
	if len(p.args) == 0 {
		fail("invalid expression: an operand is missing")
	}
	name := p.args[0]
	p.args = p.args[1:]
	return p.primary(name)
}

func (p *parser) arg(name string) string {
	if len(p.args) == 0 {
		fail("missing argument to '" + name + "'")
	}
	a := p.args[0]
	p.args = p.args[1:]
	return a
}

func (p *parser) primary(name string) *expr {
	if e := p.option(name); e != nil {
		return e
	}
	if e := p.action(name); e != nil {
		hasAction = hasAction || e.op != opPrune
		return e
	}
	return p.test(name)
}

// option handles what holds for the whole run.
func (p *parser) option(name string) *expr {
	switch name {
	case "-depth", "-d":
		depthFirst = true
	case "-xdev", "-mount":
		oneDevice = true
	case "-maxdepth":
		maxDepth = int(p.count(name))
	case "-mindepth":
		minDepth = int(p.count(name))
	case "-follow":
		follow = 'L'
	case "-noleaf", "-ignore_readdir_race", "-true":
	default:
		return nil
	}
	return &expr{op: opTrue}
}

func (p *parser) count(name string) int64 {
	a := p.arg(name)
	v, ok := str.ParseUint(a, 10)
	if !ok {
		fail("invalid argument '" + a + "' to '" + name + "'")
	}
	return int64(min(v, 1<<30))
}

func (p *parser) action(name string) *expr {
	switch name {
	case "-print":
		return &expr{op: opPrint, out: &stdio.Out}
	case "-print0":
		return &expr{op: opPrint0}
	case "-ls":
		return &expr{op: opLs}
	case "-printf":
		return &expr{op: opPrintf, text: p.arg(name)}
	case "-prune":
		return &expr{op: opPrune}
	case "-quit":
		return &expr{op: opQuit}
	case "-delete":
		depthFirst = true
		return &expr{op: opDelete}
	case "-exec", "-ok", "-execdir":
		return p.exec(name)
	}
	return nil
}

func (p *parser) exec(name string) *expr {
	e := &expr{op: opExec}
	if name == "-ok" {
		e.op = opOk
	}
	for {
		a := p.arg(name)
		if a == ";" {
			break
		}
		if a == "+" && len(e.cmd) > 1 && e.cmd[len(e.cmd)-1] == "{}" && name != "-ok" {
			e.op = opExecPlus
			e.cmd = e.cmd[:len(e.cmd)-1]
			break
		}
		e.cmd = append(e.cmd, a)
	}
	if len(e.cmd) == 0 {
		fail("missing command for '" + name + "'")
	}
	return e
}

func (p *parser) number(name, a string) (n number) {
	t := a
	if t != "" && (t[0] == '+' || t[0] == '-') {
		n.cmp = t[0]
		t = t[1:]
	}
	v, ok := str.ParseUint(t, 10)
	if !ok || v > 1<<62 {
		fail("invalid argument '" + a + "' to '" + name + "'")
	}
	n.n = int64(v)
	return n
}

func (p *parser) test(name string) *expr {
	switch name {
	case "-false":
		return &expr{op: opFalse}
	case "-empty":
		return &expr{op: opEmpty}
	case "-nouser":
		return &expr{op: opNoUser}
	case "-nogroup":
		return &expr{op: opNoGroup}
	case "-readable", "-writable", "-executable":
		return &expr{op: opAccess, unit: map3(name[1])}
	}
	a := p.arg(name)
	switch name {
	case "-name":
		return &expr{op: opName, text: a}
	case "-iname":
		return &expr{op: opIName, text: lower(a)}
	case "-path", "-wholename":
		return &expr{op: opPath, text: a}
	case "-ipath", "-iwholename":
		return &expr{op: opIPath, text: lower(a)}
	case "-lname":
		return &expr{op: opLinkName, text: a}
	case "-regex", "-iregex":
		flags := re.WholeLine
		if name == "-iregex" {
			flags |= re.IgnoreCase
		}
		r, msg := re.Compile(a, flags)
		if msg != "" {
			fail(msg)
		}
		return &expr{op: opRegex, regexp: r}
	case "-type":
		return &expr{op: opType, types: a}
	case "-size":
		return p.sizeTest(a)
	case "-atime", "-ctime", "-mtime":
		return &expr{op: opTime, time: name[1], number: p.number(name, a)}
	case "-amin", "-cmin", "-mmin":
		return &expr{op: opMinutes, time: name[1], number: p.number(name, a)}
	case "-newer", "-anewer", "-cnewer", "-samefile":
		e := &expr{op: opNewer, time: name[1]}
		switch name {
		case "-newer":
			e.time = 'm'
		case "-samefile":
			e.op = opSameFile
		}
		if no := sys.StatPath(a, &e.ref); no != 0 {
			stdio.Fatal(1, "'"+a+"'", no)
		}
		return e
	case "-links":
		return &expr{op: opLinks, number: p.number(name, a)}
	case "-inum":
		return &expr{op: opInum, number: p.number(name, a)}
	case "-uid":
		return &expr{op: opUser, number: p.number(name, a)}
	case "-gid":
		return &expr{op: opGroup, number: p.number(name, a)}
	}
	return p.ownerTest(name, a)
}

func map3(c byte) int64 {
	switch c {
	case 'r':
		return 4
	case 'w':
		return 2
	}
	return 1
}

func (p *parser) ownerTest(name, a string) *expr {
	id, ok := 0, true
	e := &expr{op: opUser}
	switch name {
	case "-user":
		id, ok = users.UserID(a)
	case "-group":
		e.op = opGroup
		id, ok = users.GroupID(a)
	case "-perm":
		return permTest(a)
	default:
		fail("unknown predicate '" + name + "'")
	}
	if !ok {
		fail("'" + a + "' is not the name of a known user or group")
	}
	e.number.n = int64(id)
	return e
}

func permTest(a string) *expr {
	e := &expr{op: opPerm}
	t := a
	if t != "" && (t[0] == '-' || t[0] == '/') {
		e.number.cmp = t[0]
		t = t[1:]
	}
	list, ok := mode.Parse(t)
	if !ok {
		fail("invalid mode '" + a + "'")
	}
	e.bits = mode.Apply(list, 0, 0)
	return e
}

func (p *parser) sizeTest(a string) *expr {
	e := &expr{op: opSize, unit: 512}
	t := a
	if t != "" {
		switch t[len(t)-1] {
		case 'c':
			e.unit = 1
		case 'w':
			e.unit = 2
		case 'b':
		case 'k':
			e.unit = 1 << 10
		case 'M':
			e.unit = 1 << 20
		case 'G':
			e.unit = 1 << 30
		default:
			t += "b"
		}
		t = t[:len(t)-1]
	}
	e.number = p.number("-size", t)
	return e
}

func lower(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = str.Lower(b[i])
	}
	return string(b)
}
