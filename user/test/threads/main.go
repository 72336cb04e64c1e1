//go:build galago_user

// Test threads runs the thread libraries that Linux can carry too and prints what must not depend on chance. With the argument
// "activations" it runs the fourth one.
package main

import (
	"runtime"

	"galago/libc/stdio"
	"galago/libc/sys"
	"galago/libc/thread"
	"galago/user/lab/threads/work"
)

func main() {
	libraries := []thread.Library{thread.OneToOne{}, new(thread.ManyToOne), new(thread.ManyToMany)}
	if len(runtime.Argv) > 1 && sys.GoString(runtime.Argv[1]) == "activations" {
		libraries = []thread.Library{new(thread.Activations)}
	}
	for _, l := range libraries {
		f, e := work.Measure(l, 2)
		stdio.Printf("%s: %s, sum %d, turns %d, preempted %t\n", l.Name(), e.Name(), f.Sum, f.Turns, f.Preempted)
		stdio.Out.Flush()
	}
}
