//go:build galago_user

package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/users"
)

// column is a column of the output.
type column struct {
	name  string
	title string
	width int
	left  bool
	value func(p *process) string
}

// Numbers of processes have the width of the default limit, 32768.

func number(v int64) string { return str.Itoa(v) }

var known = []column{
	{"pid", "PID", 5, false, func(p *process) string { return number(p.pid) }},
	{"ppid", "PPID", 5, false, func(p *process) string { return number(p.ppid) }},
	{"pgid", "PGID", 5, false, func(p *process) string { return number(p.pgid) }},
	{"pgrp", "PGRP", 5, false, func(p *process) string { return number(p.pgid) }},
	{"sid", "SID", 5, false, func(p *process) string { return number(p.sid) }},
	{"sess", "SESS", 5, false, func(p *process) string { return number(p.sid) }},
	{"user", "USER", 8, true, func(p *process) string { return users.UserName(p.euid) }},
	{"uid", "UID", 8, true, func(p *process) string { return users.UserName(p.euid) }},
	{"ruser", "RUSER", 8, true, func(p *process) string { return users.UserName(p.uid) }},
	{"group", "GROUP", 8, true, func(p *process) string { return users.GroupName(p.gid) }},
	{"comm", "COMMAND", 15, true, func(p *process) string { return p.name }},
	{"args", "COMMAND", 27, true, func(p *process) string { return p.args }},
	{"cmd", "CMD", 27, true, func(p *process) string { return p.args }},
	{"command", "COMMAND", 27, true, func(p *process) string { return p.args }},
	{"tty", "TTY", 8, true, (*process).terminal},
	{"tt", "TT", 8, true, (*process).terminal},
	{"stat", "STAT", 4, true, func(p *process) string { return p.state }},
	{"state", "S", 1, true, func(p *process) string { return p.state }},
	{"s", "S", 1, true, func(p *process) string { return p.state }},
	{"time", "TIME", 8, false, func(p *process) string { return duration((p.utime + p.stime) / ticks) }},
	{"etime", "ELAPSED", 11, false, func(p *process) string { return duration(uptime - p.start/ticks) }},
	{"stime", "STIME", 5, false, (*process).began},
	{"start", "START", 5, false, (*process).began},
	{"vsz", "VSZ", 6, false, func(p *process) string { return number(p.vsz) }},
	{"rss", "RSS", 5, false, func(p *process) string { return number(p.rss) }},
	{"nice", "NI", 3, false, func(p *process) string { return number(p.nice) }},
	{"ni", "NI", 3, false, func(p *process) string { return number(p.nice) }},
	{"nlwp", "NLWP", 4, false, func(p *process) string { return number(p.threads) }},
	{"psr", "PSR", 3, false, func(p *process) string { return number(p.cpu) }},
	{"%mem", "%MEM", 4, false, func(p *process) string { return percent(p.rss, memTotal) }},
	{"pmem", "%MEM", 4, false, func(p *process) string { return percent(p.rss, memTotal) }},
	{"%cpu", "%CPU", 4, false, cpuShare},
	{"pcpu", "%CPU", 4, false, cpuShare},
	{"c", "C", 2, false, func(p *process) string {
		whole, _, _ := str.Cut(cpuShare(p), '.')
		return whole
	}},
}

func cpuShare(p *process) string { return percent(p.utime+p.stime, uptime*ticks-p.start) }

// columns reads a list of names, each perhaps with "=title".
func columns(format string) []column {
	var list []column
	for _, spec := range str.Split(format, ',') {
		for _, word := range str.Fields(spec) {
			name, title, given := str.Cut(word, '=')
			found := false
			for _, c := range known {
				if c.name == name {
					if given {
						c.title = title
					}
					c.width = max(c.width, len(c.title))
					list = append(list, c)
					found = true
				}
			}
			if !found {
				cmd.Die("unknown format specifier '" + name + "'")
			}
		}
	}
	return list
}

func show(list []process, cols []column) {
	titled := false
	for _, c := range cols {
		titled = titled || c.title != ""
	}
	if titled {
		row(cols, func(c *column) string { return c.title })
	}
	for i := range list {
		row(cols, func(c *column) string { return c.value(&list[i]) })
	}
}

func row(cols []column, text func(c *column) string) {
	for i := range cols {
		c := &cols[i]
		if i > 0 {
			stdio.Out.Putc(' ')
		}
		t := text(c)
		switch {
		case c.left && i == len(cols)-1:
			stdio.Puts(t)
		case c.left:
			stdio.Puts(str.PadRight(t, c.width))
		default:
			stdio.Puts(str.PadLeft(t, c.width))
		}
	}
	stdio.Out.Putc('\n')
}
