//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/libc/sys"
)

// Pipes, sockets, futexes, locks, and waiting for many.

// ends are the descriptors of a conversation: we write to out and read from in; the partner has the others.
var (
	in, out, partnerIn, partnerOut uintptr
	partner                        uintptr
)

func pipe() (r, w uintptr) {
	var p [2]int32
	must(call(22, uintptr(unsafe.Pointer(&p)), 0, 0), "pipe")
	return uintptr(p[0]), uintptr(p[1])
}

// pipes opens two pipes between us and the partner; sockets a pair of sockets.
func pipes() {
	partnerIn, out = pipe()
	in, partnerOut = pipe()
}

func sockets(kind uintptr) func() {
	return func() {
		var p [2]int32
		must(runtime.Syscall(53, 1, kind, 0, uintptr(unsafe.Pointer(&p)), 0, 0), "socketpair")
		in, partnerIn = uintptr(p[0]), uintptr(p[1])
		out, partnerOut = in, partnerIn
	}
}

// startPartner forks a process that runs body for ever; it ends when told by hangUp.
func startPartner(connect func(), body func()) func() {
	return func() {
		connect()
		if partner = call(57, 0, 0, 0); partner == 0 {
			for {
				body()
			}
		}
	}
}

func hangUp() {
	call(62, partner, sys.SIGKILL, 0)
	wait(partner)
	for _, f := range [...]uintptr{in, out, partnerIn, partnerOut} {
		call(3, f, 0, 0)
	}
}

// echo sends back what it gets.
func echo() {
	if call(0, partnerIn, bufAt, 1) != 1 {
		call(231, 0, 0, 0)
	}
	call(1, partnerOut, bufAt, 1)
}

func roundTrip() {
	call(1, out, bufAt, 1)
	call(0, in, bufAt, 1)
}

// pour writes without end; drain reads 64 KiB of it.
func pour() { call(1, partnerOut, bufAt, 65536) }

func drain() {
	for n := uintptr(0); n < 65536; {
		n += must(call(0, in, bufAt, 65536-n), "read")
	}
}

func channels() []bench {
	const stream, dgram = 1, 2
	list := []bench{
		{name: "pipe_self_wr", n: 500, prepare: func() { in, out = pipe(); partnerIn, partnerOut = in, out }, op: roundTrip,
			finish: func() { call(3, in, 0, 0); call(3, out, 0, 0) }},
		{name: "pipe_rtt", n: 300, prepare: startPartner(pipes, echo), op: roundTrip, finish: hangUp},
		{name: "pipe_bw_64k", n: 50, prepare: startPartner(pipes, pour), op: drain, finish: hangUp},
		{name: "unix_stream_rtt", n: 300, prepare: startPartner(sockets(stream), echo), op: roundTrip, finish: hangUp},
		{name: "unix_dgram_rtt", n: 300, prepare: startPartner(sockets(dgram), echo), op: roundTrip, finish: hangUp},
		{name: "unix_stream_bw_64k", n: 50, prepare: startPartner(sockets(stream), pour), op: drain, finish: hangUp},
		{name: "ctxsw_ring2_hop", n: 100, per: 2, prepare: func() { startRing(2) }, op: roundTrip, finish: stopRing},
		{name: "ctxsw_ring16_hop", n: 30, per: 16, prepare: func() { startRing(16) }, op: roundTrip, finish: stopRing},
		{name: "futex_wake_nobody", n: 500, op: func() { call(202, uintptr(unsafe.Pointer(&words)), 129, 1) }},
		{name: "futex_rtt", n: 300, prepare: startFutex, op: func() {
			words[0] = 1
			call(202, uintptr(unsafe.Pointer(&words[0])), 129, 1)
			futexAwait(&words[1])
		}, finish: func() {
			words[0] = 2
			call(202, uintptr(unsafe.Pointer(&words[0])), 129, 1)
			worker.Wait()
			worker.Free()
		}},
	}
	return append(list, waiting()...)
}

// A ring of processes hands a byte around; we are one of them.
const maxRing = 16

var (
	ring    [maxRing]uintptr // the others
	ringFDs [2 * maxRing]uintptr
)

func startRing(n int) {
	ring = [maxRing]uintptr{}
	r, w := pipe()
	ringFDs[0], ringFDs[1] = r, w
	out = w
	for i := range n - 1 {
		nextRead, nextWrite := pipe()
		ringFDs[2+2*i], ringFDs[3+2*i] = nextRead, nextWrite
		if ring[i] = call(57, 0, 0, 0); ring[i] == 0 {
			for call(0, r, bufAt, 1) == 1 {
				call(1, nextWrite, bufAt, 1)
			}
			call(231, 0, 0, 0)
		}
		r = nextRead
	}
	in = r
}

func stopRing() {
	for i, pid := range ring {
		if pid != 0 {
			call(62, pid, sys.SIGKILL, 0)
			wait(pid)
			call(3, ringFDs[2+2*i], 0, 0)
			call(3, ringFDs[3+2*i], 0, 0)
		}
	}
	call(3, ringFDs[0], 0, 0)
	call(3, ringFDs[1], 0, 0)
}

// words are what two threads wait on: 0 empty, 1 full, 2 the end.
var words [2]uint32

func futexAwait(w *uint32) uint32 {
	for {
		if v := *(*uint32)(unsafe.Pointer(w)); v != 0 {
			*w = 0
			return v
		}
		runtime.Syscall(202, uintptr(unsafe.Pointer(w)), 128, 0, 0, 0, 0)
	}
}

func startFutex() {
	words = [2]uint32{}
	worker.Prepare(64<<10, func(unsafe.Pointer) {
		for futexAwait(&words[0]) == 1 {
			words[1] = 1
			call(202, uintptr(unsafe.Pointer(&words[1])), 129, 1)
		}
		runtime.Self().ExitThread(false)
	}, nil)
	if worker.Start() != 0 {
		must(^uintptr(0), "thread")
	}
}

var (
	polled [64]sys.PollFD
	sets   [3][16]uint64
	events [64][12]byte
	ep, ev uintptr
)

// openMany makes 64 descriptors with nothing to read.
func openMany() {
	r, _ := pipe()
	sets = [3][16]uint64{}
	for i := range polled {
		f := must(call(32, r, 0, 0), "dup")
		polled[i] = sys.PollFD{FD: int32(f), Events: sys.POLLIN}
		sets[1][f/64] |= 1 << (f % 64)
	}
}

func closeMany() {
	for i := range polled {
		call(3, uintptr(polled[i].FD), 0, 0)
	}
}

// waiting: poll, select and epoll with 64 descriptors, eventfd, record locks, sleeping.
func waiting() []bench {
	lock := [4]uint64{1, 0, 10, 0} // F_WRLCK, SEEK_SET; from 0, length 10
	unlock := [4]uint64{2, 0, 10, 0}
	ms := [2]int64{0, 1_000_000}
	const setLock = 6
	at := func(p unsafe.Pointer) uintptr { return uintptr(p) }
	return []bench{
		{name: "poll_64fds", n: 100, prepare: openMany, op: func() { call(7, at(unsafe.Pointer(&polled)), 64, 0) }, finish: closeMany},
		{name: "select_64fds", n: 100, prepare: openMany, op: func() {
			sets[0] = sets[1]
			zero := [2]int64{}
			runtime.Syscall(23, uintptr(polled[63].FD)+1, at(unsafe.Pointer(&sets[0])), 0, 0, at(unsafe.Pointer(&zero)), 0)
		}, finish: closeMany},
		{name: "epoll_wait_64fds", n: 300, prepare: func() {
			openMany()
			ep = must(call(291, 0, 0, 0), "epoll")
			ev = must(call(290, 1, 0, 0), "eventfd")
			polled[0].FD = int32(call(33, ev, uintptr(polled[0].FD), 0))
			for i := range polled {
				event := [12]byte{1}
				runtime.Syscall(233, ep, 1, uintptr(polled[i].FD), at(unsafe.Pointer(&event)), 0, 0)
			}
		}, op: func() { runtime.Syscall(232, ep, at(unsafe.Pointer(&events)), 64, 0, 0, 0) }, finish: func() { call(3, ep, 0, 0); call(3, ev, 0, 0); closeMany() }},
		{name: "eventfd_write_read", n: 500, prepare: func() { ev = must(call(290, 0, 0, 0), "eventfd"); *(*uint64)(unsafe.Pointer(bufAt)) = 1 }, op: func() {
			call(1, ev, bufAt, 8)
			call(0, ev, bufAt, 8)
		}, finish: func() { call(3, ev, 0, 0) }},
		{name: "fcntl_lock_unlock", n: 300, op: func() {
			must(call(72, fd, setLock, at(unsafe.Pointer(&lock))), "lock")
			call(72, fd, setLock, at(unsafe.Pointer(&unlock)))
		}},
		{name: "nanosleep_1ms", n: 100, waits: true, op: func() { call(35, at(unsafe.Pointer(&ms)), 0, 0) }},
		{name: "nanosleep_late_ns", waits: true, value: func() uint64 { return sleepError(at(unsafe.Pointer(&ms))) }},
	}
}

// sleepError is how much later than asked a sleep of a millisecond ends, in ns of the system's clock.
func sleepError(ms uintptr) uint64 {
	const times = 100
	late := int64(0)
	for range times {
		start := sys.ClockGettime(monotonic)
		call(35, ms, 0, 0)
		end := sys.ClockGettime(monotonic)
		late += (end.Sec-start.Sec)*1e9 + end.Nsec - start.Nsec - 1_000_000
	}
	return uint64(late / times)
}
