//go:build galago_user

// Command sleep waits: seconds with a fraction, or with one of the units s, m, h, d; several are added.
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/date"
	"galago/libc/sys"
)

func main() {
	o := cmd.Options("number[smhd]...", "")
	ops := o.Rest()
	o.Need(1, -1)
	var total sys.Timespec
	for _, a := range ops {
		sec, nsec, ok := date.Duration(a)
		if !ok {
			cmd.Die("invalid time interval '" + a + "'")
		}
		total.Sec += sec
		total.Nsec += nsec
	}
	total.Sec += total.Nsec / 1e9
	total.Nsec %= 1e9
	if e := sys.Nanosleep(total); e != 0 && e != errno.EINTR {
		cmd.Fail("sleep", e)
	}
	cmd.Done()
}
