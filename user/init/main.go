//go:build galago_user

// Command init is process 1: it mounts what the system needs, runs the console's shell or, as "init run PORT", one command for
// a host on the other end of a port, adopts and reaps orphans, and shuts the machine down in order.
package main

import (
	"runtime"

	"galago/kernel/errno"
	"galago/libc/sys"
)

func main() {
	if sys.Getpid() != 1 {
		sys.WriteAll(2, []byte("init: must be process 1\n"))
		runtime.Exit(1)
	}
	setup()
	if len(runtime.Argv) >= 3 && sys.GoString(runtime.Argv[1]) == "run" {
		serve(sys.GoString(runtime.Argv[2]))
		shutdown(request)
	}
	runScript("/etc/rc")
	console()
	shutdown(request)
}

// request is how to shut down; signals change it.
var request uintptr = sys.RebootPowerOff

// stopping is set by a signal that asks for shutdown.
var stopping bool

func setup() {
	for _, fd := range [...]int{0, 1, 2} {
		if _, e := sys.Fcntl(fd, sys.F_GETFD, 0); e != 0 {
			sys.Open("/dev/null", sys.O_RDWR, 0)
		}
	}
	mount("devtmpfs", "/dev", "devtmpfs")
	if e := sys.Mount("devpts", "/dev/pts", "devpts", mountNoSUID|mountNoExec, "gid=5,mode=620,ptmxmode=000"); e != 0 && e != errno.EBUSY {
		warn("mounting /dev/pts", e)
	}
	mount("proc", "/proc", "proc")
	mount("sysfs", "/sys", "sysfs")
	mount("tmpfs", "/tmp", "tmpfs")
	sys.Chmod("/tmp", 0o1777)
	sys.Sethostname("galago")
	sys.Chdir("/")
	sys.Sigprocmask(sigBlock, watched())
	sys.OnSignal(func(sig int) {
		switch sig {
		case sys.SIGUSR1:
			request, stopping = sys.RebootHalt, true
		case sys.SIGUSR2:
			request, stopping = sys.RebootPowerOff, true
		case sys.SIGTERM, sys.SIGINT:
			request, stopping = sys.RebootRestart, true
		}
	})
	for _, sig := range signals {
		sys.Signal(sig, sys.Catch, true)
	}
}

// signals are those init catches. They are blocked except while it waits, so that none comes between a look and the wait.
var signals = [...]int{sys.SIGTERM, sys.SIGINT, sys.SIGUSR1, sys.SIGUSR2, sys.SIGCHLD}

// How of sigprocmask(2).
const (
	sigBlock   = 0
	sigSetMask = 2
)

func watched() (set uint64) {
	for _, sig := range signals {
		set |= 1 << (sig - 1)
	}
	return set
}

// defaultSignals undoes in a child what init has set.
func defaultSignals() {
	for _, sig := range signals {
		sys.Signal(sig, sys.Default, false)
	}
	sys.Sigprocmask(sigSetMask, 0)
}

// Flags of mount(2).
const (
	mountNoSUID = 2
	mountNoExec = 8
)

func mount(source, target, fstype string) {
	if e := sys.Mount(source, target, fstype, 0, ""); e != 0 && e != errno.EBUSY {
		warn("mounting "+target, e)
	}
}

func warn(what string, e sys.Errno) {
	sys.WriteAll(2, []byte("init: "+what+": "+e.Name()+"\n"))
}

var environment = []string{"PATH=/bin:/sbin:/usr/bin:/usr/sbin", "HOME=/root", "TERM=linux", "USER=root", "LOGNAME=root", "SHELL=/bin/sh"}

// spawn forks and execs; the child runs prepare first.
func spawn(path string, argv []string, prepare func()) (int, sys.Errno) {
	pid, e := sys.Fork()
	if e != 0 || pid != 0 {
		return pid, e
	}
	defaultSignals()
	prepare()
	e = sys.Execve(path, argv, environment)
	warn(path, e)
	code := 126
	if e == errno.ENOENT {
		code = 127
	}
	sys.ExitNow(code)
	return 0, 0
}

// runScript runs a start-up script, if it exists, and waits for it.
func runScript(path string) {
	if sys.Access(path, 4) != 0 {
		return
	}
	pid, e := spawn("/bin/sh", []string{"sh", path}, func() {})
	if e != 0 {
		warn(path, e)
		return
	}
	waitFor(pid)
}

// waitFor reaps children until pid has ended; ok is false if the system is to stop before.
func waitFor(pid int) (st sys.WaitStatus, ok bool) {
	for {
		got, st, e := sys.Wait4(-1, sys.WNOHANG)
		switch {
		case got == pid:
			return st, true
		case e == errno.ECHILD || stopping:
			return 0, false
		case got == 0:
			sys.Sigsuspend(0)
		}
	}
}

const monotonic = 1 // CLOCK_MONOTONIC

// console runs a login shell on the console; one that dies of a signal is started again, one that ends ends the session.
func console() {
	for !stopping {
		began := sys.ClockGettime(monotonic).Sec
		pid, e := spawn("/bin/sh", []string{"-sh"}, func() {
			sys.Chdir("/root")
			sys.Setsid()
			if fd, e := sys.Open("/dev/console", sys.O_RDWR, 0); e == 0 {
				for i := range 3 {
					sys.Dup2(fd, i)
				}
				if fd > 2 {
					sys.Close(fd)
				}
				sys.SetControllingTTY(0)
				sys.Tcsetpgrp(0, sys.Getpid())
			}
		})
		if e != 0 {
			warn("/bin/sh", e)
			return
		}
		if st, ok := waitFor(pid); !ok || !st.Signaled() {
			return
		}
		if sys.ClockGettime(monotonic).Sec == began { // it cannot even start: not so fast
			sys.Nanosleep(sys.Timespec{Sec: 1})
		}
	}
}

// shutdown ends all processes, writes everything to disk, and stops the machine.
func shutdown(how uintptr) {
	sys.Kill(-1, sys.SIGTERM)
	reap(500)
	sys.Kill(-1, sys.SIGKILL)
	reap(500)
	sys.Sync()
	for _, m := range [...]string{"/tmp", "/sys", "/proc", "/dev"} {
		sys.Umount2(m, 0)
	}
	const remount, readOnly = 32, 1
	sys.Mount("", "/", "", remount|readOnly, "")
	sys.Sync()
	if e := sys.Reboot(how); e != 0 {
		warn("reboot", e)
	}
	for {
		sys.Nanosleep(sys.Timespec{Sec: 3600})
	}
}

// reap waits up to ms milliseconds for all children to end.
func reap(ms int) {
	const step = 5
	for waited := 0; waited <= ms; {
		pid, _, e := sys.Wait4(-1, sys.WNOHANG)
		if e == errno.ECHILD {
			return
		}
		if pid == 0 {
			sys.Nanosleep(sys.Timespec{Nsec: step * 1e6})
			waited += step
		}
	}
}
