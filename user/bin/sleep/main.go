//go:build galago_user

// Command sleep waits; fractions and the suffixes s, m, h and d are allowed.
package main

import (
	"galago/kernel/errno"
	"galago/libc/args"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	o := args.Parse("", "number[smhd]...")
	if len(o.Args) == 0 {
		stdio.Fatal(1, "missing operand", 0)
	}
	total := int64(0)
	for _, a := range o.Args {
		ns, ok := parse(a)
		if !ok {
			stdio.Fatal(1, "invalid time interval '"+a+"'", 0)
		}
		total += ns
	}
	end := sys.ClockGettime(1)
	deadline := end.Sec*1e9 + end.Nsec + total
	for {
		now := sys.ClockGettime(1)
		left := deadline - now.Sec*1e9 - now.Nsec
		if left <= 0 || sys.Nanosleep(sys.Timespec{Sec: left / 1e9, Nsec: left % 1e9}) != errno.EINTR {
			return
		}
	}
}

func parse(s string) (ns int64, ok bool) {
	unit := int64(1e9)
	if n := len(s); n > 0 {
		switch s[n-1] {
		case 's':
			s = s[:n-1]
		case 'm':
			unit, s = 60e9, s[:n-1]
		case 'h':
			unit, s = 3600e9, s[:n-1]
		case 'd':
			unit, s = 86400e9, s[:n-1]
		}
	}
	point := false
	for i := range len(s) {
		switch {
		case s[i] == '.' && !point:
			point = true
		case s[i] < '0' || s[i] > '9':
			return 0, false
		case point:
			unit /= 10
			ns += int64(s[i]-'0') * unit
		default:
			ns = ns*10 + int64(s[i]-'0')*unit
		}
	}
	return ns, len(s) > 0
}
