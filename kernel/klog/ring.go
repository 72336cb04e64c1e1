package klog

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
)

const (
	maxRecord = 256
	nRecords  = 1024 // a power of two
	// holeAge: a record that is not there though so many have been numbered after it never will be.
	holeAge = 16
)

// record is one line of the log. state is its sequence number (from 1) times two, plus one while the record is being
// written. Readers copy and then look whether state is still the same; all fields are atomic words, so that a
// copy of something half overwritten is thrown away but never undefined.
type record struct {
	state atomic.Uint64
	time  atomic.Uint64 // ns since boot
	meta  atomic.Uint64 // level<<32 | length
	text  [maxRecord / 8]atomic.Uint64
}

// ring is written without a lock, so that interrupts of any kind can log whatever they interrupted: a writer
// numbers its record, which names its slot, and marks the slot.
var ring struct {
	next    atomic.Uint64 // sequence number of the last record
	cleared atomic.Uint64
	lost    atomic.Uint64
	records [nRecords]record
}

// claim numbers a record and takes its slot; nil when the slot's former writer has not finished, or is a later one.
// Interrupts are off.
func claim() (seq uint64, r *record) {
	seq = ring.next.Add(1)
	r = &ring.records[seq%nRecords]
	old := r.state.Load()
	if old&1 != 0 || old > seq<<1 || !r.state.CompareAndSwap(old, seq<<1|1) {
		ring.lost.Add(1)
		return seq, nil
	}
	return seq, r
}

// publish fills the claimed record and shows it to readers.
func (r *record) publish(seq uint64, level Level, ns uint64, text []byte) {
	r.time.Store(ns)
	r.meta.Store(uint64(level)<<32 | uint64(len(text)))
	for i := 0; i*8 < len(text); i++ {
		word := uint64(0)
		for k, c := range text[i*8 : min(i*8+8, len(text))] {
			word |= uint64(c) << (8 * k)
		}
		r.text[i].Store(word)
	}
	r.state.Store(seq << 1)
}

// line is a reader's copy of a record.
type line struct {
	level Level
	time  uint64
	n     int
	text  [maxRecord]byte
}

// load copies record seq; false when it is not complete, or gone.
func (l *line) load(seq uint64) bool {
	r := &ring.records[seq%nRecords]
	if r.state.Load() != seq<<1 {
		return false
	}
	l.time = r.time.Load()
	meta := r.meta.Load()
	l.level, l.n = Level(meta>>32), min(int(uint32(meta)), maxRecord)
	for i := 0; i*8 < l.n; i++ {
		*(*uint64)(unsafe.Pointer(&l.text[i*8])) = r.text[i].Load()
	}
	return r.state.Load() == seq<<1
}

// oldest returns the first sequence number that is still in the ring when last is the newest.
func oldest(last uint64) uint64 { return max(last, nRecords) - nRecords + 1 }

// pending reports whether record seq, which could not be loaded, is still to come.
func pending(seq, last uint64) bool {
	switch state := ring.records[seq%nRecords].state.Load(); {
	case state == seq<<1|1:
		return true
	case state >= seq<<1:
		return false // complete now, or overwritten
	}
	return last-seq < holeAge
}

// Sink sees each record in order: its level, time and text without newline. It runs with interrupts off, one call at a
// time; what it logs itself is shown afterwards. The text is valid during the call only.
type Sink func(level Level, ns uint64, text []byte)

// feeder shows the records to the sinks. Whoever sets busy feeds; nobody waits for it but AddSink.
type feeder struct {
	busy   atomic.Uint32
	shown  uint64 // last record shown; guarded by busy, as all below
	sinks  [4]Sink
	nsinks int
	line   line
}

var console feeder

// AddSink registers a sink and shows it what has been logged so far.
func AddSink(s Sink) {
	c := &console
	for !c.busy.CompareAndSwap(0, 1) && !Panicking {
		arch.Pause()
	}
	flags := arch.IRQDisable()
	for seq := oldest(c.shown); seq <= c.shown; seq++ {
		if c.line.load(seq) {
			s(c.line.level, c.line.time, c.line.text[:c.line.n])
		}
	}
	if c.nsinks < len(c.sinks) {
		c.sinks[c.nsinks] = s
		c.nsinks++
	}
	arch.IRQRestore(flags)
	c.busy.Store(0)
	c.flush()
}

// flush shows what is complete, in order, unless somebody else does.
func (c *feeder) flush() {
	for more := true; more; {
		if !c.busy.CompareAndSwap(0, 1) && !Panicking {
			return
		}
		for c.showNext() {
		}
		next := c.shown + 1
		c.busy.Store(0)
		// A record completed since then found us busy.
		more = ring.records[next%nRecords].state.Load() == next<<1
	}
}

// showNext shows the next record, or steps over one that is gone; false at the end. Interrupts are off for one record
// at a time: consoles are slow.
func (c *feeder) showNext() bool {
	last := ring.next.Load()
	seq := max(c.shown+1, oldest(last))
	if seq > last {
		return false
	}
	flags := arch.IRQDisable()
	if c.line.load(seq) {
		c.shown = seq
		for _, s := range c.sinks[:c.nsinks] {
			s(c.line.level, c.line.time, c.line.text[:c.line.n])
		}
	} else if pending(seq, last) && !Panicking {
		arch.IRQRestore(flags)
		return false // its writer will show it
	} else if ring.records[seq%nRecords].state.Load() != seq<<1 {
		c.shown = seq
	}
	arch.IRQRestore(flags)
	return true
}
