//go:build galago_user

// Package abuse is what the programs share that try the kernel's patience (user/fuzz, user/soak): looking at what the kernel has in use,
// and ending everything else that runs. They are masters of a machine of their own; what they start may be in any state.
package abuse

import (
	"runtime"

	"galago/kernel/errno"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

// Patience is how long, in ms, a killed process may take to end.
const Patience = 20000

// Failed tells whether Complain has been called.
var Failed bool

// Complain reports a failure of the kernel that the master has seen.
func Complain(format string, args ...any) {
	Failed = true
	stdio.Printf(format, args...)
	stdio.Out.Flush()
}

// Now is the monotonic clock in ms.
func Now() int64 {
	const monotonic = 1
	t := sys.ClockGettime(monotonic)
	return t.Sec*1000 + t.Nsec/1e6
}

// Sleep sleeps ms milliseconds, or until a signal.
func Sleep(ms int64) { sys.Nanosleep(sys.Timespec{Sec: ms / 1000, Nsec: ms % 1000 * 1e6}) }

// Random is a generator of numbers: splitmix64 (G. Steele, D. Lea, C. Flood, Fast Splittable Pseudorandom Number Generators, 2014).
type Random uint64

// Next is the next number.
func (r *Random) Next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Below is a number from 0 to n-1.
func (r *Random) Below(n int) int { return int(r.Next() >> 1 % uint64(n)) }

// Chance is true once in so many times.
func (r *Random) Chance(one int) bool { return r.Below(one) == 0 }

// Protect keeps the master from what the kernel does to those who cause a shortage of memory.
func Protect() {
	if fd, e := sys.Open("/proc/self/oom_score_adj", sys.O_WRONLY, 0); e == 0 {
		sys.WriteAll(fd, []byte("-1000"))
		sys.Close(fd)
	}
}

// Child says that the process is not the master. What has lost its way there, for example by a signal frame of garbage, must not kill.
func Child() { child = true }

var child bool

// KillOthers ends everything but init and the master and waits until it is gone; reap is called meanwhile to take the reports of ended
// children. False, and a complaint: something does not end.
func KillOthers(reap func()) bool {
	for began := Now(); ; Sleep(5) {
		if child {
			sys.ExitNow(3)
		}
		sys.Kill(-1, sys.SIGKILL)
		reap()
		n := Processes()
		if n <= 2 {
			return true
		}
		if Now()-began > Patience {
			Complain("%d processes do not end\n", n-2)
			ShowProcesses()
			return false
		}
	}
}

// Processes counts the directories of processes, zombies too.
func Processes() (n int) {
	eachProcess(func(string) { n++ })
	return n
}

func eachProcess(fn func(name string)) {
	fd, e := sys.Open("/proc", sys.O_RDONLY|sys.O_DIRECTORY, 0)
	if e != 0 {
		Complain("/proc: %s\n", e.Name())
		return
	}
	for {
		n, e := sys.Getdents(fd, dirents[:])
		if e != 0 || n == 0 {
			break
		}
		for at := 0; at < n; {
			size := int(dirents[at+16]) | int(dirents[at+17])<<8
			if c := dirents[at+19]; c >= '0' && c <= '9' {
				fn(sys.GoString(&dirents[at+19]))
			}
			at += size
		}
	}
	sys.Close(fd)
}

var dirents [4096]byte

// ShowProcesses prints what is known of the processes there are.
func ShowProcesses() {
	eachProcess(func(name string) {
		for _, file := range [...]string{"/stat", "/wchan", "/syscall"} {
			if text, ok := read("/proc/" + name + file); ok {
				stdio.Puts(text + "\n")
			}
		}
	})
	showKernel()
	stdio.Out.Flush()
}

// showKernel has the kernel log what its CPUs do and where its threads wait, and prints that.
func showKernel() {
	const clear, readAll, size = 5, 3, 1 << 18
	sys.Syslog(clear, nil)
	for _, what := range [...]string{"l", "t"} {
		if fd, e := sys.Open("/proc/sysrq-trigger", sys.O_WRONLY, 0); e == errno.OK {
			sys.Write(fd, []byte(what))
			sys.Close(fd)
		}
	}
	text := make([]byte, size)
	if n, e := sys.Syslog(readAll, text); e == errno.OK {
		stdio.Puts(string(text[:n]))
	}
}

func read(path string) (string, bool) {
	fd, e := sys.Open(path, sys.O_RDONLY, 0)
	if e != 0 {
		return "", false
	}
	text, e := stdio.ReadAll(fd)
	sys.Close(fd)
	return string(text), e == errno.OK
}

// Objects reads how many objects of a cache are in use, of all caches if the name is empty.
func Objects(cache string) (sum int) {
	region := runtime.Mark()
	defer runtime.Release(region)
	text, _ := read("/proc/slabinfo")
	for _, line := range str.Split(text, '\n') {
		if f := str.Fields(line); len(f) > 2 && f[0] != "#" && f[0] != "slabinfo" && (f[0] == cache || cache == "") {
			n, _ := str.Atoi(f[1])
			sum += int(n)
		}
	}
	return sum
}

// FreeMemory is MemFree of /proc/meminfo in kB, after the caches have been dropped.
func FreeMemory() int {
	region := runtime.Mark()
	defer runtime.Release(region)
	sys.Sync()
	if fd, e := sys.Open("/proc/sys/vm/drop_caches", sys.O_WRONLY, 0); e == 0 {
		sys.WriteAll(fd, []byte("3"))
		sys.Close(fd)
	}
	text, _ := read("/proc/meminfo")
	for _, line := range str.Split(text, '\n') {
		if f := str.Fields(line); len(f) > 1 && f[0] == "MemFree:" {
			n, _ := str.Atoi(f[1])
			return int(n)
		}
	}
	return 0
}

// Run runs a program and waits for it.
func Run(argv ...string) {
	pid, e := sys.Fork()
	if e == 0 && pid == 0 {
		sys.Execve(argv[0], argv, nil)
		sys.ExitNow(127)
	}
	if e == 0 {
		sys.WaitFor(pid)
	}
}
