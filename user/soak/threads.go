//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/libc/sys"
	"galago/user/abuse"
)

const mostThreads = 12

// threadState is one of threadChurn's threads.
type threadState struct {
	t    runtime.Thread
	r    abuse.Random
	used bool
}

var (
	churned [mostThreads]threadState
	word    uint32 // what they wait on
	program = [...]byte{'/', 'b', 'i', 'n', '/', 't', 'r', 'u', 'e', 0}
)

// threadChurn starts threads as old ones end, until one of them ends the whole process: by exit_group, by exec, or by a signal.
func threadChurn(r *abuse.Random) {
	for range 3 {
		child(r, func() { churn(r) })
	}
	churn(r)
}

func churn(r *abuse.Random) {
	for {
		s := &churned[r.Below(mostThreads)]
		switch {
		case s.used && s.t.TID == 0:
			s.t.Free()
			s.used = false
		case !s.used:
			s.t = runtime.Thread{}
			s.r = abuse.Random(r.Next())
			if s.t.Prepare(32<<10, threadLife, unsafe.Pointer(s)) {
				s.used = s.t.Start() == 0
				if !s.used {
					s.t.Free()
				}
			}
		}
		if r.Chance(8) {
			runtime.FutexWake(&word, 3)
		}
		if r.Chance(300) {
			sys.Nanosleep(sys.Timespec{Nsec: 1_000_000})
		}
	}
}

// threadLife does something for a while, then ends in one of many ways.
func threadLife(arg unsafe.Pointer) {
	s := (*threadState)(arg)
	r := &s.r
	for range r.Below(60) {
		switch r.Below(6) {
		case 0:
			runtime.FutexWait(&word, word, int64(1+r.Below(500_000)))
		case 1:
			mapAndTouch(r)
		case 2:
			sys.Yield()
		case 3:
			call(39, 0, 0, 0, 0)
		case 4:
			if pid := call(57, 0, 0, 0, 0); pid == 0 {
				call(231, 0, 0, 0, 0)
			} else {
				call(61, pid, 0, 0, 0)
			}
		case 5: // a signal to some thread of this process: tgkill(2) with SIGURG, which nobody minds
			call(234, uintptr(sys.Getpid()), uintptr(churned[r.Below(mostThreads)].t.TID), sys.SIGURG, 0)
		}
	}
	switch r.Below(120) {
	case 0:
		call(231, 0, 0, 0, 0)
	case 1:
		argv := [2]uintptr{pointer(&program), 0}
		call(59, pointer(&program), pointer(&argv), pointer(&argv[1]), 0)
	case 2:
		sys.Kill(sys.Getpid(), sys.SIGKILL)
	case 3:
		*(*byte)(unsafe.Pointer(uintptr(8))) = 1
	}
	s.t.ExitThread(false)
}

// mapAndTouch maps some memory, writes to it and gives it back.
func mapAndTouch(r *abuse.Random) {
	n := uintptr(1+r.Below(16)) << 12
	const rw, private = 3, 0x22
	at := runtime.Syscall(9, 0, n, rw, private, ^uintptr(0), 0)
	if at > ^uintptr(4095) {
		return
	}
	for p := at; p < at+n; p += 4096 {
		*(*byte)(unsafe.Pointer(p)) = 1
	}
	if r.Chance(2) {
		call(28, at, n, 4, 0) // MADV_DONTNEED
	}
	call(11, at, n, 0, 0)
}

// memoryChurn maps, writes, shares by fork, moves and unmaps.
func memoryChurn(r *abuse.Random) {
	const space = 9
	sys.Prlimit(space, &sys.Rlimit{Cur: 96 << 20, Max: 96 << 20}, nil)
	for range 2 {
		child(r, func() { memoryLife(r) })
	}
	memoryLife(r)
}

func memoryLife(r *abuse.Random) {
	var held [8][2]uintptr
	for {
		h := &held[r.Below(len(held))]
		switch {
		case h[1] == 0:
			n := uintptr(1+r.Below(600)) << 12
			if at := runtime.Syscall(9, 0, n, 3, 0x21+uintptr(r.Below(2)), ^uintptr(0), 0); at < ^uintptr(4095) {
				*h = [2]uintptr{at, n}
			}
		case r.Chance(4):
			call(11, h[0], h[1], 0, 0)
			*h = [2]uintptr{}
		case r.Chance(5):
			const mayMove = 1
			n := uintptr(1+r.Below(600)) << 12
			if at := call(25, h[0], h[1], n, mayMove); at < ^uintptr(4095) {
				*h = [2]uintptr{at, n}
			}
		case r.Chance(6):
			pid := child(r, func() { touchSome(r, h) })
			touchSome(r, h)
			call(61, uintptr(pid), 0, 0, 0)
		default:
			touchSome(r, h)
		}
	}
}

func touchSome(r *abuse.Random, h *[2]uintptr) {
	for range 40 {
		*(*byte)(unsafe.Pointer(h[0] + uintptr(r.Below(int(h[1]))))) = 1
	}
}

// eventChurn is processes that wait on an epoll instance with timers, event counters and pipes, and lock parts of one file.
func eventChurn(r *abuse.Random) {
	ep := call(291, 0, 0, 0, 0)
	file, _ := sys.Open("/soak/locks", sys.O_CREAT|sys.O_RDWR, 0o644)
	body := func() {
		for {
			switch r.Below(6) {
			case 0:
				ev := call(290, uintptr(r.Below(3)), 0o4000, 0, 0)
				event := [12]byte{byte(1 + r.Below(5)), 3: byte(r.Below(2) << 7)}
				call(233, ep, 1, ev, pointer(&event))
				call(1, ev, pointer(&buf), 8, 0)
				call(3, ev, 0, 0, 0)
			case 1:
				tfd := call(283, 1, 0o4000, 0, 0)
				soon := [4]int64{0, 100_000, 0, 100_000}
				call(286, tfd, 0, pointer(&soon), 0)
				event := [12]byte{1}
				call(233, ep, 1, tfd, pointer(&event))
				if r.Chance(2) {
					call(0, tfd, pointer(&buf), 8, 0)
				}
				call(3, tfd, 0, 0, 0)
			case 2:
				call(232, ep, pointer(&buf), 16, uintptr(r.Below(3)))
			case 3, 4: // a record lock, waited for or not: deadlocks are found, or a signal ends the wait
				lock := [4]uint64{uint64(r.Below(3)), uint64(r.Below(50)), uint64(1 + r.Below(50)), 0}
				call(72, uintptr(file), 6+uintptr(r.Below(8)/7), pointer(&lock), 0)
			case 5: // flock(2)
				call(73, uintptr(file), uintptr(1+r.Below(2))|4, 0, 0)
				call(73, uintptr(file), 8, 0, 0)
			}
		}
	}
	for range 3 {
		child(r, body)
	}
	body()
}
