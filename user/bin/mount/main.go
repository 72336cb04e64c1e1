//go:build galago_user

// Command mount mounts file systems, or lists them. Options with a meaning to mount(2) become flags, the rest goes to the
// file system.
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/mounts"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

// flag is an option that mount(2) has a bit for; clear takes it away.
type flag struct {
	name  string
	bits  uintptr
	clear bool
}

var flags = []flag{
	{"ro", 1, false}, {"rw", 1, true}, {"nosuid", 2, false}, {"suid", 2, true}, {"nodev", 4, false}, {"dev", 4, true},
	{"noexec", 8, false}, {"exec", 8, true}, {"sync", 16, false}, {"async", 16, true}, {"remount", 32, false},
	{"dirsync", 128, false}, {"noatime", 1024, false}, {"atime", 1024, true}, {"nodiratime", 2048, false}, {"bind", 4096, false},
	{"move", 8192, false}, {"rbind", 4096 | 16384, false}, {"silent", 32768, false}, {"private", 1 << 18, false},
	{"slave", 1 << 19, false}, {"shared", 1 << 20, false}, {"relatime", 1 << 21, false}, {"strictatime", 1 << 24, false},
	{"defaults", 0, false}, {"auto", 0, false}, {"noauto", 0, false}, {"nofail", 0, false},
}

const remount = 32

func main() {
	cmd.UsageStatus = 1
	o := cmd.Options("[-arw] [-t type] [-o options] [device] [directory]", "art:o:wvnBMR", "all=a", "read-only=r", "types:=t",
		"options:=o", "read-write=w", "rw=w", "bind=B", "move=M", "rbind=R", "verbose=v")
	fstype, options, every := "", "", false
	add := func(s string) {
		if options != "" {
			options += ","
		}
		options += s
	}
	for o.Next() {
		switch o.Opt {
		case 'a':
			every = true
		case 'r':
			add("ro")
		case 'w':
			add("rw")
		case 't':
			fstype = o.Arg
		case 'o':
			add(o.Arg)
		case 'B':
			add("bind")
		case 'R':
			add("rbind")
		case 'M':
			add("move")
		}
	}
	o.Need(0, 2)
	switch {
	case every:
		table(fstype)
	case len(o.Ops) == 0:
		list(fstype)
	case len(o.Ops) == 1:
		known(o.Ops[0], options)
	default:
		mount(mounts.Entry{Source: o.Ops[0], Target: o.Ops[1], Type: fstype, Options: options})
	}
	cmd.Done()
}

func list(fstype string) {
	all, e := mounts.Read()
	if e != 0 {
		stdio.Fatal(1, "/proc/mounts", e)
	}
	for _, m := range all {
		if fstype == "" || m.Type == fstype {
			stdio.Puts(m.Source + " on " + m.Target + " type " + m.Type + " (" + m.Options + ")\n")
		}
	}
}

// table mounts what /etc/fstab lists.
func table(fstype string) {
	all, e := mounts.ReadFile("/etc/fstab")
	if e != 0 {
		stdio.Fatal(1, "/etc/fstab", e)
	}
	mounted, _ := mounts.Read()
	for _, m := range all {
		if m.Type == "swap" || fstype != "" && m.Type != fstype || hasOption(m.Options, "noauto") || isMounted(mounted, m.Target) {
			continue
		}
		mount(m)
	}
}

func hasOption(options, name string) bool {
	for _, o := range str.Split(options, ',') {
		if o == name {
			return true
		}
	}
	return false
}

func isMounted(list []mounts.Entry, target string) bool {
	for _, m := range list {
		if m.Target == target {
			return true
		}
	}
	return false
}

// known mounts something by its device or directory alone: from the table, or what is mounted already to change its options.
func known(what, options string) {
	tables := [2]string{"/etc/fstab", "/proc/mounts"}
	if hasOption(options, "remount") {
		tables = [2]string{"/proc/mounts", "/etc/fstab"}
	}
	for _, path := range tables {
		all, _ := mounts.ReadFile(path)
		for i := len(all) - 1; i >= 0; i-- {
			m := all[i]
			if m.Target != what && m.Source != what {
				continue
			}
			if path == "/proc/mounts" {
				m.Options = ""
			}
			if m.Options != "" && options != "" {
				m.Options += ","
			}
			m.Options += options
			mount(m)
			return
		}
	}
	stdio.Fatal(1, what+": can't find in /etc/fstab", 0)
}

func mount(m mounts.Entry) {
	bits, data := parse(m.Options)
	const bindOrMove = 4096 | 8192
	types := []string{m.Type}
	if (m.Type == "" || m.Type == "auto") && bits&(remount|bindOrMove) == 0 {
		types = candidates()
	}
	e := errno.ENODEV
	for _, t := range types {
		if e = sys.Mount(m.Source, m.Target, t, bits, data); e == errno.EROFS && bits&1 == 0 && bits&remount == 0 {
			stdio.Warn(m.Source+" is write-protected, mounting read-only", 0)
			e = sys.Mount(m.Source, m.Target, t, bits|1, data)
		}
		if e != errno.EINVAL && e != errno.ENODEV {
			break
		}
	}
	if e != 0 {
		stdio.Warn("mounting "+m.Source+" on "+m.Target+" failed", e)
		cmd.Status = 32
	}
}

func parse(options string) (bits uintptr, data string) {
	if options == "" {
		return 0, ""
	}
next:
	for _, o := range str.Split(options, ',') {
		for _, f := range flags {
			if o == f.name {
				if f.clear {
					bits &^= f.bits
				} else {
					bits |= f.bits
				}
				continue next
			}
		}
		if o == "" {
			continue
		}
		if data != "" {
			data += ","
		}
		data += o
	}
	return bits, data
}

// candidates are the kernel's file systems on devices.
func candidates() []string {
	fd, e := sys.Open("/proc/filesystems", sys.O_RDONLY, 0)
	if e != 0 {
		return []string{"galfs"}
	}
	text, _ := stdio.ReadAll(fd)
	sys.Close(fd)
	var list []string
	for _, line := range str.Split(string(text), '\n') {
		if f := str.Fields(line); len(f) == 1 {
			list = append(list, f[0])
		}
	}
	return list
}
