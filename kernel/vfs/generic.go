package vfs

import (
	"sync/atomic"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/uio"
	"galago/kernel/vm/pagecache"
)

// atimeAge is how old an access time gets before reading renews it, in seconds (relatime).
const atimeAge = 24 * 60 * 60

// Accessed notes that the file was read, for files that do not go through GenericRead.
func (f *File) Accessed() { f.accessed() }

// accessed renews the access time by the relatime rule: when it is not later than the last change, or a day old.
func (f *File) accessed() {
	if f.mode&fileAnon == 0 && f.Flags.Load()&O_NOATIME == 0 {
		f.Inode.accessed(f.Path.Mnt)
	}
}

func (i *Inode) linkAccessed(m *Mount) { i.accessed(m) }

func (i *Inode) accessed(m *Mount) {
	fl := m.Flags.Load()
	if fl&MS_NOATIME != 0 || fl&MS_NODIRATIME != 0 && i.IsDir() {
		return
	}
	a, mt, c := i.Times()
	if fl&MS_STRICTATIME == 0 && mt.Before(a) && c.Before(a) && Now().Sec-a.Sec < atimeAge {
		return
	}
	if m.ReadOnly() {
		return
	}
	i.Touch(AttrATime)
	i.MarkDirty()
}

// GenericFileWrite is write(2) of a regular file through the page cache: it takes the inode's lock, the end of the file for
// O_APPEND, drops set-ID bits, sets the times, and with O_SYNC or O_DSYNC waits for the medium.
func GenericFileWrite(f *File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	i := f.Inode
	flags := f.Flags.Load()
	i.Lock.Lock()
	if flags&O_APPEND != 0 || pos == atEnd {
		pos = i.Size()
	}
	n, err := 0, i.limitWrite(it, pos)
	if i.MayWrite != nil && err == errno.OK {
		err = i.MayWrite(i, it, pos)
	}
	if err == errno.OK && it.Len() > 0 {
		i.dropPrivileges(f.Cred)
		if n, err = pagecache.GenericWrite(&i.Pages, it, pos); n > 0 {
			i.Touch(AttrMTime | AttrCTime)
			i.MarkDirty()
		}
	}
	i.Lock.Unlock()
	if n > 0 && flags&O_DSYNC != 0 {
		if e := f.Ops.Fsync(f, flags&O_SYNC != O_SYNC); e != errno.OK {
			return 0, pos, e
		}
	}
	return n, pos + int64(n), err
}

// LimitWrite shortens a write at pos to what the file may grow to. EFBIG: not even a byte.
func (i *Inode) limitWrite(it *uio.Iter, pos int64) errno.Errno {
	limit := i.SB.MaxBytes
	if FileSizeLimit != nil {
		limit = min(limit, FileSizeLimit())
	}
	if it.Len() == 0 {
		return errno.OK
	}
	if pos >= limit {
		if err := i.sizeAllowed(pos + 1); err != errno.OK {
			return err
		}
		return errno.EFBIG
	}
	if int64(it.Len()) > limit-pos {
		it.Truncate(int(limit - pos))
	}
	return errno.OK
}

// GenericFsync writes and waits for the file's pages and, unless that is not needed for reading them back, its inode; it
// reports each write-back error once for this open file.
func GenericFsync(f *File, datasync bool) errno.Errno {
	i := f.Inode
	i.Pages.Sync(0, ^uint64(0), true)
	err := i.Write(true)
	if e := i.Pages.CheckError(&f.wbErr); err == errno.OK {
		err = e
	}
	return err
}

// WritebackError reports, once for this open file, an error of write-back: for FileOps.Fsync of file systems that do their own.
func (f *File) WritebackError() errno.Errno { return f.Pages.CheckError(&f.wbErr) }

// SyncFS is syncfs(2).
func SyncFS(ctx *Context, fd int) errno.Errno {
	return withFile(ctx, fd, func(f *File) errno.Errno { return f.Inode.SB.sync(true) })
}

// parentIno returns the inode number for "..".
func (p Path) parentIno() uint64 {
	treeLock.Lock()
	i := p.Dentry.parent.Inode()
	treeLock.Unlock()
	return i.Ino
}

// Anonymous inodes: of pipes, sockets, eventfds. They live on a volume of their own that is not mounted.
type anonOps struct{}

// Interface values made once: converting in a function counts as an allocation.
var (
	anonSuperOps SuperOps = anonOps{}
	noInodeOps   InodeOps = NoInodeOps{}
)

var (
	anonCache = mem.Cache[Inode]{Name: "anon_inode"}
	anonType  = FSType{Name: "anon_inodefs", NoDev: true}
	anonMutex sched.Mutex
	anonSB    atomic.Pointer[SuperBlock]
	anonFile  atomic.Pointer[Inode] // shared by files that need nothing of it
	anonIno   atomic.Uint64
)

func (anonOps) AllocInode(sb *SuperBlock) *Inode                              { return anonCache.Alloc() }
func (anonOps) FreeInode(i *Inode)                                            { anonCache.Free(i) }
func (anonOps) ReadInode(i *Inode) errno.Errno                                { return errno.EINVAL }
func (anonOps) WriteInode(i *Inode, sync bool) errno.Errno                    { return errno.OK }
func (anonOps) EvictInode(i *Inode)                                           {}
func (anonOps) SyncFS(sb *SuperBlock, wait bool) errno.Errno                  { return errno.OK }
func (anonOps) StatFS(sb *SuperBlock, st *StatFS) errno.Errno                 { return errno.OK }
func (anonOps) Remount(sb *SuperBlock, flags uint32, data string) errno.Errno { return errno.EINVAL }
func (anonOps) PutSuper(sb *SuperBlock)                                       {}

// anonSuper returns the volume of anonymous inodes, made at first use. The zero FSType's Mount is nil: nobody can mount it.
func anonSuper() *SuperBlock {
	if sb := anonSB.Load(); sb != nil {
		return sb
	}
	anonMutex.Lock()
	defer anonMutex.Unlock()
	if sb := anonSB.Load(); sb != nil {
		return sb
	}
	sb := NewSuper(&anonType, nil, 0, anonSuperOps)
	if sb != nil {
		sb.NoCache = true
		sb.active.Store(1)    // for ever
		sb.Magic = 0x09041934 // ANON_INODE_FS_MAGIC
		anonSB.Store(sb)
	}
	return sb
}

// NewAnonInode makes an inode without a name, of a type such as S_IFIFO|0600: it goes away with its last reference.
func NewAnonInode(mode uint32, c *cred.Cred) (*Inode, errno.Errno) {
	sb := anonSuper()
	if sb == nil {
		return nil, errno.ENOMEM
	}
	i := NewInode(sb, anonIno.Add(1))
	if i == nil {
		return nil, errno.ENOMEM
	}
	i.Ops, i.Mode, i.Nlink, i.UID, i.GID = noInodeOps, mode, 1, c.FSUID, c.FSGID
	i.Touch(AttrATime | AttrMTime | AttrCTime)
	return i, errno.OK
}

// anonInode returns the shared anonymous inode with a reference.
func anonInode() (*Inode, errno.Errno) {
	if i := anonFile.Load(); i != nil {
		return i.Get(), errno.OK
	}
	i, err := NewAnonInode(0o600, &cred.Root)
	if err != errno.OK {
		return nil, err
	}
	if anonFile.CompareAndSwap(nil, i) {
		return i.Get(), errno.OK
	}
	i.Put()
	return anonFile.Load().Get(), errno.OK
}

// globalName is PathName as seen from the root of all mounts, without NUL.
func (p Path) globalName(buf []byte) int {
	var ctx Context
	n, err := (&ctx).pathName(p, buf, true)
	if err != errno.OK {
		return 0
	}
	return n - 1
}

// CutOption splits s, of the options of a mount, at the first sep.
func CutOption(s string, sep byte) (before, after string) {
	for k := 0; k < len(s); k++ {
		if s[k] == sep {
			return s[:k], s[k+1:]
		}
	}
	return s, ""
}
