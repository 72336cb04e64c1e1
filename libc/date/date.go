// Package date is the calendar: seconds since 1970 to and from year, month, day; strftime; durations. Time zones are those
// of a POSIX TZ string without daylight saving rules ("CET-1"); without one, UTC.
package date

import "galago/libc/str"

// Time is a broken-down time of the proleptic Gregorian calendar.
type Time struct {
	Year                             int64
	Month, Day, Hour, Minute, Second int // Month 1–12
	Weekday, Yearday                 int // 0 is Sunday; 0 is January 1
	Nsec                             int64
	Offset                           int // seconds east of UTC
	Zone                             string
	Unix                             int64
}

// Zone is a fixed offset from UTC.
type Zone struct {
	Name   string
	Offset int
}

// UTC is the default zone.
var UTC = Zone{"UTC", 0}

// ParseZone reads a TZ string: a name of letters, then hours[:minutes], positive to the west (POSIX.1-2017 XBD 8.3).
func ParseZone(tz string) Zone {
	n := 0
	for n < len(tz) && str.Lower(tz[n]) >= 'a' && str.Lower(tz[n]) <= 'z' {
		n++
	}
	if n < 3 || n == len(tz) {
		return UTC
	}
	name, rest := tz[:n], tz[n:]
	sign := -1
	if rest[0] == '-' || rest[0] == '+' {
		if rest[0] == '-' {
			sign = 1
		}
		rest = rest[1:]
	}
	hours, minutes, _ := str.Cut(rest, ':')
	h, ok := str.Atoi(hours)
	m := int64(0)
	if minutes != "" {
		var okM bool
		m, okM = str.Atoi(minutes)
		ok = ok && okM
	}
	if !ok || h < 0 || h > 24 || m < 0 || m > 59 {
		return UTC
	}
	return Zone{name, sign * int(h*3600+m*60)}
}

// Civil breaks seconds since 1970 down. Days are counted from March 1 of year 0, so that leap days end years.
func Civil(unix, nsec int64, z Zone) Time {
	t := Time{Nsec: nsec, Offset: z.Offset, Zone: z.Name, Unix: unix}
	local := unix + int64(z.Offset)
	days, secs := floorDiv(local, 86400)
	t.Hour, t.Minute, t.Second = int(secs/3600), int(secs/60%60), int(secs%60)
	_, wd := floorDiv(days+4, 7) // 1970-01-01 was a Thursday
	t.Weekday = int(wd)
	era, doe := floorDiv(days+719468, 146097)
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	t.Day = int(doy - (153*mp+2)/5 + 1)
	t.Month = int(mp) + 3
	t.Year = yoe + era*400
	if t.Month > 12 {
		t.Month -= 12
		t.Year++
	}
	t.Yearday = int(days - Days(t.Year, 1, 1))
	return t
}

func floorDiv(a, b int64) (q, r int64) {
	q, r = a/b, a%b
	if r < 0 {
		q--
		r += b
	}
	return q, r
}

// Days returns the days from 1970-01-01 to a date; months and days may be out of their ranges.
func Days(year int64, month, day int) int64 {
	over, m := floorDiv(int64(month)-1, 12)
	year += over
	m++
	if m <= 2 {
		year--
		m += 12
	}
	era, yoe := floorDiv(year, 400)
	doy := (153*(m-3) + 2) / 5
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468 + int64(day) - 1
}

// Seconds returns seconds since 1970 for a time in a zone.
func Seconds(year int64, month, day, hour, minute, second int, z Zone) int64 {
	return Days(year, month, day)*86400 + int64(hour)*3600 + int64(minute)*60 + int64(second) - int64(z.Offset)
}

// Names of the POSIX locale.
var (
	monthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September",
		"October", "November", "December"}
	dayNames = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
)

// MonthName returns the English name of month 1–12.
func MonthName(m int) string { return monthNames[m-1] }

// Duration reads a number of seconds with an optional fraction and unit (s, m, h, d).
func Duration(s string) (sec, nsec int64, ok bool) {
	unit := int64(1)
	if s != "" {
		switch s[len(s)-1] {
		case 's':
			s = s[:len(s)-1]
		case 'm':
			s, unit = s[:len(s)-1], 60
		case 'h':
			s, unit = s[:len(s)-1], 3600
		case 'd':
			s, unit = s[:len(s)-1], 86400
		}
	}
	whole, frac, point := str.Cut(s, '.')
	if whole == "" && frac == "" {
		return 0, 0, false
	}
	w, ok := uint64(0), true
	if whole != "" {
		w, ok = str.ParseUint(whole, 10)
	}
	if !ok || w > 1<<53/uint64(unit) {
		return 0, 0, false
	}
	f := int64(0)
	if point {
		for i := range 9 {
			f *= 10
			if i < len(frac) {
				f += int64(frac[i] - '0')
			}
		}
		for _, c := range []byte(frac) {
			if !str.IsDigit(c) {
				return 0, 0, false
			}
		}
	}
	f *= unit
	return int64(w)*unit + f/1e9, f % 1e9, true
}
