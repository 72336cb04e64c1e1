//go:build galago

package main

import "unsafe"

// The kernel command line: words "name" and "name=value"; after the word "--" come init's arguments, as on Linux.
// Values may be quoted with double quotes.

const maxWords = 64

var (
	words    [maxWords]string
	nWords   int
	initArgs [maxWords + 1]string
	nArgs    int
)

func parseCmdline(line []byte) {
	toInit := false
	for i := 0; i < len(line); {
		for i < len(line) && (line[i] == ' ' || line[i] == '\t' || line[i] == '\n') {
			i++
		}
		start, quoted := i, false
		for i < len(line) && (quoted || line[i] != ' ' && line[i] != '\t' && line[i] != '\n') {
			quoted = quoted != (line[i] == '"')
			i++
		}
		if start == i {
			continue
		}
		w := unsafe.String(&line[start], i-start)
		switch {
		case w == "--":
			toInit = true
		case toInit && nArgs < maxWords:
			initArgs[nArgs] = w
			nArgs++
		case !toInit && nWords < maxWords:
			words[nWords] = w
			nWords++
		}
	}
}

// option returns the value of "name=value", the last one given, or "".
func option(name string) string {
	for i := nWords - 1; i >= 0; i-- {
		if w := words[i]; len(w) > len(name) && w[:len(name)] == name && w[len(name)] == '=' {
			v := w[len(name)+1:]
			if len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"' {
				v = v[1 : len(v)-1]
			}
			return v
		}
	}
	return ""
}

// flag reports whether the word stands alone on the command line, or as a name with a value.
func flag(name string) bool {
	for _, w := range words[:nWords] {
		if w == name || len(w) > len(name) && w[:len(name)] == name && w[len(name)] == '=' {
			return true
		}
	}
	return false
}

// numberOption returns a decimal option, or def when it is missing or no number.
func numberOption(name string, def int) int {
	v := option(name)
	if v == "" {
		return def
	}
	n := 0
	for i := range len(v) {
		if v[i] < '0' || v[i] > '9' || n > 1<<30 {
			return def
		}
		n = n*10 + int(v[i]-'0')
	}
	return n
}
