//go:build galago_user

// Package args parses utility options by POSIX's guidelines (POSIX.1-2017 XBD 12.2): single letters, grouped, with values
// attached or following; "--" ends them.
package args

import (
	"runtime"

	"galago/libc/stdio"
	"galago/libc/sys"
)

// Set is what the command line held.
type Set struct {
	flags  [128]bool
	values [128]string
	Args   []string // the operands
}

// Has reports whether option c was given.
func (s *Set) Has(c byte) bool { return s.flags[c] }

// Value returns the value of option c, or "".
func (s *Set) Value(c byte) string { return s.values[c] }

// Argv returns the command line as strings.
func Argv() []string {
	list := make([]string, len(runtime.Argv))
	for i, p := range runtime.Argv {
		list[i] = sys.GoString(p)
	}
	return list
}

// Parse reads options by spec (as getopt(3): a colon after a letter that takes a value). An unknown option prints usage and
// exits with status 1.
func Parse(spec, usage string) *Set {
	s := new(Set)
	args := Argv()
	if len(args) > 0 {
		args = args[1:]
	}
	for len(args) > 0 {
		a := args[0]
		if len(a) < 2 || a[0] != '-' {
			break
		}
		args = args[1:]
		if a == "--" {
			break
		}
		for i := 1; i < len(a); i++ {
			kind := lookup(spec, a[i])
			if kind < 0 {
				stdio.Warn("invalid option -- '"+string([]byte{a[i]})+"'", 0)
				stdio.Err.Puts("usage: " + stdio.Name + " " + usage + "\n")
				stdio.Err.Flush()
				runtime.Exit(1)
			}
			s.flags[a[i]&127] = true
			if kind == 0 {
				continue
			}
			switch {
			case i+1 < len(a):
				s.values[a[i]&127] = a[i+1:]
			case len(args) > 0:
				s.values[a[i]&127] = args[0]
				args = args[1:]
			default:
				stdio.Fatal(1, "option requires an argument -- '"+string([]byte{a[i]})+"'", 0)
			}
			break
		}
	}
	s.Args = args
	return s
}

// lookup finds a letter: 0 a flag, 1 with a value, -1 unknown.
func lookup(spec string, c byte) int {
	for i := range len(spec) {
		if spec[i] == c && c != ':' && c < 128 {
			if i+1 < len(spec) && spec[i+1] == ':' {
				return 1
			}
			return 0
		}
	}
	return -1
}

// Int reads a decimal number; ok is false when s is none.
func Int(s string) (n int64, ok bool) {
	neg := len(s) > 0 && s[0] == '-'
	if neg {
		s = s[1:]
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || n > 1<<58 {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	if neg {
		n = -n
	}
	return n, len(s) > 0
}
