//go:build galago

package proc

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
)

// Restartable sequences: rseq(2). A thread registers a structure in its memory in which the kernel keeps the number of its CPU, and in which
// the thread describes a critical section it is in. If it is preempted, migrated or gets a signal there, it goes on at the section's abort
// address. The structure is brought up to date on the way back to user mode (workRSeq), since it may have to be paged in.

// rseqState is a task's registration; only the task itself changes it.
type rseqState struct {
	at  uintptr // 0: none
	len uint32
	sig uint32
	cpu int32 // what the structure says; -1: nothing valid
}

// userRSeq is the part of struct rseq that Linux 6.1 knows; userSection is struct rseq_cs.
type userRSeq struct {
	cpuStart, cpu uint32
	section       uintptr
	flags         uint32
	node, mmCID   uint32
	_             uint32
}

type userSection struct {
	version, flags       uint32
	start, length, abort uintptr
}

const (
	rseqSize          = 32
	rseqUnregister    = 1
	rseqUninitialized = ^uint32(0)
)

// RSeq registers a structure of size n for the running task, or with flags = 1 takes the registration back: rseq(2). EINVAL, EPERM (another
// signature), EBUSY, EFAULT.
func (t *Task) RSeq(at uintptr, n, flags, sig uint32) errno.Errno {
	r := &t.rseq
	if flags&rseqUnregister != 0 {
		return t.unregister(at, n, flags, sig)
	}
	switch {
	case flags != 0:
		return errno.EINVAL
	case r.at != 0 && (r.at != at || r.len != n):
		return errno.EINVAL
	case r.at != 0 && r.sig != sig:
		return errno.EPERM
	case r.at != 0:
		return errno.EBUSY
	case at&(rseqSize-1) != 0 || n != rseqSize:
		return errno.EINVAL
	case !arch.UserRange(at, rseqSize):
		return errno.EFAULT
	}
	*r = rseqState{at: at, len: n, sig: sig, cpu: -1}
	t.setWork(workRSeq)
	return errno.OK
}

func (t *Task) unregister(at uintptr, n, flags, sig uint32) errno.Errno {
	r := &t.rseq
	switch {
	case flags != rseqUnregister, r.at == 0, r.at != at, r.len != n:
		return errno.EINVAL
	case r.sig != sig:
		return errno.EPERM
	}
	reset := [2]uint32{0, rseqUninitialized}
	if arch.CopyToUser(at, unsafe.Pointer(&reset), unsafe.Sizeof(reset)) != 0 {
		return errno.EFAULT
	}
	*r = rseqState{}
	return errno.OK
}

// restartSequence leads registers f, about to be those of user mode, out of a critical section, and tells the structure the CPU. A
// structure that cannot be used is the end of the process.
func (t *Task) restartSequence(f *arch.Frame) {
	t.clearWork(workRSeq)
	r := &t.rseq
	if r.at == 0 {
		return
	}
	cpu := t.Thread.CPU // a migration from here on raises workRSeq again
	r.cpu = cpu
	numbers := [2]uint32{uint32(cpu), uint32(cpu)}
	var node [2]uint32
	if !t.abortSection(f) || arch.CopyToUser(r.at, unsafe.Pointer(&numbers), unsafe.Sizeof(numbers)) != 0 ||
		arch.CopyToUser(r.at+unsafe.Offsetof(userRSeq{}.node), unsafe.Pointer(&node), unsafe.Sizeof(node)) != 0 {
		t.frameFailed(SIGSEGV)
	}
}

// abortSection points f at the abort address if it stands in a critical section. In any case there is none afterwards. false: it is not
// well described.
func (t *Task) abortSection(f *arch.Frame) bool {
	var at uintptr
	section := t.rseq.at + unsafe.Offsetof(userRSeq{}.section)
	if arch.CopyFromUser(unsafe.Pointer(&at), section, unsafe.Sizeof(at)) != 0 {
		return false
	}
	if at == 0 {
		return true
	}
	var s userSection
	if arch.CopyFromUser(unsafe.Pointer(&s), at, unsafe.Sizeof(s)) != 0 {
		return false
	}
	if s.version != 0 || s.start >= arch.UserLimit || s.length >= arch.UserLimit-s.start || s.abort >= arch.UserLimit ||
		s.abort-s.start < s.length {
		return false
	}
	var sig uint32
	if arch.CopyFromUser(unsafe.Pointer(&sig), s.abort-4, 4) != 0 || sig != t.rseq.sig {
		return false
	}
	if uintptr(f.IP)-s.start < s.length {
		f.IP = uint64(s.abort)
	}
	at = 0
	return arch.CopyToUser(section, unsafe.Pointer(&at), unsafe.Sizeof(at)) == 0
}

// RestartSequences has the threads of the process begin their critical sections again; those that run, as soon as an interrupt comes.
func (p *Process) RestartSequences() {
	table.lock.Lock()
	for t := p.tasks.Front(); t != nil; t = t.node.Next() {
		if t.rseq.at != 0 {
			t.setWork(workRSeq)
		}
	}
	table.lock.Unlock()
}
