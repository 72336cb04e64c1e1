// Package mqueue has POSIX message queues (mq_overview(7)): files of a volume of its own, which can be mounted to list and remove them.
// The volume is a tmpfs whose one directory makes queues when files are created; a queue belongs to its inode.
//
// Files: mqueue.go (names, limits), queue.go (messages), notify.go (notification).
//
// Locks: createMutex (sleeping) → directory's Inode.Lock → Queue.lock (spin).
package mqueue

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
	"galago/kernel/fs/tmpfs"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vfs"
)

// Type is the file system's type, for vfs.Register. There is one volume, however often it is mounted.
var Type = vfs.FSType{Name: "mqueue", NoDev: true, Mount: mount}

const (
	magic    = 0x19800202 // MQUEUE_MAGIC
	fileSize = 80         // what stat(2) shows, as on Linux
	hardMax  = 65536      // messages, for the privileged
	hardSize = 16 << 20   // bytes of a message, for the privileged
	nUsers   = 1024
)

// Limits of /proc/sys/fs/mqueue: queues; messages in a queue and their size for the unprivileged, and what a queue gets that is
// created without attributes.
var (
	queuesMax   = setting{least: 0, most: 1<<31 - 1}
	msgMax      = setting{least: 1, most: hardMax}
	sizeMax     = setting{least: 128, most: hardSize}
	msgDefault  = setting{least: 1, most: hardMax}
	sizeDefault = setting{least: 128, most: hardSize}

	nQueues atomic.Int32
	// used is the number of bytes that each user's queues may come to hold. Users whose numbers agree in their low ten bits share one.
	used [nUsers]atomic.Int64
)

type setting struct {
	value       atomic.Int64
	least, most int64
}

// What the process floor knows.
var (
	PID    func() int32
	Signal func(pid, signo int32, value uint64)
)

var (
	root   vfs.Path
	kernel *vfs.FSInfo // the volume's root as "/", umask 0

	createMutex sched.Mutex
	// wanted is what the thread maker, which holds createMutex, creates a queue with.
	wanted struct {
		maker atomic.Pointer[sched.Thread]
		attr  Attr
		limit uint64
	}

	theOps   vfs.InodeOps
	theSuper vfs.SuperOps
	theFile  vfs.FileOps = &queueFile{}
)

// dirOps are the root directory's: it holds queues only.
type dirOps struct {
	vfs.NoInodeOps
	tree vfs.InodeOps
}

type superOps struct{ vfs.SuperOps }

var (
	theDir     dirOps
	theVolume  superOps
	queueCache = mem.Cache[Queue]{Name: "mqueue"}
)

// Init makes the volume and its settings.
func Init() errno.Errno {
	queuesMax.value.Store(256)
	msgMax.value.Store(10)
	sizeMax.value.Store(8192)
	msgDefault.value.Store(10)
	sizeDefault.value.Store(8192)
	p, e := vfs.KernMount(&tmpfs.Type, nil, 0, "mode=1777")
	if e != errno.OK {
		return e
	}
	sb, dir := p.Mnt.SB, p.Inode()
	theVolume.SuperOps, theDir.tree = sb.Ops, dir.Ops
	theSuper, theOps = &theVolume, &theDir
	sb.Ops, dir.Ops = theSuper, theOps
	sb.Type, sb.Magic = &Type, magic
	root = p
	if kernel = vfs.NewFSInfo(p); kernel == nil {
		return errno.ENOMEM
	}
	kernel.SetUmask(0)
	for _, s := range [...]struct {
		name string
		gen  func(b *procfs.Buffer) errno.Errno
		set  func(data []byte) errno.Errno
	}{
		{"queues_max", genQueuesMax, setQueuesMax}, {"msg_max", genMsgMax, setMsgMax}, {"msgsize_max", genSizeMax, setSizeMax},
		{"msg_default", genMsgDefault, setMsgDefault}, {"msgsize_default", genSizeDefault, setSizeDefault},
	} {
		if e := procfs.RegisterSysctl("fs/mqueue", s.name, s.gen, s.set); e != errno.OK {
			return e
		}
	}
	return vfs.Register(&Type)
}

func mount(t *vfs.FSType, dev *block.Device, flags uint32, data string) (*vfs.SuperBlock, errno.Errno) {
	return root.Mnt.SB, errno.OK
}

func genQueuesMax(b *procfs.Buffer) errno.Errno   { return queuesMax.gen(b) }
func genMsgMax(b *procfs.Buffer) errno.Errno      { return msgMax.gen(b) }
func genSizeMax(b *procfs.Buffer) errno.Errno     { return sizeMax.gen(b) }
func genMsgDefault(b *procfs.Buffer) errno.Errno  { return msgDefault.gen(b) }
func genSizeDefault(b *procfs.Buffer) errno.Errno { return sizeDefault.gen(b) }
func setQueuesMax(data []byte) errno.Errno        { return queuesMax.set(data) }
func setMsgMax(data []byte) errno.Errno           { return msgMax.set(data) }
func setSizeMax(data []byte) errno.Errno          { return sizeMax.set(data) }
func setMsgDefault(data []byte) errno.Errno       { return msgDefault.set(data) }
func setSizeDefault(data []byte) errno.Errno      { return sizeDefault.set(data) }

func (s *setting) gen(b *procfs.Buffer) errno.Errno {
	b.Printf("%d\n", s.value.Load())
	return errno.OK
}

func (s *setting) set(data []byte) errno.Errno {
	n := int64(0)
	for _, c := range data {
		if c < '0' || c > '9' || n > s.most {
			return errno.EINVAL
		}
		n = n*10 + int64(c-'0')
	}
	if len(data) == 0 || n < s.least || n > s.most {
		return errno.EINVAL
	}
	s.value.Store(n)
	return errno.OK
}

// Attr is struct mq_attr.
type Attr struct {
	Flags, MaxMsg, MsgSize, CurMsgs int64
	_                               [4]int64
}

// Open is mq_open(2) up to the descriptor: attr is nil for the default. limit is the caller's RLIMIT_MSGQUEUE.
func Open(c *vfs.Context, name string, flags, mode uint32, attr *Attr, limit uint64) (*vfs.File, errno.Errno) {
	if e := checkName(name); e != errno.OK {
		return nil, e
	}
	inside := vfs.Context{Cred: c.Cred, FS: kernel, Files: c.Files}
	flags &= vfs.O_ACCMODE | vfs.O_CREAT | vfs.O_EXCL | vfs.O_NONBLOCK
	if flags&vfs.O_CREAT == 0 {
		return openExisting(vfs.NoEscape(&inside), name, flags)
	}
	createMutex.Lock()
	defer createMutex.Unlock()
	if flags&vfs.O_EXCL == 0 { // the rules for files in directories of everybody do not apply
		if f, e := openExisting(vfs.NoEscape(&inside), name, flags&^vfs.O_CREAT); e != errno.ENOENT {
			return f, e
		}
	}
	wanted.attr = Attr{MaxMsg: min(msgDefault.value.Load(), msgMax.value.Load()),
		MsgSize: min(sizeDefault.value.Load(), sizeMax.value.Load())}
	if attr != nil {
		wanted.attr = *attr
	}
	wanted.limit = limit
	wanted.maker.Store(sched.Current())
	f, e := vfs.Open(vfs.NoEscape(&inside), vfs.AtFDCWD, name, flags|vfs.O_NOFOLLOW, mode&0o777&^c.FS.Umask())
	wanted.maker.Store(nil)
	return f, e
}

// openExisting opens a queue that is there; as on Linux, the access mode 3 is for new ones only.
func openExisting(inside *vfs.Context, name string, flags uint32) (*vfs.File, errno.Errno) {
	f, e := vfs.Open(inside, vfs.AtFDCWD, name, flags|vfs.O_NOFOLLOW, 0)
	if e == errno.OK && flags&vfs.O_ACCMODE == vfs.O_ACCMODE {
		f.Put()
		return nil, errno.EINVAL
	}
	return f, e
}

// checkName: a queue's name is one component.
func checkName(name string) errno.Errno {
	if name == "" {
		return errno.ENOENT
	}
	if len(name) > vfs.NameMax {
		return errno.ENAMETOOLONG
	}
	for k := range len(name) {
		if name[k] == '/' {
			return errno.EACCES
		}
	}
	if name == "." || name == ".." {
		return errno.EACCES
	}
	return errno.OK
}

// Unlink is mq_unlink(2).
func Unlink(c *vfs.Context, name string) errno.Errno {
	if e := checkName(name); e != errno.OK {
		return e
	}
	inside := vfs.Context{Cred: c.Cred, FS: kernel, Files: c.Files}
	return vfs.Unlink(vfs.NoEscape(&inside), vfs.AtFDCWD, name)
}

// Lookup finds a queue.
func (d *dirOps) Lookup(dir *vfs.Inode, name string) (*vfs.Inode, errno.Errno) {
	return d.tree.Lookup(dir, name)
}

// Unlink removes a queue's name.
func (d *dirOps) Unlink(dir *vfs.Inode, name string, victim *vfs.Inode) errno.Errno {
	return d.tree.Unlink(dir, name, victim)
}

// SetAttr changes modes and owners.
func (d *dirOps) SetAttr(i *vfs.Inode, a *vfs.Attr) errno.Errno { return d.tree.SetAttr(i, a) }

// GetAttr fills st.
func (d *dirOps) GetAttr(i *vfs.Inode, st *vfs.Stat) errno.Errno { return d.tree.GetAttr(i, st) }

// Create makes a queue: with what Open wants, or for a file created in a mounted volume with the default.
func (d *dirOps) Create(dir *vfs.Inode, name string, mode uint32, own vfs.Owner) (*vfs.Inode, errno.Errno) {
	attr, limit, privileged := Attr{MaxMsg: msgDefault.value.Load(), MsgSize: sizeDefault.value.Load()}, ^uint64(0), false
	if wanted.maker.Load() == sched.Current() {
		attr, limit = wanted.attr, wanted.limit
	}
	privileged = Capable == nil || Capable(cred.SysResource)
	q, e := newQueue(&attr, own.UID, limit, privileged)
	if e != errno.OK {
		return nil, e
	}
	i, e := d.tree.Create(dir, name, mode, own)
	if e != errno.OK {
		q.free()
		return nil, e
	}
	i.Private = unsafe.Pointer(q)
	i.FOps = theFile
	i.Flags |= vfs.InodeNoSize
	i.SetSize(fileSize)
	return i, errno.OK
}

// EvictInode frees the queue of an inode that goes away.
func (s *superOps) EvictInode(i *vfs.Inode) {
	if i.Type() == vfs.S_IFREG && i.Private != nil {
		(*Queue)(i.Private).free()
		i.Private = nil
	}
	s.SuperOps.EvictInode(i)
}

// Capable tells whether the caller has a capability; set by the process floor.
var Capable func(cap cred.Cap) bool

// newQueue makes an empty queue, charged to its owner. EINVAL, ENOSPC, EMFILE, ENOMEM.
func newQueue(a *Attr, uid uint32, limit uint64, privileged bool) (*Queue, errno.Errno) {
	const overhead = 96 + 8 // of a message: its header, its place in the tree, the pointer to it
	most, size := msgMax.value.Load(), sizeMax.value.Load()
	if privileged {
		most, size = hardMax, hardSize
	}
	if a.MaxMsg <= 0 || a.MsgSize <= 0 || a.MaxMsg > most || a.MsgSize > size {
		return nil, errno.EINVAL
	}
	if int64(nQueues.Add(1)) > queuesMax.value.Load() && !privileged {
		nQueues.Add(-1)
		return nil, errno.ENOSPC
	}
	bytes := a.MaxMsg * (a.MsgSize + overhead)
	account := &used[uid%nUsers]
	if total := account.Add(bytes); uint64(total) > limit {
		account.Add(-bytes)
		nQueues.Add(-1)
		return nil, errno.EMFILE
	}
	q := queueCache.Alloc()
	if q == nil {
		account.Add(-bytes)
		nQueues.Add(-1)
		return nil, errno.ENOMEM
	}
	q.maxMsg, q.msgSize, q.charge, q.account = a.MaxMsg, a.MsgSize, bytes, account
	q.lock.Init(lock.RankIPC)
	return q, errno.OK
}

func (q *Queue) free() {
	for m := q.messages.Min(); m != nil; m = q.messages.Min() {
		q.messages.Remove(&m.node)
		m.free()
	}
	q.account.Add(-q.charge)
	nQueues.Add(-1)
	queueCache.Free(q)
}
