// Package klog is the kernel's log: a ring of time-stamped records that dmesg reads, and sinks (the console) that see
// every record in order. It works in any context: interrupts, NMIs, panics, under any lock, before memory is up.
//
// Invariants: arguments of Printf and its kin do not escape. Logging takes no lock and waits for nobody; a sink is
// called by one CPU at a time.
package klog

import (
	"galago/arch"
	"galago/kernel/format"
)

// Level is a record's severity, numbered as syslog(3)'s.
type Level uint8

// Hex is printed in hexadecimal by %v.
type Hex = format.Hex

// Format writes formatted text to buf and returns its length (package format).
func Format(buf []byte, f string, args ...any) int { return format.Format(buf, f, args...) }

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

// Clock gives the time stamps; package time sets it.
var Clock func() uint64

// Panicking makes the console ignore who was writing to it: only one CPU is left running.
var Panicking bool

// Printf logs a line at level Info; a trailing newline is dropped.
func Printf(format string, args ...any) { Log(Info, format, args...) }

// Warnf and Errorf log at their levels.
func Warnf(format string, args ...any)  { Log(Warn, format, args...) }
func Errorf(format string, args ...any) { Log(Err, format, args...) }

// Log logs a line and shows it to the sinks, unless they are at work on earlier lines: then whoever feeds them shows
// this one too. It never waits for a lock.
func Log(level Level, f string, args ...any) {
	var buf [maxRecord]byte
	flags := arch.IRQDisable()
	seq, r := claim()
	if r != nil {
		ns := uint64(0)
		if Clock != nil {
			ns = Clock()
		}
		n := Format(buf[:], f, args...)
		if n > 0 && buf[n-1] == '\n' {
			n--
		}
		r.publish(seq, level, ns, buf[:n])
	}
	arch.IRQRestore(flags)
	console.flush()
}

// Read copies the first record with a sequence number above after into buf, as "<level>[sec.usec] text\n" (the level
// only if withLevel), and returns its length and number; 0, 0 at the end.
func Read(after uint64, buf []byte, withLevel bool) (n int, seq uint64) {
	var l line
	for seq = max(after, ring.cleared.Load()) + 1; ; seq++ {
		last := ring.next.Load()
		seq = max(seq, oldest(last))
		if seq > last {
			return 0, 0
		}
		if l.load(seq) {
			break
		}
		if pending(seq, last) {
			return 0, 0
		}
	}
	if withLevel {
		n = Format(buf, "<%d>", uint8(l.level))
	}
	n += Format(buf[n:], "[%5d.%06d] %s\n", l.time/1e9, l.time%1e9/1e3, l.text[:l.n])
	return n, seq
}

// Last returns the sequence number of the newest record.
func Last() uint64 { return ring.next.Load() }

// Lost returns how many records found no place, their slot's former writer being interrupted for a whole lap.
func Lost() uint64 { return ring.lost.Load() }

// Clear makes Read begin after what has been logged so far.
func Clear() { ring.cleared.Store(ring.next.Load()) }
