//go:build galago_user

// Command which prints where PATH finds commands; -a prints all places.
package main

import (
	"galago/libc/cmd"
	"galago/libc/spawn"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("[-a] command...", "a", "all=a")
	all := false
	for o.Next() {
		all = true
	}
	path := spawn.SearchPath(cmd.Environ())
	if len(o.Ops) == 0 {
		cmd.Status = 1
	}
	for _, name := range o.Ops {
		found := false
		for _, c := range spawn.Candidates(name, path) {
			var st sys.Stat
			if sys.StatPath(c, &st) != 0 || st.Mode&sys.S_IFMT != sys.S_IFREG || sys.Access(c, 1) != 0 {
				continue
			}
			found = true
			stdio.Puts(c + "\n")
			if !all {
				break
			}
		}
		if !found {
			cmd.Status = 1
		}
	}
	cmd.Done()
}
