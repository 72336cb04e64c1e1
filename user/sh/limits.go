//go:build galago_user

package main

import (
	"galago/libc/stdio"
	"galago/libc/sys"
)

// umask and ulimit.

func umaskCommand(args []string) int {
	args = args[1:]
	symbolic := len(args) > 0 && args[0] == "-S"
	if symbolic {
		args = args[1:]
	}
	mask := sys.Umask(0)
	sys.Umask(mask)
	if len(args) == 0 {
		if symbolic {
			puts("u=" + permissions(mask>>6) + ",g=" + permissions(mask>>3) + ",o=" + permissions(mask) + "\n")
		} else {
			puts(string([]byte{'0', '0' + byte(mask>>6&7), '0' + byte(mask>>3&7), '0' + byte(mask&7), '\n'}))
		}
		return 0
	}
	m, ok := parseMask(args[0], mask)
	if !ok {
		return usage("umask: Illegal mode: " + args[0])
	}
	sys.Umask(m)
	return 0
}

// permissions shows what a mask leaves of rwx.
func permissions(mask int) string {
	s := ""
	for i, c := range [...]string{"r", "w", "x"} {
		if mask&(4>>i) == 0 {
			s += c
		}
	}
	return s
}

// parseMask reads an octal mask, or a symbolic mode of what is to be allowed: [ugoa]*[-+=][rwx]* separated by commas.
func parseMask(s string, mask int) (int, bool) {
	if s != "" && s[0] >= '0' && s[0] <= '9' {
		m := 0
		for i := range len(s) {
			if s[i] < '0' || s[i] > '7' || m > 0o777 {
				return 0, false
			}
			m = m<<3 | int(s[i]-'0')
		}
		return m, m <= 0o777
	}
	allowed := ^mask & 0o777
	for more := s != ""; more; {
		n := index(s, ',')
		clause := s[:n]
		more = n < len(s)
		s = s[min(n+1, len(s)):]
		who := 0
		for clause != "" && index("ugoa", clause[0]) < 4 {
			who |= [...]int{0o700, 0o070, 0o007, 0o777}[index("ugoa", clause[0])]
			clause = clause[1:]
		}
		if who == 0 {
			who = 0o777
		}
		if clause == "" {
			return 0, false
		}
		op := clause[0]
		bits := 0
		for _, c := range []byte(clause[1:]) {
			k := index("xwr", c)
			if k == 3 {
				return 0, false
			}
			bits |= 0o111 << k
		}
		switch op {
		case '+':
			allowed |= bits & who
		case '-':
			allowed &^= bits & who
		case '=':
			allowed = allowed&^who | bits&who
		default:
			return 0, false
		}
	}
	return ^allowed & 0o777, true
}

// limits are the resources of ulimit, with the units of their values.
var limits = [...]struct {
	letter byte
	which  int
	unit   uint64
	text   string
}{{'t', 0, 1, "time(seconds)"}, {'f', 1, 512, "file(blocks)"}, {'d', 2, 1024, "data(kbytes)"}, {'s', 3, 1024, "stack(kbytes)"},
	{'c', 4, 512, "coredump(blocks)"}, {'m', 5, 1024, "memory(kbytes)"}, {'l', 8, 1024, "locked memory(kbytes)"},
	{'p', 6, 1, "process"}, {'n', 7, 1, "nofiles"}, {'v', 9, 1024, "vmemory(kbytes)"}, {'w', 10, 1, "locks"}, {'r', 14, 1, "rtprio"}}

const unlimited = ^uint64(0)

func ulimitCommand(args []string) int {
	hard, soft, all := false, false, false
	letter := byte('f')
	args = args[1:]
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		for _, c := range []byte(args[0][1:]) {
			switch c {
			case 'H':
				hard = true
			case 'S':
				soft = true
			case 'a':
				all = true
			default:
				letter = c
			}
		}
		args = args[1:]
	}
	for i := range limits {
		l := &limits[i]
		if !all && l.letter != letter {
			continue
		}
		var lim sys.Rlimit
		sys.Prlimit(l.which, nil, &lim)
		switch {
		case all:
			name := l.text
			for len(name) < 21 {
				name += " "
			}
			puts(name + limitText(lim, hard, l.unit) + "\n")
			continue
		case len(args) == 0:
			puts(limitText(lim, hard, l.unit) + "\n")
			return 0
		}
		v := unlimited
		if args[0] != "unlimited" {
			n, ok := number(args[0])
			if !ok {
				return usage("ulimit: bad number")
			}
			v = uint64(n) * l.unit
		}
		return setLimit(l.which, lim, v, hard, soft)
	}
	if !all {
		return usage("ulimit: Illegal option -" + string([]byte{letter}))
	}
	return 0
}

// setLimit sets the soft limit, the hard one, or, unless one of them is asked for, both.
func setLimit(which int, lim sys.Rlimit, v uint64, hard, soft bool) int {
	if !hard || soft {
		lim.Cur = v
	}
	if hard || !soft {
		lim.Max = v
	}
	if e := sys.Prlimit(which, &lim, nil); e != 0 {
		return usage("ulimit: error setting limit (" + stdio.Message(e) + ")")
	}
	return 0
}

func limitText(lim sys.Rlimit, hard bool, unit uint64) string {
	v := lim.Cur
	if hard {
		v = lim.Max
	}
	if v == unlimited {
		return "unlimited"
	}
	return itoa(int(v / unit))
}
