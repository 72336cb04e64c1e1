package unix

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/net"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// Ancillary data of level SOL_SOCKET.
const (
	scmRights      = 1
	scmCredentials = 2

	maxRights = 253 // open files of one message (SCM_MAX_FD)
	noID      = 65534
)

// rights are the open files of one message, each with a reference. Its array follows it in memory.
type rights struct {
	n      int
	flying bool  // counted as in flight
	user   *user // whose they are then

	// For drop: the list a thread works off.
	thread  *sched.Thread
	pending *rights // guarded by dropLock
	next    *rights // guarded by dropLock
}

func newRights(room int) *rights {
	return (*rights)(mem.Alloc(unsafe.Sizeof(rights{}) + uintptr(room)*unsafe.Sizeof((*vfs.File)(nil))))
}

// files returns the first n places for open files.
func (r *rights) files(n int) []*vfs.File {
	return unsafe.Slice((**vfs.File)(unsafe.Add(unsafe.Pointer(r), unsafe.Sizeof(*r))), n)
}

var (
	dropLock = lock.Spin{Rank: lock.RankNetTable}
	dropping *rights // guarded by dropLock: those whose files a thread is closing
)

// drop closes the files and frees the list. Closing a socket may drop the files of messages in its queue, and so on without end:
// what comes up while a thread is closing is left to its outermost call.
func (r *rights) drop() {
	r.land()
	r.thread = sched.Current()
	dropLock.Lock()
	for d := dropping; d != nil; d = d.next {
		if d.thread == r.thread {
			r.next, d.pending = d.pending, r
			dropLock.Unlock()
			return
		}
	}
	r.next, dropping = dropping, r
	dropLock.Unlock()
	r.close()
	for {
		dropLock.Lock()
		p := r.pending
		if p == nil {
			break
		}
		r.pending = p.next
		dropLock.Unlock()
		p.close()
		mem.Free(unsafe.Pointer(p))
	}
	at := &dropping
	for *at != r {
		at = &(*at).next
	}
	*at = r.next
	dropLock.Unlock()
	mem.Free(unsafe.Pointer(r))
}

func (r *rights) close() {
	for _, f := range r.files(r.n) {
		f.Put()
	}
}

// ancillary is what comes along with a message.
type ancillary struct {
	rights  *rights
	cred    net.Ucred
	hasCred bool
}

// give hands everything over to a message.
func (a *ancillary) give(m *message) {
	m.rights, m.cred, m.hasCred = a.rights, a.cred, a.hasCred
	a.rights = nil
}

// free closes the files that were not given away.
func (a *ancillary) free() {
	if a.rights != nil {
		a.rights.drop()
		a.rights = nil
	}
}

// stamp adds the sender's own credentials if one of the two sides asks for them and none were given.
func (a *ancillary) stamp(s, other *sock) {
	if !a.hasCred && (s.Options.Has(net.SO_PASSCRED) || other.Options.Has(net.SO_PASSCRED) || other.Ino.Load() == 0) {
		c := net.Cred()
		a.cred, a.hasCred = net.Ucred{PID: net.PID(), UID: c.UID, GID: c.GID}, true
	}
}

// parse reads the ancillary data of a message that is sent.
func (a *ancillary) parse(m *net.Msg) errno.Errno {
	if e := net.CheckControl(m.ControlLen); e != errno.OK {
		return e
	}
	e := errno.OK
	for at, left := m.Control, m.ControlLen; left >= net.CmsgSize && e == errno.OK; {
		var h net.CmsgHdr
		if arch.CopyFromUser(unsafe.Pointer(&h), at, uintptr(net.CmsgSize)) != 0 {
			e = errno.EFAULT
			break
		}
		if h.Len < uint64(net.CmsgSize) || h.Len > uint64(left) {
			e = errno.EINVAL
			break
		}
		n := int(h.Len) - net.CmsgSize
		if h.Level == net.SOL_SOCKET {
			e = a.item(m, h.Type, at+uintptr(net.CmsgSize), n)
		}
		n = net.CmsgAlign(int(h.Len))
		at += uintptr(n)
		left -= n
	}
	if e == errno.OK && a.rights != nil {
		e = a.rights.fly(m.Limit)
	}
	if e != errno.OK {
		a.free()
	}
	return e
}

// item reads one item of n bytes at user address at.
func (a *ancillary) item(m *net.Msg, typ int32, at uintptr, n int) errno.Errno {
	switch typ {
	case scmRights:
		return a.addFiles(m.Ctx.Files, at, n/4)
	case scmCredentials:
		if n != int(unsafe.Sizeof(a.cred)) {
			return errno.EINVAL
		}
		var u net.Ucred
		if arch.CopyFromUser(unsafe.Pointer(&u), at, uintptr(n)) != 0 {
			return errno.EFAULT
		}
		return a.setCred(u)
	}
	return errno.EINVAL
}

func (a *ancillary) addFiles(table *vfs.FDTable, at uintptr, n int) errno.Errno {
	if n == 0 {
		return errno.OK
	}
	have := 0
	if a.rights != nil {
		have = a.rights.n
	}
	if have+n > maxRights {
		return errno.EINVAL
	}
	r := newRights(have + n)
	if r == nil {
		return errno.ENOMEM
	}
	if old := a.rights; old != nil {
		copy(r.files(have), old.files(have))
		r.n = have
		mem.Free(unsafe.Pointer(old))
	}
	a.rights = r
	for i := range n {
		var fd int32
		if arch.CopyFromUser(unsafe.Pointer(&fd), at+uintptr(i)*4, 4) != 0 {
			return errno.EFAULT
		}
		ref, e := table.AcquireAny(int(fd))
		if e != errno.OK {
			return errno.EBADF
		}
		r.files(have + n)[r.n] = ref.Keep()
		r.n++
	}
	return errno.OK
}

// setCred checks credentials that the sender claims: EPERM unless they are its own or it may claim any, ESRCH, EINVAL.
func (a *ancillary) setCred(u net.Ucred) errno.Errno {
	c, pid := net.Cred(), net.PID()
	switch {
	case u.PID != pid && !c.Capable(cred.SysAdmin),
		u.UID != c.UID && u.UID != c.EUID && u.UID != c.SUID && !c.Capable(cred.SetUID),
		u.GID != c.GID && u.GID != c.EGID && u.GID != c.SGID && !c.Capable(cred.SetGID):
		return errno.EPERM
	case u.PID != pid && !net.PIDExists(u.PID):
		return errno.ESRCH
	case u.UID == cred.KeepID || u.GID == cred.KeepID:
		return errno.EINVAL
	}
	a.cred, a.hasCred = u, true
	return errno.OK
}

// deliver gives the receiver what came along, credentials if it wants them, and takes over a's files.
func (a *ancillary) deliver(s *sock, m *net.Msg) {
	wants := s.Options.Has(net.SO_PASSCRED)
	if m.Control == 0 {
		if wants || a.rights != nil {
			m.Out |= net.MSG_CTRUNC
		}
		a.free()
		return
	}
	if wants {
		u := a.cred
		if !a.hasCred {
			u = net.Ucred{UID: noID, GID: noID}
		}
		m.PutControl(net.SOL_SOCKET, scmCredentials, unsafe.Slice((*byte)(unsafe.Pointer(&u)), unsafe.Sizeof(u)))
	}
	if a.rights != nil {
		a.rights.install(m)
		a.rights = nil
	}
}

// install gives the files descriptors in the receiver's table, as many as there is room for in its ancillary data and as its limit
// allows; MSG_CTRUNC tells of the others, which are closed.
func (r *rights) install(m *net.Msg) {
	r.land()
	room := max(m.ControlLen-net.CmsgSize, 0) / 4
	files := r.files(r.n)
	done := 0
	for done < min(room, r.n) {
		fd, e := m.Ctx.Files.Reserve(0, m.Limit, m.Flags&net.MSG_CMSG_CLOEXEC != 0)
		if e != errno.OK {
			break
		}
		v := int32(fd)
		if arch.CopyToUser(m.Control+uintptr(net.CmsgSize+done*4), unsafe.Pointer(&v), 4) != 0 {
			m.Ctx.Files.Unreserve(fd)
			break
		}
		m.Ctx.Files.Install(fd, files[done])
		done++
	}
	if done > 0 {
		h := net.CmsgHdr{Len: uint64(net.CmsgSize + done*4), Level: net.SOL_SOCKET, Type: scmRights}
		if arch.CopyToUser(m.Control, unsafe.Pointer(&h), uintptr(net.CmsgSize)) == 0 {
			m.Advance(int(h.Len))
		}
	}
	if done < r.n {
		m.Out |= net.MSG_CTRUNC
	}
	r.n = copy(files, files[done:])
	r.drop()
}
