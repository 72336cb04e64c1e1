//go:build galago_user

// Command ps lists processes from /proc (POSIX.1-2017 XCU ps; BSD's "ps aux" too).
package main

import (
	"slices"

	"galago/libc/cmd"
	"galago/libc/date"
	"galago/libc/dir"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

// process is what /proc knows of one.
type process struct {
	pid, ppid, pgid, sid int64
	tty                  int64
	state                string
	name                 string // as the kernel has it
	args                 string
	uid, euid, gid       int
	utime, stime, start  int64 // clock ticks of 1/100 s
	nice, threads, cpu   int64
	vsz, rss             int64 // KiB
}

const ticks = 100

var (
	uptime   int64 // s
	memTotal int64 // KiB
)

func main() {
	args := cmd.Args()
	bsd := len(args) > 0 && args[0] != "" && args[0][0] != '-'
	all, full, user, format := false, false, false, ""
	noTTY := false
	var pids []int64
	if bsd {
		for _, c := range []byte(args[0]) {
			switch c {
			case 'a':
				all = true
			case 'x':
				noTTY = true
			case 'u':
				user = true
			case 'l', 'f', 'w', 'e':
			default:
				stdio.Fatal(1, "unknown option '"+string([]byte{c})+"'", 0)
			}
		}
		all = all && noTTY
	} else {
		o := cmd.Options("[-Aef] [-o format] [-p pid,...] | aux", "Aefalo:p:dw")
		for o.Next() {
			switch o.Opt {
			case 'A', 'e':
				all = true
			case 'f', 'l':
				full = true
			case 'o':
				if format != "" {
					format += ","
				}
				format += o.Arg
			case 'p':
				for _, s := range str.Split(o.Arg, ',') {
					n, ok := str.Atoi(s)
					if !ok {
						cmd.Die("process id list syntax error")
					}
					pids = append(pids, n)
				}
			}
		}
		o.Need(0, 0)
	}
	switch {
	case format != "":
	case user:
		format = "user,pid,%cpu,%mem,vsz,rss,tty,stat,start,time,args"
	case full:
		format = "uid=UID,pid,ppid,c,stime,tty,time,args=CMD"
	default:
		format = "pid,tty,time,comm=CMD"
	}
	show(choose(all, pids), columns(format))
	cmd.Done()
}

// choose returns the processes to list: all, those given, or those of this user's terminal.
func choose(all bool, pids []int64) []process {
	uptime = sinceBoot()
	memTotal = meminfo()
	entries, e := dir.Read("/proc")
	if e != 0 {
		stdio.Fatal(1, "/proc", e)
	}
	var list []process
	me := process{}
	me.read(int64(sys.Getpid()))
	for _, n := range entries {
		pid, ok := str.ParseUint(n.Name, 10)
		if !ok {
			continue
		}
		var p process
		if !p.read(int64(pid)) {
			continue // it has ended meanwhile
		}
		switch {
		case pids != nil:
			if !slices.Contains(pids, p.pid) {
				continue
			}
		case !all && (p.tty != me.tty || p.euid != me.euid):
			continue
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b process) int { return int(a.pid - b.pid) })
	if pids != nil && len(list) == 0 || len(list) == 0 {
		cmd.Status = 1
	}
	return list
}

func readFile(path string) string {
	fd, e := sys.Open(path, sys.O_RDONLY|sys.O_CLOEXEC, 0)
	if e != 0 {
		return ""
	}
	b, _ := stdio.ReadAll(fd)
	sys.Close(fd)
	return string(b)
}

func sinceBoot() int64 {
	whole, _, _ := str.Cut(readFile("/proc/uptime"), '.')
	v, _ := str.Atoi(whole)
	return v
}

func meminfo() int64 {
	for _, line := range str.Split(readFile("/proc/meminfo"), '\n') {
		if f := str.Fields(line); len(f) > 1 && f[0] == "MemTotal:" {
			v, _ := str.Atoi(f[1])
			return v
		}
	}
	return 0
}

// read reads /proc/PID/stat, status and cmdline; false if the process is gone.
func (p *process) read(pid int64) bool {
	base := "/proc/" + str.Itoa(pid)
	text := readFile(base + "/stat")
	open, end := str.IndexByte(text, '('), str.LastByte(text, ')')
	if open < 0 || end < open {
		return false
	}
	p.pid, p.name = pid, text[open+1:end]
	f := str.Fields(text[end+1:])
	number := func(i int) int64 { // i as in proc(5), where the state is field 3
		if i-3 >= len(f) {
			return 0
		}
		v, _ := str.Atoi(f[i-3])
		return v
	}
	if len(f) > 0 {
		p.state = f[0]
	}
	p.ppid, p.pgid, p.sid, p.tty = number(4), number(5), number(6), number(7)
	p.utime, p.stime = number(14), number(15)
	p.nice, p.threads, p.start = number(19), number(20), number(22)
	p.vsz, p.rss = number(23)/1024, number(24)*4
	p.cpu = number(39)
	for _, line := range str.Split(readFile(base+"/status"), '\n') {
		f := str.Fields(line)
		if len(f) < 3 {
			continue
		}
		switch f[0] {
		case "Uid:":
			v, _ := str.Atoi(f[1])
			w, _ := str.Atoi(f[2])
			p.uid, p.euid = int(v), int(w)
		case "Gid:":
			v, _ := str.Atoi(f[2])
			p.gid = int(v)
		}
	}
	p.args = arguments(readFile(base + "/cmdline"))
	if p.args == "" {
		p.args = "[" + p.name + "]"
	}
	return true
}

// arguments joins the strings of cmdline by blanks; control characters show as question marks.
func arguments(s string) string {
	b := []byte(s)
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	for i, c := range b {
		switch {
		case c == 0:
			b[i] = ' '
		case c < ' ' || c == 0x7f:
			b[i] = '?'
		}
	}
	return string(b)
}

func (p *process) terminal() string {
	major, minor := sys.Major(uint64(p.tty)), sys.Minor(uint64(p.tty))
	n := str.Utoa(uint64(minor), 10)
	switch {
	case p.tty == 0:
		return "?"
	case major == 4 && minor < 64:
		return "tty" + n
	case major == 4:
		return "ttyS" + str.Utoa(uint64(minor-64), 10)
	case major == 5 && minor == 1:
		return "console"
	case major == 229:
		return "hvc" + n
	case major >= 136 && major <= 143:
		return "pts/" + str.Utoa(uint64(major-136)<<8+uint64(minor), 10)
	}
	return str.Utoa(uint64(major), 10) + "," + n
}

func (p *process) began() string {
	now := sys.ClockGettime(0).Sec
	start := now - uptime + p.start/ticks
	tz, _ := cmd.Getenv("TZ")
	c := date.Civil(start, 0, date.ParseZone(tz))
	if now-start < 86400 {
		return date.Format("%H:%M", &c)
	}
	return date.Format("%b%d", &c)
}

// duration writes seconds as [DD-]HH:MM:SS.
func duration(s int64) string {
	two := func(v int64) string { return str.Itoa(100 + v)[1:] }
	t := two(s/3600%24) + ":" + two(s/60%60) + ":" + two(s%60)
	if d := s / 86400; d > 0 {
		t = two(d) + "-" + t
	}
	return t
}

func percent(part, whole int64) string {
	if whole <= 0 {
		return "0.0"
	}
	t := part * 1000 / whole
	return str.Itoa(t/10) + "." + str.Itoa(t%10)
}
