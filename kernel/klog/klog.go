package klog

import (
	"sync/atomic"

	"galago/arch"
	"galago/kernel/lock"
)

// Level is a record's severity, numbered as syslog(3)'s.
type Level uint8

// Severities.
const (
	Emerg Level = iota
	Alert
	Crit
	Err
	Warn
	Notice
	Info
	Debug
)

const (
	maxRecord = 256
	nRecords  = 1024
)

// record is one line of the log. seq is 1-based and marks the slot valid; it is written last.
type record struct {
	seq   atomic.Uint64
	time  uint64 // ns since boot
	level Level
	n     uint16
	text  [maxRecord]byte
}

var log struct {
	lock    lock.Spin
	next    uint64 // sequence number of the last record; guarded by lock
	records [nRecords]record
	sinks   [4]Sink
	nsinks  int
	cleared uint64
}

// Sink sees each record as it is logged: its level, time and text without newline. It runs with the log
// locked and interrupts off; it must not log.
type Sink func(level Level, ns uint64, text []byte)

// Clock gives the time stamps; package time sets it.
var Clock func() uint64

// Panicking makes the log ignore its lock: only one CPU is left running.
var Panicking bool

func init() { log.lock.Init(lock.RankLog) }

// AddSink registers a sink and shows it what has been logged so far.
func AddSink(s Sink) {
	f := log.lock.LockIRQ()
	if log.nsinks < len(log.sinks) {
		log.sinks[log.nsinks] = s
		log.nsinks++
	}
	for seq := max(log.next, nRecords) - nRecords + 1; seq <= log.next; seq++ {
		r := &log.records[seq%nRecords]
		s(r.level, r.time, r.text[:r.n])
	}
	log.lock.UnlockIRQ(f)
}

// Printf logs a line at level Info; a trailing newline is dropped.
func Printf(format string, args ...any) { Log(Info, format, args...) }

// Warnf and Errorf log at their levels.
func Warnf(format string, args ...any)  { Log(Warn, format, args...) }
func Errorf(format string, args ...any) { Log(Err, format, args...) }

// Log logs a line.
func Log(level Level, format string, args ...any) {
	var f uintptr
	if Panicking {
		f = arch.IRQDisable()
	} else {
		f = log.lock.LockIRQ()
	}
	log.next++
	r := &log.records[log.next%nRecords]
	r.seq.Store(0)
	r.level = level
	r.time = 0
	if Clock != nil {
		r.time = Clock()
	}
	n := Format(r.text[:], format, args...)
	if n > 0 && r.text[n-1] == '\n' {
		n--
	}
	r.n = uint16(n)
	r.seq.Store(log.next)
	for _, s := range log.sinks[:log.nsinks] {
		s(level, r.time, r.text[:n])
	}
	if Panicking {
		arch.IRQRestore(f)
	} else {
		log.lock.UnlockIRQ(f)
	}
}

// Read copies the first record with a sequence number above after into buf, as "<level>[sec.usec] text\n" (the level
// only if withLevel), and returns its length and number; 0, 0 at the end.
func Read(after uint64, buf []byte, withLevel bool) (n int, seq uint64) {
	f := log.lock.LockIRQ()
	defer log.lock.UnlockIRQ(f)
	seq = max(after+1, max(log.next, nRecords)-nRecords+1, log.cleared+1)
	if seq > log.next {
		return 0, 0
	}
	r := &log.records[seq%nRecords]
	if withLevel {
		n = Format(buf, "<%d>", uint8(r.level))
	}
	n += Format(buf[n:], "[%5d.%06d] %s\n", r.time/1e9, r.time%1e9/1e3, r.text[:r.n])
	return n, seq
}

// Clear makes Read begin after what has been logged so far.
func Clear() {
	f := log.lock.LockIRQ()
	log.cleared = log.next
	log.lock.UnlockIRQ(f)
}
