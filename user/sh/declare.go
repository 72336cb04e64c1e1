//go:build galago_user

package main

import "galago/user/sh/syntax"

// export, readonly, local and unset.

// declare assigns and marks the variables among args, or lists those that show accepts.
func declare(args []string, mark func(*variable), show func(*variable) bool) int {
	name := args[0]
	args = args[1:]
	list := len(args) == 0
	if len(args) > 0 && args[0] == "-p" {
		args = args[1:]
		list = len(args) == 0
	}
	if list {
		for _, v := range sortedVars() {
			switch {
			case !show(v):
			case v.set:
				puts(name + " " + v.name + "=" + quote(v.value) + "\n")
			default:
				puts(name + " " + v.name + "\n")
			}
		}
		return 0
	}
	if args[0] == "--" {
		args = args[1:]
	}
	for _, a := range args {
		n := index(a, '=')
		if !syntax.IsName(a[:n]) {
			return misuse(name + ": " + a[:n] + ": bad variable name")
		}
		if n < len(a) {
			if msg := setVar(a[:n], a[n+1:]); msg != "" {
				return misuse(msg)
			}
		}
		mark(entry(a[:n]))
	}
	return 0
}

func exportCommand(args []string) int {
	return declare(args, func(v *variable) { v.exported = true }, func(v *variable) bool { return v.exported })
}

func readonlyCommand(args []string) int {
	return declare(args, func(v *variable) { v.readonly = true }, func(v *variable) bool { return v.readonly })
}

// localCommand makes variables local to the running function; they keep their values until assigned.
func localCommand(args []string) int {
	if callDepth == 0 {
		return misuse("local: not in a function")
	}
	for _, a := range operands(args) {
		n := index(a, '=')
		if !syntax.IsName(a[:n]) {
			return misuse("local: " + a[:n] + ": bad variable name")
		}
		if v := lookup(a[:n]); v != nil && v.readonly && n < len(a) {
			return misuse(a[:n] + ": is read only")
		}
		if !isLocal(a[:n]) {
			saveVar(&locals, a[:n])
		}
		if n < len(a) {
			setVar(a[:n], a[n+1:])
		}
	}
	return 0
}

func isLocal(name string) bool {
	for s := locals; s != nil; s = s.next {
		if s.v.name == name {
			return true
		}
	}
	return false
}

func unsetCommand(args []string) int {
	args = args[1:]
	functions := false
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		a := args[0]
		args = args[1:]
		if a == "--" {
			break
		}
		for _, c := range []byte(a[1:]) {
			if c != 'f' && c != 'v' {
				return misuse("unset: Illegal option -" + string([]byte{c}))
			}
			functions = c == 'f'
		}
	}
	for _, a := range args {
		if functions {
			undefineFunction(a)
			continue
		}
		if !syntax.IsName(a) {
			return misuse("unset: " + a + ": bad variable name")
		}
		if msg := unsetVar(a); msg != "" {
			return misuse("unset: " + msg)
		}
	}
	return 0
}
