//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/libc/sys"
)

// makePaths makes the names that path draws from.
func (w *worker) makePaths() {
	names := [len(w.paths)]string{"f", "f", "big", "d", "d/g", "d/new", "new", "new2", "fifo", "sl", "loop", "s0", "missing/x", "..", ".", "", "/tmp/t", "/tmp/u",
		"/proc/self/maps", "/proc/self/status", "/proc/self/fd", "/bin/true", "/dev/zero", "f/x"}
	more := [...]string{"/proc/self/stat", "/proc/self/smaps", "/proc/self/task", "/proc/self/fdinfo/4", "/proc/self/fd/4", "/proc/self/mountinfo", "/proc/meminfo", "/proc/stat",
		"/proc/slabinfo", "/proc/self/comm", "/proc/self/exe", "/bin/script", "/bin/broken", "/dev/full", "/dev/tty", "/proc/self/environ", "/proc/locks", "/proc/sysvipc/shm",
		"/proc/net/unix", "/dev/urandom", "/proc/self/root/bin", "/proc/self/cwd/f", "/proc/self/limits", "/proc/self/io", "/tmp", "/proc", "/", "d/../d/./g", "d/", "f/"}
	for i := range names {
		s := names[i]
		if w.chance(3) {
			s = more[w.below(len(more))]
		}
		if w.chance(30) {
			s = long(w.below(5000))
		}
		w.paths[i] = sys.CString(s)
	}
}

// long is a name of n bytes in pieces of up to 300.
func long(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'n'
		if i%300 == 299 {
			b[i] = '/'
		}
	}
	return string(b)
}

// byeAddr is the address of code that makes a call and ends the thread, on no stack: what a clone with a stack of its own returns to.
func byeAddr() uintptr { return byeCode }

var byeCode uintptr

// makeBye writes that code: mov eax, 186; syscall; xor edi, edi; mov eax, 60; syscall.
func makeBye() {
	code := [...]byte{0xb8, 186, 0, 0, 0, 0x0f, 0x05, 0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05}
	byeCode = runtime.Syscall(9, 0, pageSize, 3, 0x22, ^uintptr(0), 0)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(byeCode)), len(code)), code[:])
	const readExecute = 5
	runtime.Syscall(10, byeCode, pageSize, readExecute, 0, 0, 0)
}

func handlerAddresses() (handler, restorer uintptr) { return runtime.SignalEntry() }

// fence changes or refuses calls that would do harm by right. What garbage arguments could do is fenced too: nr and a are all the kernel gets.
func (w *worker) fence(nr uintptr, a *[6]uintptr) bool {
	const (
		mmap, mremap, kill, chmod, mknod, mknodat, umount2, mount, shmat     = 9, 25, 62, 90, 133, 259, 166, 165, 30
		tkill, tgkill, prlimit, fcntl, ptrace, setpgid, sigqueue, tgsigqueue = 200, 234, 302, 72, 101, 109, 129, 297
		clone, sigreturn, pause, exit, exitGroup, sharedMemory               = 56, 15, 34, 60, 231, 0x100
	)
	switch nr {
	case mmap:
		if a[3]&0x10 != 0 && a[3]&0x100000 == 0 && (a[0] < arena || a[0] >= arena+arenaPages*pageSize || a[1] > 64*pageSize) {
			a[3] &^= 0x10 // MAP_FIXED in the arena only
		}
	case mremap:
		if a[3]&2 != 0 && (a[4] < arena || a[4] >= arena+arenaPages*pageSize) {
			a[3] &^= 2
		}
	case shmat:
		a[2] &^= 0o40000 // SHM_REMAP
	case kill, tkill, sigqueue, tgkill, tgsigqueue, ptrace, prlimit:
		which := 0
		if nr == ptrace {
			which = 1
		}
		return w.stranger(a[which]) && (nr != tgkill && nr != tgsigqueue || w.stranger(a[1]))
	case mknod, mknodat:
		mode, dev := 1, 2
		if nr == mknodat {
			mode, dev = 2, 3
		}
		if f := a[mode] & 0o170000; f == 0o060000 || f == 0o020000 { // no disks, no ports
			a[mode], a[dev] = a[mode]&^uintptr(0o170000)|0o020000, 1<<8|3
		}
	case mount, umount2: // only on the child's own directory
		target := 1
		if nr == umount2 {
			target = 0
		}
		a[target] = mountPoint
	case sigreturn, pause, exit, exitGroup: // they end or stop the caller: rarely, so that it gets far
		return w.chance(20)
	case fcntl:
		const setOwner, setOwnerEx = 8, 15
		return a[1]&0xffffffff != setOwner && a[1]&0xffffffff != setOwnerEx
	case clone:
		a[0] &^= 0x7e020000                      // no name spaces
		if sharedMemory&a[0] != 0 && a[1] == 0 { // two on one stack would only crash
			a[1] = w.farewell()
		}
	}
	return true
}

// mountPoint is the address of mountName, the name of the child's own directory.
var (
	mountPoint uintptr
	mountName  = [...]byte{'d', 0}
)

// stranger tells whether a process number may be used as a target: not init, not the master, and not everybody as root.
func (w *worker) stranger(pid uintptr) bool {
	n := int32(pid)
	if w.root && n == -1 {
		return false
	}
	return n > int32(masterPID) || n == 0 || n < -int32(masterPID) || n == -1
}

var masterPID int
