package vfs

import (
	"sync/atomic"
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
)

// Mount is a volume (or part of one) placed in the tree.
type Mount struct {
	SB    *SuperBlock
	Root  *Dentry
	Flags atomic.Uint32 // MS_RDONLY, NOSUID, NODEV, NOEXEC, NOATIME, NODIRATIME, RELATIME, STRICTATIME of this mount
	ID    int

	refs atomic.Int32 // 1 for being attached, 1 for each child mount, the rest are Paths

	// Guarded by mountLock.
	parent   *Mount  // nil: root of all, or detached
	point    *Dentry // where it is mounted, in parent
	hashNext *Mount
	next     *Mount // in the list of all, oldest first
	source   mountName
}

type mountName struct {
	n int
	b [64]byte
}

const mountBuckets = 64

var (
	mountCache = mem.Cache[Mount]{Name: "mount"}

	// mountLock guards the tree of mounts and the Mounted flag of dentries.
	mountLock  = lock.Spin{Rank: lock.RankMountTable}
	mountTable [mountBuckets]*Mount
	mounts     *Mount
	nextMount  int

	// mountMutex serialises mount and umount.
	mountMutex sched.Mutex

	fsTypes    *FSType // guarded by fsTypeLock
	fsTypeLock = lock.Spin{Rank: lock.RankModuleList}
)

// Register makes a file system type known; EBUSY when the name is taken.
func Register(t *FSType) errno.Errno {
	fsTypeLock.Lock()
	defer fsTypeLock.Unlock()
	p := &fsTypes
	for ; *p != nil; p = &(*p).next {
		if (*p).Name == t.Name {
			return errno.EBUSY
		}
	}
	*p = t
	return errno.OK
}

// FindFSType returns the type of a name, or nil.
func FindFSType(name string) *FSType {
	for t := FSTypes(); t != nil; t = t.Next() {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// FSTypes returns the first registered type. Types are never removed.
func FSTypes() *FSType {
	fsTypeLock.Lock()
	defer fsTypeLock.Unlock()
	return fsTypes
}

// Next returns the type registered after t.
func (t *FSType) Next() *FSType {
	fsTypeLock.Lock()
	defer fsTypeLock.Unlock()
	return t.next
}

// mountFlags are those kept with the mount rather than the volume.
const mountFlags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME

func mountBucket(parent *Mount, point *Dentry) **Mount {
	h := uintptr(unsafe.Pointer(parent))>>6 ^ uintptr(unsafe.Pointer(point))>>7
	return &mountTable[(h^h>>6)%mountBuckets]
}

// Get takes a reference.
func (m *Mount) Get() *Mount {
	m.refs.Add(1)
	return m
}

// Put gives up a reference; the last one, of a detached mount, frees it.
func (m *Mount) Put() {
	for m != nil && m.refs.Add(-1) == 0 {
		parent, point := m.parent, m.point
		m.Root.Put()
		m.SB.put()
		mountCache.Free(m)
		if point != nil {
			point.Put()
		}
		m = parent
	}
}

// ReadOnly tells whether writing through this mount is forbidden.
func (m *Mount) ReadOnly() bool {
	return (m.Flags.Load()|m.SB.Flags.Load())&MS_RDONLY != 0
}

// mounted returns what is mounted at a place, with a reference, or nil.
func mounted(at *Mount, point *Dentry) *Mount {
	mountLock.Lock()
	defer mountLock.Unlock()
	for m := *mountBucket(at, point); m != nil; m = m.hashNext {
		if m.parent == at && m.point == point {
			m.refs.Add(1)
			return m
		}
	}
	return nil
}

// crossDown replaces p by the root of what is mounted there, if anything is, however deep the stack.
func (p *Path) crossDown() {
	for p.Dentry.state.Load()&dMounted != 0 {
		m := mounted(p.Mnt, p.Dentry)
		if m == nil {
			return
		}
		old := *p
		p.Mnt, p.Dentry = m, m.Root.Get()
		old.Put()
	}
}

// crossUp replaces p, the root of a mount, by the place it is mounted on; false at the root of all.
func (p *Path) crossUp() bool {
	mountLock.Lock()
	parent, point := p.Mnt.parent, p.Mnt.point
	if parent == nil || p.Mnt.ID == 0 {
		mountLock.Unlock()
		return false
	}
	up := Path{parent, point}.Get()
	mountLock.Unlock()
	p.Put()
	*p = up
	return true
}

// newMount makes a mount of root, whose reference it takes over together with a use of sb.
func newMount(sb *SuperBlock, root *Dentry, flags uint32, source string) *Mount {
	m := mountCache.Alloc()
	if m == nil {
		return nil
	}
	m.SB, m.Root = sb, root
	m.Flags.Store(flags & mountFlags)
	m.source.n = copy(m.source.b[:], source)
	m.refs.Store(1)
	return m
}

// attach puts m into the tree at a place whose references it takes over; the zero Path makes it the root of all.
func (m *Mount) attach(at Path) {
	mountLock.Lock()
	nextMount++
	m.ID = nextMount
	m.parent, m.point = at.Mnt, at.Dentry
	if at.Mnt != nil {
		b := mountBucket(at.Mnt, at.Dentry)
		m.hashNext = *b
		*b = m
		at.Dentry.state.Or(dMounted)
	}
	p := &mounts
	for *p != nil {
		p = &(*p).next
	}
	*p = m
	mountLock.Unlock()
}

// detach takes m out of the tree; its reference to its place remains until it is freed.
func (m *Mount) detach() {
	mountLock.AssertHeld()
	if m.parent != nil {
		b := mountBucket(m.parent, m.point)
		for *b != m {
			b = &(*b).hashNext
		}
		*b = m.hashNext
	}
	p := &mounts
	still := false
	for *p != nil {
		if *p == m {
			*p = m.next
			continue
		}
		still = still || (*p).point == m.point && m.point != nil
		p = &(*p).next
	}
	if !still && m.point != nil {
		m.point.state.And(^uint32(dMounted))
	}
	m.next, m.hashNext = nil, nil
	m.ID = 0
}

// openSuper makes or finds the volume to be mounted, with one use counted.
func openSuper(t *FSType, dev *block.Device, flags uint32, data string) (*SuperBlock, errno.Errno) {
	if dev != nil {
		superLock.Lock()
		for sb := supers.Front(); sb != nil; sb = sb.node.Next() {
			if sb.Dev != dev || sb.active.Load() == 0 {
				continue
			}
			if sb.Type != t || (sb.Flags.Load()^flags)&MS_RDONLY != 0 {
				superLock.Unlock()
				return nil, errno.EBUSY
			}
			sb.active.Add(1)
			superLock.Unlock()
			return sb, errno.OK
		}
		superLock.Unlock()
	}
	sb, err := t.Mount(t, dev, flags, data)
	if err != errno.OK {
		return nil, err
	}
	sb.Flags.Store(sb.Flags.Load() | flags&MS_RDONLY)
	sb.active.Add(1)
	return sb, errno.OK
}

// MountRoot mounts the first volume and returns its root, with references: the root of all.
func MountRoot(t *FSType, dev *block.Device, flags uint32, data, source string) (Path, errno.Errno) {
	mountMutex.Lock()
	defer mountMutex.Unlock()
	sb, err := openSuper(t, dev, flags, data)
	if err != errno.OK {
		return Path{}, err
	}
	m := newMount(sb, sb.Root.Get(), flags, source)
	if m == nil {
		sb.Root.Put()
		sb.put()
		return Path{}, errno.ENOMEM
	}
	m.attach(Path{})
	return Path{m, m.Root}.Get(), errno.OK
}

// KernMount mounts a volume for the kernel's own use, outside of the tree, and returns its root with references.
func KernMount(t *FSType, dev *block.Device, flags uint32, data string) (Path, errno.Errno) {
	sb, err := openSuper(t, dev, flags, data)
	if err != errno.OK {
		return Path{}, err
	}
	m := newMount(sb, sb.Root.Get(), flags, t.Name)
	if m == nil {
		sb.Root.Put()
		sb.put()
		return Path{}, errno.ENOMEM
	}
	return Path{m, m.Root.Get()}, errno.OK
}

// UnmountRoot unmounts what MountRoot has mounted, at shutdown, giving up the caller's references in p. EBUSY: it is in use.
func UnmountRoot(p Path) errno.Errno {
	mountMutex.Lock()
	defer mountMutex.Unlock()
	p.Dentry.Put()
	m := p.Mnt
	mountLock.Lock()
	err := errno.OK
	if m.refs.Load() != 2 {
		err = errno.EBUSY
	} else {
		m.detach()
		m.refs.Add(-1)
	}
	mountLock.Unlock()
	m.Put()
	return err
}

// FindDevice turns the source argument of mount(2) into a block device. Set by devfs.
var FindDevice func(ctx *Context, source string) (*block.Device, errno.Errno)

// MountFS is mount(2).
func MountFS(ctx *Context, source, target, fstype string, flags uint32, data string) errno.Errno {
	if !ctx.Cred.Capable(cred.SysAdmin) {
		return errno.EPERM
	}
	if flags&MS_MGC_MSK == MS_MGC_VAL {
		flags &^= MS_MGC_MSK
	}
	at, err := Lookup(ctx, AtFDCWD, target, LookupFollow)
	if err != errno.OK {
		return err
	}
	mountMutex.Lock()
	switch {
	case at.Mnt.ID == 0: // detached meanwhile, or never in the tree
		err = errno.EINVAL
	case flags&MS_REMOUNT != 0:
		err = remount(at, flags, data)
	case flags&MS_BIND != 0:
		err = bind(ctx, source, at, flags)
	case flags&MS_MOVE != 0:
		err = errno.EINVAL
	default:
		err = mountNew(ctx, source, at, fstype, flags, data)
	}
	mountMutex.Unlock()
	at.Put()
	return err
}

// +checklocks:mountMutex
func mountNew(ctx *Context, source string, at Path, fstype string, flags uint32, data string) errno.Errno {
	t := FindFSType(fstype)
	if t == nil {
		return errno.ENODEV
	}
	if !at.Inode().IsDir() {
		return errno.ENOTDIR
	}
	var dev *block.Device
	if !t.NoDev {
		if FindDevice == nil {
			return errno.ENODEV
		}
		var err errno.Errno
		if dev, err = FindDevice(ctx, source); err != errno.OK {
			return err
		}
	}
	sb, err := openSuper(t, dev, flags, data)
	if err != errno.OK {
		return err
	}
	if at.Mnt.SB == sb && at.Dentry == at.Mnt.Root { // the same volume at the same place
		sb.put()
		return errno.EBUSY
	}
	m := newMount(sb, sb.Root.Get(), flags, source)
	if m == nil {
		sb.Root.Put()
		sb.put()
		return errno.ENOMEM
	}
	return m.mountOn(at)
}

// mountOn puts m into the tree at a place, unless that is removed, or has another dentry the next time it is looked up: then it gives m up. mountMutex is held, so that the place's own
// mount stays.
//
// +checklocks:mountMutex
func (m *Mount) mountOn(at Path) errno.Errno {
	i := at.Inode()
	i.Lock.Lock()
	gone := i.Links() == 0 || at.Dentry.state.Load()&dFleeting != 0
	if !gone {
		m.attach(at.Get())
	}
	i.Lock.Unlock()
	if gone {
		m.Put()
		return errno.ENOENT
	}
	return errno.OK
}

// +checklocks:mountMutex
func bind(ctx *Context, source string, at Path, flags uint32) errno.Errno {
	src, err := Lookup(ctx, AtFDCWD, source, LookupFollow)
	if err != errno.OK {
		return err
	}
	if src.Mnt.ID == 0 {
		src.Put()
		return errno.EINVAL
	}
	if src.Inode().IsDir() != at.Inode().IsDir() {
		src.Put()
		return errno.ENOTDIR
	}
	m := newMount(src.Mnt.SB, src.Dentry.Get(), src.Mnt.Flags.Load(), source)
	if m == nil {
		src.Dentry.Put()
		src.Put()
		return errno.ENOMEM
	}
	src.Mnt.SB.active.Add(1)
	src.Put()
	return m.mountOn(at)
}

func remount(at Path, flags uint32, data string) errno.Errno {
	m := at.Mnt
	if at.Dentry != m.Root {
		return errno.EINVAL
	}
	keep := flags & mountFlags
	if flags&MS_BIND == 0 {
		sb := m.SB
		if keep&MS_RDONLY != 0 && !sb.ReadOnly() {
			if sb.hasWriters() {
				return errno.EBUSY
			}
			sb.sync(true)
		}
		if err := sb.Ops.Remount(sb, flags, data); err != errno.OK {
			return err
		}
		if keep&MS_RDONLY != 0 {
			sb.Flags.Or(MS_RDONLY)
		} else {
			sb.Flags.And(^uint32(MS_RDONLY))
		}
	}
	m.Flags.Store(keep)
	return errno.OK
}

// hasWriters tells whether a file of the volume is open for writing.
func (sb *SuperBlock) hasWriters() bool {
	sb.lock.Lock()
	defer sb.lock.Unlock()
	for i := sb.inodes.Front(); i != nil; i = i.sbNode.Next() {
		if i.writers.Load() > 0 || i.Links() == 0 && i.refs.Load() > 0 {
			return true
		}
	}
	return false
}

// Umount is umount2(2).
func Umount(ctx *Context, target string, flags uint32) errno.Errno {
	if !ctx.Cred.Capable(cred.SysAdmin) {
		return errno.EPERM
	}
	if flags&^uint32(MNT_FORCE|MNT_DETACH|MNT_EXPIRE|UMOUNT_NOFOLLOW) != 0 || flags&MNT_EXPIRE != 0 {
		return errno.EINVAL
	}
	how := uint32(LookupFollow)
	if flags&UMOUNT_NOFOLLOW != 0 {
		how = 0
	}
	at, err := Lookup(ctx, AtFDCWD, target, how)
	if err != errno.OK {
		return err
	}
	m := at.Mnt
	if at.Dentry != m.Root {
		at.Put()
		return errno.EINVAL
	}
	at.Dentry.Put()
	mountMutex.Lock()
	if flags&MNT_DETACH != 0 {
		err = m.detachTree()
	} else {
		err = m.detachUnused()
	}
	mountMutex.Unlock()
	m.Put()
	return err
}

// detachUnused takes a mount to which the caller has one reference out of the tree, if nobody else has any.
func (m *Mount) detachUnused() errno.Errno {
	mountLock.Lock()
	defer mountLock.Unlock()
	switch {
	case m.ID == 0: // detached already
		return errno.EINVAL
	case m.parent == nil: // the root of all
		return errno.EBUSY
	case m.refs.Load() != 2: // attached, and the caller's
		return errno.EBUSY
	}
	m.detach()
	m.refs.Add(-1)
	return errno.OK
}

// detachTree takes m and the mounts below it out of the tree, the uppermost first. Each is freed when its last
// user is gone.
func (m *Mount) detachTree() errno.Errno {
	for {
		mountLock.Lock()
		if m.ID == 0 {
			mountLock.Unlock()
			return errno.EINVAL
		}
		if m.parent == nil {
			mountLock.Unlock()
			return errno.EBUSY
		}
		leaf := m
		for c := mounts; c != nil; {
			if c.parent == leaf {
				leaf, c = c, mounts
				continue
			}
			c = c.next
		}
		leaf.detach()
		mountLock.Unlock()
		leaf.Put()
		if leaf == m {
			return errno.OK
		}
	}
}
