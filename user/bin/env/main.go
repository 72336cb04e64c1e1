//go:build galago_user

// Command env runs a command in a changed environment, or prints the environment (POSIX.1-2017 XCU env).
package main

import (
	"runtime"

	"galago/libc/cmd"
	"galago/libc/spawn"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

func main() {
	cmd.UsageStatus = 125
	o := cmd.Options("[-i0] [-u name]... [-C directory] [name=value]... [command [argument]...]", "+i0u:C:",
		"ignore-environment=i", "null=0", "unset:=u", "chdir:=C")
	env := cmd.Environ()
	end, dir := byte('\n'), ""
	for o.Next() {
		switch o.Opt {
		case 'i':
			env = nil
		case '0':
			end = 0
		case 'u':
			env = without(env, o.Arg)
		case 'C':
			dir = o.Arg
		}
	}
	ops := o.Ops
	if len(ops) > 0 && ops[0] == "-" {
		env, ops = nil, ops[1:]
	}
	for len(ops) > 0 && str.IndexByte(ops[0], '=') > 0 {
		name, _, _ := str.Cut(ops[0], '=')
		env = set(env, name, ops[0])
		ops = ops[1:]
	}
	if len(ops) == 0 {
		for _, v := range env {
			stdio.Puts(v)
			stdio.Out.Putc(end)
		}
		cmd.Done()
	}
	if dir != "" {
		if e := sys.Chdir(dir); e != 0 {
			stdio.Fatal(125, "cannot change directory to '"+dir+"'", e)
		}
	}
	e := spawn.Exec(ops, env)
	stdio.Warn("'"+ops[0]+"'", e)
	runtime.Exit(spawn.Status(e))
}

func set(env []string, name, assignment string) []string {
	for i, v := range env {
		if n, _, _ := str.Cut(v, '='); n == name {
			env[i] = assignment
			return env
		}
	}
	return append(env, assignment)
}

func without(env []string, name string) []string {
	kept := env[:0]
	for _, v := range env {
		if n, _, _ := str.Cut(v, '='); n != name {
			kept = append(kept, v)
		}
	}
	return kept
}
