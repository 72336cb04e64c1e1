// Package signals has the names of Linux's signals.
package signals

import "galago/libc/str"

var names = [...]string{1: "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
	"ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
	"WINCH", "POLL", "PWR", "SYS"}

// Last is the highest signal number.
const Last = 64

// Name returns the name of a signal without SIG, or its number if it has none.
func Name(sig int) string {
	if sig > 0 && sig < len(names) {
		return names[sig]
	}
	const rtmin = 34
	switch {
	case sig == rtmin:
		return "RTMIN"
	case sig == Last:
		return "RTMAX"
	case sig > rtmin && sig < Last:
		return "RTMIN+" + str.Itoa(int64(sig-rtmin))
	}
	return str.Itoa(int64(sig))
}

// Number finds a signal by number or name, with or without SIG, in any case. 0 is valid: it only asks whether one could send.
func Number(s string) (sig int, ok bool) {
	if v, isNum := str.ParseUint(s, 10); isNum {
		return int(v), v <= Last
	}
	b := []byte(s)
	for i := range b {
		b[i] = str.Upper(b[i])
	}
	u := string(b)
	if str.HasPrefix(u, "SIG") {
		u = u[3:]
	}
	switch u {
	case "EXIT":
		return 0, true
	case "IOT":
		return 6, true
	case "IO":
		return 29, true
	case "CLD":
		return 17, true
	}
	for i := 1; i <= Last; i++ {
		if n := Name(i); n == u && !str.IsDigit(n[0]) {
			return i, true
		}
	}
	return 0, false
}
