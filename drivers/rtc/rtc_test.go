package rtc

import (
	"sync"
	"testing"
	"time"

	"galago/drivers/hw"
)

// fakeClock is an MC146818 that shows a fixed time. busy reads of register A report an update; torn makes the second
// register change between the first and the second reading.
type fakeClock struct {
	mu    sync.Mutex
	index uint8
	regs  [128]uint8
	busy  int
	torn  int
}

func (c *fakeClock) Read(off uintptr, size int) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if off == 0 {
		return 0xff
	}
	switch {
	case c.index == regA && c.busy > 0:
		c.busy--
		return updating
	case c.index == regSecond && c.torn > 0:
		c.torn--
		return uint64(c.regs[regSecond] - 1)
	}
	return uint64(c.regs[c.index])
}

func (c *fakeClock) Write(off uintptr, size int, v uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if off == 0 {
		c.index = uint8(v) & 0x7f
	} else {
		c.regs[c.index] = uint8(v)
	}
}

func bcd(n int) uint8 { return uint8(n/10<<4 | n%10) }

const centuryReg = 0x32

// set makes the clock show t in the format that mode (register B) says.
func (c *fakeClock) set(t time.Time, mode uint8) {
	enc := func(n int) uint8 {
		if mode&binary != 0 {
			return uint8(n)
		}
		return bcd(n)
	}
	hour := enc(t.Hour())
	if mode&hours24 == 0 {
		hour = enc((t.Hour()+11)%12 + 1)
		if t.Hour() >= 12 {
			hour |= pm
		}
	}
	c.regs[regSecond], c.regs[regMinute], c.regs[regHour] = enc(t.Second()), enc(t.Minute()), hour
	c.regs[regDay], c.regs[regMonth], c.regs[regYear] = enc(t.Day()), enc(int(t.Month())), enc(t.Year()%100)
	c.regs[centuryReg], c.regs[regB] = enc(t.Year()/100), mode
}

func TestNow(t *testing.T) {
	c := &fakeClock{}
	hw.AttachPorts(index, 2, c)
	times := []time.Time{
		time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC),
		time.Date(2000, 2, 29, 12, 0, 0, 0, time.UTC),
		time.Date(2000, 3, 1, 0, 30, 0, 0, time.UTC),
		time.Date(2024, 2, 29, 11, 59, 59, 0, time.UTC),
		time.Date(2026, 11, 23, 13, 5, 9, 0, time.UTC),
		time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC),
		time.Date(2069, 12, 31, 0, 0, 0, 0, time.UTC),
		time.Date(2100, 3, 1, 12, 34, 56, 0, time.UTC),
	}
	for _, want := range times {
		for _, mode := range []uint8{0, hours24, binary, hours24 | binary} {
			c.set(want, mode)
			c.busy, c.torn = 3, 1
			if got, ok := Now(centuryReg); !ok || got != want.Unix() {
				t.Errorf("%v mode %x: %d %v, want %d", want, mode, got, ok, want.Unix())
			}
			if want.Year() >= 2070 {
				continue
			}
			if got, ok := Now(0); !ok || got != want.Unix() {
				t.Errorf("%v mode %x without century: %d %v", want, mode, got, ok)
			}
		}
	}
}

// TestEveryDay compares the calendar with package time's.
func TestEveryDay(t *testing.T) {
	d := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	for d.Year() < 2500 {
		if got := days(d.Year(), int(d.Month()), d.Day()); got != d.Unix()/86400 {
			t.Fatalf("%v: %d, want %d", d, got, d.Unix()/86400)
		}
		d = d.AddDate(0, 0, 1)
	}
}

func TestBadReadings(t *testing.T) {
	good := raw{second: 0x59, minute: 0x59, hour: 0x23, day: 0x28, month: 0x02, year: 0x25, b: hours24}
	for name, change := range map[string]func(r *raw){
		"second":    func(r *raw) { r.second = 0x61 },
		"BCD digit": func(r *raw) { r.minute = 0x5a },
		"hour":      func(r *raw) { r.hour = 0x24 },
		"12-hour 0": func(r *raw) { r.b, r.hour = 0, 0 },
		"day 0":     func(r *raw) { r.day = 0 },
		"29 Feb":    func(r *raw) { r.day = 0x29 },
		"month":     func(r *raw) { r.month = 0x13 },
		"all ones":  func(r *raw) { *r = raw{255, 255, 255, 255, 255, 255, 255, 255} },
		"all zero":  func(r *raw) { *r = raw{} },
		"year":      func(r *raw) { r.b, r.year = hours24|binary, 100 },
	} {
		r := good
		change(&r)
		if got := r.seconds(false); got != noSuchTime {
			t.Errorf("%s: %d", name, got)
		}
	}
	if good.seconds(false) == noSuchTime {
		t.Error("the good one is refused")
	}
	r := good
	r.century = 0xff
	if r.seconds(true) != good.seconds(false) {
		t.Error("a century register of nonsense counts")
	}
}

func TestNoClock(t *testing.T) {
	c := &fakeClock{busy: 1 << 30}
	hw.AttachPorts(index, 2, c)
	if _, ok := Now(0); ok {
		t.Error("a clock that always updates gave a time")
	}
}
