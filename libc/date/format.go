package date

import "galago/libc/str"

// Format writes a time as strftime(3) does in the POSIX locale. The flags - (no padding), _ (blanks) and 0 stand before a
// letter, as does a width; %N is nanoseconds and %s seconds since 1970.
func Format(format string, t *Time) string {
	var b []byte
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b = append(b, format[i])
			continue
		}
		f := field{t: t}
		start := i
		i++
		for ; i < len(format) && str.IndexByte("-_0^#:", format[i]) >= 0; i++ {
			if format[i] == ':' {
				f.colons++
			} else {
				f.flag = format[i]
			}
		}
		for ; i < len(format) && str.IsDigit(format[i]); i++ {
			f.width = min(f.width*10+int(format[i]-'0'), 1000)
		}
		if i < len(format) && (format[i] == 'E' || format[i] == 'O') && i+1 < len(format) {
			i++
		}
		if i == len(format) {
			b = append(b, format[start:]...)
			break
		}
		text, ok := f.conversion(format[i])
		if !ok {
			text = format[start : i+1]
		}
		b = append(b, text...)
	}
	return string(b)
}

type field struct {
	t      *Time
	flag   byte
	width  int
	colons int
}

// number pads v; pad is '0' or ' '.
func (f *field) number(v int64, width int, pad byte) string {
	s := str.Itoa(v)
	switch f.flag {
	case '-':
		return s
	case '_':
		pad = ' '
	case '0':
		pad = '0'
	}
	for width = max(width, f.width); len(s) < width; {
		if pad == '0' && s[0] == '-' {
			s = "-0" + s[1:]
		} else {
			s = string([]byte{pad}) + s
		}
	}
	return s
}

func (f *field) text(s string) string {
	b := []byte(s)
	for i := range b {
		if f.flag == '^' {
			b[i] = str.Upper(b[i])
		}
	}
	return str.PadLeft(string(b), f.width)
}

func (f *field) conversion(c byte) (string, bool) {
	t := f.t
	switch c {
	case 'a':
		return f.text(dayNames[t.Weekday][:3]), true
	case 'A':
		return f.text(dayNames[t.Weekday]), true
	case 'b', 'h':
		return f.text(monthNames[t.Month-1][:3]), true
	case 'B':
		return f.text(monthNames[t.Month-1]), true
	case 'c':
		return f.text(Format("%a %b %e %H:%M:%S %Y", t)), true
	case 'D', 'x':
		return f.text(Format("%m/%d/%y", t)), true
	case 'F':
		return f.text(Format("%Y-%m-%d", t)), true
	case 'n':
		return "\n", true
	case 'N':
		return f.nanoseconds(), true
	case 'p':
		return f.text([...]string{"AM", "PM"}[t.Hour/12]), true
	case 'P':
		return f.text([...]string{"am", "pm"}[t.Hour/12]), true
	case 'r':
		return f.text(Format("%I:%M:%S %p", t)), true
	case 'R':
		return f.text(Format("%H:%M", t)), true
	case 't':
		return "\t", true
	case 'T', 'X':
		return f.text(Format("%H:%M:%S", t)), true
	case 'z':
		return f.zone(), true
	case 'Z':
		return f.text(t.Zone), true
	case '%':
		return "%", true
	}
	return f.numeric(c)
}

func (f *field) numeric(c byte) (string, bool) {
	t := f.t
	switch c {
	case 'C':
		q, _ := floorDiv(t.Year, 100)
		return f.number(q, 2, '0'), true
	case 'd':
		return f.number(int64(t.Day), 2, '0'), true
	case 'e':
		return f.number(int64(t.Day), 2, ' '), true
	case 'g':
		y, _ := isoWeek(t)
		return f.number(y%100, 2, '0'), true
	case 'G':
		y, _ := isoWeek(t)
		return f.number(y, 1, '0'), true
	case 'H':
		return f.number(int64(t.Hour), 2, '0'), true
	case 'I':
		return f.number(int64((t.Hour+11)%12+1), 2, '0'), true
	case 'j':
		return f.number(int64(t.Yearday+1), 3, '0'), true
	case 'k':
		return f.number(int64(t.Hour), 2, ' '), true
	case 'l':
		return f.number(int64((t.Hour+11)%12+1), 2, ' '), true
	case 'm':
		return f.number(int64(t.Month), 2, '0'), true
	case 'M':
		return f.number(int64(t.Minute), 2, '0'), true
	case 'q':
		return f.number(int64((t.Month+2)/3), 1, '0'), true
	case 's':
		return f.number(t.Unix, 1, '0'), true
	case 'S':
		return f.number(int64(t.Second), 2, '0'), true
	case 'u':
		return f.number(int64((t.Weekday+6)%7+1), 1, '0'), true
	case 'U':
		return f.number(int64((t.Yearday+7-t.Weekday)/7), 2, '0'), true
	case 'V':
		_, w := isoWeek(t)
		return f.number(int64(w), 2, '0'), true
	case 'w':
		return f.number(int64(t.Weekday), 1, '0'), true
	case 'W':
		return f.number(int64((t.Yearday+7-(t.Weekday+6)%7)/7), 2, '0'), true
	case 'y':
		_, r := floorDiv(t.Year, 100)
		return f.number(r, 2, '0'), true
	case 'Y':
		return f.number(t.Year, 1, '0'), true
	}
	return "", false
}

func (f *field) nanoseconds() string {
	s := str.Itoa(t9(f.t.Nsec))[1:]
	if f.width > 0 && f.width < 9 {
		return s[:f.width]
	}
	return s
}

// t9 puts a 1 before nine digits.
func t9(nsec int64) int64 { return 1e9 + nsec }

func (f *field) zone() string {
	off, sign := f.t.Offset, "+"
	if off < 0 {
		off, sign = -off, "-"
	}
	two := func(v int) string { return str.Itoa(int64(100 + v))[1:] }
	h, m, s := two(off/3600), two(off/60%60), two(off%60)
	switch f.colons {
	case 0:
		return sign + h + m
	case 1:
		return sign + h + ":" + m
	}
	return sign + h + ":" + m + ":" + s
}

// isoWeek returns the year and week of ISO 8601: week 1 holds the year's first Thursday.
func isoWeek(t *Time) (year int64, week int) {
	monday := (t.Weekday + 6) % 7
	thursday := Days(t.Year, t.Month, t.Day) - int64(monday) + 3
	c := Civil(thursday*86400, 0, UTC)
	return c.Year, c.Yearday/7 + 1
}
