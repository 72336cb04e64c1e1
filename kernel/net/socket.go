package net

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Socket is what all sockets have.
type Socket struct {
	Ops      Ops
	Family   int32
	Type     int32
	Protocol int32
	Cookie   uint64 // a number of its own (SO_COOKIE)

	Ino atomic.Uint64 // inode number of its open file; 0 before there is one and after its last close

	Shut    atomic.Uint32   // ShutRead, ShutWrite
	Err     atomic.Int32    // pending error, reported once: TakeError
	Readers sched.WaitQueue // those who wait for messages or connections, for hang-up and errors
	Writers sched.WaitQueue // those who wait for room

	Options options
}

// Ops is what a family does. The errors are those of the manual pages.
type Ops interface {
	// Closing tells that a descriptor of the open file is about to go, not necessarily the last one.
	Closing(s *Socket)
	// Release is the last close.
	Release(s *Socket)
	Bind(s *Socket, n *Name, ctx *vfs.Context) errno.Errno
	// Connect waits for the connection unless nonblock.
	Connect(s *Socket, n *Name, nonblock bool, ctx *vfs.Context) errno.Errno
	Listen(s *Socket, backlog int) errno.Errno
	// Accept returns a connected socket that has no open file yet.
	Accept(s *Socket, nonblock bool) (*Socket, errno.Errno)
	// Pair connects two new sockets of one kind with each other.
	Pair(a, b *Socket) errno.Errno
	Shutdown(s *Socket, how int) errno.Errno
	// SockName returns the socket's own address, PeerName that of its peer.
	SockName(s *Socket, n *Name) errno.Errno
	PeerName(s *Socket, n *Name) errno.Errno
	// Send and Recv return the number of bytes sent or received.
	Send(s *Socket, m *Msg) (int, errno.Errno)
	Recv(s *Socket, m *Msg) (int, errno.Errno)
	Poll(s *Socket, pt *vfs.PollTable) uint32
	// Ioctl knows the family's own commands; ENOTTY.
	Ioctl(s *Socket, cmd uint32, arg uintptr) (uintptr, errno.Errno)
	// Listening tells whether the socket accepts connections.
	Listening(s *Socket) bool
	// PeerCred returns the identity of the peer at the time of the connection, with a reference to the credentials; nil if there is none.
	PeerCred(s *Socket) (pid int32, c *cred.Cred)
	// SetOption is told of an option of the generic level that has been changed.
	OptionChanged(s *Socket, option int)
	// Charged returns how many bytes of buffer memory the socket has sent that are not received yet, and how many lie
	// in its receive queue: SO_MEMINFO.
	Charged(s *Socket) (sent, queued int)
}

var cookies atomic.Uint64

// Setup fills in a new socket.
func (s *Socket) Setup(ops Ops, family, typ, protocol int) {
	s.Ops, s.Family, s.Type, s.Protocol = ops, int32(family), int32(typ), int32(protocol)
	s.Cookie = cookies.Add(1)
	s.Options.setup()
}

// New makes a socket: socket(2) without the descriptor. typ may hold SOCK_NONBLOCK and SOCK_CLOEXEC, which are for the caller.
func New(family, typ, protocol int) (*Socket, errno.Errno) {
	const flags = vfs.O_NONBLOCK | vfs.O_CLOEXEC
	if typ&^(sockTypeMask|flags) != 0 {
		return nil, errno.EINVAL
	}
	typ &= sockTypeMask
	switch {
	case family < 0 || family >= afMax:
		return nil, errno.EAFNOSUPPORT
	case typ >= sockMax:
		return nil, errno.EINVAL
	case families[family] == nil:
		return nil, errno.EAFNOSUPPORT
	}
	return families[family].Create(typ, protocol)
}

// NewFile makes the open file of a socket, or releases the socket. flags may hold O_NONBLOCK.
func (s *Socket) NewFile(flags uint32, c *cred.Cred) (*vfs.File, errno.Errno) {
	i, e := vfs.NewAnonInode(vfs.S_IFSOCK|0o777, c)
	if e == errno.OK {
		s.Ino.Store(i.Ino)
		var f *vfs.File
		if f, e = vfs.NewAnonFile(fileOps, i, unsafe.Pointer(s), flags&vfs.O_NONBLOCK|vfs.O_RDWR, c); e == errno.OK {
			return f, e
		}
		s.Ino.Store(0)
		i.Put()
	}
	s.Ops.Release(s)
	return nil, e
}

// Of returns the socket behind an open file; ENOTSOCK.
func Of(f *vfs.File) (*Socket, errno.Errno) {
	if !f.Is(fileOps) {
		return nil, errno.ENOTSOCK
	}
	return (*Socket)(f.Private), errno.OK
}

// TakeError returns the pending error and clears it.
func (s *Socket) TakeError() errno.Errno {
	if s.Err.Load() == 0 {
		return errno.OK
	}
	return errno.Errno(s.Err.Swap(0))
}

// WaitError turns the result of a wait with the given time limit (0: none) into that of the call.
func WaitError(e errno.Errno, limit int64) errno.Errno {
	switch {
	case e == errno.ETIMEDOUT:
		return errno.EAGAIN
	case e == errno.EINTR && limit == 0:
		return errno.ERESTARTSYS
	case e == errno.EINTR:
		return errno.EINTRFINAL
	}
	return e
}

// Left returns how much of a wait's time limit in nanoseconds (0: none) is left, for WaitTimeout. deadline is 0 before the call's first
// wait and is kept for the next one; −1: never.
func Left(limit int64, deadline *int64) int64 {
	if limit == 0 {
		*deadline = -1
		return -1
	}
	now := int64(time.Now())
	if *deadline == 0 {
		*deadline = now + limit
		return limit
	}
	return max(*deadline-now, 0)
}

// BrokenPipe raises SIGPIPE, unless the message says not to, and returns EPIPE.
func (m *Msg) BrokenPipe() errno.Errno {
	if m.Flags&MSG_NOSIGNAL == 0 && OnBrokenPipe != nil {
		OnBrokenPipe()
	}
	return errno.EPIPE
}

// socketFile is a socket as an open file.
type socketFile struct{ vfs.NoFileOps }

var fileOps vfs.FileOps = &socketFile{}

func socketOf(f *vfs.File) *Socket { return (*Socket)(f.Private) }

func fileFlags(f *vfs.File) uint32 {
	if f.Nonblock() {
		return MSG_DONTWAIT
	}
	return 0
}

// Read is recv(2) without flags, but reading nothing is nothing.
func (*socketFile) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) {
	if it.Len() == 0 {
		return 0, errno.OK
	}
	s := socketOf(f)
	m := Msg{Data: it, Flags: fileFlags(f)}
	return s.Ops.Recv(s, vfs.NoEscape(&m))
}

// Write is send(2).
func (*socketFile) Write(f *vfs.File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	s := socketOf(f)
	m := Msg{Data: it, Flags: fileFlags(f)}
	n, e := s.Ops.Send(s, vfs.NoEscape(&m))
	return n, pos, e
}

// Poll asks the family.
func (*socketFile) Poll(f *vfs.File, pt *vfs.PollTable) uint32 {
	s := socketOf(f)
	return s.Ops.Poll(s, pt)
}

// Ioctl asks the family.
func (*socketFile) Ioctl(f *vfs.File, cmd uint32, arg uintptr) (uintptr, errno.Errno) {
	s := socketOf(f)
	return s.Ops.Ioctl(s, cmd, arg)
}

// Flush tells the family of each close(2).
func (*socketFile) Flush(f *vfs.File) errno.Errno {
	s := socketOf(f)
	s.Ops.Closing(s)
	return errno.OK
}

// Release is the last close.
func (*socketFile) Release(f *vfs.File) {
	s := socketOf(f)
	s.Ino.Store(0)
	s.Ops.Release(s)
}
