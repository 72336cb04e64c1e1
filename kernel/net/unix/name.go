package unix

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/net"
	"galago/kernel/vfs"
)

// Names. struct sockaddr_un is a family and up to 108 bytes: a path that ends with a NUL byte or with the address; or a NUL byte and an
// abstract name, all bytes of which count; or nothing at all, for a socket without a name.

const (
	familyLen = 2
	pathLen   = 108
	maxLen    = familyLen + pathLen
)

// name is a socket's address. The sockets that were made from a listening one share its name.
type name struct {
	refs atomic.Int32
	len  int // with the family
	typ  int32
	buf  [maxLen + 1]byte // a path is followed by a NUL byte
	node *name            // guarded by abstractLock: next in the chain
	sock *sock            // who is bound to an abstract name, while it is open; guarded by abstractLock
}

var (
	nameCache    = mem.Cache[name]{Name: "unix_name"}
	abstractLock = lock.Spin{Rank: lock.RankNetMisc}
	abstract     [64]*name // guarded by abstractLock: chains by hash
	pathLock     = lock.Spin{Rank: lock.RankNetMisc}
	lastAuto     atomic.Uint32
)

func (n *name) get() *name {
	n.refs.Add(1)
	return n
}

func (n *name) put() {
	if n.refs.Add(-1) == 0 {
		nameCache.Free(n)
	}
}

// store writes the name to a socket address; a nil one is only a family.
func (n *name) store(to *net.Name) {
	to.Buf[0], to.Buf[1] = net.AF_UNIX, 0
	to.Len = familyLen
	if n != nil {
		to.Len = copy(to.Buf[:], n.buf[:n.len])
	}
}

// check validates an address that must hold a name: EINVAL.
func check(n *net.Name) errno.Errno {
	if n.Len <= familyLen || n.Len > maxLen || n.Family() != net.AF_UNIX {
		return errno.EINVAL
	}
	return errno.OK
}

func isAbstract(n *net.Name) bool { return n.Buf[familyLen] == 0 }

// newName copies an address. A path is cut at its NUL byte and counts one.
func newName(from *net.Name, typ int32) *name {
	n := nameCache.Alloc()
	if n == nil {
		return nil
	}
	n.refs.Store(1)
	n.typ = typ
	n.len = copy(n.buf[:maxLen], from.Bytes())
	if !isAbstract(from) {
		i := familyLen
		for i < n.len && n.buf[i] != 0 {
			i++
		}
		n.len = i + 1
		clear(n.buf[i:])
	}
	return n
}

// path returns the file name of a name that is none of the abstract ones.
func (n *name) path() string {
	return unsafe.String(&n.buf[familyLen], n.len-familyLen-1)
}

func (n *name) isAbstract() bool { return n.buf[familyLen] == 0 }

// hash finds the chain of an abstract name. Sockets of different types have name spaces of their own.
func (n *name) hash() int {
	h := uint32(n.typ)
	for _, c := range n.buf[familyLen:n.len] {
		h = (h ^ uint32(c)) * 16777619 // FNV-1a
	}
	return int(h>>16^h) % len(abstract)
}

func (n *name) same(o *name) bool {
	return n.typ == o.typ && n.len == o.len && string(n.buf[:n.len]) == string(o.buf[:o.len])
}

// Bind is bind(2): a path makes a socket in the file system.
func (*socketOps) Bind(g *net.Socket, addr *net.Name, ctx *vfs.Context) errno.Errno {
	s := of(g)
	if addr.Len == familyLen && addr.Family() == net.AF_UNIX {
		return s.autobind()
	}
	if e := check(addr); e != errno.OK {
		return e
	}
	n := newName(addr, s.Type)
	if n == nil {
		return errno.ENOMEM
	}
	e := errno.EINVAL
	if n.isAbstract() {
		e = s.bindAbstract(n)
	} else if s.name.Load() == nil {
		e = s.bindPath(n, ctx)
	}
	if e != errno.OK {
		n.put()
	}
	return e
}

// bindPath makes the socket file. Another bind of the same socket at the same time makes one of them fail, and takes its file back.
func (s *sock) bindPath(n *name, ctx *vfs.Context) errno.Errno {
	p, e := vfs.MakeSocket(ctx, n.path())
	if e != errno.OK {
		if e == errno.EEXIST {
			e = errno.EADDRINUSE
		}
		return e
	}
	s.mu.Lock()
	if s.name.Load() != nil {
		s.mu.Unlock()
		p.Put()
		vfs.Unlink(ctx, vfs.AtFDCWD, n.path())
		return errno.EINVAL
	}
	s.path = p
	s.name.Store(n)
	pathLock.Lock()
	p.Inode().Private = unsafe.Pointer(s)
	pathLock.Unlock()
	s.mu.Unlock()
	return errno.OK
}

// bindAbstract enters an abstract name: EADDRINUSE, or EINVAL if the socket has a name.
func (s *sock) bindAbstract(n *name) errno.Errno {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.name.Load() != nil {
		return errno.EINVAL
	}
	n.sock = s
	chain := &abstract[n.hash()]
	abstractLock.Lock()
	for o := *chain; o != nil; o = o.node {
		if o.same(n) {
			abstractLock.Unlock()
			return errno.EADDRINUSE
		}
	}
	n.node, *chain = *chain, n
	abstractLock.Unlock()
	s.name.Store(n)
	return errno.OK
}

// autobind gives a nameless socket an abstract name of five hexadecimal digits. One that has a name keeps it.
func (s *sock) autobind() errno.Errno {
	const digits = "0123456789abcdef"
	for try := 0; try < 1<<20; try++ {
		if s.name.Load() != nil {
			return errno.OK
		}
		id := lastAuto.Add(1) & (1<<20 - 1)
		a := net.Name{Len: familyLen + 6}
		a.Buf[0] = net.AF_UNIX
		for i := range 5 {
			a.Buf[familyLen+1+i] = digits[id>>(16-4*uint(i))&15]
		}
		n := newName(&a, s.Type)
		if n == nil {
			return errno.ENOMEM
		}
		e := s.bindAbstract(n)
		if e == errno.OK {
			return e
		}
		n.put()
	}
	return errno.ENOSPC
}

// unbind makes a socket's name unfindable; others may still ask for it.
func (s *sock) unbind() {
	n := s.name.Load()
	switch {
	case n == nil:
	case s.path.Dentry != nil:
		pathLock.Lock()
		if i := s.path.Inode(); i.Private == unsafe.Pointer(s) {
			i.Private = nil
		}
		pathLock.Unlock()
		s.path.Put()
		s.path = vfs.Path{}
	case n.isAbstract():
		abstractLock.Lock()
		if n.sock == s {
			p := &abstract[n.hash()]
			for *p != n {
				p = &(*p).node
			}
			*p, n.sock = n.node, nil
		}
		abstractLock.Unlock()
	}
}

// find returns the socket an address names, with a reference: ECONNREFUSED if there is none, EPROTOTYPE if it is of another type, and
// what a path walk may give. addr has been checked.
func (s *sock) find(addr *net.Name, ctx *vfs.Context) (*sock, errno.Errno) {
	if isAbstract(addr) {
		return findAbstract(addr, s.Type)
	}
	n := newName(addr, s.Type)
	if n == nil {
		return nil, errno.ENOMEM
	}
	defer n.put()
	p, e := vfs.Lookup(ctx, vfs.AtFDCWD, n.path(), vfs.LookupFollow)
	if e != errno.OK {
		return nil, e
	}
	defer p.Put()
	if e = p.MayWrite(ctx.Cred); e != errno.OK {
		return nil, e
	}
	if p.Inode().Type() != vfs.S_IFSOCK {
		return nil, errno.ECONNREFUSED
	}
	pathLock.Lock()
	o := (*sock)(p.Inode().Private)
	if o != nil && !o.tryGet() {
		o = nil
	}
	pathLock.Unlock()
	if o == nil {
		return nil, errno.ECONNREFUSED
	}
	if o.Type != s.Type {
		o.put()
		return nil, errno.EPROTOTYPE
	}
	return o, errno.OK
}

func findAbstract(addr *net.Name, typ int32) (*sock, errno.Errno) {
	n := newName(addr, typ)
	if n == nil {
		return nil, errno.ENOMEM
	}
	defer n.put()
	abstractLock.Lock()
	defer abstractLock.Unlock()
	for o := abstract[n.hash()]; o != nil; o = o.node {
		if o.same(n) && o.sock.tryGet() {
			return o.sock, errno.OK
		}
	}
	return nil, errno.ECONNREFUSED
}

// SockName is getsockname(2).
func (*socketOps) SockName(g *net.Socket, to *net.Name) errno.Errno {
	of(g).name.Load().store(to)
	return errno.OK
}

// PeerName is getpeername(2).
func (*socketOps) PeerName(g *net.Socket, to *net.Name) errno.Errno {
	peer := of(g).peerRef()
	if peer == nil {
		return errno.ENOTCONN
	}
	peer.name.Load().store(to)
	peer.put()
	return errno.OK
}

// peerRef returns the peer with a reference, or nil.
func (s *sock) peerRef() *sock {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.peer.Load()
	if p != nil {
		p.get()
	}
	return p
}
