//go:build galago_user

package main

import (
	"slices"

	"galago/libc/dir"
)

// Completion of file names and, for the first word, of commands.

// complete extends the word before the cursor as far as all candidates agree; a second tab lists them.
func (e *editor) complete() {
	start := e.pos
	for start > 0 && !separatesWords(e.buf[start-1]) {
		start--
	}
	word := string(e.buf[start:e.pos])
	slash := len(word)
	for slash > 0 && word[slash-1] != '/' {
		slash--
	}
	first := start
	for first > 0 && e.buf[first-1] == ' ' {
		first--
	}
	command := slash == 0 && (first == 0 || index(";|&(", e.buf[first-1]) < 4)
	var names []string
	if command {
		names = commandsLike(word)
	} else {
		names = filesLike(word[:slash], word[slash:])
	}
	if len(names) == 0 {
		e.write("\a")
		return
	}
	slices.Sort(names)
	names = slices.Compact(names)
	prefix := names[0]
	for _, n := range names {
		k := 0
		for k < len(prefix) && k < len(n) && prefix[k] == n[k] {
			k++
		}
		prefix = prefix[:k]
	}
	more := prefix[len(word)-slash:]
	switch {
	case len(names) == 1 && prefix[len(prefix)-1] != '/':
		e.insert(more + " ")
	case more != "":
		e.insert(more)
		e.listed = true
	case e.listed:
		e.list(names)
	default:
		e.write("\a")
		e.listed = true
	}
}

func separatesWords(c byte) bool { return index(" \t'\"<>;|&()=`", c) < 12 }

// list prints the candidates below the line.
func (e *editor) list(names []string) {
	width := 0
	for _, n := range names {
		width = max(width, columnsOf(n)+2)
	}
	per := max(e.columns/width, 1)
	for i, n := range names {
		if i%per == 0 {
			e.write("\n")
		}
		e.write(n)
		for k := columnsOf(n); k < width && i%per < per-1 && i < len(names)-1; k++ {
			e.write(" ")
		}
	}
	e.write("\n")
}

func hasPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }

// filesLike returns the names in a directory that begin with prefix; directories end with a slash.
func filesLike(where, prefix string) []string {
	path := where
	switch {
	case where == "":
		path = "."
	case hasPrefix(where, "~/"):
		home, _ := homeOf("")
		path = home + where[1:]
	}
	list, _ := dir.Read(path)
	var names []string
	for _, d := range list {
		if !hasPrefix(d.Name, prefix) || d.Name == "." || d.Name == ".." || prefix == "" && d.Name[0] == '.' {
			continue
		}
		name := d.Name
		if d.Type == dir.DT_DIR || d.Type != dir.DT_REG && isDir(path+"/"+name) {
			name += "/"
		}
		names = append(names, name)
	}
	return names
}

// commandsLike returns built-ins, functions and programs.
func commandsLike(prefix string) []string {
	var names []string
	for i := range builtins {
		if hasPrefix(builtins[i].name, prefix) {
			names = append(names, builtins[i].name)
		}
	}
	for _, f := range functions {
		for ; f != nil; f = f.next {
			if hasPrefix(f.name, prefix) {
				names = append(names, f.name)
			}
		}
	}
	path, _ := getVar("PATH")
	for more := path != ""; more; {
		n := index(path, ':')
		for _, name := range filesLike(path[:n]+"/", prefix) {
			if name[len(name)-1] != '/' {
				names = append(names, name)
			}
		}
		more = n < len(path)
		path = path[min(n+1, len(path)):]
	}
	return names
}
