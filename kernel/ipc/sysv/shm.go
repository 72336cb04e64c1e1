//go:build galago

package sysv

import (
	"sync/atomic"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vm"
)

// Shared memory: shmget(2), shmop(2), shmctl(2). A segment wraps shared anonymous memory of package vm and counts the areas that map it.

// Flags of shmget, shmat and shmctl.
const (
	ShmRdOnly  = 0o10000
	ShmRnd     = 0o20000
	ShmRemap   = 0o40000
	ShmExec    = 0o100000
	shmDest    = 0o1000 // in a mode: removed, lives on while attached
	shmLocked  = 0o2000
	ShmHugeTLB = 0o4000

	ShmLock    = 11
	ShmUnlock  = 12
	ShmStat    = 13
	ShmInfo    = 14
	ShmStatAny = 15

	// ShmMni is the largest number of segments, ShmMin the smallest size of one.
	ShmMni = 4096
	ShmMin = 1
)

// segment is a piece of shared memory. It is a vm.Backing: what maps it keeps it.
type segment struct {
	Perm
	vm.Backing // the memory: what is not about counting is its business
	size       uint64
	// Guarded by mu.
	attachTime, detachTime, changed int64
	creator, last                   int
	attached                        atomic.Int32
}

var (
	segmentCache = mem.Cache[segment]{Name: "shm_segment"}
	segments     = table{limit: ShmMni}
	currentPID   func() int
)

func (g *segment) perm() *Perm { return &g.Perm }

func (g *segment) free() {
	g.Backing.Put()
	segmentCache.Free(g)
}

// ShmGet is shmget(2).
func ShmGet(who Caller, key int32, size uint64, flags int) (int, errno.Errno) {
	op := getOp{key: key, flags: flags, check: func(o object) errno.Errno {
		if size > o.(*segment).size {
			return errno.EINVAL
		}
		return errno.OK
	}, create: func() (object, errno.Errno) {
		if size < ShmMin || size > uint64(arch.UserLimit) {
			return nil, errno.EINVAL
		}
		if size>>arch.PageShift > uint64(mem.Stats().Total)*2 {
			return nil, errno.ENOMEM
		}
		g := segmentCache.Alloc()
		if g == nil {
			return nil, errno.ENOMEM
		}
		var e errno.Errno
		if g.Backing, e = vm.NewShared(uintptr(size), true); e != 0 {
			segmentCache.Free(g)
			return nil, e
		}
		g.size, g.creator, g.changed = size, who.PID, seconds()
		return g, errno.OK
	}}
	return segments.get(who, &op)
}

func findSegment(id int) (*segment, errno.Errno) {
	o, e := segments.find(id)
	if e != 0 {
		return nil, e
	}
	return o.(*segment), errno.OK
}

// ShmAttach is shmat(2): it returns the address.
func ShmAttach(who Caller, s *vm.AddressSpace, id int, addr uintptr, flags int) (uintptr, errno.Errno) {
	const mask = arch.PageSize - 1
	if addr&mask != 0 {
		if flags&ShmRnd == 0 {
			return 0, errno.EINVAL
		}
		if addr &^= mask; addr == 0 && flags&ShmRemap != 0 {
			return 0, errno.EINVAL
		}
	} else if addr == 0 && flags&ShmRemap != 0 {
		return 0, errno.EINVAL
	}
	g, e := findSegment(id)
	if e != 0 {
		return 0, e
	}
	defer put(g)
	prot, fl, want := uint8(vm.ProtRead|vm.ProtWrite), vm.Shared|vm.MayWrite, uint32(mayRead|mayWrite)
	if flags&ShmRdOnly != 0 {
		prot, fl, want = vm.ProtRead, vm.Shared, mayRead
	}
	if flags&ShmExec != 0 {
		prot |= vm.ProtExec
		want |= 1
	}
	g.mu.Lock()
	e = g.permits(who.Cred, want)
	if e == 0 && g.removed && g.attached.Load() == 0 {
		e = errno.EIDRM
	}
	if e == 0 {
		g.attach()
	}
	g.mu.Unlock()
	if e != 0 {
		return 0, e
	}
	fixed := addr != 0
	at, e := s.Map(addr, uintptr(g.size), prot, fl, g, 0, fixed, fixed && flags&ShmRemap == 0)
	if e != 0 {
		g.Put()
		if e == errno.EEXIST {
			e = errno.EINVAL
		}
	}
	return at, e
}

// ShmDetach is shmdt(2): EINVAL when no segment is attached at the address.
func ShmDetach(s *vm.AddressSpace, addr uintptr) errno.Errno {
	if addr&(arch.PageSize-1) != 0 {
		return errno.EINVAL
	}
	return s.Detach(addr, func(b vm.Backing) (uintptr, bool) {
		g, ok := b.(*segment)
		if !ok {
			return 0, false
		}
		return uintptr(g.size), true
	})
}

// Get and Put count attachments: an area each.
func (g *segment) Get() {
	g.mu.Lock()
	g.attach()
	g.mu.Unlock()
}

// attach counts an attachment. mu is held.
//
// +checklocks:g.mu
func (g *segment) attach() {
	g.refs.Add(1)
	g.attached.Add(1)
	g.attachTime, g.last = seconds(), currentPID()
}

func (g *segment) Put() {
	g.mu.Lock()
	g.detachTime, g.last = seconds(), currentPID()
	gone := g.attached.Add(-1) == 0 && g.removed
	g.mu.Unlock()
	if gone {
		segments.remove(g)
	}
	put(g)
}

func (g *segment) Page(idx uint64) (*mem.Frame, errno.Errno) {
	if idx >= (g.size+arch.PageSize-1)>>arch.PageShift {
		return nil, errno.ENXIO
	}
	return g.Backing.Page(idx)
}

func (g *segment) Describe(buf []byte) (n int, dev, ino uint64) {
	n = copy(buf, "/SYSV")
	for shift := 28; shift >= 0 && n < len(buf); shift -= 4 {
		buf[n] = "0123456789abcdef"[uint32(g.Key)>>shift&15]
		n++
	}
	n += copy(buf[n:], " (deleted)")
	return n, 1, uint64(g.ID)
}

// ShmID64 is struct shmid64_ds of x86-64.
type ShmID64 struct {
	Perm                Perm64
	Size                uint64
	ATime, DTime, CTime int64
	CPID, LPID          int32
	NAttach             uint64
	_                   [2]uint64
}

// ShmStatus is shmctl(IPC_STAT); with slot, id is an index (SHM_STAT, SHM_STAT_ANY). It returns the identifier.
func ShmStatus(who Caller, id int, slot, anybody bool, out *ShmID64) (int, errno.Errno) {
	o, e := segments.lookup(id, slot)
	if e != 0 {
		return 0, e
	}
	g := o.(*segment)
	defer put(g)
	g.mu.Lock()
	defer g.mu.Unlock()
	if e := g.permits(who.Cred, mayRead); e != 0 && !anybody {
		return 0, e
	}
	*out = ShmID64{Perm: g.export(), Size: g.size, ATime: g.attachTime, DTime: g.detachTime, CTime: g.changed,
		CPID: int32(g.creator), LPID: int32(g.last), NAttach: uint64(g.attached.Load())}
	return g.ID, errno.OK
}

// ShmSet is shmctl(IPC_SET).
func ShmSet(who Caller, id int, in *ShmID64) errno.Errno {
	return withSegment(who, id, func(g *segment) errno.Errno {
		g.Perm.set(&in.Perm)
		g.changed = seconds()
		return errno.OK
	})
}

// ShmSetLock is shmctl(SHM_LOCK, SHM_UNLOCK). There is no swap space, so that the mark is all there is to it.
func ShmSetLock(who Caller, id int, lock bool) errno.Errno {
	return withSegment(who, id, func(g *segment) errno.Errno {
		g.Mode &^= shmLocked
		if lock {
			g.Mode |= shmLocked
		}
		return errno.OK
	})
}

// withSegment runs fn on a segment that the caller may change, locked.
func withSegment(who Caller, id int, fn func(g *segment) errno.Errno) errno.Errno {
	g, e := findSegment(id)
	if e != 0 {
		return e
	}
	defer put(g)
	g.mu.Lock()
	defer g.mu.Unlock()
	if e := g.owns(who.Cred); e != 0 && !who.Cred.Capable(cred.IPCLock) {
		return e
	}
	return fn(g)
}

// ShmRemove is shmctl(IPC_RMID): an attached segment lives on, without a key, until the last one detaches.
func ShmRemove(who Caller, id int) errno.Errno {
	g, e := findSegment(id)
	if e != 0 {
		return e
	}
	defer put(g)
	g.mu.Lock()
	if e := g.owns(who.Cred); e != 0 {
		g.mu.Unlock()
		return e
	}
	g.removed = true
	g.Mode |= shmDest
	gone := g.attached.Load() == 0
	g.mu.Unlock()
	if gone {
		segments.remove(g)
	} else {
		segments.forgetKey(g)
	}
	return errno.OK
}

// ShmUsage is what shmctl(SHM_INFO) counts: segments and pages; and the highest index.
func ShmUsage() (n, pages, highest int) {
	segments.each(func(o object) {
		n++
		pages += int((o.(*segment).size + arch.PageSize - 1) >> arch.PageShift)
	})
	return n, pages, segments.highest()
}
