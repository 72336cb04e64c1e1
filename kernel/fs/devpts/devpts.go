// Package devpts is the file system of pseudo-terminals, /dev/pts: a node for each slave, and ptmx. Each mount is an instance of its own, as on
// Linux since 4.7, whether newinstance is given or not: a terminal shows up in the one whose ptmx was opened, or that is mounted on
// "pts" beside the ptmx that was. Numbers are given out by package tty, for all instances together.
//
// It is a tmpfs whose root lets nobody add or remove names but this package, which does it behind the name cache; so the root is volatile. Lock: the
// root's Inode.Lock, then the node's.
package devpts

import (
	"unsafe"

	"galago/kernel/block"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/fs/tmpfs"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

// Type is the file system's type, for vfs.Register.
var Type = vfs.FSType{Name: "devpts", NoDev: true, Mount: mount}

const (
	magic     = 0x1cd1 // DEVPTS_SUPER_MAGIC
	ptmxMajor = 5
	ptmxMinor = 2
	slaveMode = 0o600
)

var (
	theSuperOps vfs.SuperOps = superOps{}
	theRootOps  vfs.InodeOps = rootOps{}

	optionsCache = mem.Cache[options]{Name: "devpts"}
)

// mount makes an instance. Options: uid=N, gid=N, mode=OCTAL of slaves, ptmxmode=OCTAL, max=N (accepted up to what there is), newinstance.
func mount(t *vfs.FSType, dev *block.Device, flags uint32, data string) (*vfs.SuperBlock, errno.Errno) {
	o := optionsCache.Alloc()
	if o == nil {
		return nil, errno.ENOMEM
	}
	o.mode = slaveMode
	if err := o.parse(data); err != errno.OK {
		optionsCache.Free(o)
		return nil, err
	}
	sb, err := tmpfs.Mount(t, nil, flags, "mode=755")
	if err != errno.OK {
		optionsCache.Free(o)
		return nil, err
	}
	sb.Ops, sb.Magic = theSuperOps, magic
	root := sb.Root.Inode()
	root.Private = unsafe.Pointer(o)
	i, err := tmpfs.InodeOps{}.Mknod(root, "ptmx", vfs.S_IFCHR|o.ptmxMode, vfs.Makedev(ptmxMajor, ptmxMinor), vfs.Owner{})
	if err != errno.OK {
		sb.Root.Put()
		sb.Root = nil
		sb.Ops.PutSuper(sb)
		vfs.DropSuper(sb)
		return nil, err
	}
	i.Put()
	root.Ops = theRootOps
	root.Flags |= vfs.InodeVolatile
	return sb, errno.OK
}

// superOps is a tmpfs's but for what an instance has more.
type superOps struct{ tmpfs.SuperOps }

// EvictInode frees what belongs to an inode, with the root the options.
func (s superOps) EvictInode(i *vfs.Inode) {
	if i.IsDir() && i.Private != nil {
		optionsCache.Free((*options)(i.Private))
		i.Private = nil
	}
	s.SuperOps.EvictInode(i)
}

// StatFS has no space to report.
func (superOps) StatFS(sb *vfs.SuperBlock, st *vfs.StatFS) errno.Errno { return errno.OK }

// Remount takes new options, for slaves to come and for ptmx. What is not given is as by default again, as on Linux.
func (superOps) Remount(sb *vfs.SuperBlock, flags uint32, data string) errno.Errno {
	n := options{mode: slaveMode}
	if err := n.parse(data); err != errno.OK {
		return err
	}
	root := sb.Root.Inode()
	root.Lock.Lock()
	defer root.Lock.Unlock()
	*(*options)(root.Private) = n
	i, err := tmpfs.InodeOps{}.Lookup(root, "ptmx")
	if err == errno.OK {
		i.Lock.Lock()
		i.ApplyAttr(&vfs.Attr{Valid: vfs.AttrMode, Mode: n.ptmxMode})
		i.Lock.Unlock()
		i.Put()
	}
	return err
}

// rootOps finds names; users can make none.
type rootOps struct{ vfs.NoInodeOps }

// Lookup finds a name.
func (rootOps) Lookup(dir *vfs.Inode, name string) (*vfs.Inode, errno.Errno) {
	return tmpfs.InodeOps{}.Lookup(dir, name)
}

// Of returns the instance that an opened ptmx belongs to, held. ENODEV: there is none beside it.
func Of(ptmx *vfs.File) (*vfs.SuperBlock, errno.Errno) {
	if sb := ptmx.Inode.SB; sb.Type == &Type {
		sb.Hold()
		return sb, errno.OK
	}
	p, err := ptmx.Path.Beside("pts")
	if err != errno.OK {
		return nil, errno.ENODEV
	}
	sb := p.Dentry.SB()
	if sb.Type != &Type || p.Dentry != sb.Root {
		sb, err = nil, errno.ENODEV
	} else {
		sb.Hold()
	}
	p.Put()
	return sb, err
}

// Add gives a slave a node. It belongs to who opened the master, unless the mount says otherwise.
func Add(sb *vfs.SuperBlock, index int, rdev uint64, c *cred.Cred) errno.Errno {
	root := sb.Root.Inode()
	root.Lock.Lock()
	defer root.Lock.Unlock()
	o := (*options)(root.Private)
	own := vfs.Owner{UID: c.FSUID, GID: c.FSGID}
	if o.hasUID {
		own.UID = o.uid
	}
	if o.hasGID {
		own.GID = o.gid
	}
	var name nodeName
	i, err := tmpfs.InodeOps{}.Mknod(root, name.set(index), vfs.S_IFCHR|o.mode, rdev, own)
	if err == errno.OK {
		i.Put()
	}
	return err
}

// Remove takes a slave's node away, if it is there.
func Remove(sb *vfs.SuperBlock, index int) {
	root := sb.Root.Inode()
	var name nodeName
	s := name.set(index)
	root.Lock.Lock()
	i, err := tmpfs.InodeOps{}.Lookup(root, s)
	if err == errno.OK {
		i.Lock.Lock()
		tmpfs.InodeOps{}.Unlink(root, s, i)
		i.Lock.Unlock()
	}
	root.Lock.Unlock()
	if i != nil {
		i.Put()
	}
}

// nodeName is room for a number.
type nodeName [10]byte

// set writes n; the result is valid as long as b.
func (b *nodeName) set(n int) string {
	at := len(b)
	for {
		at--
		b[at] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return unsafe.String(&b[at], len(b)-at)
		}
	}
}
