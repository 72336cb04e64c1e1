package block

import "galago/kernel/time"

// OpStats counts the requests of one kind that are done.
type OpStats struct {
	IOs     uint64
	Merges  uint64 // requests that travelled with another one
	Sectors uint64
	Time    uint64 // ns from submission to completion, summed
}

// Stats are the figures of a device, for /proc/diskstats.
type Stats struct {
	Ops      [numOps]OpStats
	InFlight int
	Busy     uint64 // ns with at least one request in flight
	Weighted uint64 // ns, each weighted with the number of requests in flight
	last     uint64 // when InFlight changed
}

// Stats returns the device's figures up to this moment.
func (d *Device) Stats() Stats {
	q := &d.disk().q
	q.lock.Lock()
	d.stats.advance(time.Now())
	s := d.stats
	q.lock.Unlock()
	return s
}

// advance brings the times up to now.
func (s *Stats) advance(now uint64) {
	if s.InFlight > 0 {
		s.Busy += now - s.last
		s.Weighted += (now - s.last) * uint64(s.InFlight)
	}
	s.last = now
}

// The count functions are called with the disk's queue locked. A partition's requests count for its disk too.

func (d *Device) countStart(r *Request) {
	r.issued = time.Now()
	d.stats.change(r.issued, 1)
	if r.Dev != d {
		r.Dev.stats.change(r.issued, 1)
	}
}

func (d *Device) countStop(r *Request) {
	now := time.Now()
	d.stats.change(now, -1)
	if r.Dev != d {
		r.Dev.stats.change(now, -1)
	}
}

func (s *Stats) change(now uint64, n int) {
	s.advance(now)
	s.InFlight += n
}

func (d *Device) countDone(r *Request) {
	ns := d.stats.last - r.start
	d.stats.Ops[r.Op].done(r, ns)
	if r.Dev != d {
		r.Dev.stats.Ops[r.Op].done(r, ns)
	}
}

func (o *OpStats) done(r *Request, ns uint64) {
	o.IOs++
	for n := r.chain; n != nil; n = n.chain {
		o.Merges++
	}
	o.Sectors += r.item.Count
	o.Time += ns
}

// Event names a moment in the life of a request.
type Event uint8

// The events, in this order for each request.
const (
	TraceQueue    Event = iota // accepted
	TraceMerge                 // became part of a neighbour
	TraceIssue                 // handed to the driver
	TraceComplete              // given back
)

// Trace, if set, is called at each event. It must not sleep.
var Trace func(e Event, r *Request)
