//go:build linux

// Test epollkinds watches files of all kinds: FIFOs, timers, signals, processes, changes of directories.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	. "galago/user/test/sock"
)

func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) > 1 {
		time.Sleep(50 * time.Millisecond)
		return
	}
	for _, how := range []uint32{0, unix.EPOLLET} {
		fmt.Printf("how %#x\n", how)
		fifos(how)
		timers(how)
		signals(how)
		processes(how)
		notifications(how)
	}
}

// set is an instance that watches one file.
type set struct {
	ep, fd int
}

func watch(fd int, events uint32) set {
	ep, e := unix.EpollCreate1(0)
	Must(e)
	e = unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
	if e != nil {
		Show("add", e)
	}
	return set{ep, fd}
}

// look shows two waits of at most ms milliseconds, then none.
func (s set) look(what string, ms int) {
	ev := make([]unix.EpollEvent, 4)
	out := what + ":"
	for range 2 {
		n, e := EpollWait(s.ep, ev, ms)
		if e != nil || n > 1 {
			out += fmt.Sprint(" ", n, " ", Name(e))
		} else if n == 1 {
			out += fmt.Sprintf(" %#x", ev[0].Events)
		} else {
			out += " none"
		}
		ms = 0
	}
	fmt.Println(out)
}

func (s set) close() { CloseAll(s.ep, s.fd) }

func fifos(how uint32) {
	os.Remove("fifo")
	Must(unix.Mkfifo("fifo", 0o600))
	r, e := unix.Open("fifo", unix.O_RDONLY|unix.O_NONBLOCK, 0)
	Must(e)
	s := watch(r, unix.EPOLLIN|how)
	s.look("fifo without a writer", 0)
	w, e := unix.Open("fifo", unix.O_WRONLY|unix.O_NONBLOCK, 0)
	Must(e)
	s.look("with one", 0)
	unix.Write(w, []byte("abc"))
	s.look("written", 0)
	unix.Close(w)
	s.look("writer gone", 0)
	unix.Read(r, make([]byte, 9))
	s.look("drained", 0)
	w, _ = unix.Open("fifo", unix.O_WRONLY|unix.O_NONBLOCK, 0)
	s.look("another writer", 0)
	ws := watch(w, unix.EPOLLOUT|how)
	ws.look("writer", 0)
	s.close()
	ws.look("reader gone", 0)
	ws.close()
	os.Remove("fifo")
}

func timers(how uint32) {
	fd, e := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK)
	Must(e)
	s := watch(fd, unix.EPOLLIN|how)
	s.look("timer off", 0)
	Must(unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Value: unix.Timespec{Nsec: 10e6}}, nil))
	s.look("timer", 5000)
	n, e := unix.Read(fd, make([]byte, 8))
	Show("read", n, e)
	s.look("read", 0)
	Must(unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Value: unix.Timespec{Nsec: 10e6}, Interval: unix.Timespec{Nsec: 10e6}}, nil))
	s.look("periodic", 5000)
	s.close()
}

func signals(how uint32) {
	const sig = 40
	var mask unix.Sigset_t
	mask.Val[0] = 1 << (sig - 1)
	unix.PthreadSigmask(unix.SIG_BLOCK, &mask, nil)
	fd, e := unix.Signalfd(-1, &mask, unix.SFD_NONBLOCK)
	Must(e)
	s := watch(fd, unix.EPOLLIN|how)
	s.look("no signal", 0)
	unix.Tgkill(os.Getpid(), unix.Gettid(), sig)
	s.look("signal", 5000)
	unix.Tgkill(os.Getpid(), unix.Gettid(), sig)
	s.look("another", 5000)
	n, e := unix.Read(fd, make([]byte, 256))
	Show("read", n, e)
	s.look("read", 0)
	s.close()
}

func processes(how uint32) {
	cmd := exec.Command("/proc/self/exe", "sleep")
	Must(cmd.Start())
	fd, e := unix.PidfdOpen(cmd.Process.Pid, 0)
	Must(e)
	s := watch(fd, unix.EPOLLIN|how)
	s.look("process", 0)
	s.look("its end", 5000)
	cmd.Wait()
	s.look("waited for", 0)
	s.close()
}

func notifications(how uint32) {
	fd, e := unix.InotifyInit1(unix.IN_NONBLOCK)
	if e != nil {
		Show("inotify", e)
		return
	}
	os.Mkdir("watched", 0o755)
	_, e = unix.InotifyAddWatch(fd, "watched", unix.IN_CREATE|unix.IN_DELETE)
	Must(e)
	s := watch(fd, unix.EPOLLIN|how)
	s.look("quiet", 0)
	os.WriteFile("watched/a", nil, 0o644)
	s.look("created", 5000)
	os.Remove("watched/a")
	s.look("removed", 5000)
	var n int32
	unix.Syscall(unix.SYS_IOCTL, uintptr(fd), 0x541b, uintptr(unsafe.Pointer(&n)))
	k, e := unix.Read(fd, make([]byte, 4096))
	Show("read", int(n) == k, k > 0, e)
	s.look("read", 0)
	s.close()
	os.Remove("watched")
}
