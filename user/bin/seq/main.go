//go:build galago_user

// Command seq prints numbers from first to last. Decimal fractions are exact.
package main

import (
	"galago/libc/cmd"
	"galago/libc/decimal"
	"galago/libc/opt"
	"galago/libc/stdio"
	"galago/libc/str"
)

func main() {
	o := cmd.Options("[-w] [-s separator] [-f format] [first [increment]] last", "+s:wf:", "separator:=s", "equal-width=w", "format:=f")
	args, tail := cmd.Args(), []string(nil)
	for i, a := range args { // a negative number is no option
		if len(a) > 1 && a[0] == '-' && (str.IsDigit(a[1]) || a[1] == '.') {
			args, tail = args[:i], args[i:]
			break
		}
	}
	o.Parser = opt.New(args, "+s:wf:", "separator:=s", "equal-width=w", "format:=f")
	sep, equal, format := "\n", false, ""
	for o.Next() {
		switch o.Opt {
		case 's':
			sep = o.Arg
		case 'w':
			equal = true
		case 'f':
			format = o.Arg
		}
	}
	o.Ops = append(o.Ops, tail...)
	o.Need(1, 3)
	one := decimal.Number{V: 1}
	first, step := one, one
	last := parse(o.Ops[len(o.Ops)-1])
	if len(o.Ops) > 1 {
		first = parse(o.Ops[0])
	}
	if len(o.Ops) > 2 {
		step = parse(o.Ops[1])
	}
	if step.V == 0 {
		cmd.Die("invalid Zero increment value: '" + o.Ops[1] + "'")
	}
	scale := max(first.Scale, step.Scale)
	calc := max(scale, last.Scale)
	print(align(first, calc), align(step, calc), align(last, calc), scale, sep, format, equal)
	cmd.Done()
}

func parse(s string) decimal.Number {
	n, ok := decimal.Parse(s)
	if !ok {
		cmd.Die("invalid floating point argument: '" + s + "'")
	}
	return n
}

func align(n decimal.Number, scale int) decimal.Number {
	r, ok := n.Rescale(scale)
	if !ok {
		cmd.Die("number out of range")
	}
	return r
}

func print(first, step, last decimal.Number, scale int, sep, format string, equal bool) {
	drop := int64(1) // digits that only last has are not shown
	for range first.Scale - scale {
		drop *= 10
	}
	show := func(v int64) string { return decimal.Number{V: v / drop, Scale: scale}.String() }
	width := 0
	if equal {
		width = max(len(show(first.V)), len(show(last.V)))
	}
	any := false
	for v := first.V; step.V > 0 && v <= last.V || step.V < 0 && v >= last.V; v += step.V {
		if any {
			stdio.Puts(sep)
		}
		any = true
		if format != "" {
			formatted(format, show(v))
			continue
		}
		if !equal && scale == 0 {
			stdio.Printf("%d", v/drop)
			continue
		}
		stdio.Puts(pad(show(v), width))
	}
	if any {
		stdio.Out.Putc('\n')
	}
}

func pad(s string, width int) string {
	sign := ""
	if str.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for len(sign)+len(s) < width {
		s = "0" + s
	}
	return sign + s
}

// formatted prints a number by %[flags][width][.prec]{f,e,g}.
func formatted(format, number string) {
	f, _ := decimal.ParseFloat(number)
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			stdio.Out.Putc(format[i])
			continue
		}
		if i++; i < len(format) && format[i] == '%' {
			stdio.Out.Putc('%')
			continue
		}
		left, zero, width, prec := false, false, 0, 6
		for ; i < len(format) && str.IndexByte("-0+ #", format[i]) >= 0; i++ {
			left, zero = left || format[i] == '-', zero || format[i] == '0'
		}
		for ; i < len(format) && str.IsDigit(format[i]); i++ {
			width = min(width*10+int(format[i]-'0'), 1000)
		}
		if i < len(format) && format[i] == '.' {
			prec = 0
			for i++; i < len(format) && str.IsDigit(format[i]); i++ {
				prec = min(prec*10+int(format[i]-'0'), 1000)
			}
		}
		if i == len(format) {
			cmd.Die("format '" + format + "' ends in %")
		}
		var s string
		switch format[i] {
		case 'f':
			s = f.Fixed(prec, false)
		case 'e':
			s = f.Scientific(prec, false, 'e')
		case 'g':
			s = f.General(prec, false, 'e')
		default:
			cmd.Die("format '" + format + "' has unknown directive")
		}
		if f.Neg {
			s = "-" + s
		}
		switch {
		case left:
			s = str.PadRight(s, width)
		case zero:
			s = pad(s, width)
		}
		stdio.Puts(str.PadLeft(s, width))
	}
}
