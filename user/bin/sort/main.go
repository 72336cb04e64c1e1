//go:build galago_user

// Command sort sorts lines (POSIX.1-2017 XCU sort), in memory. compare.go orders keys.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

var (
	unique, check, quietCheck, stable, mergeOnly bool
	separator                                    = -1
	terminator                                   = byte('\n')
	output                                       string
	keys                                         []key
	global                                       key // flags that hold for keys without their own
)

func main() {
	cmd.UsageStatus = 2
	o := cmd.Options("[-bCcdfghimnrsuVz] [-k key]... [-o file] [-t char] [file...]", "bcCdfghik:mMno:rsS:t:T:uVz", "unique=u",
		"check?=c", "ignore-leading-blanks=b", "dictionary-order=d", "ignore-case=f", "human-numeric-sort=h", "key:=k",
		"merge=m", "numeric-sort=n", "output:=o", "reverse=r", "stable=s", "field-separator:=t", "version-sort=V",
		"zero-terminated=z", "general-numeric-sort=g", "month-sort=M")
	for o.Next() {
		switch o.Opt {
		case 'c', 'C':
			check, quietCheck = true, o.Opt == 'C' || o.Arg == "quiet" || o.Arg == "silent"
		case 'k':
			keys = append(keys, parseKey(o.Arg))
		case 'm':
			mergeOnly = true
		case 'o':
			output = o.Arg
		case 's':
			stable = true
		case 't':
			setSeparator(o.Arg)
		case 'u':
			unique = true
		case 'z':
			terminator = 0
		case 'S', 'T': // sizes and places of temporary files: there are none
		default:
			global.flag(o.Opt)
		}
	}
	if len(keys) == 0 {
		keys = []key{global}
		keys[0].whole = !global.blanks
	}
	for i := range keys {
		keys[i].inherit(&global)
	}
	if check {
		o.Need(0, 1)
		checkSorted(o.Ops)
	}
	var lines [][]byte
	if mergeOnly {
		lines = mergeAll(o.Ops)
	} else {
		lines = sortLines(read(o.Ops))
	}
	if output != "" {
		fd, e := sys.Open(output, sys.O_WRONLY|sys.O_CREAT|sys.O_TRUNC, 0o666)
		if e == 0 {
			e = sys.Dup2(fd, 1)
		}
		if e != 0 {
			stdio.Fatal(2, "open failed: "+output, e)
		}
	}
	for i, l := range lines {
		if unique && i > 0 && compareKeys(lines[i-1], l) == 0 {
			continue
		}
		stdio.Out.Write(l)
		stdio.Out.Putc(terminator)
	}
	cmd.Done()
}

func setSeparator(s string) {
	switch {
	case len(s) == 1:
		separator = int(s[0])
	case s == "\\0":
		separator = 0
	case s == "":
		cmd.Die("empty tab")
	default:
		cmd.Die("multi-character tab '" + s + "'")
	}
}

// read returns the lines of all inputs; one that cannot be read ends the program, as an incomplete result would mislead.
func read(names []string) [][]byte {
	var lines [][]byte
	cmd.Input(names, func(name string, fd int) {
		text, e := stdio.ReadAll(fd)
		if e != 0 {
			stdio.Fatal(2, "read failed: "+name, e)
		}
		for len(text) > 0 {
			n := 0
			for n < len(text) && text[n] != terminator {
				n++
			}
			lines = append(lines, text[:n:n])
			text = text[min(n+1, len(text)):]
		}
	})
	if cmd.Status != 0 {
		sys.ExitNow(2)
	}
	return lines
}

// sortLines is a merge sort from the bottom up: stable, and no more than n log n comparisons.
func sortLines(a [][]byte) [][]byte {
	b := make([][]byte, len(a))
	for width := 1; width < len(a); width *= 2 {
		for lo := 0; lo < len(a); lo += 2 * width {
			mid, hi := min(lo+width, len(a)), min(lo+2*width, len(a))
			if mid == hi || compare(a[mid-1], a[mid]) <= 0 {
				copy(b[lo:hi], a[lo:hi])
				continue
			}
			merge(b[lo:hi], a[lo:mid], a[mid:hi])
		}
		a, b = b, a
	}
	return a
}

// merge fills dst with x and y, of equal lines first that of x.
func merge(dst, x, y [][]byte) {
	for k := range dst {
		if len(x) > 0 && (len(y) == 0 || compare(x[0], y[0]) <= 0) {
			dst[k], x = x[0], x[1:]
		} else {
			dst[k], y = y[0], y[1:]
		}
	}
}

// mergeAll merges inputs that are sorted already.
func mergeAll(names []string) [][]byte {
	if len(names) == 0 {
		return read(nil)
	}
	var all [][]byte
	for _, n := range names {
		next := read([]string{n})
		merged := make([][]byte, len(all)+len(next))
		merge(merged, all, next)
		all = merged
	}
	return all
}

// checkSorted exits with 1 and names the first line out of order.
func checkSorted(names []string) {
	lines := read(names)
	name := "-"
	if len(names) > 0 {
		name = names[0]
	}
	for i := 1; i < len(lines); i++ {
		if c := compare(lines[i-1], lines[i]); c > 0 || unique && compareKeys(lines[i-1], lines[i]) == 0 {
			if !quietCheck {
				stdio.Warn(name+":"+str.Itoa(int64(i+1))+": disorder: "+string(lines[i]), 0)
			}
			sys.ExitNow(1)
		}
	}
	sys.ExitNow(0)
}
