// Package rtc reads the PC's real-time clock (Motorola MC146818A data sheet; the century register is ACPI's, ACPI 6.5 table
// 5.9, FADT.CENTURY). The kernel asks it once, at boot, for the time of day, which it takes for UTC.
package rtc

import "galago/drivers/hw"

// I/O ports: the register's number goes to index, its value is at data. Bit 7 of index masks NMIs and is left 0.
const (
	index = 0x70
	data  = 0x71
)

// Registers and bits.
const (
	regSecond  = 0
	regMinute  = 2
	regHour    = 4
	regDay     = 7
	regMonth   = 8
	regYear    = 9
	regA       = 0x0a
	regB       = 0x0b
	updating   = 1 << 7 // A: an update is near or going on
	hours24    = 1 << 1 // B
	binary     = 1 << 2 // B
	pm         = 1 << 7 // hour, in 12-hour mode
	noSuchTime = -1
)

// raw is the clock's registers as read.
type raw struct {
	second, minute, hour, day, month, year, century uint8
	b                                               uint8
}

func read(reg uint8) uint8 {
	hw.Out8(index, reg)
	return hw.In8(data)
}

// Now returns the time of day in seconds since the Epoch; ok is false when there is no clock or it shows no time. century is
// the number of the century register, 0 if there is none.
func Now(century uint8) (seconds int64, ok bool) {
	var r, again raw
	const tries = 10
	for range tries {
		if !snapshot(&r, century) {
			return 0, false
		}
		// An update takes at most 1984 µs and is announced 244 µs ahead, but a reading may have been slow: only two equal
		// ones count.
		if snapshot(&again, century) && r == again {
			seconds = r.seconds(century != 0)
			return seconds, seconds != noSuchTime
		}
	}
	return 0, false
}

// snapshot reads all registers outside an update; false when the update flag never clears, as where no clock is.
func snapshot(r *raw, century uint8) bool {
	const patience = 100_000 // reads of about a microsecond; an update takes two thousand
	for i := 0; read(regA)&updating != 0; i++ {
		if i == patience {
			return false
		}
	}
	*r = raw{second: read(regSecond), minute: read(regMinute), hour: read(regHour), day: read(regDay),
		month: read(regMonth), year: read(regYear), b: read(regB)}
	if century != 0 {
		r.century = read(century)
	}
	return true
}

// decode turns a register's value into a number.
func (r *raw) decode(v uint8) int {
	if r.b&binary != 0 {
		return int(v)
	}
	if v&15 > 9 || v>>4 > 9 {
		return noSuchTime
	}
	return int(v>>4)*10 + int(v&15)
}

// seconds converts the clock's reading to seconds since the Epoch, or noSuchTime. Without a century register years below 70
// are of the twenty-first century.
func (r *raw) seconds(hasCentury bool) int64 {
	h := r.hour
	if r.b&hours24 == 0 {
		h &^= pm
	}
	second, minute, hour := r.decode(r.second), r.decode(r.minute), r.decode(h)
	day, month, year := r.decode(r.day), r.decode(r.month), r.decode(r.year)
	if r.b&hours24 == 0 {
		if hour < 1 || hour > 12 {
			return noSuchTime
		}
		hour %= 12
		if r.hour&pm != 0 {
			hour += 12
		}
	}
	if year < 0 || year > 99 {
		return noSuchTime
	}
	century := 0
	if hasCentury {
		century = r.decode(r.century)
	}
	switch {
	case century >= 19 && century <= 25: // others are no century: the register is not what it should be
		year += 100 * century
	case year < 70:
		year += 2000
	default:
		year += 1900
	}
	if year < 1970 || month < 1 || month > 12 || day < 1 || day > daysIn(month, year) || hour < 0 || hour > 23 ||
		minute < 0 || minute > 59 || second < 0 || second > 60 {
		return noSuchTime
	}
	return ((days(year, month, day)*24+int64(hour))*60+int64(minute))*60 + int64(second)
}

var monthDays = [12]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysIn(month, year int) int {
	if month == 2 && leap(year) {
		return 29
	}
	return monthDays[month-1]
}

// days counts the days from 1 January 1970 to a date of the Gregorian calendar from 1970 on.
func days(year, month, day int) int64 {
	y := year - 1
	n := y*365 + y/4 - y/100 + y/400 - 719162 // days before 1970
	for m := 1; m < month; m++ {
		n += daysIn(m, year)
	}
	return int64(n + day - 1)
}
