//go:build galago

package proc

import (
	"sync/atomic"

	"galago/arch"
	"galago/kernel/fs/procfs"
	"galago/kernel/sched"
	"galago/kernel/time"
)

// forks counts the processes and threads ever made.
var forks atomic.Uint64

// The load averages: every 5 s the number of runnable threads enters three exponentially decaying means over 1, 5 and 15
// minutes, in 1/65536. A mean keeps exp(−5 s/period) of its old value.
const loadPeriod = 5 * 1_000_000_000

var (
	loadDecay   = [3]uint32{60296, 64453, 65173}
	loadAverage [3]atomic.Uint32
	loadTimer   time.Timer
)

func startLoadAverage() {
	loadTimer.Func = sampleLoad
	loadTimer.Start(time.Now() + loadPeriod)
}

func sampleLoad(t *time.Timer) {
	n := uint64(min(runnable(), 0xffff)) << 16
	for i := range loadAverage {
		keep := uint64(loadDecay[i])
		old := uint64(loadAverage[i].Load())
		loadAverage[i].Store(uint32((old*keep + n*(1<<16-keep) + 1<<15) >> 16))
	}
	t.Start(time.Now() + loadPeriod)
}

// runnable counts the threads that run or wait for a CPU.
func runnable() (n int) {
	for c := range arch.NumCPU() {
		_, _, k := sched.CPUStats(c)
		n += k
	}
	return n
}

func loadState() (l procfs.Load) {
	for i := range l.Average {
		l.Average[i] = loadAverage[i].Load()
	}
	l.Running = runnable()
	l.Threads = sched.NumThreads()
	l.Forks = forks.Load()
	for c := range arch.NumCPU() {
		switches, _, _ := sched.CPUStats(c)
		l.Switches += switches
	}
	table.lock.Lock()
	l.Last = table.next
	table.lock.Unlock()
	return l
}

// cpuTime divides a CPU's time into idle, user and system.
func cpuTime(cpu int) (t procfs.CPUTimes) {
	sys := sched.CPUKernelTime(cpu)
	_, t.Idle, _ = sched.CPUStats(cpu)
	if now := time.Now(); now > t.Idle {
		t.System = min(sys, now-t.Idle)
		t.User = now - t.Idle - t.System
	}
	return t
}

// interrupts is /proc/interrupts: one line a vector in use.
func interrupts(b *procfs.Buffer) {
	b.WriteString("     ")
	for c := range arch.NumCPU() {
		b.Printf("       CPU%d", c)
	}
	b.WriteString("\n")
	for v := range 256 {
		name := arch.VectorName(v)
		if name == "" {
			continue
		}
		b.Printf("%3d: ", v)
		for c := range arch.NumCPU() {
			b.Printf("%10d ", arch.VectorCount(v, c))
		}
		b.Printf("  %s\n", name)
	}
}
