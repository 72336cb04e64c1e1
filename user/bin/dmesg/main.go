//go:build galago_user

// Command dmesg prints the kernel's log (syslog(2)).
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

// Actions of syslog(2).
const (
	readAll      = 3
	readClear    = 4
	clearLog     = 5
	consoleLevel = 8
	sizeBuffer   = 10
)

func main() {
	o := cmd.Options("[-Ccrt] [-n level]", "Ccrtn:s:", "clear=C", "read-clear=c", "raw=r", "notime=t", "console-level:=n")
	action, raw, noTime := readAll, false, false
	for o.Next() {
		switch o.Opt {
		case 'C':
			action = clearLog
		case 'c':
			action = readClear
		case 'r':
			raw = true
		case 't':
			noTime = true
		case 'n':
			level, ok := str.ParseUint(o.Arg, 10)
			if !ok || level < 1 || level > 8 {
				cmd.Die("invalid level '" + o.Arg + "'")
			}
			setLevel(int(level))
			cmd.Done()
		}
	}
	o.Need(0, 0)
	size, e := sys.Syslog(sizeBuffer, nil)
	if e != 0 || size <= 0 {
		size = 1 << 18
	}
	buf := make([]byte, size)
	n, e := sys.Syslog(action, buf)
	if e != 0 {
		stdio.Fatal(1, "cannot read the kernel's log", e)
	}
	if action == clearLog {
		cmd.Done()
	}
	show(buf[:n], raw, noTime)
	cmd.Done()
}

func setLevel(level int) {
	if _, e := sys.Call(103, consoleLevel, 0, uintptr(level)); e != 0 {
		stdio.Fatal(1, "cannot set the console's level", e)
	}
}

// show prints the log, without the priority <n> at the beginning of lines unless it is wanted.
func show(b []byte, raw, noTime bool) {
	for len(b) > 0 {
		n := 0
		for n < len(b) && b[n] != '\n' {
			n++
		}
		line := b[:n]
		b = b[min(n+1, len(b)):]
		if !raw {
			line = strip(line, '<', '>')
		}
		if noTime {
			if t := strip(line, '[', ']'); len(t) < len(line) {
				line = t[min(1, len(t)):]
			}
		}
		stdio.Out.Write(line)
		stdio.Out.Putc('\n')
	}
}

// strip takes away what stands in brackets at the beginning of a line.
func strip(line []byte, open, end byte) []byte {
	if len(line) == 0 || line[0] != open {
		return line
	}
	for i, c := range line {
		if c == end {
			return line[i+1:]
		}
	}
	return line
}
