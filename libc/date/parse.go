package date

import "galago/libc/str"

// ParseStamp reads [[CC]YY]MMDDhhmm[.SS], the time of touch -t and date (POSIX.1-2017 XCU touch); now supplies a missing year.
func ParseStamp(s string, now int64, z Zone) (unix int64, ok bool) {
	digits, secs, point := str.Cut(s, '.')
	sec := 0
	if point {
		if sec, ok = two(secs, 0); !ok || len(secs) != 2 || sec > 60 {
			return 0, false
		}
	}
	year := Civil(now, 0, z).Year
	switch len(digits) {
	case 12:
		v, ok := str.ParseUint(digits[:4], 10)
		if !ok {
			return 0, false
		}
		year, digits = int64(v), digits[4:]
	case 10:
		yy, ok := two(digits, 0)
		if !ok {
			return 0, false
		}
		year, digits = 1900+int64(yy), digits[2:]
		if yy < 69 {
			year += 100
		}
	case 8:
	default:
		return 0, false
	}
	mon, ok1 := two(digits, 0)
	day, ok2 := two(digits, 2)
	hour, ok3 := two(digits, 4)
	minute, ok4 := two(digits, 6)
	if !ok1 || !ok2 || !ok3 || !ok4 || !valid(year, mon, day, hour, minute) {
		return 0, false
	}
	return Seconds(year, mon, day, hour, minute, sec, z), true
}

func two(s string, at int) (int, bool) {
	if len(s) < at+2 {
		return 0, false
	}
	v, ok := str.ParseUint(s[at:at+2], 10)
	return int(v), ok
}

func valid(year int64, mon, day, hour, minute int) bool {
	if mon < 1 || mon > 12 || day < 1 || hour > 23 || minute > 59 {
		return false
	}
	return int64(day) <= Days(year, mon+1, 1)-Days(year, mon, 1)
}

// Parse reads the dates that date -d and touch -d are mostly given: @seconds, now, today, yesterday, tomorrow, N unit [ago],
// YYYY-MM-DD, hh:mm[:ss[.fraction]], both with a blank or T between, and a zone as Z, UTC or +hh[[:]mm].
func Parse(s string, now, nowNsec int64, z Zone) (sec, nsec int64, ok bool) {
	if str.HasPrefix(s, "@") {
		return parseSeconds(s[1:])
	}
	p := dateParser{t: Civil(now, nowNsec, z), zone: z}
	for i, c := range []byte(s) { // the T between date and time
		if (c == 'T' || c == 't') && i > 0 && str.IsDigit(s[i-1]) && i+1 < len(s) && str.IsDigit(s[i+1]) {
			s = s[:i] + " " + s[i+1:]
		}
	}
	words := str.Fields(s)
	for i := 0; i < len(words); {
		n := p.word(words[i:])
		if n == 0 {
			return 0, 0, false
		}
		i += n
	}
	if len(words) == 0 || p.dateGiven && !p.timeGiven {
		p.midnight()
	}
	t := &p.t
	if !valid(t.Year, t.Month, t.Day, t.Hour, t.Minute) {
		return 0, 0, false
	}
	sec = Seconds(t.Year, t.Month+int(p.months), t.Day, t.Hour, t.Minute, t.Second, p.zone)
	return sec + p.seconds, t.Nsec, true
}

func parseSeconds(s string) (sec, nsec int64, ok bool) {
	neg := str.HasPrefix(s, "-")
	if neg {
		s = s[1:]
	}
	if s == "" || !str.IsDigit(s[len(s)-1]) {
		return 0, 0, false
	}
	sec, nsec, ok = Duration(s)
	if neg {
		sec = -sec
		if nsec > 0 {
			sec, nsec = sec-1, 1e9-nsec
		}
	}
	return sec, nsec, ok
}

type dateParser struct {
	t                    Time
	zone                 Zone
	dateGiven, timeGiven bool
	months, seconds      int64 // relative
}

func (p *dateParser) midnight() { p.t.Hour, p.t.Minute, p.t.Second, p.t.Nsec = 0, 0, 0, 0 }

// word reads the first of words, or more if they belong together; it returns how many, 0 on an error.
func (p *dateParser) word(words []string) int {
	w := words[0]
	switch lower(w) {
	case "now", "today":
		p.timeGiven = true
		return 1
	case "yesterday":
		p.seconds -= 86400
		return 1
	case "tomorrow":
		p.seconds += 86400
		return 1
	case "z", "utc", "gmt":
		p.zone = UTC
		return 1
	}
	if str.IndexByte(w, ':') > 0 {
		return p.clock(w)
	}
	if len(w) >= 8 && str.IsDigit(w[0]) && str.IndexByte(w, '-') > 0 {
		return p.calendar(w)
	}
	if len(w) == 8 && allDigits(w) {
		return p.calendar(w[:4] + "-" + w[4:6] + "-" + w[6:])
	}
	if n := p.relative(words); n > 0 {
		return n
	}
	if (w[0] == '+' || w[0] == '-') && p.offset(w) {
		return 1
	}
	return 0
}

func allDigits(s string) bool {
	_, ok := str.ParseUint(s, 10)
	return ok
}

func lower(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = str.Lower(b[i])
	}
	return string(b)
}

func (p *dateParser) calendar(w string) int {
	parts := str.Split(w, '-')
	if len(parts) != 3 {
		return 0
	}
	y, ok1 := str.ParseUint(parts[0], 10)
	m, ok2 := str.ParseUint(parts[1], 10)
	d, ok3 := str.ParseUint(parts[2], 10)
	if !ok1 || !ok2 || !ok3 || y > 99999 || m > 12 || d > 31 {
		return 0
	}
	p.t.Year, p.t.Month, p.t.Day = int64(y), int(m), int(d)
	p.dateGiven = true
	return 1
}

// clock reads hh:mm[:ss[.fraction]] with a zone attached perhaps.
func (p *dateParser) clock(w string) int {
	for i, c := range []byte(w) {
		if c == 'Z' || c == '+' || c == '-' {
			if c == 'Z' {
				p.zone = UTC
			} else if !p.offset(w[i:]) {
				return 0
			}
			w = w[:i]
			break
		}
	}
	parts := str.Split(w, ':')
	if len(parts) < 2 || len(parts) > 3 {
		return 0
	}
	h, ok1 := str.ParseUint(parts[0], 10)
	m, ok2 := str.ParseUint(parts[1], 10)
	s, ns, ok3 := int64(0), int64(0), true
	if len(parts) == 3 {
		s, ns, ok3 = Duration(parts[2])
	}
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || s > 60 {
		return 0
	}
	p.t.Hour, p.t.Minute, p.t.Second, p.t.Nsec = int(h), int(m), int(s), ns
	p.timeGiven = true
	return 1
}

// offset reads +hh, +hhmm or +hh:mm.
func (p *dateParser) offset(w string) bool {
	sign := 1
	if w[0] == '-' {
		sign = -1
	}
	hm := w[1:]
	if h, m, found := str.Cut(hm, ':'); found {
		hm = h + m
	}
	if len(hm) == 2 {
		hm += "00"
	}
	h, ok1 := two(hm, 0)
	m, ok2 := two(hm, 2)
	if len(hm) != 4 || !ok1 || !ok2 || h > 24 || m > 59 {
		return false
	}
	p.zone = Zone{"", sign * (h*3600 + m*60)}
	return true
}

// relative reads "[+-]N unit [ago]".
func (p *dateParser) relative(words []string) int {
	n, ok := str.Atoi(words[0])
	if !ok || len(words) < 2 {
		return 0
	}
	used := 2
	if len(words) > 2 && lower(words[2]) == "ago" {
		n, used = -n, 3
	}
	unit := lower(words[1])
	if str.HasSuffix(unit, "s") {
		unit = unit[:len(unit)-1]
	}
	switch unit {
	case "sec", "second":
		p.seconds += n
	case "min", "minute":
		p.seconds += n * 60
	case "hour":
		p.seconds += n * 3600
	case "day":
		p.seconds += n * 86400
	case "week":
		p.seconds += n * 7 * 86400
	case "month":
		p.months += n
	case "year":
		p.months += 12 * n
	default:
		return 0
	}
	p.timeGiven = true
	return used
}
