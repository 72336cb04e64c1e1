//go:build galago_user

// Command threads runs one workload on four thread libraries and prints the comparison: kernel threads (1:1), user-level threads on
// one kernel thread (N:1) and on several (M:N), and scheduler activations.
package main

import (
	"galago/libc/stdio"
	"galago/libc/sys"
	"galago/libc/thread"
	"galago/user/lab/threads/work"
)

func main() {
	procs := min(sys.NumCPU(), 4)
	stdio.Printf("%d CPUs; nanoseconds per operation, but for the last column\n", procs)
	stdio.Printf("%-12s %10s %10s %10s %10s  %d threads x %d calls that block for %d ms\n", "library", "create", "yield", "handover", "mutex",
		work.Blockers, work.Calls, int(work.CallTime/1e6))
	stdio.Out.Flush()
	for _, l := range [...]thread.Library{thread.OneToOne{}, new(thread.ManyToOne), new(thread.ManyToMany), new(thread.Activations)} {
		f, e := work.Measure(l, procs)
		if e != 0 {
			stdio.Printf("%-12s %s\n", l.Name(), e.Name())
		} else {
			stdio.Printf("%-12s %10d %10d %10d %10d  %d ms\n", l.Name(), f.Create, f.Yield, f.Handover, f.Mutex, f.Blocking/1e6)
		}
		stdio.Out.Flush()
	}
}
