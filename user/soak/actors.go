//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/libc/sys"
	"galago/user/abuse"
)

var buf [65536]byte

func call(nr, a, b, c, d uintptr) uintptr { return runtime.Syscall(nr, a, b, c, d, 0, 0) }

func pointer[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }

// child forks; body runs in the child, which ends with it. The child's numbers differ from its parent's.
func child(r *abuse.Random, body func()) int {
	pid, e := sys.Fork()
	if e == 0 && pid == 0 {
		*r += abuse.Random(sys.Getpid())
		body()
		sys.ExitNow(0)
	}
	return pid
}

// forkBomb forks as fast as its limit of processes lets it, in all generations.
func forkBomb(r *abuse.Random) {
	const processes, most = 6, 60
	sys.Prlimit(processes, &sys.Rlimit{Cur: most, Max: most}, nil)
	const user = 2000
	sys.Setgid(user)
	sys.Setuid(user)
	for {
		pid, e := sys.Fork()
		switch {
		case e != 0: // the limit
			if r.Chance(4) {
				sys.ExitNow(0)
			}
			sys.Wait4(-1, sys.WNOHANG)
		case pid == 0:
			*r += abuse.Random(sys.Getpid())
			if r.Chance(3) {
				sys.ExitNow(r.Below(256))
			}
		case r.Chance(2):
			sys.Wait4(-1, sys.WNOHANG)
		}
	}
}

// signalStorm is processes that send each other signals, with values and without, while they block, wait for and handle them.
func signalStorm(r *abuse.Random) {
	sys.OnSignal(func(int) {})
	catch := [...]int{sys.SIGUSR1, sys.SIGUSR2, sys.SIGALRM, sys.SIGCHLD, 34, 35, 36, 40}
	for _, sig := range catch {
		sys.Signal(sig, sys.Catch, true)
	}
	const peers = 4
	for range peers {
		child(r, func() { storm(r, catch[:]) })
	}
	storm(r, catch[:])
}

func storm(r *abuse.Random, signals []int) {
	group := sys.Getpgrp()
	for {
		sig := signals[r.Below(len(signals))]
		switch r.Below(7) {
		case 0:
			sys.Kill(-group, sig)
		case 1, 2: // rt_sigqueueinfo(2), with SI_QUEUE
			info := [16]uint64{uint64(sig), 0xffffffff, uint64(sys.Getpid()), r.Next()}
			call(129, uintptr(sys.Getpid()), uintptr(sig), pointer(&info), 0)
		case 3:
			sys.Sigprocmask(r.Below(2), r.Next()&0xff_0000_2a00)
		case 4: // rt_sigtimedwait(2)
			set, limit := r.Next(), sys.Timespec{Nsec: 200_000}
			call(128, pointer(&set), 0, pointer(&limit), 8)
		case 5:
			pid := child(r, func() {})
			call(61, uintptr(pid), 0, 0, 0)
		case 6: // an interval timer
			every := [4]int64{0, 300, 0, 300}
			call(38, 0, pointer(&every), 0, 0)
		}
	}
}

// pipeFlood is writers and readers of the same pipes; pages are spliced between them.
func pipeFlood(r *abuse.Random) {
	var fds [6]int
	for i := 0; i < len(fds); i += 2 {
		fds[i], fds[i+1], _ = sys.Pipe2(sys.O_NONBLOCK * r.Below(2))
	}
	body := func() {
		for {
			in, out := uintptr(fds[r.Below(3)*2]), uintptr(fds[r.Below(3)*2+1])
			n := uintptr(1 + r.Below(len(buf)))
			switch r.Below(6) {
			case 0, 1:
				call(1, out, pointer(&buf), n, 0)
			case 2, 3:
				call(0, in, pointer(&buf), n, 0)
			case 4: // splice(2), not waiting
				runtime.Syscall(275, in, 0, out, 0, n, 2)
			case 5: // F_SETPIPE_SZ
				call(72, in, 1031, uintptr(4096<<r.Below(6)), 0)
			}
			if r.Chance(2000) {
				sys.ExitNow(0)
			}
		}
	}
	for range 5 {
		child(r, body)
	}
	body()
}

// message is a msghdr with room for its parts.
type message struct {
	name, nameLen, iov, iovLen, control, controlLen, flags uintptr
	vector                                                 [2]uintptr
	rights                                                 [4]uint64 // cmsghdr: length, level and type; then up to four descriptors
}

// socketFlood sends bytes and descriptors, of pipes and of the sockets themselves, over pairs of sockets.
func socketFlood(r *abuse.Random) {
	var fds [6]int32
	for i := 0; i < len(fds); i += 2 {
		kind := [...]uintptr{1, 2, 5}
		pair := (*[2]int32)(unsafe.Pointer(&fds[i]))
		call(53, 1, kind[i/2]|0o4000, 0, pointer(pair))
	}
	body := func() {
		for {
			fd := uintptr(fds[r.Below(len(fds))])
			switch r.Below(5) {
			case 0, 1:
				sendRights(r, fd, fds[:])
			case 2, 3:
				receive(r, fd)
			case 4:
				call(1, fd, pointer(&buf), uintptr(1+r.Below(3000)), 0)
			}
			if r.Chance(1000) { // what is in flight has no other owner now
				for _, f := range fds {
					sys.Close(int(f))
				}
				sys.ExitNow(0)
			}
		}
	}
	for range 3 {
		child(r, body)
	}
	body()
}

func sendRights(r *abuse.Random, to uintptr, fds []int32) {
	a, b, _ := sys.Pipe2(0)
	var m message
	m.vector = [2]uintptr{pointer(&buf), uintptr(1 + r.Below(500))}
	m.iov, m.iovLen = pointer(&m.vector), 1
	m.rights = [4]uint64{16 + 12, 1 | 1<<32, uint64(uint32(a)) | uint64(uint32(b))<<32, uint64(uint32(fds[r.Below(len(fds))]))}
	m.control, m.controlLen = pointer(&m.rights), 32
	call(46, to, pointer(&m), 0, 0)
	sys.Close(a)
	sys.Close(b)
}

func receive(r *abuse.Random, from uintptr) {
	var m message
	m.vector = [2]uintptr{pointer(&buf), uintptr(len(buf))}
	m.iov, m.iovLen = pointer(&m.vector), 1
	m.control, m.controlLen = pointer(&m.rights), uintptr(16+4*r.Below(5))
	n := call(47, from, pointer(&m), 0, 0)
	if n < 1<<20 && m.controlLen >= 20 {
		for i := uintptr(0); 16+4*i+4 <= min(m.controlLen, 28); i++ {
			fd := *(*int32)(unsafe.Add(unsafe.Pointer(&m.rights), 16+4*i))
			sys.Close(int(fd))
		}
	}
}

// fileChurn makes, changes, renames and removes files, on the disk and on tmpfs, with others doing the same to the same names.
func fileChurn(r *abuse.Random) {
	body := func() {
		for {
			dir := "/soak/"
			if r.Chance(2) {
				dir = "/tmp/soak."
			}
			region := runtime.Mark()
			name := func() string { return dir + string([]byte{byte('a' + r.Below(12))}) }
			switch r.Below(7) {
			case 0, 1:
				if fd, e := sys.Open(name(), sys.O_CREAT|sys.O_RDWR, 0o644); e == 0 {
					sys.Pwrite(fd, buf[:1+r.Below(len(buf)-1)], int64(r.Below(1<<20)))
					if r.Chance(10) {
						sys.Fsync(fd)
					}
					sys.Close(fd)
				}
			case 2:
				sys.Rename(name(), name())
			case 3:
				sys.Unlink(name())
			case 4:
				sys.Link(name(), name())
			case 5:
				sys.Truncate(name(), int64(r.Below(1<<18)))
			case 6:
				sys.Mkdir(name(), 0o755)
				sys.Rmdir(name())
			}
			runtime.Release(region)
		}
	}
	for range 2 {
		child(r, body)
	}
	body()
}
