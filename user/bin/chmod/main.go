//go:build galago_user

// Command chmod changes file modes (POSIX.1-2017 XCU chmod).
package main

import (
	"galago/libc/cmd"
	"galago/libc/dir"
	"galago/libc/mode"
	"galago/libc/opt"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
	"galago/libc/walk"
)

var (
	recursive, silent, verbose, changesOnly bool
	changes                                 []mode.Change
	umask                                   uint32
)

func main() {
	o := cmd.Options("[-cfRv] mode file...", "cfRvrwxXstugoa,=", "changes=c", "silent=f", "quiet=f", "recursive=R", "verbose=v",
		"reference:=\x01")
	// A mode like -x looks like an option: it is taken out first.
	args, spec := cmd.Args(), ""
	var rest []string
	for i, a := range args {
		if spec == "" && len(a) > 1 && a[0] == '-' && isMode(a) {
			spec = a
			rest = append(append([]string(nil), args[:i]...), args[i+1:]...)
		}
	}
	if spec != "" {
		o.Parser = opt.New(rest, "cfRv")
	}
	for o.Next() {
		switch o.Opt {
		case 'c':
			changesOnly = true
		case 'f':
			silent = true
		case 'R':
			recursive = true
		case 'v':
			verbose = true
		case 1:
			var st sys.Stat
			if e := sys.StatPath(o.Arg, &st); e != 0 {
				stdio.Fatal(1, "failed to get attributes of '"+o.Arg+"'", e)
			}
			spec = str.Utoa(uint64(st.Mode&0o7777), 8)
		default:
			o.Usage()
		}
	}
	ops := o.Ops
	if spec == "" {
		o.Need(2, -1)
		spec, ops = ops[0], ops[1:]
	} else {
		o.Need(1, -1)
	}
	var ok bool
	if changes, ok = mode.Parse(spec); !ok {
		cmd.Die("invalid mode: '" + spec + "'")
	}
	umask = uint32(sys.Umask(0))
	sys.Umask(int(umask))
	for _, p := range ops {
		change(p, true)
	}
	cmd.Done()
}

func isMode(a string) bool {
	for _, c := range []byte(a[1:]) {
		if str.IndexByte("rwxXstugo,+-=", c) < 0 {
			return false
		}
	}
	_, ok := mode.Parse(a)
	return ok
}

func fail(what string, e sys.Errno) {
	if silent {
		cmd.Status = 1
		return
	}
	cmd.Fail(what, e)
}

func change(path string, operand bool) {
	var st sys.Stat
	if e := sys.Lstat(path, &st); e != 0 {
		fail("cannot access '"+path+"'", e)
		return
	}
	if st.Mode&sys.S_IFMT == sys.S_IFLNK {
		if !operand {
			return // links met on the way have no mode of their own
		}
		if e := sys.StatPath(path, &st); e != 0 {
			fail("cannot operate on dangling symlink '"+path+"'", 0)
			return
		}
	}
	m := mode.Apply(changes, st.Mode, umask)
	if e := sys.Chmod(path, m); e != 0 {
		fail("changing permissions of '"+path+"'", e)
	} else {
		report(path, st.Mode, m)
	}
	if recursive && st.Mode&sys.S_IFMT == sys.S_IFDIR {
		e := walk.Dir(path, func(p string, _ *dir.Entry) { change(p, false) })
		if e != 0 {
			fail("cannot read directory '"+path+"'", e)
		}
	}
}

func report(path string, old, m uint32) {
	text := func(m uint32) string {
		return "0000"[min(len(str.Utoa(uint64(m), 8)), 4):] + str.Utoa(uint64(m), 8) + " (" + mode.String(m)[1:] + ")"
	}
	switch old &= 0o7777; {
	case old != m && (verbose || changesOnly):
		stdio.Puts("mode of '" + path + "' changed from " + text(old) + " to " + text(m) + "\n")
	case old == m && verbose:
		stdio.Puts("mode of '" + path + "' retained as " + text(m) + "\n")
	}
}
