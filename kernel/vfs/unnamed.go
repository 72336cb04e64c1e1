package vfs

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
)

// OpenUnlinked opens an inode that has never had a name, whose reference it takes over, as if it had been root's child and removed:
// memfd_create(2). root is a volume of the kernel's own (KernMount).
func (root Path) OpenUnlinked(i *Inode, name string, flags uint32, c *cred.Cred) (*File, errno.Errno) {
	d := newDentry(root.Dentry.sb, root.Dentry, name, 0)
	if d == nil {
		i.Put()
		return nil, errno.ENOMEM
	}
	d.inode.Store(i)
	d.state.Or(dDeleted)
	p := Path{root.Mnt.Get(), d}
	f, err := p.OpenInode(c, flags)
	p.Put()
	return f, err
}
