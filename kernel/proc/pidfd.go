//go:build galago

package proc

import (
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// A pidfd is a descriptor that stands for a process: it cannot be mistaken for another one that gets the same number later, and becomes
// readable when the process has ended (pidfd_open(2)).

type pidfdOps struct{ vfs.NoFileOps }

var thePIDFDOps vfs.FileOps = pidfdOps{}

// NewPIDFD makes an open file that stands for p, which the caller has a reference to. ENOMEM.
func NewPIDFD(p *Process, flags uint32, c *cred.Cred) (*vfs.File, errno.Errno) {
	p.Get()
	f, e := vfs.NewAnonFile(thePIDFDOps, nil, unsafe.Pointer(p), vfs.O_RDWR|flags&vfs.O_NONBLOCK, c)
	if e != 0 {
		p.Put()
	}
	return f, e
}

// PIDFDProcess returns the process that a pidfd stands for, valid as long as the file is; nil: f is no pidfd.
func PIDFDProcess(f *vfs.File) *Process {
	if _, ok := f.Ops.(pidfdOps); !ok {
		return nil
	}
	return (*Process)(f.Private)
}

func (pidfdOps) Release(f *vfs.File) { (*Process)(f.Private).Put() }

func (pidfdOps) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	p := (*Process)(f.Private)
	pt.Wait(&p.endWait)
	table.lock.Lock()
	state := p.state
	table.lock.Unlock()
	switch state {
	case Zombie:
		return vfs.POLLIN | vfs.POLLRDNORM
	case Dead:
		return vfs.POLLIN | vfs.POLLRDNORM | vfs.POLLHUP
	}
	return 0
}

// SignalProcess sends a signal through a pidfd: pidfd_send_signal(2). info nil is what kill(2) sends. ESRCH, EPERM.
func (t *Task) SignalProcess(p *Process, sig int, info *Siginfo) errno.Errno {
	if sig < 0 || sig > NSIG {
		return errno.EINVAL
	}
	own := Siginfo{Signo: int32(sig), Code: SI_USER}
	own.setSender(t.Proc.PID, t.Ctx.Cred.UID)
	if info != nil {
		if p != t.Proc && (info.Code >= 0 || info.Code == SI_TKILL) {
			return errno.EPERM
		}
		own = *info
	}
	table.lock.Lock()
	defer table.lock.Unlock()
	switch {
	case p.state == Dead:
		return errno.ESRCH
	case !mayKill(t.Ctx.Cred, p, sig, t.Proc.group.Session):
		return errno.EPERM
	case sig == 0:
		return errno.OK
	}
	return p.send(sig, &own)
}
