//go:build galago

package syscall

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/mem"
	"galago/kernel/proc"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/vfs"
)

// Identity, time, system information, power.

func now() uint64 { return time.Now() }

func sysGetuid(f *arch.Frame) (uintptr, errno.Errno)  { return uintptr(ctx().Cred.UID), 0 }
func sysGeteuid(f *arch.Frame) (uintptr, errno.Errno) { return uintptr(ctx().Cred.EUID), 0 }
func sysGetgid(f *arch.Frame) (uintptr, errno.Errno)  { return uintptr(ctx().Cred.GID), 0 }
func sysGetegid(f *arch.Frame) (uintptr, errno.Errno) { return uintptr(ctx().Cred.EGID), 0 }

// changeCred runs fn on a copy of the credentials and installs it if fn agrees.
func changeCred(fn func(c *cred.Cred) errno.Errno) (uintptr, errno.Errno) {
	c := ctx().Cred.Dup()
	if c == nil {
		return 0, errno.ENOMEM
	}
	if e := fn(c); e != 0 {
		c.Put()
		return 0, e
	}
	return ok(current().SetCred(c))
}

func sysSetuid(f *arch.Frame) (uintptr, errno.Errno) {
	return changeCred(func(c *cred.Cred) errno.Errno { return c.SetUserID(uint32(arg0(f))) })
}

func sysSetgid(f *arch.Frame) (uintptr, errno.Errno) {
	return changeCred(func(c *cred.Cred) errno.Errno { return c.SetGroupID(uint32(arg0(f))) })
}

func sysSetreuid(f *arch.Frame) (uintptr, errno.Errno) {
	return changeCred(func(c *cred.Cred) errno.Errno { return c.SetReUID(uint32(arg0(f)), uint32(arg1(f))) })
}

func sysSetregid(f *arch.Frame) (uintptr, errno.Errno) {
	return changeCred(func(c *cred.Cred) errno.Errno { return c.SetReGID(uint32(arg0(f)), uint32(arg1(f))) })
}

func sysSetresuid(f *arch.Frame) (uintptr, errno.Errno) {
	return changeCred(func(c *cred.Cred) errno.Errno {
		return c.SetResUID(uint32(arg0(f)), uint32(arg1(f)), uint32(arg2(f)))
	})
}

func sysSetresgid(f *arch.Frame) (uintptr, errno.Errno) {
	return changeCred(func(c *cred.Cred) errno.Errno {
		return c.SetResGID(uint32(arg0(f)), uint32(arg1(f)), uint32(arg2(f)))
	})
}

func put3(f *arch.Frame, a, b, c uint32) (uintptr, errno.Errno) {
	if e := put(arg0(f), &a); e != 0 {
		return 0, e
	}
	if e := put(arg1(f), &b); e != 0 {
		return 0, e
	}
	return ok(put(arg2(f), &c))
}

func sysGetresuid(f *arch.Frame) (uintptr, errno.Errno) {
	c := ctx().Cred
	return put3(f, c.UID, c.EUID, c.SUID)
}

func sysGetresgid(f *arch.Frame) (uintptr, errno.Errno) {
	c := ctx().Cred
	return put3(f, c.GID, c.EGID, c.SGID)
}

func sysGetgroups(f *arch.Frame) (uintptr, errno.Errno) {
	g, n := ctx().Cred.Groups(), int0(f)
	switch {
	case n < 0 || n > 0 && n < len(g):
		return 0, errno.EINVAL
	case n > 0 && len(g) > 0:
		if arch.CopyToUser(arg1(f), unsafe.Pointer(&g[0]), uintptr(len(g))*4) != 0 {
			return 0, errno.EFAULT
		}
	}
	return uintptr(len(g)), 0
}

func sysSetgroups(f *arch.Frame) (uintptr, errno.Errno) {
	n := int0(f)
	if !ctx().Cred.Capable(cred.SetGID) {
		return 0, errno.EPERM
	}
	if n < 0 || n > cred.MaxGroups {
		return 0, errno.EINVAL
	}
	list := mem.AllocBytes(max(n, 1) * 4)
	if list == nil {
		return 0, errno.ENOMEM
	}
	defer mem.FreeBytes(list)
	if arch.CopyFromUser(unsafe.Pointer(&list[0]), arg1(f), uintptr(n)*4) != 0 {
		return 0, errno.EFAULT
	}
	groups := unsafe.Slice((*uint32)(unsafe.Pointer(&list[0])), n)
	return changeCred(func(c *cred.Cred) errno.Errno { return c.SetGroups(groups) })
}

// Time.

// Clock identifiers of clock_gettime(2).
const (
	clockRealtime       = 0
	clockMonotonic      = 1
	clockProcessCPU     = 2
	clockThreadCPU      = 3
	clockMonotonicRaw   = 4
	clockRealtimeCoarse = 5
	clockMonoCoarse     = 6
	clockBoottime       = 7
	clockRealtimeAlarm  = 8
	clockBoottimeAlarm  = 9
	clockTAI            = 11
)

func readClock(id int) (timespec, errno.Errno) {
	split := func(ns uint64) timespec { return timespec{int64(ns / 1e9), int64(ns % 1e9)} }
	switch id {
	case clockRealtime, clockRealtimeCoarse, clockTAI:
		sec, nsec := time.Wall()
		return timespec{sec, nsec}, 0
	case clockMonotonic, clockMonotonicRaw, clockMonoCoarse, clockBoottime:
		return split(now()), 0
	case clockProcessCPU:
		ns, e := current().ClockOf(0, false, false)
		return split(ns), e
	case clockThreadCPU:
		return split(sched.Current().Stats().RunTime), 0
	}
	// The CPU clock of a process or thread by its number: clock_getcpuclockid(3).
	const thread, kind, virtual, descriptor = 4, 3, 1, 3
	if id >= 0 || id&kind == descriptor {
		return timespec{}, errno.EINVAL
	}
	ns, e := current().ClockOf(^(id >> 3), id&thread != 0, id&kind == virtual)
	return split(ns), e
}

func sysClockGettime(f *arch.Frame) (uintptr, errno.Errno) {
	ts, e := readClock(int0(f))
	if e != 0 {
		return 0, e
	}
	return ok(put(arg1(f), &ts))
}

func sysClockGetres(f *arch.Frame) (uintptr, errno.Errno) {
	if _, e := readClock(int0(f)); e != 0 {
		return 0, e
	}
	ts := timespec{Nsec: 1}
	if arg1(f) == 0 {
		return 0, 0
	}
	return ok(put(arg1(f), &ts))
}

func sysClockSettime(f *arch.Frame) (uintptr, errno.Errno) {
	var ts timespec
	if e := get(&ts, arg1(f)); e != 0 {
		return 0, e
	}
	switch {
	case int0(f) != clockRealtime, ts.Sec < 0, ts.Sec > maxWall, ts.Nsec < 0, ts.Nsec >= 1e9:
		return 0, errno.EINVAL
	case !ctx().Cred.Capable(cred.SysTime):
		return 0, errno.EPERM
	}
	time.SetWall(ts.Sec, ts.Nsec)
	return 0, 0
}

func sysGettimeofday(f *arch.Frame) (uintptr, errno.Errno) {
	sec, nsec := time.Wall()
	if arg0(f) != 0 {
		tv := timeval{sec, nsec / 1000}
		if e := put(arg0(f), &tv); e != 0 {
			return 0, e
		}
	}
	if arg1(f) != 0 {
		var zone [2]int32
		return ok(put(arg1(f), &zone))
	}
	return 0, 0
}

func sysTime(f *arch.Frame) (uintptr, errno.Errno) {
	sec, _ := time.Wall()
	if arg0(f) != 0 {
		if e := put(arg0(f), &sec); e != 0 {
			return 0, e
		}
	}
	return uintptr(sec), 0
}

func sysNanosleep(f *arch.Frame) (uintptr, errno.Errno) { return nanosleep(arg0(f), arg1(f)) }

// nanosleep sleeps for a relative time; an interrupting signal's handler finds the rest at rem.
func nanosleep(req, rem uintptr) (uintptr, errno.Errno) {
	var ts timespec
	if e := get(&ts, req); e != 0 {
		return 0, e
	}
	if ts.Sec < 0 || ts.Nsec < 0 || ts.Nsec >= 1e9 {
		return 0, errno.EINVAL
	}
	ns, _ := ts.duration()
	return sleepUntil(now()+uint64(ns), rem)
}

// sleepUntil sleeps until a time of the monotonic clock. What is left of it when a signal comes is written to rem, if not null; without a
// handler the sleep goes on afterwards.
func sleepUntil(deadline uint64, rem uintptr) (uintptr, errno.Errno) {
	e := sched.SleepUntil(deadline)
	if e != errno.EINTR {
		return 0, e
	}
	if rem != 0 {
		left := max(int64(deadline-now()), 0)
		r := timespec{left / 1e9, left % 1e9}
		if e := put(rem, &r); e != 0 {
			return 0, e
		}
	}
	return 0, current().RestartWith(sleepOn, deadline, [5]uintptr{rem})
}

func sleepOn(b *proc.RestartBlock) (uintptr, errno.Errno) { return sleepUntil(b.Deadline, b.Args[0]) }

func sysClockNanosleep(f *arch.Frame) (uintptr, errno.Errno) {
	const absolute = 1
	id := int0(f)
	switch id {
	case clockRealtime, clockMonotonic, clockBoottime, clockTAI:
	case clockThreadCPU, clockRealtimeAlarm, clockBoottimeAlarm, clockMonotonicRaw, clockRealtimeCoarse, clockMonoCoarse:
		return 0, errno.EOPNOTSUPP
	case clockProcessCPU:
	default:
		return 0, errno.EINVAL
	}
	var ts timespec
	if e := get(&ts, arg2(f)); e != 0 {
		return 0, e
	}
	if ts.Sec < 0 || ts.Nsec < 0 || ts.Nsec >= 1e9 {
		return 0, errno.EINVAL
	}
	switch {
	case id == clockProcessCPU:
		return 0, sleepCPU(ts.nanos(), int1(f)&absolute != 0)
	case int1(f)&absolute == 0:
		return nanosleep(arg2(f), arg3(f))
	}
	e := errno.OK
	if id == clockRealtime || id == clockTAI {
		e = sleepWall(ts)
	} else {
		e = sched.SleepUntil(ts.nanos())
	}
	if e == errno.EINTR {
		e = errno.ERESTARTNOHAND
	}
	return 0, e
}

// sleepWall sleeps until a time of the wall clock, also if that is set meanwhile.
func sleepWall(ts timespec) errno.Errno {
	var s wallSleeper
	p := vfs.NoEscape(&s)
	p.thread = sched.Current()
	p.watch.Func = wakeSleeper
	p.watch.Watch()
	e := errno.OK
	for {
		p.set.Store(0)
		left := int64(time.WallToMono(ts.Sec, ts.Nsec) - now())
		if left <= 0 {
			break
		}
		if e = sched.SleepUntilSet(&p.set, left); e == errno.EINTR {
			break
		}
		e = errno.OK
	}
	p.watch.Unwatch()
	return e
}

// wallSleeper is a thread in sleepWall.
type wallSleeper struct {
	watch  time.WallWatch // first: wakeSleeper relies on it
	set    atomic.Uint32
	thread *sched.Thread
}

func wakeSleeper(w *time.WallWatch) {
	s := (*wallSleeper)(unsafe.Pointer(w))
	s.set.Store(1)
	sched.Wake(s.thread)
}

// sleepCPU sleeps until the process has used CPU time: its other threads have, for this one sleeps.
func sleepCPU(ns uint64, absolute bool) errno.Errno {
	const step = 1_000_000
	used, _ := current().ClockOf(0, false, false)
	if !absolute {
		ns += used
	}
	for used < ns {
		if _, e := sched.SleepInterruptible(int64(max(ns-used, step))); e != 0 {
			return errno.ERESTARTNOHAND
		}
		used, _ = current().ClockOf(0, false, false)
	}
	return errno.OK
}

// System information.

type utsname [6][65]byte

// Names of the system: uname(2). Programs look at the release to learn what the kernel can do.
const (
	sysName = "Galago"
	release = "6.1.0-galago"
	version = "#1 SMP"
	machine = "x86_64"
)

var hostname = [65]byte{'g', 'a', 'l', 'a', 'g', 'o'}
var domainname = [65]byte{'(', 'n', 'o', 'n', 'e', ')'}

func sysUname(f *arch.Frame) (uintptr, errno.Errno) {
	var u utsname
	copy(u[0][:], sysName)
	u[1] = hostname
	copy(u[2][:], release)
	copy(u[3][:], version)
	copy(u[4][:], machine)
	u[5] = domainname
	return ok(put(arg0(f), &u))
}

func sysSethostname(f *arch.Frame) (uintptr, errno.Errno)   { return setName(f, &hostname) }
func sysSetdomainname(f *arch.Frame) (uintptr, errno.Errno) { return setName(f, &domainname) }

func setName(f *arch.Frame, to *[65]byte) (uintptr, errno.Errno) {
	n := arg1(f)
	if !ctx().Cred.Capable(cred.SysAdmin) {
		return 0, errno.EPERM
	}
	if n > 64 {
		return 0, errno.EINVAL
	}
	var b [65]byte
	if arch.CopyFromUser(unsafe.Pointer(&b), arg0(f), n) != 0 {
		return 0, errno.EFAULT
	}
	*to = b
	return 0, 0
}

// sysinfo is struct sysinfo.
type sysinfo struct {
	Uptime                                           int64
	Loads                                            [3]uint64
	Total, Free, Shared, Buffer, SwapTotal, SwapFree uint64
	Procs, _                                         uint16
	_                                                uint32
	TotalHigh, FreeHigh                              uint64
	Unit, _                                          uint32
}

func sysSysinfo(f *arch.Frame) (uintptr, errno.Errno) {
	m := mem.Stats()
	s := sysinfo{Uptime: int64(now() / 1e9), Total: uint64(m.Total) * arch.PageSize, Free: uint64(m.Free) * arch.PageSize,
		Procs: uint16(proc.Count()), Unit: 1}
	return ok(put(arg0(f), &s))
}

// syslog(2) actions that dmesg uses.
func sysSyslog(f *arch.Frame) (uintptr, errno.Errno) {
	const readAll, readClear, clearRing, consoleLevel, sizeUnread, sizeBuffer = 3, 4, 5, 8, 9, 10
	switch int0(f) {
	case readAll, readClear:
		n, e := readLog(arg1(f), int2(f))
		if e == 0 && int0(f) == readClear {
			klog.Clear()
		}
		return n, e
	case clearRing:
		klog.Clear()
		return 0, 0
	case consoleLevel, sizeUnread, 0, 1, 6, 7:
		return 0, 0
	case sizeBuffer:
		return 1 << 18, 0
	}
	return 0, errno.EINVAL
}

func readLog(user uintptr, size int) (uintptr, errno.Errno) {
	if size < 0 {
		return 0, errno.EINVAL
	}
	var line [320]byte
	done := 0
	for seq := uint64(0); ; {
		n, s := klog.Read(seq, line[:], true)
		if n == 0 || done+n > size {
			return uintptr(done), 0
		}
		if arch.CopyToUser(user+uintptr(done), unsafe.Pointer(&line), uintptr(n)) != 0 {
			return 0, errno.EFAULT
		}
		done += n
		seq = s
	}
}

// reboot(2). PowerOff and Restart are the machine's; main sets them.
var PowerOff, Restart func()

// beforePowerOff is the test kernel's audit.
var beforePowerOff func()

func sysReboot(f *arch.Frame) (uintptr, errno.Errno) {
	const magic1, restart, halt, powerOff, cadOn, cadOff = 0xfee1dead, 0x01234567, 0xcdef0123, 0x4321fedc, 0x89abcdef, 0
	if !ctx().Cred.Capable(cred.SysBoot) {
		return 0, errno.EPERM
	}
	switch m := uint32(arg1(f)); {
	case uint32(arg0(f)) != magic1, m != 672274793 && m != 85072278 && m != 369367448 && m != 537993216:
		return 0, errno.EINVAL
	}
	switch uint32(arg2(f)) {
	case restart:
		klog.Printf("restarting")
		Restart()
	case halt, powerOff:
		if beforePowerOff != nil {
			beforePowerOff()
		}
		klog.Printf("power off")
		PowerOff()
		arch.IRQOff()
		arch.Halt()
	case cadOn, cadOff:
		return 0, 0
	}
	return 0, errno.EINVAL
}

func length(b []byte) int {
	for i, c := range b {
		if c == 0 {
			return i
		}
	}
	return len(b)
}

func sysExecve(f *arch.Frame) (uintptr, errno.Errno) {
	return exec(f, vfs.AtFDCWD, arg0(f), arg1(f), arg2(f), 0)
}

func sysExecveat(f *arch.Frame) (uintptr, errno.Errno) {
	flags := uint32(arg4(f))
	if flags&^(vfs.AT_EMPTY_PATH|vfs.AT_SYMLINK_NOFOLLOW) != 0 {
		return 0, errno.EINVAL
	}
	return exec(f, int0(f), arg1(f), arg2(f), arg3(f), flags)
}

func exec(f *arch.Frame, dirfd int, path, argv, envp uintptr, flags uint32) (uintptr, errno.Errno) {
	p, e := getPath(path, flags&vfs.AT_EMPTY_PATH != 0)
	if e != 0 {
		return 0, e
	}
	e = current().Exec(f, dirfd, p.str(), flags, &proc.Args{UserArgv: argv, UserEnvp: envp})
	p.free()
	return 0, e
}
