//go:build !galago

package time

import (
	"bytes"
	"runtime"
	"strconv"
	"sync"
	gotime "time"

	"galago/arch"
)

// Hosted, the host's clock is the clock, and a goroutine per deadline stands for the timer interrupt.

var interrupts sync.Mutex // the one CPU takes one interrupt at a time

func init() {
	SetClock(arch.Cycles, Second)
	now := gotime.Now()
	SetWall(now.Unix(), int64(now.Nanosecond()))
	ProgramEvent = func(deadline uint64) {
		if deadline == never {
			return
		}
		d := gotime.Duration(0)
		if now := Now(); deadline > now {
			d = gotime.Duration(min(deadline-now, 1<<62))
		}
		gotime.AfterFunc(d, func() {
			interrupts.Lock()
			defer interrupts.Unlock()
			RunTimers()
		})
	}
}

// runner is the goroutine that runs a queue's timer. It is read and written under the queue's lock.
type runner struct{ id int }

func (r *runner) enter() { r.id = goroutine() }

func (r *runner) here(*queue) bool { return r.id == goroutine() }

// goroutine returns the caller's identifier, from the only place that tells it: "goroutine 17 [running]:…".
func goroutine() int {
	var b [64]byte
	f := bytes.Fields(b[:runtime.Stack(b[:], false)])
	id, _ := strconv.Atoi(string(f[1]))
	return id
}

func yield() { runtime.Gosched() }
