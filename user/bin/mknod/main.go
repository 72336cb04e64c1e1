//go:build galago_user

// Command mknod makes device nodes and FIFOs.
package main

import (
	"galago/libc/cmd"
	"galago/libc/mode"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("[-m mode] name {b | c | u} major minor | [-m mode] name p", "m:", "mode:=m")
	m := uint32(0o666)
	exact := false
	for o.Next() {
		list, ok := mode.Parse(o.Arg)
		if !ok {
			cmd.Die("invalid mode '" + o.Arg + "'")
		}
		m, exact = mode.Apply(list, 0o666, 0), true
	}
	o.Need(2, 4)
	kind, dev := uint32(0), uint64(0)
	switch o.Ops[1] {
	case "b":
		kind = sys.S_IFBLK
	case "c", "u":
		kind = sys.S_IFCHR
	case "p":
		kind = sys.S_IFIFO
		o.Need(2, 2)
	default:
		cmd.Die("invalid device type '" + o.Ops[1] + "'")
	}
	if kind != sys.S_IFIFO {
		o.Need(4, 4)
		dev = sys.Makedev(number(o.Ops[2]), number(o.Ops[3]))
	}
	if e := sys.Mknod(o.Ops[0], kind|m, dev); e != 0 {
		stdio.Fatal(1, o.Ops[0], e)
	}
	if exact {
		if e := sys.Chmod(o.Ops[0], m); e != 0 {
			stdio.Fatal(1, o.Ops[0], e)
		}
	}
	cmd.Done()
}

func number(s string) uint32 {
	v, ok := str.ParseUint(s, 10)
	if !ok || v > 1<<32-1 {
		cmd.Die("invalid device number '" + s + "'")
	}
	return uint32(v)
}
