package block

import (
	"sync/atomic"

	"galago/kernel/ds"
	"galago/kernel/lock"
	"galago/kernel/sched"
	"galago/kernel/time"
)

// A plug holds back the requests of one thread between StartPlug and FinishPlug, so that neighbours merge before the
// disk sees the first. Plugs are a table, hashed by thread: a thread that finds its place taken does without.
//
// A thread that sleeps should call FlushPlug first; the waits of this package do. For those who forget, and for sleeps
// deep inside an allocation, a watch empties plugs that have been full for a while.
type plug struct {
	owner atomic.Uint64 // thread ID; 0: free
	nest  int           // of StartPlug; only the owner looks

	lock  lock.Spin // guards what follows
	list  ds.List[Request]
	since uint64 // when the first request of list came
}

const (
	numPlugs = 64
	plugMax  = 32 // requests held back at most
	plugAge  = 2 * time.Millisecond
)

var (
	plugs       [numPlugs]plug
	activePlugs atomic.Int32
	plugWatch   sched.DelayedWork
	plugWatched atomic.Bool
)

func init() {
	plugWatch.Func = watchPlugs
	for i := range plugs {
		plugs[i].lock.Init(lock.RankBlockDevice)
	}
}

func slotOf(id uint64) *plug { return &plugs[id%numPlugs] }

// StartPlug begins to hold back the thread's requests. Calls nest; each needs its FinishPlug.
func StartPlug() {
	id := sched.Current().ID
	p := slotOf(id)
	if p.owner.Load() != id {
		if !p.owner.CompareAndSwap(0, id) {
			return
		}
		p.nest = 0
		activePlugs.Add(1)
	}
	p.nest++
}

// FinishPlug ends StartPlug; the outermost one lets the requests go.
func FinishPlug() {
	id := sched.Current().ID
	p := slotOf(id)
	if p.owner.Load() != id {
		return
	}
	if p.nest--; p.nest > 0 {
		return
	}
	p.flush()
	activePlugs.Add(-1)
	p.owner.Store(0)
}

// FlushPlug lets the thread's requests go that are held back.
func FlushPlug() {
	if activePlugs.Load() == 0 {
		return
	}
	id := sched.Current().ID
	if p := slotOf(id); p.owner.Load() == id {
		p.flush()
	}
}

// plugRequest holds r back, merged with its neighbour if there is one. False: the thread has no plug.
func plugRequest(r *Request) bool {
	id := sched.Current().ID
	p := slotOf(id)
	if p.owner.Load() != id {
		return false
	}
	p.lock.Lock()
	if !p.merge(r) {
		if p.list.Empty() {
			p.since = r.start
		}
		p.list.PushBack(&r.link)
	}
	full := p.list.Len() >= plugMax
	p.lock.Unlock()
	if full {
		p.flush()
	} else if !plugWatched.Load() && plugWatched.CompareAndSwap(false, true) {
		sched.QueueDelayedWork(&plugWatch, plugAge)
	}
	return true
}

// merge makes r part of a request in the plug, looking at the latest first.
func (p *plug) merge(r *Request) bool {
	for h := p.list.Back(); h != nil; h = h.link.Prev() {
		if h.disk != r.disk {
			continue
		}
		if h.item.End() == r.item.Sector && h.takes(r) {
			h.append(r)
			return true
		}
		if r.item.End() == h.item.Sector && r.takes(h) {
			p.list.InsertBefore(&r.link, &h.link)
			p.list.Remove(&h.link)
			r.append(h)
			return true
		}
	}
	return false
}

// flush passes everything in the plug to the disks, one disk after the other.
func (p *plug) flush() {
	for {
		p.lock.Lock()
		r := p.list.Front()
		if r == nil {
			p.lock.Unlock()
			return
		}
		d := r.disk
		d.q.lock.Lock()
		for r != nil {
			next := r.link.Next()
			if r.disk == d {
				p.list.Remove(&r.link)
				d.q.enqueue(r)
			}
			r = next
		}
		p.lock.Unlock()
		d.dispatch()
	}
}

// watchPlugs empties the plugs that have held requests for long, and comes again while any plug holds some.
func watchPlugs(*sched.Work) {
	again := false
	now := time.Now()
	for i := range plugs {
		p := &plugs[i]
		p.lock.Lock()
		n, since := p.list.Len(), p.since
		p.lock.Unlock()
		if n > 0 && now-since >= plugAge/2 {
			p.flush()
		} else if n > 0 {
			again = true
		}
	}
	plugWatched.Store(false)
	if again && plugWatched.CompareAndSwap(false, true) {
		sched.QueueDelayedWork(&plugWatch, plugAge)
	}
}
