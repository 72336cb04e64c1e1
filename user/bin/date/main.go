//go:build galago_user

// Command date prints or sets the time (POSIX.1-2017 XCU date).
package main

import (
	"galago/libc/cmd"
	"galago/libc/date"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("[-uR] [-I[spec]] [-d time | -r file | -s time] [+format | [MMDDhhmm[[CC]YY][.ss]]]", "ud:r:s:RI::",
		"utc=u", "universal=u", "date:=d", "reference:=r", "set:=s", "rfc-email=R", "iso-8601?=I")
	tz, _ := cmd.Getenv("TZ")
	zone := date.ParseZone(tz)
	format := "%a %b %e %H:%M:%S %Z %Y"
	now := sys.ClockGettime(0)
	t, given, set := now, "", false
	for o.Next() {
		switch o.Opt {
		case 'u':
			zone = date.UTC
		case 'd', 's':
			given, set = o.Arg, o.Opt == 's'
		case 'r':
			var st sys.Stat
			if e := sys.StatPath(o.Arg, &st); e != 0 {
				stdio.Fatal(1, o.Arg, e)
			}
			t = st.MTime
		case 'R':
			format = "%a, %d %b %Y %H:%M:%S %z"
		case 'I':
			format = iso(o.Arg)
		}
	}
	if given != "" {
		var ok bool
		if t.Sec, t.Nsec, ok = date.Parse(given, now.Sec, now.Nsec, zone); !ok {
			cmd.Die("invalid date '" + given + "'")
		}
	}
	o.Need(0, 1)
	if len(o.Ops) == 1 {
		if a := o.Ops[0]; str.HasPrefix(a, "+") {
			format = a[1:]
		} else {
			t, set = posixTime(a, now.Sec, zone), true
		}
	}
	if set {
		if e := sys.ClockSettime(0, t); e != 0 {
			cmd.Fail("cannot set date", e)
		}
	}
	c := date.Civil(t.Sec, t.Nsec, zone)
	stdio.Puts(date.Format(format, &c))
	stdio.Out.Putc('\n')
	cmd.Done()
}

func iso(spec string) string {
	switch spec {
	case "", "date":
		return "%Y-%m-%d"
	case "hours":
		return "%Y-%m-%dT%H%:z"
	case "minutes":
		return "%Y-%m-%dT%H:%M%:z"
	case "seconds":
		return "%Y-%m-%dT%H:%M:%S%:z"
	case "ns":
		return "%Y-%m-%dT%H:%M:%S,%N%:z"
	}
	cmd.Die("invalid argument '" + spec + "' for -I")
	return ""
}

// posixTime reads MMDDhhmm[[CC]YY][.ss]; unlike touch's, the year comes last.
func posixTime(s string, now int64, zone date.Zone) sys.Timespec {
	body, secs, point := str.Cut(s, '.')
	if len(body) > 8 {
		body = body[8:] + body[:8]
	}
	if point {
		body += "." + secs
	}
	v, ok := date.ParseStamp(body, now, zone)
	if !ok {
		cmd.Die("invalid date '" + s + "'")
	}
	return sys.Timespec{Sec: v}
}
