//go:build galago_user

package sys

import "unsafe"

// What thread libraries need of the kernel.

// Gettid is gettid(2).
func Gettid() int { return int(call0(186)) }

// Yield is sched_yield(2).
func Yield() { call0(24) }

// NumCPU returns on how many CPUs the thread may run: sched_getaffinity(2).
func NumCPU() int {
	var mask [128]uint64
	n, e := call3(204, 0, unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)))
	if e != 0 {
		return 1
	}
	cpus := 0
	for _, w := range mask[:n/8] {
		for ; w != 0; w &= w - 1 {
			cpus++
		}
	}
	return max(cpus, 1)
}

// sigevent is struct sigevent of timer_create(2).
type sigevent struct {
	value         uint64
	signo, notify int32
	tid           int32
	_             [44]byte
}

type itimerspec struct{ interval, value Timespec }

// ThreadTimer makes a timer that sends sig to the running thread after each ns nanoseconds of CPU time that it has used; −1 when the
// kernel has none. TimerDelete ends it.
func ThreadTimer(sig int, ns int64) int32 {
	const threadCPUTime, sigevThreadID = 3, 4
	ev := sigevent{signo: int32(sig), notify: sigevThreadID, tid: int32(Gettid())}
	var id int32
	if _, e := call3(222, threadCPUTime, uintptr(unsafe.Pointer(&ev)), uintptr(unsafe.Pointer(&id))); e != 0 {
		return -1
	}
	every := Timespec{Sec: ns / 1e9, Nsec: ns % 1e9}
	it := itimerspec{every, every}
	if _, e := call4(223, uintptr(id), 0, uintptr(unsafe.Pointer(&it)), 0); e != 0 {
		TimerDelete(id)
		return -1
	}
	return id
}

// TimerDelete is timer_delete(2).
func TimerDelete(id int32) { call1(226, uintptr(id)) }

// Operations on scheduler activations (Galago only; Linux answers EINVAL): see package thread of the library and the kernel's
// proc/activation.go.
const (
	prActivations  = 0x47414c41 // "GALA"
	activateStart  = 1
	activatePark   = 2
	activateWake   = 3
	activateSettle = 4
	activateEnd    = 5
)

// ActivationsStart makes the running thread the first activation of a group with n processors. sig is sent to an activation that goes
// on after it was blocked while another one has its processor. EINVAL where the kernel has none.
func ActivationsStart(n, sig int) Errno {
	_, e := call4(157, prActivations, activateStart, uintptr(n), uintptr(sig))
	return e
}

// ActivationPark gives the processor up and sleeps until the thread is to run: in place of a blocked activation, or woken. It returns at once if *addr is
// not val; after ns nanoseconds, if that is not 0, with ETIMEDOUT.
func ActivationPark(addr *uint32, val uint32, ns int64) Errno {
	_, e := call5(157, prActivations, activatePark, uintptr(unsafe.Pointer(addr)), uintptr(val), uintptr(ns))
	return e
}

// ActivationWake has a parked activation run if a processor is free.
func ActivationWake() { call2(157, prActivations, activateWake) }

// ActivationSettle parks the running thread if more activations run than there are processors.
func ActivationSettle() { call2(157, prActivations, activateSettle) }

// ActivationsEnd wakes all parked activations for good.
func ActivationsEnd() { call2(157, prActivations, activateEnd) }
