package procfs

import (
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// /proc/PID/fdinfo/N: what there is to know of an open file beyond where it leads.

var (
	fdInfoEntry    = Entry{name: "N", mode: modeOwner}
	fdInfoDirEntry *Entry
)

// fileKind is what a kind of anonymous files says of itself.
type fileKind struct {
	ops  vfs.FileOps
	name string // as its link in /proc/PID/fd ends, such as [eventfd]
	info func(b *Buffer, f *vfs.File)
}

// kinds is filled at boot.
var (
	kinds     [32]fileKind
	kindCount int
)

// RegisterKind names a kind of anonymous files in /proc/PID/fd, and lets it add lines to fdinfo (info may be nil). It is called
// at boot only.
func RegisterKind(ops vfs.FileOps, name string, info func(b *Buffer, f *vfs.File)) {
	kinds[kindCount] = fileKind{ops, name, info}
	kindCount++
}

func kindOf(f *vfs.File) *fileKind {
	for i := range kinds[:kindCount] {
		if f.Is(kinds[i].ops) {
			return &kinds[i]
		}
	}
	return nil
}

func genFDInfo(n *node, b *Buffer) errno.Errno {
	t := Source.Files(n.pid)
	if t == nil {
		return errno.ENOENT
	}
	defer t.Put()
	f := t.File(n.fd)
	if f == nil {
		return errno.ENOENT
	}
	defer f.Put()
	flags := f.Flags.Load()
	if on, _ := t.Cloexec(n.fd); on {
		flags |= vfs.O_CLOEXEC
	}
	mount := 0
	if !f.Anonymous() {
		mount = f.Path.Mnt.ID
	}
	b.Printf("pos:\t%d\nflags:\t0%o\nmnt_id:\t%d\nino:\t%d\n", f.Pos(), flags, mount, f.Inode.Ino)
	if k := kindOf(f); k != nil && k.info != nil {
		k.info(b, f)
	}
	return errno.OK
}
