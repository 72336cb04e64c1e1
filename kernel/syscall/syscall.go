//go:build galago

// Package syscall is the Linux/amd64 system-call interface: one table (table.go), one handler a call, grouped by
// family in small files. A handler decodes its arguments from the register frame, copies what user memory holds
// in once, calls the floor that does the work, and returns a result or an errno.
//
// Conventions (syscall(2), System V psABI AMD64 A.2.1): number in RAX, arguments in RDI RSI RDX R10 R8 R9, result
// or negated errno in RAX. A number without a row gives ENOSYS.
package syscall

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/proc"
)

// Level says how much of a call's documented behaviour there is.
type Level uint8

const (
	// Full: everything the manual page says.
	Full Level = iota + 1
	// Partial: what Row.Missing names is missing, and gives an honest error.
	Partial
	// Error: the call exists to return one errno that programs expect and handle.
	Error
)

// Row is one system call.
type Row struct {
	Fn      func(f *arch.Frame) (uintptr, errno.Errno)
	Name    string
	Missing string // for Partial: what; for Error: which errno and why
	Level   Level
	// Restart: a wait interrupted by a signal is restarted when the handler asked for it (SA_RESTART).
	Restart bool
}

//go:cgo_export_static galago/kernel/syscall.entry go_syscall

// entry is called by the SYSCALL stub with interrupts on.
func entry(f *arch.Frame) {
	if arch.Current().Trace != 0 {
		traced(f)
		return
	}
	n := f.AX
	if n < uint64(len(table)) {
		if fn := table[n].Fn; fn != nil {
			count(n, false)
			r, e := fn(f)
			if e != 0 {
				f.AX = failed(n, e)
				return
			}
			count(n, true)
			f.AX = uint64(r)
			return
		}
	}
	missing(n)
	f.AX = failed(n, errno.ENOSYS)
}

// traced is entry for a thread that is traced: it may stop before the call and after it.
func traced(f *arch.Frame) {
	t := current()
	if n := t.CallEntry(f); n != ^uint64(0) {
		call(f, n)
	}
	t.CallExit(f)
}

// call is the rest of entry, once more: a function that both used would cost every call its frame.
func call(f *arch.Frame, n uint64) {
	if n < uint64(len(table)) {
		if fn := table[n].Fn; fn != nil {
			count(n, false)
			r, e := fn(f)
			if e != 0 {
				f.AX = failed(n, e)
				return
			}
			count(n, true)
			f.AX = uint64(r)
			return
		}
	}
	missing(n)
	f.AX = failed(n, errno.ENOSYS)
}

// missed is which numbers without a row have been logged; the last bit stands for all beyond the table.
var missed [(len(table) + 64) / 64]atomic.Uint64

// missing logs the first call of each number without a row: it tells what a program wants that there is not.
func missing(n uint64) {
	at := min(n, uint64(len(table)))
	bit := uint64(1) << (at % 64)
	if w := &missed[at/64]; w.Load()&bit == 0 && w.Or(bit)&bit == 0 {
		t := current()
		klog.Printf("%s (pid %d) makes system call %d, which is not there", t.Proc.Comm(), t.Proc.PID, int64(n))
	}
}

func failed(n uint64, e errno.Errno) uint64 {
	if e == errno.EINTRFINAL {
		e = errno.EINTR
	} else if e == errno.EINTR && n < uint64(len(table)) && table[n].Restart {
		e = errno.ERESTARTSYS
	}
	if e >= errno.ERESTARTSYS {
		current().Rework()
	}
	return uint64(-int64(e))
}

// Arguments, in order.
func arg0(f *arch.Frame) uintptr { return uintptr(f.DI) }
func arg1(f *arch.Frame) uintptr { return uintptr(f.SI) }
func arg2(f *arch.Frame) uintptr { return uintptr(f.DX) }
func arg3(f *arch.Frame) uintptr { return uintptr(f.R10) }
func arg4(f *arch.Frame) uintptr { return uintptr(f.R8) }
func arg5(f *arch.Frame) uintptr { return uintptr(f.R9) }

// int32 arguments: C ints occupy the low half of a register.
func int0(f *arch.Frame) int { return int(int32(f.DI)) }
func int1(f *arch.Frame) int { return int(int32(f.SI)) }
func int2(f *arch.Frame) int { return int(int32(f.DX)) }
func int3(f *arch.Frame) int { return int(int32(f.R10)) }
func int4(f *arch.Frame) int { return int(int32(f.R8)) }

// get copies a value of type T in from user memory. T must not hold pointers.
func get[T any](p *T, user uintptr) errno.Errno {
	if arch.CopyFromUser(unsafe.Pointer(p), user, unsafe.Sizeof(*p)) != 0 {
		return errno.EFAULT
	}
	return errno.OK
}

// put copies a value of type T out to user memory.
func put[T any](user uintptr, p *T) errno.Errno {
	if arch.CopyToUser(user, unsafe.Pointer(p), unsafe.Sizeof(*p)) != 0 {
		return errno.EFAULT
	}
	return errno.OK
}

// ok is the result of calls that return 0.
func ok(e errno.Errno) (uintptr, errno.Errno) { return 0, e }

func current() *proc.Task { return proc.Current() }
