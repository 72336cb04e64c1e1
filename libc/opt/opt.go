// Package opt reads command-line options as getopt_long(3) does: letters that can be bundled, arguments joined or apart,
// long names that may be shortened as long as they are unique, "--" as the end. Operands may stand between options
// unless the parser is told that they end them.
package opt

import "galago/libc/str"

// Parser goes through a command line. Next steps; then Opt is the option's letter and Arg its argument.
type Parser struct {
	Opt byte
	Arg string
	Err string   // what is wrong, once Next has returned false
	Ops []string // the operands, complete once Next has returned false

	short string
	long  []string
	args  []string
	at    string // rest of a bundle of letters
	posix bool
}

// New makes a parser. short lists the letters, each followed by a colon if it takes an argument ("::" if it takes only a
// joined one); a leading "+" makes the first operand end the options. Each of long is "name=letter", and "name:=letter"
// takes an argument, "name?=letter" an optional one.
func New(args []string, short string, long ...string) *Parser {
	p := &Parser{short: short, long: long, args: args}
	if str.HasPrefix(short, "+") {
		p.posix, p.short = true, short[1:]
	}
	return p
}

// Next steps to the next option; false at the end or on an error.
func (p *Parser) Next() bool {
	for p.at == "" {
		if len(p.args) == 0 {
			return false
		}
		a := p.args[0]
		p.args = p.args[1:]
		switch {
		case a == "--":
			p.Ops = append(p.Ops, p.args...)
			p.args = nil
			return false
		case len(a) > 2 && a[:2] == "--":
			return p.longOption(a[2:])
		case len(a) > 1 && a[0] == '-':
			p.at = a[1:]
		default:
			p.Ops = append(p.Ops, a)
			if p.posix {
				p.Ops = append(p.Ops, p.args...)
				p.args = nil
			}
		}
	}
	return p.letter()
}

func (p *Parser) letter() bool {
	c := p.at[0]
	p.at = p.at[1:]
	i := str.IndexByte(p.short, c)
	if i < 0 || c == ':' {
		return p.fail("invalid option -- '" + string([]byte{c}) + "'")
	}
	p.Opt, p.Arg = c, ""
	rest := p.short[i+1:]
	switch {
	case str.HasPrefix(rest, "::"):
		p.Arg, p.at = p.at, ""
	case str.HasPrefix(rest, ":"):
		if p.at == "" {
			if len(p.args) == 0 {
				return p.fail("option requires an argument -- '" + string([]byte{c}) + "'")
			}
			p.at = p.args[0]
			p.args = p.args[1:]
		}
		p.Arg, p.at = p.at, ""
	}
	return true
}

// longOption finds a long name; an unambiguous beginning will do.
func (p *Parser) longOption(a string) bool {
	name, value, given := str.Cut(a, '=')
	found, exact := "", false
	for _, l := range p.long {
		full, _, _ := str.Cut(l, '=')
		bare := full
		if str.HasSuffix(bare, ":") || str.HasSuffix(bare, "?") {
			bare = bare[:len(bare)-1]
		}
		if bare == name {
			found, exact = l, true
		} else if str.HasPrefix(bare, name) && !exact {
			if found != "" && found[len(found)-1] != l[len(l)-1] {
				return p.fail("option '--" + name + "' is ambiguous")
			}
			found = l
		}
	}
	if found == "" {
		return p.fail("unrecognized option '--" + name + "'")
	}
	full, letter, _ := str.Cut(found, '=')
	p.Opt, p.Arg = letter[0], value
	takes := str.HasSuffix(full, ":")
	switch {
	case given && !takes && !str.HasSuffix(full, "?"):
		return p.fail("option '--" + name + "' doesn't allow an argument")
	case takes && !given:
		if len(p.args) == 0 {
			return p.fail("option '--" + name + "' requires an argument")
		}
		p.Arg = p.args[0]
		p.args = p.args[1:]
	}
	return true
}

func (p *Parser) fail(msg string) bool {
	p.Err = msg
	return false
}

// Drop leaves out the next n arguments.
func (p *Parser) Drop(n int) { p.args = p.args[n:] }
