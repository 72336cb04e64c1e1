// Package devfs gives devices names: it is /dev. Its tree is a tmpfs that the kernel fills (as Linux's devtmpfs is), so
// users may add links and nodes of their own; what a node stands for is looked up by type and number at open, on this or any other file
// system.
//
// Drivers call Register for character devices; block devices appear by themselves. Lock: devLock guards the table of
// devices; it is a leaf.
package devfs

import (
	"galago/kernel/block"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/vfs"

	"galago/kernel/fs/tmpfs"
)

// Type is the file system's type, for vfs.Register. There is one tree, however often it is mounted.
var Type = vfs.FSType{Name: "devtmpfs", NoDev: true, Mount: mount}

// device is a registered character device.
type device struct {
	rdev uint64
	ops  vfs.FileOps
	next *device
}

var (
	deviceCache = mem.Cache[device]{Name: "chrdev"}

	devLock = lock.Spin{Rank: lock.RankModuleList}
	devices *device // guarded by devLock

	// makeLock serialises changes of the tree by the kernel.
	makeLock sched.Mutex
	kernel   vfs.Context // root identity, the tree's root as "/"
	tree     vfs.Path
)

// mount hands out the one tree.
func mount(t *vfs.FSType, dev *block.Device, flags uint32, data string) (*vfs.SuperBlock, errno.Errno) {
	if tree.Mnt == nil {
		return nil, errno.ENODEV
	}
	return tree.Mnt.SB, errno.OK
}

// Init makes the tree with the standard nodes, and has vfs open device nodes here. After it, Register may be called.
func Init() errno.Errno {
	p, err := vfs.KernMount(&tmpfs.Type, nil, 0, "mode=755")
	if err != errno.OK {
		return err
	}
	fs := vfs.NewFSInfo(p)
	if fs == nil {
		return errno.ENOMEM
	}
	fs.SetUmask(0)
	tree = p
	kernel = vfs.Context{Cred: cred.Root.Get(), FS: fs}
	vfs.OpenDevice = openDevice
	vfs.FindDevice = findDevice
	seedRandom()
	for i := range memDevices {
		d := &memDevices[i]
		if err = Register(d.name, 0o666, memMajor, d.minor, d.ops); err != errno.OK {
			return err
		}
	}
	for i := range links {
		if err = vfs.Symlink(&kernel, links[i].to, vfs.AtFDCWD, links[i].name); err != errno.OK {
			return err
		}
	}
	if err = Mkdir("pts"); err == errno.OK {
		err = Mkdir("shm")
	}
	if err == errno.OK {
		err = vfs.Fchmodat(&kernel, vfs.AtFDCWD, "shm", 0o1777, 0)
	}
	if err != errno.OK {
		return err
	}
	return addBlockDevices()
}

var links = [...]struct{ name, to string }{
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
}

// Register adds a character device: opening a node of that number uses ops, and if name is not empty a node appears, with directories
// as the name needs them. EEXIST: the number is taken.
func Register(name string, mode, major, minor uint32, ops vfs.FileOps) errno.Errno {
	d := deviceCache.Alloc()
	if d == nil {
		return errno.ENOMEM
	}
	d.rdev, d.ops = vfs.Makedev(major, minor), ops
	devLock.Lock()
	for x := devices; x != nil; x = x.next {
		if x.rdev == d.rdev {
			devLock.Unlock()
			deviceCache.Free(d)
			return errno.EEXIST
		}
	}
	d.next = devices
	devices = d
	devLock.Unlock()
	if name == "" {
		return errno.OK
	}
	err := makeNode(name, vfs.S_IFCHR|mode, d.rdev)
	if err != errno.OK {
		Unregister("", major, minor)
	}
	return err
}

// Unregister removes a character device and its node. Files that are open stay as they are.
func Unregister(name string, major, minor uint32) {
	rdev := vfs.Makedev(major, minor)
	var found *device
	devLock.Lock()
	for p := &devices; *p != nil; p = &(*p).next {
		if (*p).rdev == rdev {
			found = *p
			*p = found.next
			break
		}
	}
	devLock.Unlock()
	if found != nil {
		deviceCache.Free(found)
	}
	if name != "" {
		RemoveNode(name)
	}
}

// makeNode makes a node and the directories above it.
func makeNode(name string, mode uint32, rdev uint64) errno.Errno {
	makeLock.Lock()
	defer makeLock.Unlock()
	for i := 0; i < len(name); i++ {
		if name[i] == '/' {
			if err := vfs.Mkdir(&kernel, vfs.AtFDCWD, name[:i], 0o755); err != errno.OK && err != errno.EEXIST {
				return err
			}
		}
	}
	return vfs.Mknod(&kernel, vfs.AtFDCWD, name, mode, rdev)
}

// Mkdir makes a directory in the tree, if it is not there.
func Mkdir(name string) errno.Errno {
	makeLock.Lock()
	defer makeLock.Unlock()
	err := vfs.Mkdir(&kernel, vfs.AtFDCWD, name, 0o755)
	if err == errno.EEXIST {
		return errno.OK
	}
	return err
}

// RemoveNode removes a node.
func RemoveNode(name string) {
	makeLock.Lock()
	vfs.Unlink(&kernel, vfs.AtFDCWD, name)
	makeLock.Unlock()
}

// openDevice is vfs.OpenDevice.
func openDevice(i *vfs.Inode, f *vfs.File) errno.Errno {
	if i.Type() == vfs.S_IFBLK {
		return openBlock(i, f)
	}
	devLock.Lock()
	d := devices
	for d != nil && d.rdev != i.Rdev {
		d = d.next
	}
	var ops vfs.FileOps
	if d != nil {
		ops = d.ops
	}
	devLock.Unlock()
	if ops == nil {
		return errno.ENXIO
	}
	f.Ops = ops
	return ops.Open(i, f)
}

// findDevice is vfs.FindDevice: the block device that a node named by mount(2) stands for.
func findDevice(ctx *vfs.Context, source string) (*block.Device, errno.Errno) {
	p, err := vfs.Lookup(ctx, vfs.AtFDCWD, source, vfs.LookupFollow)
	if err != errno.OK {
		return nil, err
	}
	defer p.Put()
	i := p.Inode()
	if i.Type() != vfs.S_IFBLK {
		return nil, errno.ENOTBLK
	}
	d := block.LookupNumber(vfs.Major(i.Rdev), vfs.Minor(i.Rdev))
	if d == nil {
		return nil, errno.ENXIO
	}
	return d, errno.OK
}
