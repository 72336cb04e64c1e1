//go:build galago_user

package main

import (
	"galago/libc/cmd"
	"galago/libc/re"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

// output is a file of w, opened once whatever the number of commands that name it.
type output struct {
	name string
	w    *stdio.Writer
}

var outputs []*output

func openOutput(name string) *output {
	for _, o := range outputs {
		if o.name == name {
			return o
		}
	}
	o := &output{name: name}
	switch name {
	case "/dev/stdout":
		o.w = &stdio.Out
	case "/dev/stderr":
		o.w = &stdio.Err
	default:
		fd, e := sys.Open(name, sys.O_WRONLY|sys.O_CREAT|sys.O_TRUNC|sys.O_CLOEXEC, 0o666)
		if e != 0 {
			stdio.Fatal(4, "couldn't open file "+name, e)
		}
		o.w = stdio.NewWriter(fd)
	}
	outputs = append(outputs, o)
	return o
}

// The state of the run.
var (
	space, hold, work []byte // pattern space, hold space, scratch
	ended             = true // the pattern space's last line had a newline
	lineNo            int64
	replaced          bool // since the last line was read, for t
	appends           []*command
	lastRegexp        *re.Regexp
	out               = &stdio.Out
	in                input
)

// use returns the expression to match with; nil stands for the one used last.
func use(r *re.Regexp) *re.Regexp {
	if r == nil {
		if lastRegexp == nil {
			stdio.Fatal(1, "no previous regular expression", 0)
		}
		return lastRegexp
	}
	lastRegexp = r
	return r
}

func run(prog []command, names []string) {
	in.names = names
	status := 0
	for stop := false; !stop && in.read(false); {
		for again := true; again; {
			again, stop, status = cycle(prog)
		}
	}
	in.finish()
	for _, o := range outputs {
		o.w.Flush()
	}
	cmd.Status = max(cmd.Status, status)
}

// cycle runs the script once; again is D's restart without a new line.
func cycle(prog []command) (again, stop bool, status int) {
	for pc := 0; pc < len(prog); pc++ {
		c := &prog[pc]
		if c.selects() == c.not {
			if c.name == '{' {
				pc = c.target - 1
			}
			continue
		}
		switch c.name {
		case 'b':
			pc = c.target - 1
		case 't', 'T':
			if replaced == (c.name == 't') {
				pc = c.target - 1
			}
			replaced = false
		case 'd':
			flushAppends()
			return false, false, 0
		case 'D':
			i := indexNewline(space)
			if i < 0 {
				flushAppends()
				return false, false, 0
			}
			flushAppends()
			space = space[:copy(space, space[i+1:])]
			return true, false, 0
		case 'n', 'N':
			if !c.readNext() {
				return false, true, 0
			}
		case 'q', 'Q':
			if c.name == 'q' {
				finishCycle()
			}
			return false, true, int(max(c.n, 0))
		default:
			if c.simple() {
				flushAppends()
				return false, false, 0
			}
		}
	}
	finishCycle()
	return false, false, 0
}

func finishCycle() {
	if !quiet {
		put(space)
	}
	flushAppends()
}

// readNext does n and N; false when there is no next line: n prints and ends, and so does N (the GNU way).
func (c *command) readNext() bool {
	if in.last() {
		finishCycle()
		return false
	}
	if c.name == 'n' {
		if !quiet {
			put(space)
		}
		flushAppends()
		return in.read(false)
	}
	flushAppends()
	space = append(space, newline)
	return in.read(true)
}

// simple runs the commands that do not change the flow; true ends the cycle without printing (c).
func (c *command) simple() bool {
	switch c.name {
	case '=':
		settle()
		out.Printf("%d\n", lineNo)
	case 'a', 'r':
		appends = append(appends, c)
	case 'i':
		settle()
		out.Write(c.text)
	case 'c':
		if c.a2.kind == addrNone || !c.active || c.not {
			settle()
			out.Write(c.text)
		}
		return true
	case 'g':
		space = append(space[:0], hold...)
	case 'G':
		space = append(append(space, newline), hold...)
	case 'h':
		hold = append(hold[:0], space...)
	case 'H':
		hold = append(append(hold, newline), space...)
	case 'l':
		list(space, c.n)
	case 'p':
		put(space)
	case 'P':
		if i := indexNewline(space); i >= 0 {
			settle()
			out.Write(space[:i])
			out.Putc(newline)
		} else {
			put(space)
		}
	case 's':
		c.subst.run()
	case 'w':
		c.out.w.Write(space)
		c.out.w.Putc('\n')
	case 'x':
		space, hold = hold, space
	case 'y':
		for i, b := range space {
			space[i] = c.text[b]
		}
	case 'z':
		space = space[:0]
	case 'F':
		settle()
		out.Puts(in.name)
		out.Putc('\n')
	}
	return false
}

func (s *substitution) run() {
	result, changed := s.apply(space, work)
	if !changed {
		return
	}
	space, work = result, space
	replaced = true
	if s.print {
		put(space)
	}
	if s.out != nil {
		s.out.w.Write(space)
		s.out.w.Putc('\n')
	}
}

// put prints a line; the newline that the input's last line lacks is owed until something follows.
func put(b []byte) {
	settle()
	out.Write(b)
	if ended {
		out.Putc(newline)
	} else {
		owed = true
	}
}

var owed bool

// settle comes before everything that is printed.
func settle() {
	if owed {
		out.Putc(newline)
		owed = false
	}
}

func indexNewline(b []byte) int {
	for i, c := range b {
		if c == newline {
			return i
		}
	}
	return -1
}

// flushAppends prints what a and r have queued.
func flushAppends() {
	for _, c := range appends {
		settle()
		if c.name == 'a' {
			out.Write(c.text)
			continue
		}
		if fd, e := sys.Open(string(c.text), sys.O_RDONLY|sys.O_CLOEXEC, 0); e == 0 {
			b, _ := stdio.ReadAll(fd)
			out.Write(b)
			sys.Close(fd)
		}
	}
	appends = appends[:0]
}

// list prints the pattern space unambiguously (l), folded at width columns.
func list(b []byte, width int64) {
	if width < 0 {
		width = 70
	}
	settle()
	column := int64(0)
	emit := func(s string) {
		if width > 1 && column+int64(len(s)) > width-1 {
			out.Puts("\\\n")
			column = 0
		}
		out.Puts(s)
		column += int64(len(s))
	}
	for _, c := range b {
		switch i := str.IndexByte("\\\a\b\f\n\r\t\v", c); {
		case i >= 0:
			emit("\\" + `\abfnrtv`[i:i+1])
		case c < ' ' || c >= 0x7f:
			o := str.Utoa(uint64(c), 8)
			emit("\\" + "000"[len(o):] + o)
		default:
			emit(string([]byte{c}))
		}
	}
	out.Puts("$\n")
}

// selects reports whether the addresses select the current line.
func (c *command) selects() bool {
	if c.a1.kind == addrNone {
		return true
	}
	if c.a2.kind == addrNone {
		return c.a1.matches()
	}
	if c.active {
		switch {
		case c.a2.kind == addrRegexp:
			c.active = !c.a2.matches()
		case c.a2.kind == addrLast:
			c.active = !in.last()
		default:
			if lineNo > c.until { // n or a branch has skipped the end
				c.active = false
				return c.begin()
			}
			c.active = lineNo < c.until
		}
		return true
	}
	return c.begin()
}

// begin reports whether a range begins with the current line.
func (c *command) begin() bool {
	if zero := c.a1.kind == addrLine && c.a1.n == 0; zero {
		if lineNo != 1 || c.a2.kind != addrRegexp {
			return false
		}
		c.active = !c.a2.matches()
		return true
	}
	if !c.a1.matches() {
		return false
	}
	switch c.a2.kind {
	case addrLine:
		c.until = c.a2.n
	case addrPlus:
		c.until = lineNo + c.a2.n
	case addrMultiple:
		c.until = lineNo
		if c.a2.n > 0 && lineNo%c.a2.n != 0 {
			c.until = lineNo + c.a2.n - lineNo%c.a2.n
		}
	default:
		c.active = c.a2.kind == addrRegexp || !in.last()
		return true
	}
	c.active = c.until > lineNo
	return true
}

func (a *address) matches() bool {
	switch a.kind {
	case addrLine:
		return lineNo == a.n
	case addrLast:
		return in.last()
	case addrStep:
		if a.step <= 0 {
			return lineNo == a.n
		}
		return lineNo >= a.n && (lineNo-a.n)%a.step == 0
	}
	return use(a.re).Match(space)
}
