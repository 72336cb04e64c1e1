//go:build galago

package main

import (
	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
	"galago/kernel/klog"
	"galago/kernel/mem"
	"galago/kernel/oops"
	"galago/kernel/vfs"
)

// registerSysrq makes /proc/sysrq-trigger (Linux, Documentation/admin-guide/sysrq.rst): c crashes the kernel, b reboots, o powers off, s
// syncs, m shows memory, l what each CPU does, t where each thread waits.
func registerSysrq() {
	if e := procfs.RegisterTrigger("sysrq-trigger", sysrq); e != 0 {
		klog.Warnf("sysrq-trigger: %s", e.Name())
	}
}

func sysrq(cmd []byte) errno.Errno {
	if len(cmd) == 0 {
		return errno.EINVAL
	}
	switch cmd[0] {
	case 'c':
		panic("sysrq: crash on demand")
	case 'b':
		reboot()
	case 'o':
		powerOff()
	case 's':
		vfs.Sync()
	case 'm':
		s := mem.Stats()
		klog.Printf("memory: %d frames, %d free, %d in slabs", s.Total, s.Free, s.Slab)
	case 'l':
		oops.ShowCPUs()
	case 't':
		oops.ShowThreads()
	default:
		return errno.EINVAL
	}
	return errno.OK
}
