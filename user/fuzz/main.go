//go:build galago_user

// Command fuzz calls the kernel at random: calls, arguments, pointers and structures come from a grammar (grammar*.go) that is right
// often enough to get far and wrong often enough to hurt. It must be process 2 of a machine of its own, as "galago fuzz-syscalls"
// sets it up: it kills everything else that runs.
//
//	fuzz SEED SECONDS UID [trace]
//
// The master (this file) never makes a random call. It keeps some children running (child.go), each with a seed of its own, in a
// directory of their own to which they are confined by chroot(2); as root or as UID. It ends a child that makes no progress, and
// starts the next. Between rounds it kills everything, waits for all to be gone, unmounts what they mounted, and compares what the
// kernel has in use. What the master cannot see, the kernel's own checkers and the audit at power-off do.
//
// A run is repeated by its seed, as far as scheduling allows; with "trace" each child writes every call before it makes it.
package main

import (
	"runtime"
	"unsafe"

	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
	"galago/user/abuse"
)

const (
	children  = 6    // running at a time
	roundTime = 2000 // ms
	quiet     = 200  // ms without progress that end a child
)

// slot is what the master sees of a child: shared memory.
type slot struct {
	calls uint64 // made so far
	nr    uint64 // the last call
	args  [6]uint64
}

var (
	slots *[children]slot
	trace bool
	// failEvery: each so manieth allocation that the kernel makes for a child fails; 0: none does on purpose.
	failEvery int64
	failed    bool
	total     uint64 // calls of ended children
	born      int
	deaths    [65]int  // by signal; 0: exited
	crashes   [512]int // children ended by SIGSEGV, likewise
	stalls    [512]int // children ended for want of progress, by the call they were in
)

func main() {
	a := runtime.Argv
	if len(a) < 4 {
		fatal("usage: fuzz SEED SECONDS UID [FAIL [trace]]")
	}
	seed, _ := str.Atoi(sys.GoString(a[1]))
	seconds, _ := str.Atoi(sys.GoString(a[2]))
	uid, _ := str.Atoi(sys.GoString(a[3]))
	if len(a) > 4 {
		failEvery, _ = str.Atoi(sys.GoString(a[4]))
	}
	trace = len(a) > 5
	const shared = 0x21 // MAP_SHARED|MAP_ANONYMOUS
	at, e := sys.Mmap(0, int(unsafe.Sizeof(*slots)), 3, shared, -1, 0)
	if e != 0 {
		fatal("no shared memory")
	}
	slots = (*[children]slot)(unsafe.Pointer(at))
	masterPID = sys.Getpid()
	mountPoint = uintptr(unsafe.Pointer(&mountName))
	makeBye()
	abuse.Protect()
	buildWorld()
	end := abuse.Now() + seconds*1000
	for round := 0; abuse.Now() < end && !abuse.Failed; round++ {
		runRound(uint64(seed)*1000003+uint64(round)*1009, int(uid), min(end, abuse.Now()+roundTime))
		calm()
		stdio.Printf("round %d: %d calls by %d children; processes %d, files %d\n", round, total, born, abuse.Processes(), abuse.Objects("file"))
		stdio.Out.Flush()
	}
	removeWorld()
	report()
	if abuse.Failed {
		sys.ExitNow(1)
	}
}

func fatal(why string) {
	stdio.Out.Puts("fuzz: " + why + "\n")
	stdio.Out.Flush()
	sys.ExitNow(2)
}

// watched is a running child.
type watched struct {
	pid   int
	calls uint64 // when last looked at
	since int64  // when they last changed
	fated bool   // has been killed
}

// runRound keeps children running until the time end.
func runRound(seed uint64, uid int, end int64) {
	var kids [children]watched
	next := seed
	for {
		t := abuse.Now()
		reap(&kids, t)
		if t >= end || abuse.Failed {
			break
		}
		for i := range kids {
			if kids[i].pid == 0 {
				next++
				kids[i] = watched{pid: start(i, next, uid), since: t}
			}
		}
		abuse.Sleep(10)
	}
	killAll(&kids)
}

// start forks a child.
func start(i int, seed uint64, uid int) int {
	slots[i] = slot{}
	pid, e := sys.Fork()
	if e != 0 {
		abuse.Complain("fuzz: fork: %s\n", e.Name())
		return 0
	}
	if pid == 0 {
		child(&slots[i], seed, uid)
	}
	born++
	return pid
}

// reap takes the reports of ended children, and ends those that make no progress.
func reap(kids *[children]watched, t int64) {
	for {
		pid, st, e := sys.Wait4(-1, sys.WNOHANG)
		if e != 0 || pid == 0 {
			break
		}
		for i := range kids {
			if kids[i].pid == pid {
				ended(i, st)
				kids[i] = watched{}
			}
		}
	}
	for i := range kids {
		k := &kids[i]
		switch n := slots[i].calls; {
		case k.pid == 0:
		case n != k.calls:
			k.calls, k.since = n, t
		case !k.fated && t-k.since > quiet:
			sys.Kill(k.pid, sys.SIGKILL)
			k.fated = true
			stalls[slots[i].nr&511]++
		case k.fated && t-k.since > abuse.Patience:
			s := &slots[i]
			abuse.Complain("fuzz: process %d does not end; last call %s(%x, %x, %x, %x, %x, %x)\n", k.pid, nameOf(s.nr), s.args[0], s.args[1],
				s.args[2], s.args[3], s.args[4], s.args[5])
			return
		}
	}
}

func ended(i int, st sys.WaitStatus) {
	total += slots[i].calls
	if st.Signaled() && st.Signal() == sys.SIGSEGV {
		crashes[slots[i].nr&511]++
	}
	if st.Signaled() {
		deaths[st.Signal()&63]++
	} else {
		deaths[0]++
	}
}

// killAll ends everything but init and the master.
func killAll(kids *[children]watched) {
	abuse.KillOthers(func() { reap(kids, abuse.Now()) })
	for i := range kids {
		if kids[i].pid != 0 {
			ended(i, 0)
		}
	}
}

// report prints the sums.
func report() {
	stdio.Printf("fuzz: %d calls by %d children; %d exited", total, born, deaths[0])
	for s := 1; s < len(deaths); s++ {
		if deaths[s] > 0 {
			stdio.Printf(", %d of signal %d", deaths[s], s)
		}
	}
	histogram("waited too long in", &stalls)
	histogram("crashed after", &crashes)
}

// histogram prints how often something happened at each call.
func histogram(what string, count *[512]int) {
	stdio.Printf("\nfuzz: %s", what)
	for nr, n := range count {
		if n > 0 {
			stdio.Printf(" %s %d", nameOf(uint64(nr)), n)
		}
	}
	stdio.Puts("\n")
	stdio.Out.Flush()
}
