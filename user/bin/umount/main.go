//go:build galago_user

// Command umount unmounts file systems, by directory or device.
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/mounts"
	"galago/libc/stdio"
	"galago/libc/sys"
)

const (
	force  = 1 // MNT_FORCE
	detach = 2 // MNT_DETACH
)

func main() {
	o := cmd.Options("[-afl] [-t type] [directory | device]...", "aflrt:", "all=a", "force=f", "lazy=l", "types:=t", "read-only=r")
	flags, all, readOnly, fstype := 0, false, false, ""
	for o.Next() {
		switch o.Opt {
		case 'a':
			all = true
		case 'f':
			flags |= force
		case 'l':
			flags |= detach
		case 'r':
			readOnly = true
		case 't':
			fstype = o.Arg
		}
	}
	list, _ := mounts.Read()
	if all {
		for i := len(list) - 1; i >= 0; i-- {
			m := list[i]
			if m.Target != "/" && m.Type != "proc" && m.Type != "devtmpfs" && m.Type != "devpts" && m.Type != "devfs" && (fstype == "" || m.Type == fstype) {
				umount(m.Target, flags, readOnly)
			}
		}
		cmd.Done()
	}
	o.Need(1, -1)
	for _, p := range o.Ops {
		target := p
		for _, m := range list {
			if m.Source == p && p[0] == '/' {
				target = m.Target
			}
		}
		umount(target, flags, readOnly)
	}
	cmd.Done()
}

// umount unmounts; with -r a busy file system becomes read-only.
func umount(target string, flags int, readOnly bool) {
	e := sys.Umount2(target, flags)
	if e == errno.EBUSY && readOnly {
		const remountReadOnly = 32 | 1
		e = sys.Mount("", target, "", remountReadOnly, "")
	}
	switch e {
	case 0:
	case errno.EINVAL:
		stdio.Warn(target+": not mounted", 0)
		cmd.Status = 32
	default:
		stdio.Warn(target, e)
		cmd.Status = 32
	}
}
