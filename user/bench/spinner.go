//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/libc/sys"
)

// While an operation waits, the time-stamp counter goes on although nothing is executed, so its difference says nothing. A process of
// the class SCHED_IDLE fills the gaps: it counts its rounds in shared memory, and a round costs what it costs. The counter's
// difference less the rounds is what all others have executed, timer interrupts included.

var (
	spinnerPID uintptr
	rounds     *uint64 // shared
	perRound   uint64  // instructions in 1024 rounds
)

// spin counts up to n.
func spin(count *uint64, n uint64) {
	for i := uint64(0); i < n; i++ {
		*count = i
	}
}

func startSpinner() {
	const shared, calibrate = 0x21, 1 << 20
	if rounds == nil {
		rounds = (*uint64)(unsafe.Pointer(must(runtime.Syscall(9, 0, page, 3, shared, ^uintptr(0), 0), "shared memory")))
		*rounds = 0
		start := runtime.Cycles()
		spin(rounds, calibrate)
		perRound = (runtime.Cycles() - start) >> 10
	}
	*rounds = 0
	if spinnerPID = call(57, 0, 0, 0); spinnerPID == 0 {
		const schedIdle = 5
		none := 0
		call(144, 0, schedIdle, uintptr(unsafe.Pointer(&none)))
		call(141, 0, 0, 19) // the least of all, where there is no such class
		spin(rounds, ^uint64(0))
	}
	for *(*uint64)(unsafe.Pointer(rounds)) == 0 { // until it runs
		sys.Nanosleep(sys.Timespec{Nsec: 100_000})
	}
}

// spun is how many instructions the spinner has executed.
func spun() uint64 { return *rounds * perRound >> 10 }

func stopSpinner() {
	call(62, spinnerPID, sys.SIGKILL, 0)
	wait(spinnerPID)
}
