//go:build galago

package proc

import (
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// signalfd(2): a file whose reads take pending signals of a set. It belongs to nobody: the signals are those of the process, and
// the thread, that reads or polls.

// Flags of signalfd4(2).
const (
	SFD_CLOEXEC  = vfs.O_CLOEXEC
	SFD_NONBLOCK = vfs.O_NONBLOCK
)

type signalFD struct {
	lock    lock.Spin
	set     SigSet       // what it reads; guarded by lock, as is watches
	watches *watchRecord // the processes on whose behalf it was polled
}

// watchRecord is a reference to a watch with whose queue pollers may have registered through the file.
type watchRecord struct {
	watch *sigWatch
	next  *watchRecord
}

var (
	signalFDCache = mem.Cache[signalFD]{Name: "signalfd"}
	recordCache   = mem.Cache[watchRecord]{Name: "signalfd_watch"}
)

type signalFile struct{ vfs.NoFileOps }

var signalOps vfs.FileOps = signalFile{}

func signalFDOf(f *vfs.File) *signalFD { return (*signalFD)(f.Private) }

// NewSignalFD makes a signalfd for set.
func NewSignalFD(set SigSet, flags uint32, c *cred.Cred) (*vfs.File, errno.Errno) {
	s := signalFDCache.Alloc()
	if s == nil {
		return nil, errno.ENOMEM
	}
	s.lock.Init(lock.RankFile)
	s.set = set &^ unblockable
	f, e := vfs.NewAnonFile(signalOps, nil, unsafe.Pointer(s), flags&vfs.O_NONBLOCK|vfs.O_RDWR, c)
	if e != errno.OK {
		signalFDCache.Free(s)
	}
	return f, e
}

// SetSignalFD changes the set of a signalfd; EINVAL for another file.
func SetSignalFD(f *vfs.File, set SigSet) errno.Errno {
	if f.Ops != signalOps {
		return errno.EINVAL
	}
	s := signalFDOf(f)
	s.lock.Lock()
	s.set = set &^ unblockable
	s.lock.Unlock()
	if w := Current().Proc.signalWatch(); w != nil {
		w.queue.WakeAll()
	}
	return errno.OK
}

func (s *signalFD) mask() SigSet {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.set
}

// signalFDInfo is struct signalfd_siginfo.
type signalFDInfo struct {
	Signo           uint32
	Errno, Code     int32
	PID, UID        uint32
	FD              int32
	TID, Band       uint32
	Overrun, TrapNo uint32
	Status, Int     int32
	Ptr             uint64
	UTime, STime    uint64
	Addr            uint64
	AddrLSB         uint16
	_               uint16
	Syscall         int32
	CallAddr        uint64
	Arch            uint32
	_               [28]byte
}

// fill converts a siginfo, by the kind of its cause.
func (d *signalFDInfo) fill(s *Siginfo) {
	*d = signalFDInfo{Signo: uint32(s.Signo), Errno: s.Errno, Code: s.Code}
	low, high := uint32(s.Word0), uint32(s.Word0>>32)
	switch sig := int(s.Signo); {
	case s.Code == SI_TIMER:
		d.TID, d.Overrun, d.Int, d.Ptr = low, high, s.Status, s.Value()
	case s.Code == SI_SIGIO || sig == SIGIO && s.Code > 0 && s.Code < SI_KERNEL:
		d.Band, d.FD = low, s.Status
	case s.Code < 0 && s.Code != SI_TKILL:
		d.PID, d.UID, d.Int, d.Ptr = low, high, s.Status, s.Value()
	case s.Code <= 0 || s.Code >= SI_KERNEL:
		d.PID, d.UID = low, high
	case sig == SIGCHLD:
		d.PID, d.UID, d.Status, d.UTime, d.STime = low, high, s.Status, uint64(s.UTime), uint64(s.STime)
	case synchronous.Has(sig):
		d.Addr = s.Word0
	default:
		d.PID, d.UID = low, high
	}
}

// take takes a signal for the running thread.
func (s *signalFD) take(t *Task, info *Siginfo) bool {
	set := s.mask()
	t.Proc.sig.lock.Lock()
	ok := t.takeOf(set, info) != 0
	if ok {
		t.recalc()
	}
	t.Proc.sig.lock.Unlock()
	return ok
}

// Read returns as many signals as there are and as the buffer holds; it waits for the first.
func (signalFile) Read(f *vfs.File, it *uio.Iter, pos int64) (done int, e errno.Errno) {
	const size = int(unsafe.Sizeof(signalFDInfo{}))
	s, t := signalFDOf(f), Current()
	if it.Len() < size {
		return 0, errno.EINVAL
	}
	for it.Len() >= size {
		var info Siginfo
		if !s.take(t, &info) {
			if done > 0 {
				break
			}
			if f.Nonblock() {
				return 0, errno.EAGAIN
			}
			w := t.Proc.signalWatch()
			if w == nil {
				return 0, errno.ENOMEM
			}
			got := false
			e = w.queue.WaitInterruptible(func() bool {
				got = got || s.take(t, &info)
				return got
			})
			if e != errno.OK {
				return 0, e
			}
		}
		var d signalFDInfo
		d.fill(&info)
		b := unsafe.Slice((*byte)(unsafe.Pointer(&d)), size)
		n, e := it.CopyOut(b)
		if n < size {
			if done > 0 {
				break
			}
			return 0, e
		}
		done += n
	}
	return done, errno.OK
}

// Poll: readable when the caller has a signal of the set pending.
func (signalFile) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	s, t := signalFDOf(f), Current()
	if t == nil {
		return 0
	}
	if pt != nil && pt.Queue != nil {
		if w := t.Proc.signalWatch(); w != nil && s.remember(w) {
			pt.WaitFor(&w.queue, vfs.POLLIN)
		}
	}
	set := s.mask()
	t.Proc.sig.lock.Lock()
	defer t.Proc.sig.lock.Unlock()
	if (t.sig.pending.set|t.Proc.sig.shared.set)&set != 0 {
		return vfs.POLLIN
	}
	return 0
}

// remember keeps w alive as long as the file is.
func (s *signalFD) remember(w *sigWatch) bool {
	fresh := recordCache.Alloc()
	s.lock.Lock()
	r := s.watches
	for r != nil && r.watch != w {
		r = r.next
	}
	if r == nil && fresh != nil {
		w.get()
		*fresh = watchRecord{watch: w, next: s.watches}
		s.watches, r, fresh = fresh, fresh, nil
	}
	s.lock.Unlock()
	if fresh != nil {
		recordCache.Free(fresh)
	}
	return r != nil
}

// Release frees the descriptor's side; nobody polls it any more.
func (signalFile) Release(f *vfs.File) {
	s := signalFDOf(f)
	for r := s.watches; r != nil; {
		next := r.next
		r.watch.put()
		recordCache.Free(r)
		r = next
	}
	signalFDCache.Free(s)
}
