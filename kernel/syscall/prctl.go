//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/proc"
	"galago/kernel/uio"
	"galago/kernel/vm"
)

// Options of prctl(2).
const (
	prSetPdeathsig       = 1
	prGetPdeathsig       = 2
	prGetDumpable        = 3
	prSetDumpable        = 4
	prGetKeepCaps        = 7
	prSetKeepCaps        = 8
	prGetTiming          = 13
	prSetTiming          = 14
	prSetName            = 15
	prGetName            = 16
	prCapBSetRead        = 23
	prCapBSetDrop        = 24
	prGetTSC             = 25
	prGetSecureBits      = 27
	prSetSecureBits      = 28
	prSetTimerSlack      = 29
	prGetTimerSlack      = 30
	prSetChildSubreaper  = 36
	prGetChildSubreaper  = 37
	prSetNoNewPrivs      = 38
	prGetNoNewPrivs      = 39
	prGetTIDAddress      = 40
	prSetTHPDisable      = 41
	prGetTHPDisable      = 42
	prCapAmbient         = 47
	prCapAmbientIsSet    = 1
	prCapAmbientRaise    = 2
	prCapAmbientLower    = 3
	prCapAmbientClearAll = 4

	prActivations = 0x47414c41 // "GALA"
	prFailEvery   = 0x47414c46 // "GALF"
)

func sysPrctl(f *arch.Frame) (uintptr, errno.Errno) {
	t, arg := current(), arg1(f)
	p := t.Proc
	rest := arg2(f) | arg3(f) | arg4(f)
	switch int0(f) {
	case prSetPdeathsig:
		if arg > proc.NSIG {
			return 0, errno.EINVAL
		}
		t.DeathSignal = int(arg)
		return 0, 0
	case prGetPdeathsig:
		s := int32(t.DeathSignal)
		return ok(put(arg, &s))
	case prGetDumpable:
		return flag(p.Dumpable()), 0
	case prSetDumpable:
		if arg > 1 {
			return 0, errno.EINVAL
		}
		p.SetDumpable(arg == 1)
		return 0, 0
	case prGetTiming:
		return 0, 0 // PR_TIMING_STATISTICAL, the only one
	case prSetTiming:
		return ok(einvalUnless(arg == 0))
	case prSetName, prGetName:
		return threadName(t, int0(f) == prSetName, arg)
	case prGetTSC:
		const enabled = 1
		v := int32(enabled)
		return ok(put(arg, &v))
	case prSetTimerSlack:
		if t.TimerSlack = uint64(arg); arg == 0 {
			t.TimerSlack = 50_000
		}
		return 0, 0
	case prGetTimerSlack:
		return uintptr(t.TimerSlack), 0
	case prSetChildSubreaper:
		p.Subreaper = arg != 0
		return 0, 0
	case prGetChildSubreaper:
		v := int32(flag(p.Subreaper))
		return ok(put(arg, &v))
	case prSetTHPDisable:
		if rest != 0 {
			return 0, errno.EINVAL
		}
		vm.Current().NoHuge.Store(arg != 0)
		return 0, 0
	case prGetTHPDisable:
		if arg != 0 || rest != 0 {
			return 0, errno.EINVAL
		}
		return flag(vm.Current().NoHuge.Load()), 0
	case prGetTIDAddress:
		return ok(put(arg, &t.ClearTID))
	}
	switch int0(f) {
	case prActivations:
		return ok(activation(f))
	case prFailEvery:
		return ok(failEvery(t, arg))
	}
	return prctlCred(f, rest)
}

// failEvery is another option of ours: each n-th allocation that the kernel makes for the thread, and for its children, fails; 0 ends that. EPERM.
func failEvery(t *proc.Task, n uintptr) errno.Errno {
	if !t.Cred().Capable(cred.SysAdmin) {
		return errno.EPERM
	}
	if n > 1<<31 {
		return errno.EINVAL
	}
	t.Thread.FailEvery, t.Thread.FailIn = uint32(n), uint32(n)
	if n != 0 {
		mem.FailThreads()
	}
	return errno.OK
}

// activation is the option that Linux does not have: scheduler activations.
func activation(f *arch.Frame) errno.Errno {
	const start, park, wake, settle, end = 1, 2, 3, 4, 5
	t := current()
	switch arg1(f) {
	case start:
		return t.StartActivations(int2(f), int3(f))
	case park:
		return t.ParkActivation(arg2(f), uint32(arg3(f)), max(int64(arg4(f)), 0))
	case wake:
		return t.WakeActivation()
	case settle:
		return t.SettleActivation()
	case end:
		return t.EndActivations()
	}
	return errno.EINVAL
}

func einvalUnless(fine bool) errno.Errno {
	if fine {
		return errno.OK
	}
	return errno.EINVAL
}

func flag(on bool) uintptr {
	if on {
		return 1
	}
	return 0
}

// threadName is PR_SET_NAME and PR_GET_NAME.
func threadName(t *proc.Task, set bool, user uintptr) (uintptr, errno.Errno) {
	var b [16]byte
	if !set {
		t.Name(b[:len(b)-1])
		return ok(put(user, &b))
	}
	if _, e := uio.CopyInString(user, b[:]); e != 0 && e != errno.ENAMETOOLONG {
		return 0, e
	}
	b[15] = 0
	t.SetComm(unsafe.String(&b[0], length(b[:])))
	return 0, 0
}

// prctlCred is the part of prctl that is about credentials.
func prctlCred(f *arch.Frame, rest uintptr) (uintptr, errno.Errno) {
	c, arg := ctx().Cred, arg1(f)
	switch int0(f) {
	case prGetKeepCaps:
		return flag(c.SecureBits&cred.KeepCaps != 0), 0
	case prSetKeepCaps:
		if arg > 1 {
			return 0, errno.EINVAL
		}
		if c.SecureBits&cred.KeepCapsLocked != 0 {
			return 0, errno.EPERM
		}
		return changeCred(func(c *cred.Cred) errno.Errno {
			c.SecureBits = c.SecureBits&^cred.KeepCaps | uint32(arg)*cred.KeepCaps
			return errno.OK
		})
	case prCapBSetRead:
		if arg > uintptr(cred.LastCap) {
			return 0, errno.EINVAL
		}
		return flag(c.Bounding.Has(cred.Cap(arg))), 0
	case prCapBSetDrop:
		if !c.Capable(cred.SetPCap) {
			return 0, errno.EPERM
		}
		if arg > uintptr(cred.LastCap) {
			return 0, errno.EINVAL
		}
		return changeCred(func(c *cred.Cred) errno.Errno {
			c.Bounding &^= 1 << arg
			return errno.OK
		})
	case prGetSecureBits:
		return uintptr(c.SecureBits), 0
	case prSetSecureBits:
		return changeCred(func(c *cred.Cred) errno.Errno { return c.SetSecureBits(uint32(arg)) })
	case prSetNoNewPrivs:
		if arg != 1 || rest != 0 {
			return 0, errno.EINVAL
		}
		return changeCred(func(c *cred.Cred) errno.Errno {
			c.NoNewPrivs = true
			return errno.OK
		})
	case prGetNoNewPrivs:
		if arg|rest != 0 {
			return 0, errno.EINVAL
		}
		return flag(c.NoNewPrivs), 0
	case prCapAmbient:
		return capAmbient(f, c)
	}
	return 0, errno.EINVAL
}

func capAmbient(f *arch.Frame, c *cred.Cred) (uintptr, errno.Errno) {
	op, n := arg1(f), arg2(f)
	if arg3(f)|arg4(f) != 0 {
		return 0, errno.EINVAL
	}
	if op == prCapAmbientClearAll {
		if n != 0 {
			return 0, errno.EINVAL
		}
		return changeCred(func(c *cred.Cred) errno.Errno {
			c.Ambient = 0
			return errno.OK
		})
	}
	if n > uintptr(cred.LastCap) {
		return 0, errno.EINVAL
	}
	switch op {
	case prCapAmbientIsSet:
		return flag(c.Ambient.Has(cred.Cap(n))), 0
	case prCapAmbientRaise:
		return changeCred(func(c *cred.Cred) errno.Errno { return c.RaiseAmbient(cred.Cap(n)) })
	case prCapAmbientLower:
		return changeCred(func(c *cred.Cred) errno.Errno {
			c.Ambient &^= 1 << n
			return errno.OK
		})
	}
	return 0, errno.EINVAL
}

// Versions of capget(2)'s header: the first has 32 bits, the others 64.
const (
	capVersion1 = 0x19980330
	capVersion2 = 0x20071026
	capVersion3 = 0x20080522
)

type capHeader struct {
	Version uint32
	PID     int32
}

type capData struct{ Effective, Permitted, Inheritable uint32 }

// capWords checks the header and returns how many words of data go with it. A wrong version is answered with the right one.
func capWords(f *arch.Frame, h *capHeader) (n int, e errno.Errno) {
	if e := get(h, arg0(f)); e != 0 {
		return 0, e
	}
	switch h.Version {
	case capVersion1:
		return 1, 0
	case capVersion2, capVersion3:
		return 2, 0
	}
	v := uint32(capVersion3)
	if e := put(arg0(f), &v); e != 0 {
		return 0, e
	}
	return 0, errno.EINVAL
}

func sysCapget(f *arch.Frame) (uintptr, errno.Errno) {
	var h capHeader
	n, e := capWords(f, &h)
	if e != 0 {
		if e == errno.EINVAL && arg1(f) == 0 {
			e = errno.OK // a question for the version
		}
		return 0, e
	}
	if arg1(f) == 0 {
		return 0, 0
	}
	if h.PID < 0 {
		return 0, errno.EINVAL
	}
	c := ctx().Cred.Get()
	if h.PID != 0 && int(h.PID) != current().TID {
		c.Put()
		p := proc.Find(int(h.PID))
		if p == nil {
			return 0, errno.ESRCH
		}
		c = p.BorrowCred()
		p.Put()
	}
	var d [2]capData
	for i := range n {
		s := uint(32 * i)
		d[i] = capData{uint32(c.Effective >> s), uint32(c.Permitted >> s), uint32(c.Inheritable >> s)}
	}
	c.Put()
	if arch.CopyToUser(arg1(f), unsafe.Pointer(&d), uintptr(n)*unsafe.Sizeof(d[0])) != 0 {
		return 0, errno.EFAULT
	}
	return 0, 0
}

func sysCapset(f *arch.Frame) (uintptr, errno.Errno) {
	var h capHeader
	n, e := capWords(f, &h)
	if e != 0 {
		return 0, e
	}
	if h.PID != 0 && int(h.PID) != current().TID {
		return 0, errno.EPERM
	}
	var d [2]capData
	if arch.CopyFromUser(unsafe.Pointer(&d), arg1(f), uintptr(n)*unsafe.Sizeof(d[0])) != 0 {
		return 0, errno.EFAULT
	}
	set := func(lo, hi uint32) cred.CapSet { return (cred.CapSet(lo) | cred.CapSet(hi)<<32) & cred.AllCaps }
	return changeCred(func(c *cred.Cred) errno.Errno {
		return c.SetCaps(set(d[0].Effective, d[1].Effective), set(d[0].Permitted, d[1].Permitted), set(d[0].Inheritable, d[1].Inheritable))
	})
}

func sysSetfsuid(f *arch.Frame) (old uintptr, e errno.Errno) {
	_, e = changeCred(func(c *cred.Cred) errno.Errno {
		old = uintptr(c.SetFSUID(uint32(arg0(f))))
		return errno.OK
	})
	return old, e
}

func sysSetfsgid(f *arch.Frame) (old uintptr, e errno.Errno) {
	_, e = changeCred(func(c *cred.Cred) errno.Errno {
		old = uintptr(c.SetFSGID(uint32(arg0(f))))
		return errno.OK
	})
	return old, e
}
