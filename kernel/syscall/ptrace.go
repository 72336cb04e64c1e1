//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/proc"
)

// ptrace(2): the decoding of requests. proc/ptrace*.go does the work.

func sysPtrace(f *arch.Frame) (uintptr, errno.Errno) {
	request, tid, addr, data := int(int64(f.DI)), int0x(f.SI), arg2(f), arg3(f)
	t := current()
	switch request {
	case proc.PtTraceMe:
		return ok(t.TraceMe())
	case proc.PtAttach:
		return ok(t.Attach(tid, false, 0))
	case proc.PtSeize:
		if addr != 0 {
			return 0, errno.EIO
		}
		return ok(t.Attach(tid, true, uint64(data)))
	case proc.PtInterrupt:
		return ok(proc.Interrupt(t, tid))
	case proc.PtKill:
		return ok(proc.KillTracee(t, tid))
	case proc.PtListen:
		return ok(proc.Listen(t, tid))
	}
	o, e := t.Tracee(tid, false)
	if e != 0 {
		return 0, e
	}
	r, e := traceeRequest(o, request, addr, data)
	o.Thaw()
	return r, e
}

// int0x is a C int in the low half of a register.
func int0x(v uint64) int { return int(int32(v)) }

// traceeRequest does a request on a stopped tracee.
func traceeRequest(o *proc.Task, request int, addr, data uintptr) (uintptr, errno.Errno) {
	switch request {
	case proc.PtPeekText, proc.PtPeekData:
		return peekData(o, addr, data)
	case proc.PtPokeText, proc.PtPokeData:
		return pokeData(o, addr, data)
	case proc.PtPeekUser:
		v, e := o.PeekUser(addr)
		if e == 0 {
			e = put(data, &v)
		}
		return 0, e
	case proc.PtPokeUser:
		return ok(o.PokeUser(addr, uint64(data)))
	case proc.PtCont, proc.PtSyscall, proc.PtSingleStep:
		return ok(o.Resume(request, uint64(data)))
	case proc.PtDetach:
		return ok(o.Detach(uint64(data)))
	case proc.PtSetOptions:
		return ok(o.SetOptions(uint64(data)))
	case proc.PtGetEventMsg:
		v := o.EventMessage()
		return ok(put(data, &v))
	case proc.PtGetRegs, proc.PtGetFPRegs, proc.PtSetRegs, proc.PtSetFPRegs, proc.PtGetRegset, proc.PtSetRegset:
		return registers(o, request, addr, data)
	case proc.PtGetCallInfo:
		var i proc.CallInfo
		n := o.CallInfo(&i)
		if arch.CopyToUser(data, unsafe.Pointer(&i), min(n, addr)) != 0 {
			return 0, errno.EFAULT
		}
		return n, 0
	}
	return traceeSignals(o, request, addr, data)
}

// traceeSignals does the requests on a tracee's signals.
func traceeSignals(o *proc.Task, request int, addr, data uintptr) (uintptr, errno.Errno) {
	switch request {
	case proc.PtGetSiginfo, proc.PtSetSiginfo:
		i := o.StopInfo()
		if i == nil {
			return 0, errno.EINVAL
		}
		if request == proc.PtSetSiginfo {
			return ok(get(i, data))
		}
		if !i.CopyOut(data) {
			return 0, errno.EFAULT
		}
		return 0, 0
	case proc.PtPeekSiginfo:
		return peekSiginfo(o, addr, data)
	case proc.PtGetSigmask, proc.PtSetSigmask:
		if addr != sigsetSize {
			return 0, errno.EINVAL
		}
		m := o.Mask()
		if request == proc.PtGetSigmask {
			return ok(put(data, &m))
		}
		if e := get(&m, data); e != 0 {
			return 0, e
		}
		o.SetMask(m)
		return 0, 0
	}
	return 0, errno.EIO
}

func peekSiginfo(o *proc.Task, args, data uintptr) (uintptr, errno.Errno) {
	var a struct {
		off   uint64
		flags uint32
		n     int32
	}
	if e := get(&a, args); e != 0 {
		return 0, e
	}
	if a.flags&^1 != 0 || a.n < 0 {
		return 0, errno.EINVAL
	}
	done := uintptr(0)
	for done < uintptr(a.n) {
		var i proc.Siginfo
		if !o.PeekInfo(a.flags, a.off+uint64(done), &i) {
			break
		}
		if !i.CopyOut(data + done*proc.SiginfoSize) {
			if done > 0 {
				break
			}
			return 0, errno.EFAULT
		}
		done++
	}
	return done, 0
}

func peekData(o *proc.Task, addr, data uintptr) (uintptr, errno.Errno) {
	var b [8]byte
	s := o.Proc.BorrowSpace()
	if s == nil {
		return 0, errno.EIO
	}
	n := s.PeekAt(addr, b[:])
	s.Put()
	if n < len(b) {
		return 0, errno.EIO
	}
	return ok(put(data, &b))
}

func pokeData(o *proc.Task, addr, data uintptr) (uintptr, errno.Errno) {
	s := o.Proc.BorrowSpace()
	if s == nil {
		return 0, errno.EIO
	}
	b := (*[8]byte)(unsafe.Pointer(&data))
	n := s.ForceAt(addr, b[:])
	s.Put()
	if n < len(b) {
		return 0, errno.EIO
	}
	return 0, 0
}

// registers does the requests on whole register sets: of a fixed kind at data, or of the kind addr with data an iovec.
func registers(o *proc.Task, request int, addr, data uintptr) (uintptr, errno.Errno) {
	kind, set := proc.NtPrstatus, request == proc.PtSetRegs || request == proc.PtSetFPRegs || request == proc.PtSetRegset
	if request == proc.PtGetFPRegs || request == proc.PtSetFPRegs {
		kind = proc.NtPrfpreg
	}
	vector := request == proc.PtGetRegset || request == proc.PtSetRegset
	iov := [2]uintptr{data, ^uintptr(0)} // address and length
	if vector {
		kind = int(addr)
		if e := get(&iov, data); e != 0 {
			return 0, e
		}
	}
	size := proc.RegsetSize(kind)
	if size == 0 || vector && iov[1]%8 != 0 {
		return 0, errno.EINVAL
	}
	n := min(size, iov[1])
	b := mem.AllocBytes(int(size))
	if b == nil {
		return 0, errno.ENOMEM
	}
	defer mem.FreeBytes(b)
	o.ReadRegset(kind, b)
	if set {
		if arch.CopyFromUser(unsafe.Pointer(&b[0]), iov[0], n) != 0 {
			return 0, errno.EFAULT
		}
		if kind == proc.NtX86State && n != size {
			return 0, errno.EFAULT
		}
		if e := o.WriteRegset(kind, b); e != 0 {
			return 0, e
		}
	} else if arch.CopyToUser(iov[0], unsafe.Pointer(&b[0]), n) != 0 {
		return 0, errno.EFAULT
	}
	if vector {
		return ok(put(data+8, &n))
	}
	return 0, 0
}
