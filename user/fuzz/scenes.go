//go:build galago_user

package main

import (
	"unsafe"

	"galago/libc/sys"
)

// Scenes: a few calls in an order that means something, which single random calls hardly ever come to. The other threads of the
// process and the random calls between scenes work on the same descriptors, memory and identifiers at the same time.

// scenes are chosen from with equal chances. (Scenes make processes that play scenes: hence the init.)
var scenes [19]func(*worker)

func init() {
	scenes = [...]func(*worker){
		(*worker).sceneCycle, (*worker).sceneNest, (*worker).scenePI, (*worker).sceneTrace, (*worker).sceneSeals, (*worker).sceneTimers, (*worker).sceneSplice,
		(*worker).sceneAIO, (*worker).sceneReuse, (*worker).sceneLocks, (*worker).sceneQueue, (*worker).sceneSemaphores, (*worker).sceneWatch, (*worker).sceneMaps,
		(*worker).sceneRobust, (*worker).scenePidfd, (*worker).sceneGroups, (*worker).sceneListen, (*worker).sceneUring,
	}
}

const (
	nrRead, nrWrite, nrClose, nrPoll, nrMmap, nrMunmap, nrMremap, nrMadvise   = 0, 1, 3, 7, 9, 11, 25, 28
	nrShmget, nrShmat, nrShmctl, nrDup2, nrSocket, nrConnect, nrAccept        = 29, 30, 31, 33, 41, 42, 43
	nrSendmsg, nrRecvmsg, nrShutdown, nrBind, nrListen, nrSocketpair          = 46, 47, 48, 49, 50, 53
	nrFork, nrWait4, nrKill, nrSemget, nrSemop, nrSemctl, nrShmdt, nrFcntl    = 57, 61, 62, 64, 65, 66, 67, 72
	nrFtruncate, nrRename, nrUnlink, nrCreat, nrPtrace, nrSetpgid, nrFutex    = 77, 82, 87, 85, 101, 109, 202
	nrIoSetup, nrIoDestroy, nrIoGetevents, nrIoSubmit, nrIoCancel             = 206, 207, 208, 209, 210
	nrTimerCreate, nrTimerSettime, nrTimerDelete, nrEpollWait, nrEpollCtl     = 222, 223, 226, 232, 233
	nrTgkill, nrMqOpen, nrMqUnlink, nrMqSend, nrMqReceive, nrMqNotify         = 234, 240, 241, 242, 243, 244
	nrInotifyAdd, nrInotifyRm, nrSetRobust, nrSplice, nrTee, nrVmsplice       = 254, 255, 273, 275, 276, 278
	nrEventfd2, nrEpollCreate1, nrPipe2, nrInotifyInit1, nrMemfd, nrFallocate = 290, 291, 293, 294, 319, 285
	nrPidfdSend, nrPidfdOpen, nrPidfdGetfd, nrWaitid, nrPrlimit               = 424, 434, 438, 247, 302
	nrClone, nrVfork, nrClone3, nrYield, nrDup, nrMprotect                    = 56, 58, 435, 24, 32, 10
	nrRemapPages                                                              = 216
	nonblock, zero                                                            = 0x800, 8 // /dev/zero: populate
)

// call makes one call as once does.
func (w *worker) call(nr uintptr, args ...uintptr) uintptr {
	var a [6]uintptr
	copy(a[:], args)
	if !w.fence(nr, &a) {
		return ^uintptr(0)
	}
	return w.make(nr, &a)
}

// pair makes two descriptors with a call that writes them at an address.
func (w *worker) pair(nr uintptr, args ...uintptr) (a, b uintptr, ok bool) {
	at := w.room(16)
	args[len(args)-1] = at
	if nr == nrPipe2 {
		args[0], args[1] = at, nonblock
	}
	if w.call(nr, args...) != 0 {
		return 0, 0, false
	}
	ints := (*[2]int32)(unsafe.Pointer(at))
	return uintptr(ints[0]), uintptr(ints[1]), true
}

func (w *worker) pipe() (r, out uintptr, ok bool) { return w.pair(nrPipe2, 0, 0) }

func (w *worker) sockets(kind uintptr) (a, b uintptr, ok bool) {
	return w.pair(nrSocketpair, 1, kind|nonblock, 0, 0)
}

func valid(r uintptr) bool { return r < 1<<47 }

// passing sends the descriptors over a socket.
func (w *worker) passing(over uintptr, fds ...uintptr) {
	const dontWait = 0x40
	m, control, text := w.room(64), w.room(64), w.room(16)
	f := fields{w, m}
	for i := uintptr(0); i < 56; i += 8 {
		f.put64(i, 0)
	}
	f.put64(16, uint64(text))
	*at64(text), *at64(text + 8) = uint64(w.edge)-64, 1
	f.put64(24, 1)
	f.put64(32, uint64(control))
	f.put64(40, uint64(16+4*len(fds)))
	*at64(control), *at64(control + 8) = uint64(16+4*len(fds)), 1|1<<32
	for i, fd := range fds {
		*(*uint32)(unsafe.Pointer(control + 16 + uintptr(i)*4)) = uint32(fd)
	}
	w.call(nrSendmsg, over, m, dontWait)
}

// sceneCycle: sockets in flight over one another, and then closed: only the collector of such cycles can free them.
func (w *worker) sceneCycle() {
	kinds := [...]uintptr{1, 2, 5}
	a, b, ok := w.sockets(kinds[w.below(3)])
	c, d, ok2 := w.sockets(kinds[w.below(3)])
	if !ok || !ok2 {
		return
	}
	w.passing(a, b, a)
	w.passing(c, a, d)
	w.passing(b, c, b, d)
	if w.chance(2) {
		w.call(nrRecvmsg, b, w.pointer('M'), 0x40)
	}
	for _, fd := range [...]uintptr{a, b, c, d} {
		if !w.chance(6) {
			w.call(nrClose, fd)
		}
	}
}

// sceneNest: epoll instances that watch one another and what the process has open.
func (w *worker) sceneNest() {
	var e [4]uintptr
	event := w.room(16)
	for i := range e {
		if e[i] = w.call(nrEpollCreate1, 0); !valid(e[i]) {
			return
		}
		*(*uint32)(unsafe.Pointer(event)) = uint32(w.random() & 0xe000001f)
		if i > 0 {
			w.call(nrEpollCtl, e[w.below(i)], 1, e[i], event)
		}
		w.call(nrEpollCtl, e[i], 1, w.descriptor(false), event)
	}
	w.call(nrEpollCtl, e[3], 1, e[0], event)
	w.call(nrEpollWait, e[0], w.room(128), 6, 0)
	for _, fd := range e {
		if !w.chance(5) {
			w.call(nrClose, fd)
		}
	}
}

// scenePI: a lock with priority inheritance that the threads want, some with a time limit, requeues onto it, and unlocks.
func (w *worker) scenePI() {
	word := arena + uintptr(w.below(2))*4
	other := arena + 64 + uintptr(w.below(2))*4
	limit := w.room(16)
	now := sys.ClockGettime(0)
	*at64(limit), *at64(limit + 8) = uint64(now.Sec), uint64(min(now.Nsec+int64(w.below(3_000_000)), 999_999_999))
	private := uintptr(w.below(2) * 0x80)
	const lockPI, unlockPI, tryPI, waitRequeuePI, cmpRequeuePI = 6, 7, 8, 0x10b, 12 // the fourth by the real-time clock
	switch w.below(4) {
	case 0:
		w.call(nrFutex, word, lockPI|private, 0, limit)
	case 1:
		w.call(nrFutex, word, tryPI|private)
	case 2:
		w.call(nrFutex, other, waitRequeuePI|private, 0, limit, word)
	case 3:
		w.call(nrFutex, other, cmpRequeuePI|private, 1, uintptr(w.below(5)), word, 0)
	}
	w.call(nrFutex, word, unlockPI|private)
}

// sceneTrace: a child that makes calls, followed by a tracer that sometimes leaves or is killed in the middle.
func (w *worker) sceneTrace() {
	const seize, cont, syscall, attach, detach, interrupt, listen, setOptions, getInfo, singleStep = 0x4206, 7, 24, 16, 17, 0x4207, 0x4208, 0x4200, 0x4202, 9
	child := w.call(nrFork)
	if child == 0 {
		w.newborn()
	}
	if !valid(child) {
		return
	}
	options := w.random() & 0x1000ff
	if w.chance(3) {
		w.call(nrPtrace, attach, child)
	} else {
		w.call(nrPtrace, seize, child, 0, uintptr(options))
	}
	for range w.below(20) {
		const noHang, all = 1, 0x40000000
		status := w.room(8)
		w.call(nrYield)
		w.call(nrWait4, child, status, noHang|all, 0)
		ops := [...]uintptr{cont, syscall, syscall, interrupt, listen, setOptions, getInfo, singleStep, 3, 12, 0x4204, 0x4209, 1}
		op := ops[w.below(len(ops))]
		data := uintptr(0)
		switch op {
		case setOptions:
			data = uintptr(w.random() & 0x1000ff)
		case getInfo, 3, 12, 0x4204, 0x4209, 1:
			data = w.room(256)
		}
		w.call(nrPtrace, op, child, 0, data)
	}
	switch w.below(4) {
	case 0:
		w.call(nrPtrace, detach, child, 0, 0)
	case 1:
		w.call(nrKill, child, sys.SIGKILL)
	case 2:
		w.call(nrKill, child, 18)
	}
	w.call(nrWait4, child, 0, 1|0x40000000, 0)
}

// sceneSeals: a memory file that is mapped, grown, shrunk, written and sealed while others use it.
func (w *worker) sceneSeals() {
	fd := w.call(nrMemfd, w.pointer('x'), 2)
	if !valid(fd) {
		return
	}
	const addSeals, getSeals, fixed = 1033, 1034, 0x10
	w.call(nrFtruncate, fd, uintptr(w.below(20))*1000)
	at := arena + uintptr(w.below(arenaPages-16))*pageSize
	w.call(nrMmap, at, 8*pageSize, 3, fixed|1+uintptr(w.below(2)), fd, 0)
	w.call(nrFcntl, fd, addSeals, uintptr(w.random()&0x1f))
	w.call(nrFtruncate, fd, uintptr(w.below(20))*1000)
	w.call(nrWrite, fd, at, uintptr(w.below(6*pageSize)))
	w.call(nrRead, fd, at+pageSize, uintptr(w.below(6*pageSize)))
	w.call(nrFallocate, fd, 3, uintptr(w.below(9000)), uintptr(w.below(20000)))
	w.call(nrMunmap, at, 8*pageSize)
	w.call(nrFcntl, fd, addSeals, uintptr(w.random()&0x1f))
	w.call(nrFcntl, fd, getSeals)
	w.call(nrClose, fd)
}

// sceneTimers: timers that expire all the time while they are set and deleted.
func (w *worker) sceneTimers() {
	event, id, spec := w.pointer('T'), w.room(8), w.room(32)
	clocks := [...]uintptr{0, 1, 2, 3, 7}
	if w.call(nrTimerCreate, clocks[w.below(len(clocks))], event, id) != 0 {
		return
	}
	timer := uintptr(*(*uint32)(unsafe.Pointer(id)))
	for range 1 + w.below(4) {
		*at64(spec), *at64(spec + 8) = 0, uint64(w.below(100_000))
		*at64(spec + 16), *at64(spec + 24) = 0, uint64(1+w.below(100_000))
		w.call(nrTimerSettime, timer, 0, spec, 0)
	}
	if !w.chance(8) {
		w.call(nrTimerDelete, timer)
	}
}
