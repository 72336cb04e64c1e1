//go:build galago_user

// Command mkdir makes directories (POSIX.1-2017 XCU mkdir).
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/mode"
	"galago/libc/stdio"
	"galago/libc/sys"
)

var parents, verbose bool

func main() {
	o := cmd.Options("[-pv] [-m mode] directory...", "pvm:", "parents=p", "verbose=v", "mode:=m")
	var changes []mode.Change
	for o.Next() {
		switch o.Opt {
		case 'p':
			parents = true
		case 'v':
			verbose = true
		case 'm':
			var ok bool
			if changes, ok = mode.Parse(o.Arg); !ok {
				cmd.Die("invalid mode '" + o.Arg + "'")
			}
		}
	}
	o.Need(1, -1)
	umask := uint32(sys.Umask(0))
	sys.Umask(int(umask))
	final := uint32(0o777)
	if changes != nil {
		final = mode.Apply(changes, sys.S_IFDIR|0o777, umask)
	}
	for _, path := range o.Ops {
		if parents && !ancestors(path, umask) {
			continue
		}
		if !single(path, final) || changes == nil {
			continue
		}
		if e := sys.Chmod(path, final); e != 0 { // mkdir(2) applies the umask
			cmd.Fail(path, e)
		}
	}
	cmd.Done()
}

// ancestors makes what is missing above path, writable and searchable for its owner.
func ancestors(path string, umask uint32) bool {
	sys.Umask(int(umask &^ 0o300))
	defer sys.Umask(int(umask))
	for i := 1; i < len(path); i++ {
		if path[i] != '/' || path[i-1] == '/' {
			continue
		}
		rest := i
		for rest < len(path) && path[rest] == '/' {
			rest++
		}
		if rest == len(path) {
			break
		}
		if !single(path[:i], 0o777) {
			return false
		}
	}
	return true
}

// single makes one directory; with -p one that exists is fine.
func single(path string, m uint32) bool {
	e := sys.Mkdir(path, m)
	if e == 0 {
		if verbose {
			stdio.Puts("mkdir: created directory '" + path + "'\n")
		}
		return true
	}
	if parents && (e == errno.EEXIST || e == errno.EROFS || e == errno.EACCES || e == errno.EISDIR) {
		var st sys.Stat
		if sys.StatPath(path, &st) == 0 && st.Mode&sys.S_IFMT == sys.S_IFDIR {
			return true
		}
	}
	cmd.Fail("cannot create directory '"+path+"'", e)
	return false
}
