//go:build galago_user

// Command touch sets the times of files, and makes those that do not exist (POSIX.1-2017 XCU touch).
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/date"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("[-acfhm] [-r file | -t [[CC]YY]MMDDhhmm[.SS] | -d date] file...", "acfhmr:t:d:", "no-create=c",
		"no-dereference=h", "reference:=r", "date:=d", "time:=T")
	access, modify, create, flags := false, false, true, 0
	now := sys.Timespec{Nsec: sys.UTIME_NOW}
	times := [2]sys.Timespec{now, now}
	tz, _ := cmd.Getenv("TZ")
	zone := date.ParseZone(tz)
	for o.Next() {
		ok := true
		switch o.Opt {
		case 'a':
			access = true
		case 'm':
			modify = true
		case 'c':
			create = false
		case 'h':
			flags, create = sys.AT_SYMLINK_NOFOLLOW, false
		case 'r':
			var st sys.Stat
			if e := sys.StatPath(o.Arg, &st); e != 0 {
				stdio.Fatal(1, "failed to get attributes of '"+o.Arg+"'", e)
			}
			times = [2]sys.Timespec{st.ATime, st.MTime}
		case 't':
			var s int64
			s, ok = date.ParseStamp(o.Arg, sys.ClockGettime(0).Sec, zone)
			times = [2]sys.Timespec{{Sec: s}, {Sec: s}}
		case 'd':
			var s, ns int64
			t := sys.ClockGettime(0)
			s, ns, ok = date.Parse(o.Arg, t.Sec, t.Nsec, zone)
			times = [2]sys.Timespec{{Sec: s, Nsec: ns}, {Sec: s, Nsec: ns}}
		case 'T':
			access, modify = access || o.Arg == "atime" || o.Arg == "access", modify || o.Arg == "mtime" || o.Arg == "modify"
		}
		if !ok {
			cmd.Die("invalid date '" + o.Arg + "'")
		}
	}
	o.Need(1, -1)
	if access && !modify {
		times[1] = sys.Timespec{Nsec: sys.UTIME_OMIT}
	}
	if modify && !access {
		times[0] = sys.Timespec{Nsec: sys.UTIME_OMIT}
	}
	for _, p := range o.Ops {
		touch(p, &times, create, flags)
	}
	cmd.Done()
}

func touch(path string, times *[2]sys.Timespec, create bool, flags int) {
	e := sys.Utimensat(path, times, flags)
	if e == errno.ENOENT && !create {
		return
	}
	if e == errno.ENOENT {
		var fd int
		if fd, e = sys.Open(path, sys.O_WRONLY|sys.O_CREAT|sys.O_NOCTTY|sys.O_NONBLOCK, 0o666); e == 0 {
			e = sys.Futimens(fd, times)
			sys.Close(fd)
		}
	}
	if e != 0 {
		cmd.Fail("cannot touch '"+path+"'", e)
	}
}
