//go:build galago_user

package main

import (
	"runtime"
	"slices"

	"galago/kernel/errno"
	"galago/libc/sys"
	"galago/user/sh/expand"
	"galago/user/sh/syntax"
)

// Variables, positional parameters, functions and aliases.

type variable struct {
	next     *variable
	name     string
	value    string
	set      bool
	exported bool
	readonly bool
}

// variables is a hash table (FNV-1a) of all that have ever been named.
var variables [128]*variable

func bucket(name string) **variable {
	h := uint32(2166136261)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return &variables[h%uint32(len(variables))]
}

func lookup(name string) *variable {
	for v := *bucket(name); v != nil; v = v.next {
		if v.name == name {
			return v
		}
	}
	return nil
}

// entry finds or makes a variable, unset when new.
func entry(name string) *variable {
	if v := lookup(name); v != nil {
		return v
	}
	b := bucket(name)
	v := create[variable]()
	v.name, v.next = keep(name), *b
	*b = v
	return v
}

func getVar(name string) (string, bool) {
	if v := lookup(name); v != nil && v.set {
		return v.value, true
	}
	return "", false
}

// setVar assigns a variable; it returns a message when that is not allowed.
func setVar(name, value string) (msg string) {
	v := entry(name)
	if v.readonly {
		return name + ": is read only"
	}
	old := v.value
	v.value, v.set = keep(value), true
	drop(old)
	v.exported = v.exported || opt.allexport
	changed(name)
	return ""
}

// changed reacts to the assignment of variables that the shell itself looks at.
func changed(name string) {
	if name == "OPTIND" {
		optPos = 0
	}
}

func unsetVar(name string) (msg string) {
	v := lookup(name)
	if v == nil {
		return ""
	}
	if v.readonly {
		return name + ": is read only"
	}
	drop(v.value)
	v.value, v.set, v.exported = "", false, false
	changed(name)
	return ""
}

// importEnvironment takes the environment over; what is no name is not passed on.
func importEnvironment() {
	for _, p := range runtime.Environ {
		if name, value, ok := cutAssign(sys.GoString(p)); ok {
			setVar(name, value)
			entry(name).exported = true
		}
	}
}

// cutAssign splits NAME=value.
func cutAssign(s string) (name, value string, ok bool) {
	for i := range len(s) {
		if s[i] == '=' {
			return s[:i], s[i+1:], syntax.IsName(s[:i])
		}
	}
	return s, "", false
}

// environment is what programs get.
func environment() []string {
	env := make([]string, 0, 32)
	for _, v := range variables {
		for ; v != nil; v = v.next {
			if v.exported && v.set {
				env = append(env, v.name+"="+v.value)
			}
		}
	}
	return env
}

// sortedVars returns all variables by name.
func sortedVars() []*variable {
	var all []*variable
	for _, v := range variables {
		for ; v != nil; v = v.next {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b *variable) int {
		switch {
		case a.name < b.name:
			return -1
		case a.name > b.name:
			return 1
		}
		return 0
	})
	return all
}

// savedVar is a variable's state to go back to, after a function with local or after a command with assignments.
type savedVar struct {
	next                    *savedVar
	v                       *variable
	value                   string
	set, exported, readonly bool
}

// saveVar puts a variable's state on list; the variable keeps its value.
func saveVar(list **savedVar, name string) *variable {
	v := entry(name)
	s := create[savedVar]()
	*s = savedVar{*list, v, v.value, v.set, v.exported, v.readonly}
	v.value = keep(v.value)
	*list = s
	return v
}

// restoreVars undoes saveVar, the newest first.
func restoreVars(list **savedVar) {
	for s := *list; s != nil; s = *list {
		*list = s.next
		drop(s.v.value)
		s.v.value, s.v.set, s.v.exported, s.v.readonly = s.value, s.set, s.exported, s.readonly
		changed(s.v.name)
		discard(s)
	}
}

// params are the positional parameters; owned is what must be freed with them.
type params struct {
	list  []string
	owned []string
}

var positional params

// setParams replaces the parameters by copies of list.
func setParams(list []string) {
	old := positional.owned
	k := keepStrings(list)
	positional = params{k, k}
	dropStrings(old)
}

// function is a defined function; its tree is freed when it is neither defined nor running.
type function struct {
	next *function
	name string
	body syntax.Command
	refs int
}

var functions [32]*function

func functionBucket(name string) **function {
	h := uint32(len(name))
	for i := range len(name) {
		h = h*31 + uint32(name[i])
	}
	return &functions[h%uint32(len(functions))]
}

func findFunction(name string) *function {
	for f := *functionBucket(name); f != nil; f = f.next {
		if f.name == name {
			return f
		}
	}
	return nil
}

func defineFunction(name string, body syntax.Command) {
	undefineFunction(name)
	b := functionBucket(name)
	f := create[function]()
	*f = function{*b, keep(name), syntax.Keep(body), 1}
	*b = f
}

func undefineFunction(name string) {
	for p := functionBucket(name); *p != nil; p = &(*p).next {
		if f := *p; f.name == name {
			*p = f.next
			f.release()
			return
		}
	}
}

func (f *function) release() {
	if f.refs--; f.refs == 0 {
		syntax.Drop(f.body)
		drop(f.name)
		discard(f)
	}
}

// alias is a defined alias.
type alias struct {
	next       *alias
	name, text string
}

var aliases *alias

func findAlias(name string) (string, bool) {
	for a := aliases; a != nil; a = a.next {
		if a.name == name {
			return a.text, true
		}
	}
	return "", false
}

func removeAlias(name string) bool {
	for p := &aliases; *p != nil; p = &(*p).next {
		if a := *p; a.name == name {
			*p = a.next
			drop(a.name)
			drop(a.text)
			discard(a)
			return true
		}
	}
	return false
}

func defineAlias(name, text string) {
	removeAlias(name)
	a := create[alias]()
	*a = alias{aliases, keep(name), keep(text)}
	aliases = a
}

// homeOf looks a user's home directory up: $HOME for "", else /etc/passwd (fields user:x:uid:gid:name:home:shell).
func homeOf(user string) (string, bool) {
	if user == "" {
		return getVar("HOME")
	}
	text, _ := readFile("/etc/passwd")
	for len(text) > 0 {
		n := index(text, '\n')
		line := text[:n]
		text = text[min(n+1, len(text)):]
		if k := index(line, ':'); line[:k] != user {
			continue
		}
		for range 5 {
			line = line[min(index(line, ':')+1, len(line)):]
		}
		return line[:index(line, ':')], true
	}
	return "", false
}

// index is the place of c in s, or its length.
func index(s string, c byte) int {
	for i := range len(s) {
		if s[i] == c {
			return i
		}
	}
	return len(s)
}

// readFile returns a whole file.
func readFile(path string) (string, sys.Errno) {
	fd, e := sys.Open(path, sys.O_RDONLY|sys.O_CLOEXEC, 0)
	if e != 0 {
		return "", e
	}
	b, e := readAll(fd)
	sys.Close(fd)
	return string(b), e
}

func readAll(fd int) ([]byte, sys.Errno) {
	b := make([]byte, 0, 4096)
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, e := sys.Read(fd, b[len(b):cap(b)])
		if e == errno.EINTR {
			continue
		}
		if e != 0 || n == 0 {
			return b, e
		}
		b = b[:len(b)+n]
	}
}

func itoa(n int) string { return expand.Itoa(int64(n)) }

// number reads a decimal number without a sign.
func number(s string) (int, bool) {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || n > 1<<40 {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, len(s) > 0
}
