// Package net is the socket layer: what all kinds of sockets share, whatever carries their messages. A Socket is an
// open file whose reads and writes are messages; its family (a row of the registry in family.go) supplies Ops. The socket calls
// (socket.go), the options of level SOL_SOCKET (option.go), and the shape of a message with its ancillary data (msg.go) are here;
// AF_UNIX is package net/unix.
//
// A Socket is embedded first by its family's own structure, which decides how long it lives: an open file keeps it, but so may a
// peer. The family makes sure that no Ops method but those of other sockets run after Release.
//
// Waits that a signal ends return ERESTARTSYS if the call may start again, or EINTRFINAL if it has a time limit (SO_RCVTIMEO,
// SO_SNDTIMEO) and may not: signal(7).
//
// Locks: this package has none but Socket's atomics and wait queues; the families' are described in their packages.
package net

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
)

// Address families (socket(2)): those that exist or are asked for.
const (
	AF_UNSPEC = 0
	AF_UNIX   = 1
	afMax     = 46 // no family has a number from here on
)

// Socket types.
const (
	SOCK_STREAM    = 1
	SOCK_DGRAM     = 2
	SOCK_RAW       = 3
	SOCK_RDM       = 4
	SOCK_SEQPACKET = 5
	sockMax        = 11 // no type has a number from here on
	sockTypeMask   = 0xf
)

// Flags of send and recv calls.
const (
	MSG_OOB          = 0x1
	MSG_PEEK         = 0x2
	MSG_DONTROUTE    = 0x4
	MSG_CTRUNC       = 0x8
	MSG_TRUNC        = 0x20
	MSG_DONTWAIT     = 0x40
	MSG_EOR          = 0x80
	MSG_WAITALL      = 0x100
	MSG_ERRQUEUE     = 0x2000
	MSG_NOSIGNAL     = 0x4000
	MSG_MORE         = 0x8000
	MSG_WAITFORONE   = 0x10000
	MSG_CMSG_CLOEXEC = 0x40000000
	MSG_CMSG_COMPAT  = 0x80000000 // the kernel's own on Linux; never valid from a program
)

// Halves of a connection that are shut down: bits of Socket.Shut.
const (
	ShutRead  = 1
	ShutWrite = 2
	ShutBoth  = ShutRead | ShutWrite
)

// How shutdown(2) counts them.
const (
	SHUT_RD   = 0
	SHUT_WR   = 1
	SHUT_RDWR = 2
)

// Who the running thread is, for the credentials of messages and peers; the process floor sets these.
var (
	// PID returns the process number.
	PID func() int32
	// PIDExists tells whether there is a process of that number.
	PIDExists func(pid int32) bool
	// Cred returns the thread's credentials; they stay valid while it runs in the kernel.
	Cred func() *cred.Cred
	// OnBrokenPipe raises SIGPIPE.
	OnBrokenPipe func()
)

// Name is a socket address in kernel memory: struct sockaddr and what follows.
type Name struct {
	Len int
	Buf [MaxName]byte
}

// MaxName is the largest size of an address: struct sockaddr_storage.
const MaxName = 128

// Bytes returns the valid part.
func (n *Name) Bytes() []byte { return n.Buf[:n.Len] }

// Family returns sa_family, or AF_UNSPEC if the name is too short to hold one.
func (n *Name) Family() int {
	if n.Len < 2 {
		return AF_UNSPEC
	}
	return int(n.Buf[0]) | int(n.Buf[1])<<8
}

// Family makes the sockets of one address family. protocol is socket(2)'s third argument; the result has its Ops, Type and
// Protocol set.
type Family struct {
	Create func(typ, protocol int) (*Socket, errno.Errno)
}

var families [afMax]*Family

// Register enters a family; called at boot only.
func Register(number int, f *Family) { families[number] = f }
