// Package sysv is System V interprocess communication: shared memory, semaphore sets and message queues, found by key or identifier
// (sysvipc(7)).
//
// An identifier is a slot's index plus a sequence number times the largest number of slots, so that an identifier of something removed does not
// soon mean something else.
//
// Lock order: a table's mutex → an object's mutex. Nothing is copied from or to user memory under either. An object found in a table is kept
// by a reference; removal takes it out of the table, marks it, and wakes those who wait for it (EIDRM).
package sysv

import (
	"sync/atomic"

	"galago/kernel/cred"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/sched"
	"galago/kernel/time"
)

// Flags of the get calls and commands of the control calls (ipc.h).
const (
	IPCCreate  = 0o1000
	IPCExcl    = 0o2000
	IPCNoWait  = 0o4000
	IPCRmID    = 0
	IPCSet     = 1
	IPCStat    = 2
	IPCInfo    = 3
	IPCPrivate = 0

	slotBits = 15
	maxSlots = 1 << slotBits
)

// Caller is on whose behalf a call runs.
type Caller struct {
	Cred *cred.Cred
	PID  int
}

// Perm is the head of every object: whose it is. Guarded by the object's mutex, but for ID and Key, which change under the table's too.
type Perm struct {
	Key                  int32
	ID                   int
	UID, GID, CUID, CGID uint32
	Mode                 uint32
	refs                 atomic.Int32
	removed              bool
	mu                   sched.Mutex
	byKey                ds.HashNode[Perm] // guarded by the table's mutex
	self                 object
}

// Perm64 is struct ipc64_perm of x86-64.
type Perm64 struct {
	Key                  int32
	UID, GID, CUID, CGID uint32
	Mode                 uint32
	Seq, _               uint16
	_                    uint32
	_                    [2]uint64
}

func (p *Perm) export() Perm64 {
	return Perm64{Key: p.Key, UID: p.UID, GID: p.GID, CUID: p.CUID, CGID: p.CGID, Mode: p.Mode, Seq: uint16(p.ID >> slotBits)}
}

// Access rights, as in the low bits of a mode.
const (
	mayRead  = 4
	mayWrite = 2
)

// permits applies the rules of sysvipc(7): want is a set of mayRead and mayWrite.
func (p *Perm) permits(c *cred.Cred, want uint32) errno.Errno {
	granted := p.Mode
	switch {
	case c.EUID == p.CUID || c.EUID == p.UID:
		granted >>= 6
	case c.InEffectiveGroup(p.CGID) || c.InEffectiveGroup(p.GID):
		granted >>= 3
	}
	if want&^granted&7 != 0 && !c.Capable(cred.IPCOwner) {
		return errno.EACCES
	}
	return errno.OK
}

// owns tells whether the caller may remove or change the object.
func (p *Perm) owns(c *cred.Cred) errno.Errno {
	if c.EUID == p.CUID || c.EUID == p.UID || c.Capable(cred.SysAdmin) {
		return errno.OK
	}
	return errno.EPERM
}

// set is the common part of IPC_SET.
func (p *Perm) set(n *Perm64) {
	p.UID, p.GID = n.UID, n.GID
	p.Mode = p.Mode&^0o777 | n.Mode&0o777
}

// object is what a table holds: a structure that begins with a Perm.
type object interface {
	perm() *Perm
	// free is called with the last reference gone.
	free()
}

// table finds objects of one kind.
type table struct {
	mu    sched.Mutex
	slots [maxSlots]object // guarded by mu, as all that follows
	used  [maxSlots / 64]uint64
	keys  ds.HashTable[Perm]
	heads [nKeyBuckets]*ds.HashNode[Perm]
	high  int // no slot from here on is in use
	count int
	seq   int
	limit int
}

const nKeyBuckets = 256

// key finds the object with a key; nil: none. The table is locked.
func (t *table) key(key int32) object {
	if t.count == 0 {
		return nil
	}
	p := t.keys.First(uint64(uint32(key)))
	if p == nil {
		return nil
	}
	return p.self
}

// getOp is what a get call does: check judges an object that is there, create makes one.
type getOp struct {
	key    int32
	flags  int
	want   uint32
	check  func(o object) errno.Errno
	create func() (object, errno.Errno)
}

// get is the common part of shmget, semget and msgget.
func (t *table) get(who Caller, op *getOp) (int, errno.Errno) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if op.key != IPCPrivate {
		if o := t.key(op.key); o != nil {
			if op.flags&(IPCCreate|IPCExcl) == IPCCreate|IPCExcl {
				return 0, errno.EEXIST
			}
			if e := op.check(o); e != 0 {
				return 0, e
			}
			p := o.perm()
			p.mu.Lock()
			e := p.permits(who.Cred, uint32(op.flags>>6|op.flags>>3|op.flags)&(mayRead|mayWrite))
			p.mu.Unlock()
			return p.ID, e
		}
		if op.flags&IPCCreate == 0 {
			return 0, errno.ENOENT
		}
	}
	if t.count >= t.limit {
		return 0, errno.ENOSPC
	}
	o, e := op.create()
	if e != 0 {
		return 0, e
	}
	p := o.perm()
	p.Key, p.Mode = op.key, uint32(op.flags)&0o777
	p.UID, p.GID = who.Cred.EUID, who.Cred.EGID
	p.CUID, p.CGID = p.UID, p.GID
	p.refs.Store(1)
	t.insert(o)
	return p.ID, errno.OK
}

// insert gives the object a slot and its identifier.
func (t *table) insert(o object) {
	if t.heads == [nKeyBuckets]*ds.HashNode[Perm]{} {
		t.keys.Init(t.heads[:])
	}
	used := ds.Bitmap(t.used[:])
	i := used.FindZero(0, maxSlots)
	used.Set(i)
	t.slots[i] = o
	p := o.perm()
	p.self = o
	p.byKey.Init(p)
	if p.Key != IPCPrivate {
		t.keys.Insert(&p.byKey, uint64(uint32(p.Key)))
	}
	t.high = max(t.high, i+1)
	t.count++
	o.perm().ID = t.seq<<slotBits | i
	t.seq = (t.seq + 1) & 0xffff
}

// find returns the object with an identifier, with a reference: EINVAL.
func (t *table) find(id int) (object, errno.Errno) {
	if id < 0 {
		return nil, errno.EINVAL
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.slots[id&(maxSlots-1)]
	if o == nil || o.perm().ID != id {
		return nil, errno.EINVAL
	}
	o.perm().refs.Add(1)
	return o, errno.OK
}

// at returns the object in a slot, with a reference: the …_STAT commands. EINVAL.
func (t *table) at(slot int) (object, errno.Errno) {
	if slot < 0 || slot >= maxSlots {
		return nil, errno.EINVAL
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.slots[slot]
	if o == nil {
		return nil, errno.EINVAL
	}
	o.perm().refs.Add(1)
	return o, errno.OK
}

// remove takes an object out of the table and drops the table's reference. Its mutex is not held.
func (t *table) remove(o object) {
	p := o.perm()
	t.mu.Lock()
	slot := p.ID & (maxSlots - 1)
	if t.slots[slot] != o {
		t.mu.Unlock()
		return
	}
	t.slots[slot] = nil
	ds.Bitmap(t.used[:]).Clear(slot)
	t.keys.Remove(&p.byKey)
	t.count--
	for t.high > 0 && t.slots[t.high-1] == nil {
		t.high--
	}
	t.mu.Unlock()
	put(o)
}

// forgetKey makes an object private: it is found by its identifier only. Its mutex is not held.
func (t *table) forgetKey(o object) {
	p := o.perm()
	t.mu.Lock()
	t.keys.Remove(&p.byKey)
	p.Key = IPCPrivate
	t.mu.Unlock()
}

// put drops a reference.
func put(o object) {
	if o.perm().refs.Add(-1) == 0 {
		o.free()
	}
}

// highest is the largest index in use, for the …_INFO commands; 0 if there is none.
func (t *table) highest() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(t.high-1, 0)
}

// each calls fn for every object, with a reference of its own and the table unlocked.
func (t *table) each(fn func(o object)) {
	for i := 0; i < maxSlots; i++ {
		t.mu.Lock()
		for i < t.high && t.slots[i] == nil {
			i++
		}
		if i >= t.high {
			t.mu.Unlock()
			return
		}
		o := t.slots[i]
		o.perm().refs.Add(1)
		t.mu.Unlock()
		fn(o)
		put(o)
	}
}

// seconds is the time as the objects keep it.
func seconds() int64 {
	s, _ := time.Wall()
	return s
}
