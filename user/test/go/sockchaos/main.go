//go:build linux

// Test sockchaos makes random calls on a few descriptors of sockets, pipes, event counters and epoll instances from many threads at once. All that
// counts is that the system lives, and that what the calls return is what calls may return.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	first = 100 // descriptors in use: first to first+count-1
	count = 40
)

var (
	calls   atomic.Int64
	strange atomic.Int64
)

func fd(r *rand.Rand) int { return first + r.Intn(count) }

// place moves a new descriptor among the others.
func place(r *rand.Rand, f int, e error) {
	if e != nil {
		return
	}
	unix.Dup2(f, fd(r))
	unix.Close(f)
}

func check(e error) {
	calls.Add(1)
	if e == nil {
		return
	}
	switch e {
	case unix.ENOSYS, unix.EFAULT, unix.EIO, unix.ENXIO:
		strange.Add(1)
		fmt.Println("strange", e)
	}
}

func name(r *rand.Rand) *unix.SockaddrUnix {
	if r.Intn(3) == 0 {
		return &unix.SockaddrUnix{Name: fmt.Sprintf("chaos%d", r.Intn(4))}
	}
	return &unix.SockaddrUnix{Name: fmt.Sprintf("@chaos%d", r.Intn(4))}
}

var types = []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET}

func step(r *rand.Rand, buf []byte) {
	a, b := fd(r), fd(r)
	var e error
	switch r.Intn(24) {
	case 0, 1:
		p, e := unix.Socketpair(unix.AF_UNIX, types[r.Intn(3)]|unix.SOCK_NONBLOCK, 0)
		check(e)
		place(r, p[0], e)
		place(r, p[1], e)
	case 2:
		f, e := unix.Socket(unix.AF_UNIX, types[r.Intn(3)]|unix.SOCK_NONBLOCK, 0)
		check(e)
		place(r, f, e)
	case 3:
		var p [2]int
		e = unix.Pipe2(p[:], unix.O_NONBLOCK)
		check(e)
		place(r, p[0], e)
		place(r, p[1], e)
	case 4:
		f, e := unix.EpollCreate1(0)
		check(e)
		place(r, f, e)
	case 5:
		f, e := unix.Eventfd(uint(r.Intn(3)), unix.EFD_NONBLOCK|r.Intn(2))
		check(e)
		place(r, f, e)
	case 6:
		e = unix.Close(a)
	case 7:
		n := name(r)
		if e = unix.Bind(a, n); e == nil && n.Name[0] != '@' && r.Intn(2) == 0 {
			os.Remove(n.Name)
		}
	case 8:
		e = unix.Connect(a, name(r))
	case 9:
		e = unix.Listen(a, r.Intn(3))
	case 10:
		f, _, e := unix.Accept4(a, unix.SOCK_NONBLOCK)
		check(e)
		place(r, f, e)
	case 11:
		e = unix.Shutdown(a, r.Intn(3))
	case 12, 13:
		_, e = unix.Write(a, buf[:r.Intn(1<<uint(r.Intn(17)))])
	case 14, 15:
		_, e = unix.Read(a, buf[:r.Intn(1<<uint(r.Intn(17)))])
	case 16:
		e = unix.Sendmsg(a, buf[:r.Intn(100)], unix.UnixRights(b, fd(r)), nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
	case 17:
		oob := make([]byte, r.Intn(64))
		_, n, _, _, err := unix.Recvmsg(a, buf[:r.Intn(200)], oob, []int{0, unix.MSG_PEEK, unix.MSG_TRUNC, unix.MSG_WAITALL}[r.Intn(4)]|unix.MSG_DONTWAIT)
		e = err
		if e == nil {
			if m, err := unix.ParseSocketControlMessage(oob[:n]); err == nil {
				for i := range m {
					if fds, err := unix.ParseUnixRights(&m[i]); err == nil {
						for _, f := range fds {
							place(r, f, nil)
						}
					}
				}
			}
		}
	case 18, 19:
		ev := unix.EpollEvent{Events: r.Uint32(), Fd: int32(b)}
		if r.Intn(2) == 0 {
			ev.Events &= unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLET | unix.EPOLLONESHOT
		}
		e = unix.EpollCtl(a, 1+r.Intn(3), b, &ev)
	case 20:
		_, e = unix.EpollWait(a, make([]unix.EpollEvent, 1+r.Intn(20)), r.Intn(2))
	case 21:
		p := []unix.PollFd{{Fd: int32(a), Events: int16(r.Uint32())}, {Fd: int32(b), Events: int16(r.Uint32())}}
		_, e = unix.Poll(p, r.Intn(2))
	case 22:
		_, e = unix.FcntlInt(uintptr(a), unix.F_SETFL, unix.O_NONBLOCK|r.Intn(2)*unix.O_ASYNC)
	case 23:
		v := int32(r.Uint32())
		_, _, ee := unix.Syscall6([]uintptr{unix.SYS_SETSOCKOPT, unix.SYS_GETSOCKOPT}[r.Intn(2)], uintptr(a), 1, uintptr(r.Intn(80)),
			uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&[]int32{4}[0])), 0)
		if ee == unix.EFAULT || ee == 0 {
			return
		}
		e = ee
	}
	check(e)
}

func main() {
	debug.SetGCPercent(-1)
	unix.SetsockoptInt(0, 0, 0, 0)
	seed := int64(1)
	if len(os.Args) > 1 {
		fmt.Sscan(os.Args[1], &seed)
	}
	end := time.Now().Add(3 * time.Second)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewSource(seed*100 + int64(i)))
			buf := make([]byte, 1<<17)
			for time.Now().Before(end) {
				step(r, buf)
			}
		})
	}
	wg.Wait()
	for i := range count {
		unix.Close(first + i)
	}
	for i := range 4 {
		os.Remove(fmt.Sprintf("chaos%d", i))
	}
	fmt.Println("alive", calls.Load() > 1000, strange.Load())
}
