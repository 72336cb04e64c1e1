package net

import (
	"sync/atomic"

	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
)

// Settings of /proc/sys/net/core and net/unix, with Linux's defaults. The sizes count the bytes of messages and their overhead.
var (
	SoMaxConn    atomic.Int32 // longest queue of a listening socket
	MaxDatagrams atomic.Int32 // datagrams that may wait at a receiver that the sender is not connected with
	sndDefault   atomic.Int32
	rcvDefault   atomic.Int32
	sndMax       atomic.Int32 // the most that SO_SNDBUF may ask for
	rcvMax       atomic.Int32
)

func init() {
	SoMaxConn.Store(4096)
	MaxDatagrams.Store(10)
	sndDefault.Store(212992)
	rcvDefault.Store(212992)
	sndMax.Store(4 << 20)
	rcvMax.Store(4 << 20)
}

func show(b *procfs.Buffer, v *atomic.Int32) errno.Errno {
	b.Printf("%d\n", v.Load())
	return errno.OK
}

// set takes a decimal number of at least min: EINVAL.
func set(v *atomic.Int32, data []byte, min int32) errno.Errno {
	n := int64(0)
	for _, c := range data {
		if c < '0' || c > '9' || n > 1<<30 {
			return errno.EINVAL
		}
		n = n*10 + int64(c-'0')
	}
	if len(data) == 0 || n < int64(min) || n > 1<<31-1 {
		return errno.EINVAL
	}
	v.Store(int32(n))
	return errno.OK
}

// settings is what InitSettings registers.
var settings = [...]struct {
	dir, name string
	gen       func(b *procfs.Buffer) errno.Errno
	set       func(data []byte) errno.Errno
}{
	{"net/core", "somaxconn", func(b *procfs.Buffer) errno.Errno { return show(b, &SoMaxConn) },
		func(d []byte) errno.Errno { return set(&SoMaxConn, d, 0) }},
	{"net/core", "wmem_default", func(b *procfs.Buffer) errno.Errno { return show(b, &sndDefault) },
		func(d []byte) errno.Errno { return set(&sndDefault, d, minSndBuf) }},
	{"net/core", "rmem_default", func(b *procfs.Buffer) errno.Errno { return show(b, &rcvDefault) },
		func(d []byte) errno.Errno { return set(&rcvDefault, d, minRcvBuf) }},
	{"net/core", "wmem_max", func(b *procfs.Buffer) errno.Errno { return show(b, &sndMax) },
		func(d []byte) errno.Errno { return set(&sndMax, d, minSndBuf) }},
	{"net/core", "rmem_max", func(b *procfs.Buffer) errno.Errno { return show(b, &rcvMax) },
		func(d []byte) errno.Errno { return set(&rcvMax, d, minRcvBuf) }},
	{"net/unix", "max_dgram_qlen", func(b *procfs.Buffer) errno.Errno { return show(b, &MaxDatagrams) },
		func(d []byte) errno.Errno { return set(&MaxDatagrams, d, 0) }},
}

// InitSettings makes the files below /proc/sys/net: ENOMEM.
func InitSettings() errno.Errno {
	for i := range settings {
		s := &settings[i]
		if e := procfs.RegisterSysctl(s.dir, s.name, s.gen, s.set); e != errno.OK {
			return e
		}
	}
	return errno.OK
}
