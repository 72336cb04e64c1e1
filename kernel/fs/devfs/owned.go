package devfs

import (
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// SetOwner gives a node that Register made an owner: a pseudo-terminal belongs to the user who opened it.
func SetOwner(name string, uid, gid uint32) errno.Errno {
	return vfs.Fchownat(&kernel, vfs.AtFDCWD, name, uid, gid, 0)
}
