//go:build galago_user

package main

import (
	"galago/libc/dir"
	"galago/libc/sys"
	"galago/user/sh/expand"
	"galago/user/sh/syntax"
)

// shellEnv is what package expand sees of the shell.
type shellEnv struct{}

var environ expand.Env = shellEnv{}

// Get returns a variable or parameter.
func (shellEnv) Get(name string) (string, bool) {
	c := name[0]
	if c == '_' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
		if name == "LINENO" {
			return itoa(currentLine), true
		}
		return getVar(name)
	}
	switch c {
	case '#':
		return itoa(len(positional.list)), true
	case '?':
		return itoa(status), true
	case '$':
		return itoa(shellPID), true
	case '!':
		if lastAsync == 0 {
			return "", false
		}
		return itoa(lastAsync), true
	case '-':
		return optionLetters(), true
	}
	n, _ := number(name)
	switch {
	case n == 0:
		return arg0, true
	case n <= len(positional.list):
		return positional.list[n-1], true
	}
	return "", false
}

// Set assigns a variable.
func (shellEnv) Set(name, value string) string { return setVar(name, value) }

// Params returns $1, $2…
func (shellEnv) Params() []string { return positional.list }

// Command runs a command substitution.
func (shellEnv) Command(body *syntax.List) (string, string) { return substitute(body) }

// Home returns a user's home directory.
func (shellEnv) Home(user string) (string, bool) { return homeOf(user) }

// NoUnset is set -u.
func (shellEnv) NoUnset() bool { return opt.nounset }

// NoGlob is set -f.
func (shellEnv) NoGlob() bool { return opt.noglob }

// ReadDir lists a directory.
func (shellEnv) ReadDir(path string) []string {
	list, _ := dir.Read(path)
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Name
	}
	return names
}

// Exists tests a path.
func (shellEnv) Exists(path string, directory bool) bool {
	var st sys.Stat
	if directory {
		return sys.StatPath(path, &st) == 0 && st.Mode&sys.S_IFMT == sys.S_IFDIR
	}
	return sys.Lstat(path, &st) == 0
}

// expandWords expands the words of a command; ok is false after an error, which has been reported.
func expandWords(words []*syntax.Word) (list []string, ok bool) {
	e := expand.New(environ)
	list = e.Fields(words)
	return list, expanded(e)
}

func expandString(w *syntax.Word) (string, bool) {
	if w.Plain {
		return w.Parts[0].Text, true
	}
	e := expand.New(environ)
	s := e.String(w)
	return s, expanded(e)
}

func expandAssignment(w *syntax.Word) (string, bool) {
	if w.Plain {
		return w.Parts[0].Text, true
	}
	e := expand.New(environ)
	s := e.Assignment(w)
	return s, expanded(e)
}

func expandPattern(w *syntax.Word) (string, bool) {
	e := expand.New(environ)
	s := e.Pattern(w)
	return s, expanded(e)
}

// expanded gives the command up if an expansion has failed.
func expanded(e *expand.Expander) bool {
	if unwind == interrupted {
		return false
	}
	if e.Err != "" {
		abort(e.Err)
		return false
	}
	return true
}
