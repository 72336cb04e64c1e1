package vfs

import (
	"sync/atomic"

	"galago/kernel/cred"
	"galago/kernel/errno"
)

// Notification of what happens to files, for those who watch them (inotify(7)). While nobody watches anything, each place where
// something happens costs the test of one word. Package ipc keeps the watches and delivers.

// Events, with inotify's values; they can be combined. NotifyIsDir says that the file concerned is a directory.
const (
	NotifyAccess       = 0x001
	NotifyModify       = 0x002
	NotifyAttrib       = 0x004
	NotifyCloseWrite   = 0x008
	NotifyCloseNoWrite = 0x010
	NotifyOpen         = 0x020
	NotifyMovedFrom    = 0x040
	NotifyMovedTo      = 0x080
	NotifyCreate       = 0x100
	NotifyDelete       = 0x200
	NotifyDeleteSelf   = 0x400
	NotifyMoveSelf     = 0x800
	NotifyUnmount      = 0x2000
	NotifyIsDir        = 0x4000_0000
)

// Event is something that happened.
type Event struct {
	Mask   uint32
	Cookie uint32 // ties the two halves of a move together
	Name   string // of the child concerned, when a directory's watches are told; valid during the call only
	// Unlinked: the child's name has been removed already.
	Unlinked bool
}

var (
	// Watches counts the watches of the whole system.
	Watches atomic.Int32
	// OnEvent tells the watches of an inode (Inode.Watch is not nil). NotifyDeleteSelf and NotifyUnmount end them.
	OnEvent func(i *Inode, e *Event)

	moveCookie atomic.Uint32
)

// WatchLimits holds the settings of /proc/sys/fs/inotify.
var WatchLimits struct {
	QueuedEvents, UserInstances, UserWatches atomic.Int32
}

// watched tells whether anybody watches anything.
func watched() bool { return Watches.Load() != 0 }

// notify tells the watches of i itself.
func (i *Inode) notify(mask uint32, name string, cookie uint32) {
	if i.Watch.Load() != nil {
		e := Event{Mask: mask, Name: name, Cookie: cookie}
		OnEvent(i, NoEscape(&e))
	}
}

// notify tells the watches of a file, and those of the directory that the path names it in.
func (d *Dentry) notify(mask uint32) {
	i := d.Inode()
	if i == nil {
		return
	}
	if i.IsDir() {
		mask |= NotifyIsDir
	}
	d.notifyParent(mask)
	i.notify(mask, "", 0)
}

// notifyParent tells the watches of the directory that d is in.
func (d *Dentry) notifyParent(mask uint32) {
	var name [NameMax]byte
	var dir *Inode
	n := 0
	treeLock.Lock()
	if p := d.parent; p != d {
		if i := p.Inode(); i != nil && i.Watch.Load() != nil {
			dir = i.Get()
			n = copy(name[:], d.name)
		}
	}
	treeLock.Unlock()
	if dir == nil {
		return
	}
	e := Event{Mask: mask, Name: bytesString(name[:n]), Unlinked: d.state.Load()&dDeleted != 0}
	OnEvent(dir, NoEscape(&e))
	dir.Put()
}

// notify tells who watches the file or its directory.
func (f *File) notify(mask uint32) {
	if f.mode&(fileAnon|filePath) == 0 {
		f.Path.Dentry.notify(mask)
	}
}

// NotifyAccessed and NotifyModified are for transfers that do not go through Read and Write.
func (f *File) NotifyAccessed() {
	if watched() {
		f.notify(NotifyAccess)
	}
}

// NotifyModified tells that the file's contents have changed.
func (f *File) NotifyModified() {
	if watched() {
		f.notify(NotifyModify)
	}
}

// notifyChange tells of a change of attributes after it was made.
func notifyChange(d *Dentry, valid uint32) {
	mask := uint32(0)
	if valid&(AttrUID|AttrGID|AttrMode) != 0 {
		mask |= NotifyAttrib
	}
	if valid&AttrSize != 0 {
		mask |= NotifyModify
	}
	switch valid & (AttrATime | AttrMTime) {
	case AttrATime | AttrMTime:
		mask |= NotifyAttrib
	case AttrATime:
		mask |= NotifyAccess
	case AttrMTime:
		mask |= NotifyModify
	}
	if mask != 0 {
		d.notify(mask)
	}
}

// notifyChange is the same for an open file.
func (f *File) notifyChange(valid uint32) {
	if watched() && f.mode&fileAnon == 0 {
		notifyChange(f.Path.Dentry, valid)
	}
}

// dirBit is NotifyIsDir for a directory.
func (i *Inode) dirBit() uint32 {
	if i.IsDir() {
		return NotifyIsDir
	}
	return 0
}

// notifyCreated tells of a new name for i, which is nil when the file system leaves it to the next lookup.
func (dir *Inode) notifyCreated(name string, i *Inode, isDir bool) {
	mask := uint32(NotifyCreate)
	if isDir || i != nil && i.IsDir() {
		mask |= NotifyIsDir
	}
	dir.notify(mask, name, 0)
}

// notifyRename tells both directories and the file of a move.
func notifyRename(odir *Inode, oname string, ndir *Inode, nname string, moved, replaced *Inode) {
	cookie := moveCookie.Add(1)
	bit := moved.dirBit()
	odir.notify(NotifyMovedFrom|bit, oname, cookie)
	ndir.notify(NotifyMovedTo|bit, nname, cookie)
	if replaced != nil {
		replaced.notify(NotifyAttrib|replaced.dirBit(), "", 0)
	}
	moved.notify(NotifyMoveSelf|bit, "", 0)
}

// putNamed gives up a name's reference to i: if it was the last name of the file, its watches end.
func (i *Inode) putNamed() {
	if watched() && i.Links() == 0 {
		i.notify(NotifyDeleteSelf|i.dirBit(), "", 0)
	}
	i.Put()
}

// endWatches ends the watches of a volume that is going away.
func (sb *SuperBlock) endWatches() {
	if !watched() {
		return
	}
	var prev *Inode
	sb.lock.Lock()
	i := sb.inodes.Back() // the youngest first
	for i != nil {
		if i.Watch.Load() == nil || !i.tryGet() {
			i = i.sbNode.Prev()
			continue
		}
		sb.lock.Unlock()
		if prev != nil {
			prev.Put()
		}
		i.notify(NotifyUnmount|i.dirBit(), "", 0)
		prev = i
		sb.lock.Lock()
		i = i.sbNode.Prev() // i is still listed: we hold a reference
	}
	sb.lock.Unlock()
	if prev != nil {
		prev.Put()
	}
}

// notifyClosed tells that an open file goes away.
func (f *File) notifyClosed() {
	if f.mode&fileWrite != 0 {
		f.notify(NotifyCloseWrite)
	} else {
		f.notify(NotifyCloseNoWrite)
	}
}

// changed tells of a change of attributes if it was made, and passes the result on.
func (p Path) changed(valid uint32, err errno.Errno) errno.Errno {
	if err == errno.OK && watched() {
		notifyChange(p.Dentry, valid)
	}
	return err
}

// changed is the same for an open file.
func (f *File) changed(valid uint32, err errno.Errno) errno.Errno {
	if err == errno.OK {
		f.notifyChange(valid)
	}
	return err
}

// ownerChange tells which attributes chown(2) sets.
func ownerChange(uid, gid uint32) (valid uint32) {
	if uid != cred.KeepID {
		valid |= AttrUID
	}
	if gid != cred.KeepID {
		valid |= AttrGID
	}
	return valid
}

// timesChange tells which attributes utimensat(2) sets.
func timesChange(times *[2]Time) (valid uint32) {
	if times == nil || times[0].Nsec != UTIME_OMIT {
		valid |= AttrATime
	}
	if times == nil || times[1].Nsec != UTIME_OMIT {
		valid |= AttrMTime
	}
	return valid
}
