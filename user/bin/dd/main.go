//go:build galago_user

// Command dd copies blocks (POSIX.1-2017 XCU dd): if, of, bs, ibs, obs, count, skip, seek, conv,
// status, iflag=fullblock, oflag=append.
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

var (
	input, output    string
	ibs, obs         = int64(512), int64(512)
	count            = int64(-1)
	skip, seek       int64
	conv             conversions
	status           string
	fullIn, partIn   int64
	fullOut, partOut int64
	copied           int64
	oneSize          bool // bs was given: blocks go through as they are read
	interrupted      bool
)

// conversions is the set of conversions.
type conversions struct{ notrunc, sync, noerror, fsync, fdatasync, excl, nocreat, appendTo, fullblock bool }

func main() {
	for _, a := range cmd.Args() {
		if a == "--" {
			continue
		}
		operand(a)
	}
	in, out := open()
	start := sys.ClockGettime(1)
	sys.OnSignal(func(int) { interrupted = true })
	sys.Signal(sys.SIGINT, sys.Catch, true)
	run(in, out)
	end := sys.ClockGettime(1)
	if conv.fsync {
		check(sys.Fsync(out), "fsync failed for '"+output+"'")
	}
	if conv.fdatasync {
		check(sys.Fdatasync(out), "fdatasync failed for '"+output+"'")
	}
	report((end.Sec-start.Sec)*1e9 + end.Nsec - start.Nsec)
	sys.ExitNow(cmd.Status)
}

func check(e sys.Errno, what string) {
	if e != 0 {
		cmd.Fail(what, e)
	}
}

func operand(a string) {
	name, value, found := str.Cut(a, '=')
	if !found {
		cmd.Die("unrecognized operand '" + a + "'")
	}
	number := func() int64 {
		v, ok := product(value)
		if !ok {
			cmd.Die("invalid number: '" + value + "'")
		}
		return v
	}
	size := func() int64 {
		v := number()
		if v == 0 || v > 1<<30 {
			cmd.Die("invalid number: '" + value + "'")
		}
		return v
	}
	switch name {
	case "if":
		input = value
	case "of":
		output = value
	case "bs":
		ibs = size()
		obs, oneSize = ibs, true
	case "ibs":
		ibs = size()
	case "obs":
		obs = size()
	case "count":
		count = number()
	case "skip", "iseek":
		skip = number()
	case "seek", "oseek":
		seek = number()
	case "status":
		status = value
	case "conv", "iflag", "oflag":
		for _, w := range str.Split(value, ',') {
			conv.set(w)
		}
	default:
		cmd.Die("unrecognized operand '" + a + "'")
	}
}

func (c *conversions) set(w string) {
	switch w {
	case "notrunc":
		c.notrunc = true
	case "sync":
		c.sync = true
	case "noerror":
		c.noerror = true
	case "fsync":
		c.fsync = true
	case "fdatasync":
		c.fdatasync = true
	case "excl":
		c.excl = true
	case "nocreat":
		c.nocreat = true
	case "append":
		c.appendTo = true
	case "fullblock":
		c.fullblock = true
	default:
		cmd.Die("invalid conversion or flag: '" + w + "'")
	}
}

// product reads a size, or several joined by x.
func product(s string) (int64, bool) {
	v := int64(1)
	for _, part := range str.Split(s, 'x') {
		n, ok := str.Size(part)
		if !ok || n != 0 && v > (1<<62)/n {
			return 0, false
		}
		v *= n
	}
	return v, true
}

func open() (in, out int) {
	var e sys.Errno
	in, out = 0, 1
	if input != "" {
		if in, e = sys.Open(input, sys.O_RDONLY, 0); e != 0 {
			stdio.Fatal(1, "failed to open '"+input+"'", e)
		}
	}
	if output != "" {
		flags := sys.O_WRONLY | sys.O_CREAT
		if !conv.notrunc && seek == 0 && !conv.appendTo {
			flags |= sys.O_TRUNC
		}
		if conv.appendTo {
			flags |= sys.O_APPEND
		}
		if conv.excl {
			flags |= sys.O_EXCL
		}
		if conv.nocreat {
			flags &^= sys.O_CREAT
		}
		if out, e = sys.Open(output, flags, 0o666); e != 0 {
			stdio.Fatal(1, "failed to open '"+output+"'", e)
		}
		if seek > 0 && !conv.notrunc {
			sys.Ftruncate(out, seek*obs) // fails for devices, which have no length to change
		}
	}
	return in, out
}

func run(in, out int) {
	buf := make([]byte, ibs)
	if skip > 0 {
		if _, e := sys.Lseek(in, skip*ibs, 1); e != 0 {
			for range skip {
				if n, e := fill(in, buf); n == 0 || e != 0 {
					break
				}
			}
		}
	}
	if seek > 0 {
		if _, e := sys.Lseek(out, seek*obs, 1); e != 0 {
			stdio.Fatal(1, "cannot seek", e)
		}
	}
	var pending []byte
	for n := int64(0); (count < 0 || n < count) && !interrupted; n++ {
		k, e := read(in, buf)
		if e != 0 {
			cmd.Fail("error reading '"+input+"'", e)
			if !conv.noerror {
				break
			}
			sys.Lseek(in, ibs, 1)
			if !conv.sync {
				continue
			}
		} else if k == 0 {
			break
		}
		if int64(k) == ibs {
			fullIn++
		} else {
			partIn++
		}
		b := buf[:k]
		if conv.sync {
			clear(buf[k:])
			b = buf
		}
		if oneSize {
			if !write(out, b) {
				return
			}
			continue
		}
		pending = append(pending, b...)
		for int64(len(pending)) >= obs {
			if !write(out, pending[:obs]) {
				return
			}
			pending = pending[:copy(pending, pending[obs:])]
		}
	}
	if len(pending) > 0 {
		write(out, pending)
	}
}

func read(fd int, b []byte) (int, sys.Errno) {
	if conv.fullblock {
		return fill(fd, b)
	}
	for {
		n, e := sys.Read(fd, b)
		if e != errno.EINTR || interrupted {
			return n, e
		}
	}
}

// fill reads until b is full.
func fill(fd int, b []byte) (int, sys.Errno) {
	n := 0
	for n < len(b) {
		k, e := sys.Read(fd, b[n:])
		if e == errno.EINTR && !interrupted {
			continue
		}
		if e != 0 {
			return n, e
		}
		if k == 0 {
			break
		}
		n += k
	}
	return n, 0
}

func write(fd int, b []byte) bool {
	if e := sys.WriteAll(fd, b); e != 0 {
		cmd.Fail("error writing '"+output+"'", e)
		return false
	}
	if int64(len(b)) == obs {
		fullOut++
	} else {
		partOut++
	}
	copied += int64(len(b))
	return true
}

func report(nsec int64) {
	if status == "none" {
		return
	}
	err := &stdio.Err
	err.Printf("%d+%d records in\n%d+%d records out\n", fullIn, partIn, fullOut, partOut)
	if status != "noxfer" {
		ms := max(nsec/1e6, 1)
		err.Printf("%d bytes copied, %d.%03d s, %sB/s\n", copied, ms/1000, ms%1000, str.Human(uint64(copied*1000/ms)))
	}
	err.Flush()
}
