// Package procfs is /proc: files that are made up when they are read. A fixed tree of entries (tree.go) says what there
// is; generators write a file's text into a Buffer at its first read, so that one open file shows one consistent state, and again
// when it is read from the beginning.
//
// What it knows of processes comes from the process floor through Source, which that floor implements and sets once; other
// floors add files with Register. Inodes are made at lookup and go with their last user: nothing is cached, as processes come and
// go without notice (vfs.InodeVolatile).
package procfs

import (
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

// Type is the file system's type, for vfs.Register.
var Type = vfs.FSType{Name: "proc", NoDev: true, Mount: mount}

const magic = 0x9fa0 // PROC_SUPER_MAGIC

// PIDFile names a generated file of a process directory.
type PIDFile uint8

// The generated files of /proc/PID.
const (
	PIDStat PIDFile = iota
	PIDStatus
	PIDStatm
	PIDCmdline
	PIDMaps
	PIDComm
	PIDEnviron
	PIDLimits
	PIDAuxv
	PIDPersonality
	PIDSyscall
	PIDSmaps
	PIDSmapsRollup
	PIDClearRefs
	PIDOOMScore
	PIDOOMScoreAdj
	PIDOOMAdj
)

// PIDLink names a symbolic link of a process directory.
type PIDLink uint8

// The links of /proc/PID.
const (
	LinkCwd PIDLink = iota
	LinkRoot
	LinkExe
)

// ProcSource is what the process floor tells.
type ProcSource interface {
	// EachPID returns the smallest process ID greater than after, or 0.
	EachPID(after int) int
	// Self returns the caller's process ID and thread ID.
	Self() (pid, tid int)
	// EachTID returns the smallest number of a thread of a process that is greater than after, or 0.
	EachTID(pid, after int) int
	// Owner returns who a process belongs to; false: no such process.
	Owner(pid int) (uid, gid uint32, ok bool)
	// Generate writes a file of a process, or of one of its threads (tid 0: of the process as a whole); ESRCH: it is gone. Writing is all or nothing:
	// on overflow of b it is called again.
	Generate(pid, tid int, which PIDFile, b *Buffer) errno.Errno
	// Write takes what is written to a file of a process or thread (comm); EINVAL.
	Write(pid, tid int, which PIDFile, data []byte) errno.Errno
	// Path returns where a link leads, with references; false: nowhere.
	Path(pid int, which PIDLink) (vfs.Path, bool)
	// Files returns the descriptor table with a reference, or nil.
	Files(pid int) *vfs.FDTable
	// Memory returns the address space of a process with a reference, or nil.
	Memory(pid int) Memory
	// MayInspect tells whether the caller may see memory map, environment and open files of a process.
	MayInspect(pid int) bool
	// Context returns the caller's view of the file system.
	Context() *vfs.Context
}

// Source is set once by the process floor, before the first mount.
var Source ProcSource

// node is an inode.
type node struct {
	vfs.Inode
	entry *Entry
	pid   int // of everything below /proc/PID
	tid   int // of everything below /proc/PID/task/TID
	fd    int // of /proc/PID/fd/N
}

var (
	nodeCache = mem.Cache[node]{Name: "proc_inode"}

	theSuperOps vfs.SuperOps = superOps{}
	theInodeOps vfs.InodeOps = inodeOps{}
	theDirOps   vfs.FileOps  = dirOps{}
	theFileOps  vfs.FileOps  = fileOps{}
)

func nodeOf(i *vfs.Inode) *node { return (*node)(unsafe.Pointer(i)) }

func mount(t *vfs.FSType, dev *block.Device, flags uint32, data string) (*vfs.SuperBlock, errno.Errno) {
	return mountTree(t, magic, &rootEntry)
}

// mountTree makes a volume of a tree of entries.
func mountTree(t *vfs.FSType, magic int64, top *Entry) (*vfs.SuperBlock, errno.Errno) {
	sb := vfs.NewSuper(t, nil, 0, theSuperOps)
	if sb == nil {
		return nil, errno.ENOMEM
	}
	sb.Magic, sb.NoCache = magic, true
	root, err := newNode(sb, top, 0, 0, -1)
	if err == errno.OK {
		sb.Root, err = vfs.NewRoot(sb, root)
	}
	if err != errno.OK {
		vfs.DropSuper(sb)
		return nil, err
	}
	return sb, errno.OK
}

// inodeNumber gives each file a number of its own: entries by their place, below a process or thread with its ID on top.
func inodeNumber(e *Entry, pid, tid, fd int) uint64 {
	const thread = 1 << 22
	n := uint64(e.number) + 1
	if tid != 0 {
		pid = tid | thread
	}
	return n | uint64(fd+1)<<12 | uint64(pid)<<34
}

// newNode makes the inode of an entry. Files of a process belong to its owner.
func newNode(sb *vfs.SuperBlock, e *Entry, pid, tid, fd int) (*vfs.Inode, errno.Errno) {
	own := vfs.Owner{}
	if pid != 0 {
		uid, gid, ok := Source.Owner(pid)
		if !ok {
			return nil, errno.ENOENT
		}
		own = vfs.Owner{UID: uid, GID: gid}
	}
	if tid != 0 && Source.EachTID(pid, tid-1) != tid {
		return nil, errno.ENOENT
	}
	i := vfs.NewInode(sb, inodeNumber(e, pid, tid, fd))
	if i == nil {
		return nil, errno.ENOMEM
	}
	n := nodeOf(i)
	n.entry, n.pid, n.tid, n.fd = e, pid, tid, fd
	i.Mode, i.UID, i.GID, i.Nlink = e.mode, own.UID, own.GID, 1
	i.Ops = theInodeOps
	i.Flags = vfs.InodeNoSize
	i.Touch(vfs.AttrATime | vfs.AttrMTime | vfs.AttrCTime)
	switch e.mode & vfs.S_IFMT {
	case vfs.S_IFDIR:
		i.FOps = theDirOps
		i.Flags |= vfs.InodeVolatile
		i.Nlink = 2
	case vfs.S_IFREG:
		i.FOps = theFileOps
		if e.raw != 0 {
			i.FOps = theRawOps
		}
	case vfs.S_IFLNK:
		if e.link != nil && e.link.jumps {
			i.Jump = jump
			i.SetSize(64)
		}
	}
	return i, errno.OK
}

// superOps implements vfs.SuperOps.
type superOps struct{}

// AllocInode allocates a node.
func (superOps) AllocInode(sb *vfs.SuperBlock) *vfs.Inode {
	n := nodeCache.Alloc()
	if n == nil {
		return nil
	}
	return &n.Inode
}

// FreeInode frees a node.
func (superOps) FreeInode(i *vfs.Inode) { nodeCache.Free(nodeOf(i)) }

// ReadInode is never called: inodes are not found by number.
func (superOps) ReadInode(i *vfs.Inode) errno.Errno { return errno.ESTALE }

// WriteInode has nothing to write to.
func (superOps) WriteInode(i *vfs.Inode, sync bool) errno.Errno { return errno.OK }

// EvictInode has nothing to free.
func (superOps) EvictInode(i *vfs.Inode) {}

// SyncFS has nothing to write.
func (superOps) SyncFS(sb *vfs.SuperBlock, wait bool) errno.Errno { return errno.OK }

// StatFS reports nothing but the type.
func (superOps) StatFS(sb *vfs.SuperBlock, st *vfs.StatFS) errno.Errno { return errno.OK }

// Remount has no options.
func (superOps) Remount(sb *vfs.SuperBlock, flags uint32, data string) errno.Errno { return errno.OK }

// PutSuper has nothing to free.
func (superOps) PutSuper(sb *vfs.SuperBlock) {}

// inodeOps implements vfs.InodeOps.
type inodeOps struct{ vfs.NoInodeOps }

// Lookup finds an entry, a process or a descriptor.
func (inodeOps) Lookup(dir *vfs.Inode, name string) (*vfs.Inode, errno.Errno) {
	n := nodeOf(dir)
	if e := n.entry.find(name); e != nil {
		return newNode(dir.SB, e, n.pid, n.tid, -1)
	}
	num, ok := parseNumber(name)
	if !ok || Source == nil {
		return nil, errno.ENOENT
	}
	switch n.entry {
	case &rootEntry:
		if num > 0 {
			return newNode(dir.SB, &pidEntry, num, 0, -1)
		}
	case taskDirEntry:
		if num > 0 {
			return newNode(dir.SB, &taskEntry, n.pid, num, -1)
		}
	case fdDirEntry:
		return newFDNode(n, dir.SB, &fdEntry, num)
	case fdInfoDirEntry:
		return newFDNode(n, dir.SB, &fdInfoEntry, num)
	}
	return nil, errno.ENOENT
}

// newFDNode makes the inode of a descriptor's entry in /proc/PID/fd or fdinfo.
func newFDNode(dir *node, sb *vfs.SuperBlock, e *Entry, fd int) (*vfs.Inode, errno.Errno) {
	pid := dir.pid
	if !Source.MayInspect(pid) {
		return nil, errno.EACCES
	}
	f := fileOf(pid, fd)
	if f == nil {
		return nil, errno.ENOENT
	}
	f.Put()
	return newNode(sb, e, pid, dir.tid, fd)
}

// fileOf returns an open file of a process, with a reference, or nil.
func fileOf(pid, fd int) *vfs.File {
	t := Source.Files(pid)
	if t == nil {
		return nil
	}
	f := t.File(fd)
	t.Put()
	return f
}

// parseNumber reads a decimal number without leading zeroes, below 2^22 (the limit of PIDs).
func parseNumber(s string) (n int, ok bool) {
	if s == "" || len(s) > 7 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, n < 1<<22
}

// Readlink writes the target of a link.
func (inodeOps) Readlink(i *vfs.Inode, buf []byte) (int, errno.Errno) {
	n := nodeOf(i)
	if n.entry.link == nil {
		return 0, errno.EINVAL
	}
	if n.pid != 0 && !Source.MayInspect(n.pid) {
		return 0, errno.EACCES
	}
	return n.entry.link.read(n, buf)
}

// SetAttr refuses: what is in /proc is not the user's.
func (inodeOps) SetAttr(i *vfs.Inode, a *vfs.Attr) errno.Errno {
	if a.Valid&vfs.AttrSize != 0 {
		return errno.OK
	}
	return errno.EPERM
}

// jump is vfs.Inode.Jump of links that lead to places, not names.
func jump(i *vfs.Inode) (vfs.Path, bool) {
	n := nodeOf(i)
	if !Source.MayInspect(n.pid) {
		return vfs.Path{}, false
	}
	if n.fd < 0 {
		return Source.Path(n.pid, n.entry.link.which)
	}
	f := fileOf(n.pid, n.fd)
	if f == nil {
		return vfs.Path{}, false
	}
	defer f.Put()
	return f.Place()
}
