package procfs

import (
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// The mount tables of a process: mounts, mountinfo, mountstats (proc_pid_mounts(5) and others).

// genMounts is /proc/PID/mounts.
func genMounts(b *Buffer) errno.Errno {
	eachMount(func(m *vfs.MountInfo) {
		b.WriteEscaped(m.Source())
		b.WriteString(" ")
		b.target(m)
		b.Printf(" %s ", m.Type)
		m.Options(b.option)
		b.WriteString(" 0 0\n")
	})
	return errno.OK
}

// option appends one mount option; the first stands alone.
func (b *Buffer) option(s string, first bool) {
	if !first {
		b.WriteString(",")
	}
	b.WriteString(s)
}

// eachMount calls fn for every mount the caller can see.
func eachMount(fn func(m *vfs.MountInfo)) {
	var info vfs.MountInfo
	for id := 0; vfs.NextMount(Source.Context(), id, &info); id = info.ID {
		fn(vfs.NoEscape(&info))
		info.Release()
	}
}

// target appends where a mount is.
func (b *Buffer) target(m *vfs.MountInfo) {
	if p := b.Tail(vfs.PathMax); p != nil {
		n, err := m.Target(Source.Context(), p)
		if err != errno.OK {
			n = 0
		}
		b.Advance(n)
	}
}

// genMountinfo is /proc/PID/mountinfo.
func genMountinfo(b *Buffer) errno.Errno {
	eachMount(func(m *vfs.MountInfo) {
		b.Printf("%d %d %d:%d ", m.ID, m.Parent, vfs.Major(m.Dev), vfs.Minor(m.Dev))
		if p := b.Tail(vfs.PathMax); p != nil {
			n, _ := m.Root(p)
			b.Advance(n)
		}
		b.WriteString(" ")
		b.target(m)
		b.WriteString(" ")
		m.Options(b.option)
		b.Printf(" - %s ", m.Type)
		b.WriteEscaped(m.Source())
		if m.ReadOnly() {
			b.WriteString(" ro\n")
		} else {
			b.WriteString(" rw\n")
		}
	})
	return errno.OK
}

// genMountstats is /proc/PID/mountstats: no file system here has figures of its own.
func genMountstats(b *Buffer) errno.Errno {
	eachMount(func(m *vfs.MountInfo) {
		b.WriteString("device ")
		b.WriteEscaped(m.Source())
		b.WriteString(" mounted on ")
		b.target(m)
		b.Printf(" with fstype %s\n", m.Type)
	})
	return errno.OK
}
