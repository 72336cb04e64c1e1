//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/libc/sys"
)

// sceneSplice: pages that travel between pipes, files and memory, and are unmapped on their way.
func (w *worker) sceneSplice() {
	r, out, ok := w.pipe()
	r2, out2, ok2 := w.pipe()
	if !ok || !ok2 {
		return
	}
	const gift, setSize = 8, 1031
	v := w.room(32)
	at := arena + uintptr(w.below(arenaPages-4))*pageSize
	*at64(v), *at64(v + 8) = uint64(at), uint64(w.below(4*pageSize))
	w.call(nrVmsplice, out, v, 1, 2|uintptr(w.below(2)*gift))
	w.call(nrSplice, w.descriptor(false), 0, out, 0, uintptr(w.below(9000)), 2)
	w.call(nrTee, r, out2, uintptr(w.below(9000)), 2)
	w.call(nrMadvise, at, 4*pageSize, 4)
	w.call(nrSplice, r, 0, out2, 0, uintptr(w.below(9000)), 2)
	w.call(nrFcntl, out2, setSize, uintptr(w.below(1<<17)))
	w.call(nrSplice, r2, 0, w.descriptor(false), 0, uintptr(w.below(9000)), 2)
	for _, fd := range [...]uintptr{r, out, r2, out2} {
		if !w.chance(6) {
			w.call(nrClose, fd)
		}
	}
}

// sceneAIO: requests that are waited for, cancelled, or left to the end of their context.
func (w *worker) sceneAIO() {
	at := w.room(8)
	*at64(at) = 0
	if w.call(nrIoSetup, uintptr(1+w.below(8)), at) != 0 {
		return
	}
	context := uintptr(*at64(at))
	limit := w.room(16)
	for range 1 + w.below(3) {
		list := w.room(structSize)
		w.structure(list, 'I')
		w.call(nrIoSubmit, context, uintptr(1+w.below(4)), list)
		if w.chance(2) {
			w.call(nrIoCancel, context, uintptr(*at64(list)), w.room(64))
		}
		*at64(limit), *at64(limit + 8) = 0, uint64(w.below(1_000_000))
		w.call(nrIoGetevents, context, uintptr(w.below(2)), 4, w.room(256), limit)
	}
	if !w.chance(5) {
		w.call(nrIoDestroy, context)
	}
}

// sceneReuse: a descriptor that is replaced and closed under the calls of other threads.
func (w *worker) sceneReuse() {
	r, out, ok := w.pipe()
	if !ok {
		return
	}
	fd := 3 + uintptr(w.below(45))
	for range 4 {
		w.call(nrDup2, out, fd)
		w.call(nrWrite, fd, w.edge-64, 40)
		w.call(nrDup2, r, fd)
		w.call(nrRead, fd, w.edge-64, 20)
		w.call(nrPoll, w.pointer('P'), 6, 0)
	}
	w.call(nrClose, r)
	w.call(nrClose, out)
}

// sceneLocks: record locks on one file, of the process and of the open file, taken, split, given up, and waited for with a deadlock.
func (w *worker) sceneLocks() {
	commands := [...]uintptr{5, 6, 7, 36, 37, 38}
	files := [...]uintptr{3, 4, 13} // two of one file: populate
	fd := files[w.below(3)]
	for range 2 + w.below(6) {
		l := w.pointer('L')
		w.call(nrFcntl, fd, commands[w.below(len(commands))], l)
	}
	if w.chance(4) {
		w.call(nrClose, w.call(nrDup, fd)) // closing any descriptor gives up the process's locks
	}
}

// sceneQueue: a queue with a notification, messages by priority, and its name taken away.
func (w *worker) sceneQueue() {
	name := w.pointer('x')
	q := w.call(nrMqOpen, name, 0o102|nonblock, 0o600, w.pointer('Q'))
	if !valid(q) {
		return
	}
	w.call(nrMqNotify, q, w.pointer('T'))
	for range w.below(6) {
		w.call(nrMqSend, q, w.edge-64, uintptr(w.below(64)), uintptr(w.below(40)), 0)
	}
	for range w.below(6) {
		w.call(nrMqReceive, q, w.room(320), 320, w.room(8), 0)
	}
	if w.chance(3) {
		w.call(nrMqUnlink, name)
	}
	w.call(nrClose, q)
}

// sceneSemaphores: semaphores and a segment that are removed while others sleep on them and have them attached; undo at the end.
func (w *worker) sceneSemaphores() {
	key := uintptr(w.below(3))
	if set := w.call(nrSemget, key, 4, 0o1600); valid(set) {
		w.call(nrSemctl, set, uintptr(w.below(4)), 16, uintptr(w.below(3)))
		w.call(nrSemop, set, w.pointer('G'), uintptr(1+w.below(4)))
		if w.chance(3) {
			w.call(nrSemctl, set, 0, 0)
		}
	}
	segment := w.call(nrShmget, key, 4*pageSize, 0o1600)
	if !valid(segment) {
		return
	}
	at := w.call(nrShmat, segment, 0, 0)
	if w.chance(2) {
		w.call(nrShmctl, segment, 0, 0)
	}
	if valid(at) {
		w.call(nrRead, zero, at, uintptr(w.below(4*pageSize)))
		w.call(nrMadvise, at, 4*pageSize, uintptr([...]int{4, 8, 9, 14, 21}[w.below(5)]))
		w.call(nrShmdt, at)
	}
}

// sceneWatch: watches on what is being renamed and removed.
func (w *worker) sceneWatch() {
	n := w.call(nrInotifyInit1, nonblock)
	if !valid(n) {
		return
	}
	a, b := w.path(), w.path()
	first := w.call(nrInotifyAdd, n, a, 0xfff)
	w.call(nrInotifyAdd, n, w.path(), uintptr(w.random()&0xfff|0x80000000))
	w.call(nrCreat, b, 0o666)
	w.call(nrRename, a, b)
	w.call(nrUnlink, b)
	w.call(nrRead, n, w.room(512), uintptr(w.below(512)))
	if w.chance(2) {
		w.call(nrInotifyRm, n, first)
	}
	w.call(nrClose, n)
}

// sceneMaps: a file mapped, shared and private, in the arena, then cut, moved, duplicated and advised upon.
func (w *worker) sceneMaps() {
	const fixed = 0x10
	at := arena + uintptr(w.below(arenaPages-64))*pageSize
	w.call(nrMmap, at, uintptr(1+w.below(32))*pageSize, uintptr(w.below(4)), fixed|1+uintptr(w.below(2)), 4, uintptr(w.below(8))*pageSize)
	for range 2 + w.below(5) {
		from := at + uintptr(w.below(32))*pageSize
		size := uintptr(w.below(9)) * pageSize
		switch w.below(5) {
		case 4:
			w.call(nrRemapPages, from, size, 0, uintptr(w.below(20)), 0)
		case 0:
			w.call(nrMremap, from, size, uintptr(w.below(12))*pageSize, uintptr([...]int{1, 3, 5}[w.below(3)]), arena+uintptr(w.below(arenaPages-16))*pageSize)
		case 1:
			w.call(nrMadvise, from, size, w.one(madv))
		case 2:
			w.call(nrMprotect, from, size, uintptr(w.below(4)))
		case 3:
			w.call(nrMunmap, from, size)
		}
		w.call(nrRead, zero, from, uintptr(w.below(6*pageSize))) // touches what is there through the kernel
		w.call(nrWrite, 4, from, uintptr(w.below(6*pageSize)))
	}
}

// sceneRobust: a child dies holding the locks on its list, some of which leads nowhere or in a ring.
func (w *worker) sceneRobust() {
	if w.call(nrFork) != 0 {
		return
	}
	head := arena + 256 + uintptr(w.below(3))*64
	for i := uintptr(0); i < 4; i++ {
		*at64(head + i*64) = uint64(head + (i+1)%4*64 | uintptr(w.below(5)/4))
		*(*uint32)(unsafe.Pointer(head + i*64 + 32)) = uint32(sys.Gettid()) | uint32(w.below(2))<<31
	}
	*at64(head + 8), *at64(head + 16) = 32, uint64(w.edgeNumber())
	runtime.Syscall(nrSetRobust, head, 24, 0, 0, 0, 0)
	sys.ExitNow(0)
}

// scenePidfd: a child by its descriptor: signalled, looked into, and waited for, before and after its end.
func (w *worker) scenePidfd() {
	child := w.call(nrFork)
	if child == 0 {
		w.newborn()
	}
	if !valid(child) {
		return
	}
	fd := w.call(nrPidfdOpen, child, 0)
	w.call(nrPidfdGetfd, fd, w.descriptor(false), 0)
	w.call(nrPidfdSend, fd, uintptr([...]int{9, 10, 19, 18, 15}[w.below(5)]), 0, 0)
	w.call(nrPrlimit, child, uintptr(w.below(16)), 0, w.room(16))
	w.call(nrPidfdSend, fd, 9, 0, 0)
	const byDescriptor, exited, noHang, noWait = 3, 4, 1, 0x1000000
	w.call(nrWaitid, byDescriptor, fd, w.room(128), exited|noHang|uintptr(w.below(2)*noWait), 0)
	w.call(nrPidfdSend, fd, 0, 0, 0)
	w.call(nrClose, fd)
}

// sceneGroups: a group whose members stop, go on and become orphans.
func (w *worker) sceneGroups() {
	leader := w.call(nrFork)
	if leader == 0 {
		runtime.Syscall(nrSetpgid, 0, 0, 0, 0, 0, 0)
		if runtime.Syscall(nrFork, 0, 0, 0, 0, 0, 0) == 0 {
			runtime.Syscall(nrKill, uintptr(sys.Getpid()), 19, 0, 0, 0, 0)
			sys.ExitNow(0)
		}
		w.newborn()
	}
	if !valid(leader) {
		return
	}
	w.call(nrSetpgid, leader, leader)
	w.call(nrKill, -leader, uintptr([...]int{19, 20, 18, 1, 10}[w.below(5)]))
	w.call(nrWaitid, 2, leader, w.room(128), 1|2|4|8, 0)
	w.call(nrKill, -leader, 18)
	w.call(nrKill, -leader, 9)
	w.call(nrWait4, -leader, 0, 1, 0)
}

// sceneListen: a named socket with connections nobody accepts, which go down with it.
func (w *worker) sceneListen() {
	kinds := [...]uintptr{1, 5}
	kind := kinds[w.below(2)] | nonblock
	server, client := w.call(nrSocket, 1, kind, 0), w.call(nrSocket, 1, kind, 0)
	name := w.room(structSize)
	w.socketStructure(name, 'S')
	length := uintptr(5)
	w.call(nrUnlink, name+2)
	w.call(nrBind, server, name, length)
	w.call(nrListen, server, uintptr(w.below(3)))
	w.call(nrConnect, client, name, length)
	w.passing(client, server, client)
	if got := w.call(nrAccept, server, 0, 0); valid(got) && !w.chance(4) {
		w.call(nrShutdown, got, uintptr(w.below(3)))
		w.call(nrRecvmsg, got, w.pointer('M'), 0x40)
		w.call(nrClose, got)
	}
	w.call(nrClose, server)
	w.call(nrClose, client)
}
