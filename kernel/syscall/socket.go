//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/net"
	_ "galago/kernel/net/unix" // registers AF_UNIX
	"galago/kernel/vfs"
)

// Sockets: making them, names, connections, options. Messages are in socketmsg.go.

// socketOf finds the socket of a descriptor: EBADF, ENOTSOCK. The caller releases the reference.
func socketOf(fd int) (vfs.FileRef, *net.Socket, errno.Errno) {
	r, e := ctx().Files.Acquire(fd)
	if e != 0 {
		return r, nil, e
	}
	s, e := net.Of(r.F)
	if e != 0 {
		r.Release()
	}
	return r, s, e
}

// withSocket runs fn on the socket of a descriptor.
func withSocket(fd int, fn func(s *net.Socket, f *vfs.File) errno.Errno) (uintptr, errno.Errno) {
	r, s, e := socketOf(fd)
	if e != 0 {
		return 0, e
	}
	e = fn(s, r.F)
	r.Release()
	return 0, e
}

func sysSocket(f *arch.Frame) (uintptr, errno.Errno) {
	s, e := net.New(int0(f), int1(f), int2(f))
	if e != 0 {
		return 0, e
	}
	flags := uint32(int1(f))
	file, e := s.NewFile(flags, ctx().Cred)
	if e != 0 {
		return 0, e
	}
	return install(file, flags)
}

func sysSocketpair(f *arch.Frame) (uintptr, errno.Errno) {
	family, typ, protocol, flags := int0(f), int1(f), int2(f), uint32(int1(f))
	a, e := net.New(family, typ, protocol)
	if e != 0 {
		return 0, e
	}
	b, e := net.New(family, typ, protocol)
	if e == 0 {
		if e = a.Ops.Pair(a, b); e != 0 {
			b.Ops.Release(b)
		}
	}
	if e != 0 {
		a.Ops.Release(a)
		return 0, e
	}
	fa, e := a.NewFile(flags, ctx().Cred)
	if e != 0 {
		b.Ops.Release(b)
		return 0, e
	}
	fb, e := b.NewFile(flags, ctx().Cred)
	if e != 0 {
		fa.Put()
		return 0, e
	}
	return installTwo(fa, fb, flags, arg3(f))
}

// installTwo gives two new files, whose references it takes over, descriptors, and stores these at user. They appear only when
// nothing can go wrong any more.
func installTwo(a, b *vfs.File, flags uint32, user uintptr) (uintptr, errno.Errno) {
	files, limit, cloexec := ctx().Files, current().Proc.FileLimit(), flags&vfs.O_CLOEXEC != 0
	x, e := files.Reserve(0, limit, cloexec)
	if e == 0 {
		y := 0
		if y, e = files.Reserve(0, limit, cloexec); e == 0 {
			fds := [2]int32{int32(x), int32(y)}
			if e = put(user, &fds); e == 0 {
				files.Install(x, a)
				files.Install(y, b)
				return 0, 0
			}
			files.Unreserve(y)
		}
		files.Unreserve(x)
	}
	a.Put()
	b.Put()
	return 0, e
}

// getName copies an address in: EINVAL for an impossible length.
func getName(n *net.Name, user uintptr, size int) errno.Errno {
	if size < 0 || size > net.MaxName {
		return errno.EINVAL
	}
	n.Len = size
	if size > 0 && arch.CopyFromUser(unsafe.Pointer(&n.Buf), user, uintptr(size)) != 0 {
		return errno.EFAULT
	}
	return 0
}

// putName stores an address, cut to the size at userSize, and its whole length there.
func putName(n *net.Name, user, userSize uintptr) errno.Errno {
	var size int32
	if e := get(&size, userSize); e != 0 {
		return e
	}
	if size < 0 {
		return errno.EINVAL
	}
	k := min(int(size), n.Len)
	if k > 0 && arch.CopyToUser(user, unsafe.Pointer(&n.Buf), uintptr(k)) != 0 {
		return errno.EFAULT
	}
	size = int32(n.Len)
	return put(userSize, &size)
}

func sysBind(f *arch.Frame) (uintptr, errno.Errno) {
	return withSocket(int0(f), func(s *net.Socket, file *vfs.File) errno.Errno {
		var n net.Name
		if e := getName(&n, arg1(f), int2(f)); e != 0 {
			return e
		}
		return s.Ops.Bind(s, vfs.NoEscape(&n), ctx())
	})
}

func sysConnect(f *arch.Frame) (uintptr, errno.Errno) {
	return withSocket(int0(f), func(s *net.Socket, file *vfs.File) errno.Errno {
		var n net.Name
		if e := getName(&n, arg1(f), int2(f)); e != 0 {
			return e
		}
		return s.Ops.Connect(s, vfs.NoEscape(&n), file.Nonblock(), ctx())
	})
}

func sysListen(f *arch.Frame) (uintptr, errno.Errno) {
	return withSocket(int0(f), func(s *net.Socket, file *vfs.File) errno.Errno {
		backlog := int1(f)
		if most := int(net.SoMaxConn.Load()); backlog < 0 || backlog > most {
			backlog = most
		}
		return s.Ops.Listen(s, backlog)
	})
}

func sysAccept(f *arch.Frame) (uintptr, errno.Errno)  { return accept(f, 0) }
func sysAccept4(f *arch.Frame) (uintptr, errno.Errno) { return accept(f, uint32(arg3(f))) }

func accept(f *arch.Frame, flags uint32) (uintptr, errno.Errno) {
	if flags&^(vfs.O_NONBLOCK|vfs.O_CLOEXEC) != 0 {
		return 0, errno.EINVAL
	}
	r, s, e := socketOf(int0(f))
	if e != 0 {
		return 0, e
	}
	defer r.Release()
	files := ctx().Files
	fd, e := files.Reserve(0, current().Proc.FileLimit(), flags&vfs.O_CLOEXEC != 0)
	if e != 0 {
		return 0, e
	}
	file, e := acceptFile(s, r.F.Nonblock(), flags, arg1(f), arg2(f))
	if e != 0 {
		files.Unreserve(fd)
		return 0, e
	}
	files.Install(fd, file)
	return uintptr(fd), 0
}

// acceptFile accepts a connection and stores the peer's address, if the caller wants it.
func acceptFile(s *net.Socket, nonblock bool, flags uint32, user, userSize uintptr) (*vfs.File, errno.Errno) {
	end, e := s.Ops.Accept(s, nonblock)
	if e != 0 {
		return nil, e
	}
	file, e := end.NewFile(flags, ctx().Cred)
	if e != 0 || user == 0 {
		return file, e
	}
	var n net.Name
	if end.Ops.PeerName(end, vfs.NoEscape(&n)) != 0 {
		e = errno.ECONNABORTED
	} else {
		e = putName(&n, user, userSize)
	}
	if e != 0 {
		file.Put()
	}
	return file, e
}

func sysShutdown(f *arch.Frame) (uintptr, errno.Errno) {
	return withSocket(int0(f), func(s *net.Socket, file *vfs.File) errno.Errno { return s.Ops.Shutdown(s, int1(f)) })
}

func sysGetsockname(f *arch.Frame) (uintptr, errno.Errno) { return sockName(f, false) }
func sysGetpeername(f *arch.Frame) (uintptr, errno.Errno) { return sockName(f, true) }

func sockName(f *arch.Frame, peer bool) (uintptr, errno.Errno) {
	return withSocket(int0(f), func(s *net.Socket, file *vfs.File) (e errno.Errno) {
		var n net.Name
		if peer {
			e = s.Ops.PeerName(s, vfs.NoEscape(&n))
		} else {
			e = s.Ops.SockName(s, vfs.NoEscape(&n))
		}
		if e != 0 {
			return e
		}
		return putName(&n, arg1(f), arg2(f))
	})
}

func sysSetsockopt(f *arch.Frame) (uintptr, errno.Errno) {
	return withSocket(int0(f), func(s *net.Socket, file *vfs.File) errno.Errno {
		switch n := int4(f); {
		case n < 0:
			return errno.EINVAL
		case int1(f) != net.SOL_SOCKET:
			return errno.EOPNOTSUPP
		default:
			return s.SetOption(int2(f), arg3(f), n)
		}
	})
}

func sysGetsockopt(f *arch.Frame) (uintptr, errno.Errno) {
	return withSocket(int0(f), func(s *net.Socket, file *vfs.File) errno.Errno {
		if int1(f) != net.SOL_SOCKET {
			return errno.EOPNOTSUPP
		}
		var size int32
		if e := get(&size, arg4(f)); e != 0 {
			return e
		}
		if size < 0 {
			return errno.EINVAL
		}
		n, e := s.GetOption(int2(f), arg3(f), int(size))
		if e != 0 && e != errno.ERANGE {
			return e
		}
		size = int32(n)
		if e2 := put(arg4(f), &size); e2 != 0 {
			return e2
		}
		return e
	})
}
