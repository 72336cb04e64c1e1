//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/proc"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// What a task shares with others, and what it is to the system.

// unshare(2): descriptors and directories can be made one's own; there are no name spaces.
func sysUnshare(f *arch.Frame) (uintptr, errno.Errno) {
	const (
		nameSpaces = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x80
		alone      = proc.CLONE_THREAD | proc.CLONE_SIGHAND | proc.CLONE_VM
		known      = alone | proc.CLONE_FS | proc.CLONE_FILES | proc.CLONE_SYSVSEM | nameSpaces
	)
	flags := uint64(arg0(f))
	switch {
	case flags&^known != 0:
		return 0, errno.EINVAL
	case flags&nameSpaces != 0 && !ctx().Cred.Capable(cred.SysAdmin):
		return 0, errno.EPERM
	case flags&nameSpaces != 0:
		return 0, errno.EINVAL
	case flags&alone != 0 && !current().Proc.SingleThreaded():
		return 0, errno.EINVAL
	}
	return ok(current().Unshare(flags))
}

// setns(2): every descriptor is of something that is no name space.
func sysSetns(f *arch.Frame) (uintptr, errno.Errno) {
	return withFile(int0(f), func(*vfs.File) (uintptr, errno.Errno) { return 0, errno.EINVAL })
}

// personality(2): the word is kept and inherited; ADDR_NO_RANDOMIZE is the only part with an effect.
func sysPersonality(f *arch.Frame) (uintptr, errno.Errno) {
	const query = 0xffffffff
	p := current().Proc
	old := p.Personality.Load()
	if v := uint32(arg0(f)); v != query {
		p.Personality.Store(v)
	}
	return uintptr(old), 0
}

// kcmp(2) types.
const (
	kcmpFile  = 0
	kcmpVM    = 1
	kcmpFiles = 2
	kcmpFS    = 3
	kcmpSig   = 4
	kcmpIO    = 5
	kcmpSem   = 6
	kcmpEpoll = 7
)

func sysKcmp(f *arch.Frame) (uintptr, errno.Errno) {
	kind := int2(f)
	if kind < kcmpFile || kind > kcmpEpoll {
		return 0, errno.EINVAL
	}
	var id [2]uintptr
	for i, pid := range [2]int{int0(f), int1(f)} {
		p := proc.Find(pid)
		if p == nil {
			return 0, errno.ESRCH
		}
		e := errno.OK
		if !current().MayInspect(p) {
			e = errno.EPERM
		} else {
			id[i], e = kcmpIdentity(p, kind, int([2]uintptr{arg3(f), arg4(f)}[i]))
		}
		p.Put()
		if e != 0 {
			return 0, e
		}
	}
	switch {
	case id[0] < id[1]:
		return 1, 0
	case id[0] > id[1]:
		return 2, 0
	}
	return 0, 0
}

// kcmpIdentity is a number that is the same for the same object. It does not leave the kernel.
func kcmpIdentity(p *proc.Process, kind, fd int) (uintptr, errno.Errno) {
	if kind == kcmpFile {
		return p.FileIdentity(fd)
	}
	switch kind {
	case kcmpVM, kcmpFiles, kcmpFS, kcmpSig:
		return p.Identity(kind), errno.OK
	}
	return 0, errno.EOPNOTSUPP
}

func sysGetcpu(f *arch.Frame) (uintptr, errno.Errno) {
	cpu, node := uint32(arch.CPUID()), uint32(0)
	if arg0(f) != 0 {
		if e := put(arg0(f), &cpu); e != 0 {
			return 0, e
		}
	}
	if arg1(f) != 0 {
		return ok(put(arg1(f), &node))
	}
	return 0, 0
}

// sysfs(2): file system types by number and name.
func sysSysfs(f *arch.Frame) (uintptr, errno.Errno) {
	const indexOf, nameOf, count = 1, 2, 3
	switch int0(f) {
	case indexOf:
		p, e := getPath(arg1(f), true)
		if e != 0 {
			return 0, e
		}
		defer p.free()
		i := uintptr(0)
		for t := vfs.FSTypes(); t != nil; t = t.Next() {
			if t.Name == p.str() {
				return i, 0
			}
			i++
		}
	case nameOf:
		i := arg1(f)
		for t := vfs.FSTypes(); t != nil; t = t.Next() {
			if i == 0 {
				return ok(putString(arg2(f), t.Name))
			}
			i--
		}
	case count:
		n := uintptr(0)
		for t := vfs.FSTypes(); t != nil; t = t.Next() {
			n++
		}
		return n, 0
	}
	return 0, errno.EINVAL
}

// putString copies a string and a NUL to user memory.
func putString(user uintptr, s string) errno.Errno {
	it := uio.FromUser(user, len(s)+1)
	if n, e := it.CopyOut(unsafe.Slice(unsafe.StringData(s), len(s))); e != 0 || n < len(s) {
		return errno.EFAULT
	}
	var nul byte
	return put(user+uintptr(len(s)), &nul)
}
