package date

import (
	"math/rand"
	"testing"
	"time"
)

func TestCalendar(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	check := func(unix int64) {
		c := Civil(unix, 0, UTC)
		g := time.Unix(unix, 0).UTC()
		if c.Year != int64(g.Year()) || c.Month != int(g.Month()) || c.Day != g.Day() || c.Hour != g.Hour() || c.Minute != g.Minute() ||
			c.Second != g.Second() || c.Weekday != int(g.Weekday()) || c.Yearday+1 != g.YearDay() {
			t.Fatalf("%d: %+v, want %v", unix, c, g)
		}
		if y, w := g.ISOWeek(); Format("%G %V", &c) != itoa(y, 1)+" "+itoa(w, 2) {
			t.Fatalf("%d: week %s, want %d %d", unix, Format("%G %V", &c), y, w)
		}
		if back := Seconds(c.Year, c.Month, c.Day, c.Hour, c.Minute, c.Second, UTC); back != unix {
			t.Fatalf("%d comes back as %d", unix, back)
		}
	}
	for _, u := range []int64{0, -1, 951782400, 951868800, 4107542399, -62135596800, 1709164800} {
		check(u)
	}
	for range 50000 {
		check(rnd.Int63n(400*366*86400) - 100*366*86400)
	}
}

func itoa(v, width int) string {
	s := ""
	for v > 0 || len(s) < width {
		s = string(rune('0'+v%10)) + s
		v /= 10
	}
	return s
}

func TestZone(t *testing.T) {
	for tz, want := range map[string]Zone{"": UTC, "UTC0": {"UTC", 0}, "CET-1": {"CET", 3600}, "EST5": {"EST", -18000}, "IST-5:30": {"IST", 19800},
		"x": UTC, "Europe/Berlin": UTC, "ABC99": UTC} {
		if got := ParseZone(tz); got != want {
			t.Errorf("%q: %v, want %v", tz, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	const now = 1700000000 // 2023-11-14 22:13:20
	for s, want := range map[string]int64{"@5": 5, "@-5": -5, "now": now, "2000-01-01": 946684800, "2000-01-01 00:00:10": 946684810,
		"2000-01-01T01:00:00Z": 946688400, "2000-01-01 01:00 +0100": 946684800, "yesterday": now - 86400, "tomorrow": now + 86400,
		"3 days ago": now - 3*86400, "+1 hour": now + 3600, "1 month": 1702592000, "20000102": 946771200, "10:00": 1699956000} {
		if got, _, ok := Parse(s, now, 0, UTC); !ok || got != want {
			t.Errorf("%q: %d, %v, want %d", s, got, ok, want)
		}
	}
	for _, s := range []string{"x", "2000-13-01", "2000-02-30", "25:00", "3 apples", "@x", "1"} {
		if v, _, ok := Parse(s, now, 0, UTC); ok {
			t.Errorf("%q is accepted: %d", s, v)
		}
	}
	for s, want := range map[string]int64{"202001021530.45": 1577979045, "01021530": 1672673400, "9901021530": 915291000, "6801010000": 3092601600} {
		if got, ok := ParseStamp(s, now, UTC); !ok || got != want {
			t.Errorf("stamp %q: %d, %v, want %d", s, got, ok, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for s, want := range map[string][2]int64{"1": {1, 0}, "1.5": {1, 5e8}, ".25": {0, 25e7}, "2m": {120, 0}, "1.5h": {5400, 0}, "0.1m": {6, 0}, "1d": {86400, 0}} {
		if sec, nsec, ok := Duration(s); !ok || sec != want[0] || nsec != want[1] {
			t.Errorf("%q: %d %d %v", s, sec, nsec, ok)
		}
	}
	for _, s := range []string{"", "x", "-1", "1.x", "1w", ".", "99999999999999999999"} {
		if _, _, ok := Duration(s); ok {
			t.Errorf("%q is accepted", s)
		}
	}
}
