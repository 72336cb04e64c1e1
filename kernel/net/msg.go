package net

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// Msg is one message on its way between user memory and a socket.
type Msg struct {
	Data  *uio.Iter // the bytes to send, or room for those received
	Flags uint32    // MSG_*, with MSG_DONTWAIT for a file that is O_NONBLOCK
	Out   uint32    // MSG_* for msg_flags of the receiver

	// Name is where to send, or nil for the peer; receiving it is filled in, if not nil.
	Name *Name

	// Ancillary data in user memory: what is sent, or the room left for what is received.
	Control    uintptr
	ControlLen int

	// The caller: for names of files, and for descriptors in ancillary data, whose number is limited.
	Ctx   *vfs.Context
	Limit int
}

// DontWait tells whether the call must not sleep.
func (m *Msg) DontWait() bool { return m.Flags&MSG_DONTWAIT != 0 }

// CmsgHdr is struct cmsghdr; its data follows, and the next header at a multiple of 8 bytes.
type CmsgHdr struct {
	Len   uint64 // with the header
	Level int32
	Type  int32
}

// CmsgSize is the size of a header.
const CmsgSize = int(unsafe.Sizeof(CmsgHdr{}))

// CmsgAlign rounds up to where the next header may lie.
func CmsgAlign(n int) int { return (n + 7) &^ 7 }

// PutControl appends one item to the receiver's ancillary data. What does not fit is cut off, and MSG_CTRUNC says so.
func (m *Msg) PutControl(level, typ int32, data []byte) {
	h := CmsgHdr{Len: uint64(CmsgSize + len(data)), Level: level, Type: typ}
	if m.Control == 0 || m.ControlLen < CmsgSize {
		m.Out |= MSG_CTRUNC
		return
	}
	if m.ControlLen < int(h.Len) {
		m.Out |= MSG_CTRUNC
		h.Len = uint64(m.ControlLen)
		data = data[:m.ControlLen-CmsgSize]
	}
	if arch.CopyToUser(m.Control, unsafe.Pointer(&h), uintptr(CmsgSize)) != 0 {
		return
	}
	if len(data) > 0 && arch.CopyToUser(m.Control+uintptr(CmsgSize), unsafe.Pointer(&data[0]), uintptr(len(data))) != 0 {
		return
	}
	m.Advance(CmsgSize + len(data))
}

// Advance moves past an item of n bytes in the receiver's ancillary data.
func (m *Msg) Advance(n int) {
	n = min(CmsgAlign(n), m.ControlLen)
	m.Control += uintptr(n)
	m.ControlLen -= n
}

// maxControl bounds the ancillary data of one message (/proc/sys/net/core/optmem_max).
const maxControl = 128 << 10

// CheckControl says whether ancillary data of n bytes may be sent: ENOBUFS.
func CheckControl(n int) errno.Errno {
	if n < 0 || n > maxControl {
		return errno.ENOBUFS
	}
	return errno.OK
}
