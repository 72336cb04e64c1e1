//go:build galago && ktest

package syscall

import (
	"sync/atomic"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// The test kernel audits itself: it counts the calls that programs make, and at power-off, when every process but init is gone
// and the caches are dropped, says on its log which calls were made and what is still in use. The host's test command adds up the
// first, so that no call lacks a test, and compares the second with an idle machine's. The lines:
//
//	audit: call NAME CAME RETURNED     times it was entered, times it returned without an error
//	audit: left NAME N                 objects in use of a cache; also "frames" and "threads"

// tally counts one call on one CPU. A thread may move between reading and adding: hence atomic, though rarely contended.
type tally struct{ came, returned atomic.Uint64 }

// tallied is more than any call's number.
const tallied = 512

var tallies [arch.MaxCPUs][tallied]tally

func init() { beforePowerOff = audit }

// count notes that the call n is entered, or, if done, that it returned without an error. init's own calls do not count.
func count(n uint64, done bool) {
	if n >= tallied || current().Proc.PID == 1 {
		return
	}
	t := &tallies[arch.CPUID()][n]
	if done {
		t.returned.Add(1)
	} else {
		t.came.Add(1)
	}
}

// audit writes the report.
func audit() {
	for n := range table {
		var came, returned uint64
		for cpu := range arch.NumCPU() {
			came += tallies[cpu][n].came.Load()
			returned += tallies[cpu][n].returned.Load()
		}
		if came > 0 {
			klog.Printf("audit: call %s %d %d", table[n].Name, came, returned)
		}
	}
	const everything = 3
	vfs.DropCaches(everything)
	sched.TrimWorkers()
	drainStacks()
	mem.EachCache(func(c mem.CacheStats) {
		if c.Active > 0 {
			klog.Printf("audit: left %s %d", c.Name, c.Active)
		}
	})
	klog.Printf("audit: left threads %d", sched.NumThreads())
	klog.Printf("audit: left frames %d", mem.TakeSnapshot().Frames)
}

// drainStacks gives back the kernel stacks that the CPUs keep for new threads.
func drainStacks() {
	me := sched.Current()
	old := me.Affinity()
	for cpu := range arch.NumCPU() {
		if me.SetAffinity(1<<uint(cpu)) == errno.OK {
			sched.DrainStacks()
		}
	}
	me.SetAffinity(old)
}
