package block

import (
	"unsafe"

	"galago/kernel/block/elevator"
	"galago/kernel/ds"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/lock"
	"galago/kernel/sched"
	"galago/kernel/time"
)

// queue is a disk's requests: waiting, and with the driver. One CPU at a time hands requests to the driver, without
// the lock; the others leave theirs in the queue for it to find.
type queue struct {
	lock        lock.Spin
	elv         elevator.Queue
	urgent      ds.List[Request] // before all in elv: flushes, requests to be repeated, and those that find elv empty
	flight      ds.List[Request] // with the driver, in the order they were started
	seq         uint32           // grows with every completion and kick
	blocked     bool             // the driver had no room, and nothing has been completed since
	dispatching bool
	dead        bool
	errors      uint32
}

const maxRetries = 3

func (q *queue) init() {
	q.lock.Init(lock.RankBlockQueue)
	q.elv.Init()
}

// Elevator returns the name of the policy in force.
func (d *Device) Elevator() string {
	q := &d.disk().q
	q.lock.Lock()
	defer q.lock.Unlock()
	return q.elv.Policy()
}

// SetElevator changes the policy that orders waiting requests: EINVAL when there is none of that name.
func (d *Device) SetElevator(name string) errno.Errno {
	q := &d.disk().q
	q.lock.Lock()
	defer q.lock.Unlock()
	if !q.elv.SetPolicy(name, time.Now()) {
		return errno.EINVAL
	}
	return errno.OK
}

// Submit starts a request. r.Done is called when it is done, often in a DPC, perhaps before Submit returns.
func (d *Device) Submit(r *Request) {
	r.start = time.Now()
	if err := d.prepare(r); err != errno.OK {
		r.finish(err)
		return
	}
	if r.Op == Flush && !r.disk.Cache {
		r.finish(errno.OK)
		return
	}
	if r.Op == Read {
		sched.Current().Charged.Read.Add(r.Count * SectorSize)
	}
	if Trace != nil {
		Trace(TraceQueue, r)
	}
	if activePlugs.Load() != 0 && !r.item.Single && plugRequest(r) {
		return
	}
	q := &r.disk.q
	q.lock.Lock()
	q.enqueue(r)
	r.disk.dispatch()
}

// prepare checks a request and finds its place on the disk.
func (d *Device) prepare(r *Request) errno.Errno {
	disk := d.disk()
	r.Dev, r.disk = d, disk
	r.phase, r.retries, r.chain, r.tail, r.segs = phaseData, 0, nil, r, r.NSegs
	r.item.Init(unsafe.Pointer(r))
	r.link.Init(r)
	r.item.Single = r.Op != Read && r.Op != Write || r.FUA || r.Preflush
	r.item.Write = r.Op != Read
	switch r.Op {
	case Read, Write:
		n := uint64(0)
		for i := range r.NSegs {
			n += uint64(r.Segs[i].Len)
		}
		r.Count = n / SectorSize
		if n == 0 || r.Count > disk.MaxSectors || r.NSegs > disk.MaxSegs || n%uint64(disk.BlockSize) != 0 {
			return errno.EINVAL
		}
	case Flush:
		r.Sector, r.Count = 0, 0
	case Discard:
		if r.Count == 0 || r.Count > disk.MaxDiscard {
			return errno.EOPNOTSUPP
		}
	case WriteZeroes:
		if r.Count == 0 || r.Count > disk.MaxZeroes {
			return errno.EOPNOTSUPP
		}
	default:
		return errno.EINVAL
	}
	if r.Sector > d.Sectors || r.Count > d.Sectors-r.Sector {
		return errno.EIO
	}
	if r.Op != Read && r.Op != Flush && (d.ReadOnly || disk.ReadOnly) {
		return errno.EROFS
	}
	if (r.Sector|r.Count)&uint64(disk.BlockSize/SectorSize-1) != 0 {
		return errno.EINVAL
	}
	r.item.Sector, r.item.Count = d.Start+r.Sector, r.Count
	if r.Preflush && r.Op != Flush && disk.Cache {
		r.phase = phasePreflush
	}
	return errno.OK
}

// enqueue puts a request into the queue, merged into a neighbour if there is one. The queue is locked.
//
// +checklocks:q.lock
func (q *queue) enqueue(r *Request) {
	if r.Command() == Flush || q.elv.Len() == 0 && !q.blocked && q.flight.Len()+q.urgent.Len() < r.disk.Depth {
		q.urgent.PushBack(&r.link)
		return
	}
	if it := q.elv.Before(&r.item); it != nil {
		if h := owner(it); h.takes(r) {
			h.append(r)
			return
		}
	}
	if it := q.elv.After(&r.item); it != nil {
		if h := owner(it); r.takes(h) {
			q.elv.Remove(it)
			r.append(h)
		}
	}
	q.elv.Add(&r.item, r.start)
}

func owner(it *elevator.Item) *Request { return (*Request)(it.Owner) }

// takes reports whether n, which begins where r ends, may be merged into r.
func (r *Request) takes(n *Request) bool {
	return r.Dev == n.Dev && r.Op == n.Op && !r.item.Single && !n.item.Single &&
		r.segs+n.segs <= r.disk.MaxSegs && r.item.Count+n.item.Count <= r.disk.MaxSectors
}

// append chains n to r.
func (r *Request) append(n *Request) {
	r.tail.chain = n
	r.tail = n.tail
	r.segs += n.segs
	r.item.Count += n.item.Count
	if Trace != nil {
		Trace(TraceMerge, n)
	}
}

// next takes the request to start now out of the queue, which is locked.
//
// +checklocks:q.lock
func (q *queue) next() *Request {
	if r := q.urgent.Front(); r != nil {
		q.urgent.Remove(&r.link)
		return r
	}
	if q.elv.Len() == 0 {
		return nil
	}
	return owner(q.elv.Next(time.Now()))
}

// dispatch hands requests to the driver while it has room. The queue is locked, and no longer on return.
//
// +checklocksrelease:d.q.lock
func (d *Device) dispatch() {
	q := &d.q
	if q.dead {
		d.drain()
		return
	}
	if q.dispatching || q.blocked {
		q.lock.Unlock()
		return
	}
	lock.PreemptDisable() // others wait for this thread: it keeps its CPU
	q.dispatching = true
	issued := false
	for !q.blocked && !q.dead && q.flight.Len() < d.Depth {
		r := q.next()
		if r == nil {
			break
		}
		q.flight.PushBack(&r.link)
		seq := q.seq
		d.countStart(r)
		q.lock.Unlock()
		if Trace != nil {
			Trace(TraceIssue, r)
		}
		ok := d.Driver.Start(d, r)
		issued = issued || ok
		q.lock.Lock()
		if !ok {
			q.flight.Remove(&r.link)
			d.countStop(r)
			q.urgent.PushFront(&r.link)
			q.blocked = q.seq == seq
		}
	}
	q.dispatching = false
	watch := d.Timeout != 0 && !q.flight.Empty()
	q.lock.Unlock()
	if issued {
		d.Driver.Commit(d)
	}
	if watch {
		startWatch()
	}
	lock.PreemptEnable()
}

// Complete ends a request that the driver was given; r stands for all that were merged into it. Threads and DPCs may
// call it, interrupt handlers not.
func Complete(r *Request, err errno.Errno) {
	d := r.disk
	q := &d.q
	q.lock.Lock()
	q.flight.Remove(&r.link)
	q.seq++
	q.blocked = false
	d.countStop(r)
	if !q.dead && (err == errno.OK && q.nextPhase(r) || err != errno.OK && q.split(r)) {
		d.dispatch()
		return
	}
	d.countDone(r)
	if q.urgent.Empty() && q.elv.Len() == 0 {
		q.lock.Unlock()
	} else {
		d.dispatch()
	}
	if err != errno.OK {
		d.logError(r, err)
	}
	r.finish(err)
}

// nextPhase queues what follows a successful step of a request with Preflush or FUA; false: it is done. The queue is
// locked, as in split.
func (q *queue) nextPhase(r *Request) bool {
	switch {
	case r.phase == phasePreflush:
		r.phase = phaseData
	case r.phase == phaseData && r.FUA && r.disk.Cache && !r.disk.FUA && r.Op != Flush:
		r.phase = phasePostflush
	default:
		return false
	}
	q.urgent.PushBack(&r.link)
	return true
}

// split undoes the merging of a failed request and queues the parts again, so that each gets its own result. False:
// it was not merged.
func (q *queue) split(r *Request) bool {
	if r.chain == nil {
		return false
	}
	for r != nil {
		next := r.chain
		r.chain, r.tail, r.segs = nil, r, r.NSegs
		r.item.Count = r.Count
		r.item.Single = true
		q.urgent.PushBack(&r.link)
		r = next
	}
	return true
}

// Requeue takes back a request that the driver was given, to be started again at the next Kick: the driver has to reset
// the device. blame says that it may be this request's fault: when that has happened too often, it fails.
func Requeue(r *Request, blame bool) {
	d := r.disk
	q := &d.q
	q.lock.Lock()
	if blame {
		r.retries++
	}
	if r.retries > maxRetries || q.dead {
		q.lock.Unlock()
		Complete(r, errno.EIO)
		return
	}
	q.flight.Remove(&r.link)
	d.countStop(r)
	q.urgent.PushBack(&r.link)
	q.lock.Unlock()
}

// Kick has the driver offered requests again.
func (d *Device) Kick() {
	q := &d.q
	q.lock.Lock()
	q.seq++
	q.blocked = false
	d.dispatch()
}

// Fail gives the disk up: what waits and what comes fails with EIO. The driver completes what it was given.
func (d *Device) Fail() {
	d = d.disk()
	q := &d.q
	q.lock.Lock()
	was := q.dead
	q.dead = true
	d.drain()
	if !was {
		klog.Errorf("block: %s: device failed", d.Name)
	}
}

// drain fails everything that waits for a dead disk. The queue is locked, and no longer on return.
//
// +checklocksrelease:d.q.lock
func (d *Device) drain() {
	q := &d.q
	for r := q.next(); r != nil; r = q.next() {
		q.lock.Unlock()
		r.finish(errno.EIO)
		q.lock.Lock()
	}
	q.lock.Unlock()
}

// finish gives a request, and all that were merged into it, back to their makers.
func (r *Request) finish(err errno.Errno) {
	for r != nil {
		next := r.chain
		r.chain = nil
		r.Err = err
		if Trace != nil {
			Trace(TraceComplete, r)
		}
		r.Done(r)
		r = next
	}
}

// logError reports a failed request: the first ten of a disk, then ever fewer.
func (d *Device) logError(r *Request, err errno.Errno) {
	q := &d.q
	q.lock.Lock()
	q.errors++
	n := q.errors
	q.lock.Unlock()
	if n <= 10 || n&(n-1) == 0 {
		klog.Errorf("block: %s: %s of %d sectors at %d: %s (error %d)", d.Name, r.Op.String(), r.item.Count, r.item.Sector, err, n)
	}
}
