//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// Attributes of files: mode, owner, times, size; file systems.

func sysChmod(f *arch.Frame) (uintptr, errno.Errno) {
	return withPath(arg0(f), func(c *vfs.Context, path string) errno.Errno {
		return vfs.Fchmodat(c, vfs.AtFDCWD, path, uint32(arg1(f)), 0)
	})
}

func sysFchmodat(f *arch.Frame) (uintptr, errno.Errno) {
	return withPath(arg1(f), func(c *vfs.Context, path string) errno.Errno {
		return vfs.Fchmodat(c, int0(f), path, uint32(arg2(f)), 0)
	})
}

func sysFchmod(f *arch.Frame) (uintptr, errno.Errno) {
	return ok(vfs.Fchmod(ctx(), int0(f), uint32(arg1(f))))
}

func sysChown(f *arch.Frame) (uintptr, errno.Errno)  { return chown(f, 0) }
func sysLchown(f *arch.Frame) (uintptr, errno.Errno) { return chown(f, vfs.AT_SYMLINK_NOFOLLOW) }

func chown(f *arch.Frame, flags uint32) (uintptr, errno.Errno) {
	return withPath(arg0(f), func(c *vfs.Context, path string) errno.Errno {
		return vfs.Fchownat(c, vfs.AtFDCWD, path, uint32(arg1(f)), uint32(arg2(f)), flags)
	})
}

func sysFchownat(f *arch.Frame) (uintptr, errno.Errno) {
	flags := uint32(arg4(f))
	p, e := getPath(arg1(f), flags&vfs.AT_EMPTY_PATH != 0)
	if e != 0 {
		return 0, e
	}
	e = vfs.Fchownat(ctx(), int0(f), p.str(), uint32(arg2(f)), uint32(arg3(f)), flags)
	p.free()
	return 0, e
}

func sysFchown(f *arch.Frame) (uintptr, errno.Errno) {
	return ok(vfs.Fchown(ctx(), int0(f), uint32(arg1(f)), uint32(arg2(f))))
}

// utimensat(2)'s special values of tv_nsec.
const (
	utimeNow  = 1<<30 - 1
	utimeOmit = 1<<30 - 2
)

func sysUtimensat(f *arch.Frame) (uintptr, errno.Errno) {
	var times [2]vfs.Time
	p := &times
	if arg2(f) == 0 {
		p = nil
	} else {
		if e := get(&times, arg2(f)); e != 0 {
			return 0, e
		}
		for _, t := range times {
			if (t.Nsec < 0 || t.Nsec > 999_999_999) && t.Nsec != utimeNow && t.Nsec != utimeOmit {
				return 0, errno.EINVAL
			}
		}
	}
	if arg1(f) == 0 {
		return ok(vfs.Futimens(ctx(), int0(f), p))
	}
	return utimes(int0(f), arg1(f), p, uint32(arg3(f)))
}

func utimes(dirfd int, user uintptr, times *[2]vfs.Time, flags uint32) (uintptr, errno.Errno) {
	p, e := getPath(user, flags&vfs.AT_EMPTY_PATH != 0)
	if e != 0 {
		return 0, e
	}
	e = vfs.Utimensat(ctx(), dirfd, p.str(), times, flags)
	p.free()
	return 0, e
}

func sysUtimes(f *arch.Frame) (uintptr, errno.Errno) {
	return timevals(vfs.AtFDCWD, arg0(f), arg1(f))
}

func sysFutimesat(f *arch.Frame) (uintptr, errno.Errno) { return timevals(int0(f), arg1(f), arg2(f)) }

func timevals(dirfd int, path, tv uintptr) (uintptr, errno.Errno) {
	if tv == 0 {
		return utimes(dirfd, path, nil, 0)
	}
	var v [2]timeval
	if e := get(&v, tv); e != 0 {
		return 0, e
	}
	var times [2]vfs.Time
	for i := range v {
		if v[i].Usec < 0 || v[i].Usec >= 1e6 {
			return 0, errno.EINVAL
		}
		times[i] = vfs.Time{Sec: v[i].Sec, Nsec: v[i].Usec * 1000}
	}
	return utimes(dirfd, path, &times, 0)
}

func sysUtime(f *arch.Frame) (uintptr, errno.Errno) {
	if arg1(f) == 0 {
		return utimes(vfs.AtFDCWD, arg0(f), nil, 0)
	}
	var v [2]int64
	if e := get(&v, arg1(f)); e != 0 {
		return 0, e
	}
	times := [2]vfs.Time{{Sec: v[0]}, {Sec: v[1]}}
	return utimes(vfs.AtFDCWD, arg0(f), &times, 0)
}

func sysTruncate(f *arch.Frame) (uintptr, errno.Errno) {
	return withPath(arg0(f), func(c *vfs.Context, path string) errno.Errno {
		return vfs.Truncate(c, path, int64(arg1(f)))
	})
}

func sysFtruncate(f *arch.Frame) (uintptr, errno.Errno) {
	return ok(vfs.Ftruncate(ctx(), int0(f), int64(arg1(f))))
}

func sysStatfs(f *arch.Frame) (uintptr, errno.Errno) {
	p, e := getPath(arg0(f), false)
	if e != 0 {
		return 0, e
	}
	var st vfs.StatFS
	e = vfs.Statfs(ctx(), p.str(), vfs.NoEscape(&st))
	p.free()
	if e == 0 {
		e = put(arg1(f), &st)
	}
	return 0, e
}

func sysFstatfs(f *arch.Frame) (uintptr, errno.Errno) {
	var st vfs.StatFS
	e := vfs.Fstatfs(ctx(), int0(f), vfs.NoEscape(&st))
	if e == 0 {
		e = put(arg1(f), &st)
	}
	return 0, e
}

// statx is struct statx (256 bytes).
type statx struct {
	Mask, Blksize               uint32
	Attributes                  uint64
	Nlink, UID, GID             uint32
	Mode, _                     uint16
	Ino, Size, Blocks, AttrMask uint64
	ATime, BTime, CTime, MTime  statxTime
	RdevMajor, RdevMinor        uint32
	DevMajor, DevMinor          uint32
	MntID                       uint64
	_                           [13]uint64
}

type statxTime struct {
	Sec  int64
	Nsec uint32
	_    int32
}

func sysStatx(f *arch.Frame) (uintptr, errno.Errno) {
	flags, mask := uint32(arg2(f)), uint32(arg3(f))
	const basicStats, birthTime, mountID, reserved, syncType = 0x7ff, 0x800, 0x1000, 0x80000000, 0x6000
	const mountRoot = 0x2000 // STATX_ATTR_MOUNT_ROOT
	if mask&reserved != 0 || flags&syncType == syncType {
		return 0, errno.EINVAL
	}
	p, e := getPath(arg1(f), flags&vfs.AT_EMPTY_PATH != 0)
	if e != 0 {
		return 0, e
	}
	var st vfs.Stat
	var info vfs.StatxInfo
	e = vfs.Statx(ctx(), int0(f), p.str(), vfs.NoEscape(&st), vfs.NoEscape(&info), flags&^syncType)
	p.free()
	if e != 0 {
		return 0, e
	}
	when := func(t vfs.Time) statxTime { return statxTime{Sec: t.Sec, Nsec: uint32(t.Nsec)} }
	x := statx{Mask: basicStats, Blksize: uint32(st.Blksize), Nlink: uint32(st.Nlink), UID: st.UID, GID: st.GID,
		Mode: uint16(st.Mode), Ino: st.Ino, Size: uint64(st.Size), Blocks: uint64(st.Blocks),
		ATime: when(st.ATime), CTime: when(st.CTime), MTime: when(st.MTime),
		RdevMajor: vfs.Major(st.Rdev), RdevMinor: vfs.Minor(st.Rdev), DevMajor: vfs.Major(st.Dev), DevMinor: vfs.Minor(st.Dev)}
	if info.HasBTime && mask&birthTime != 0 {
		x.Mask |= birthTime
		x.BTime = when(info.BTime)
	}
	if info.Mnt != 0 {
		x.Mask |= mountID
		x.MntID, x.AttrMask = info.Mnt, mountRoot
	}
	if info.IsRoot {
		x.Attributes = mountRoot
	}
	return ok(put(arg4(f), &x))
}

// Mounting and syncing.

func sysMount(f *arch.Frame) (uintptr, errno.Errno) {
	var source, fstype, data pathArg
	var e errno.Errno
	for _, a := range [...]struct {
		p    *pathArg
		user uintptr
	}{{&source, arg0(f)}, {&fstype, arg2(f)}, {&data, arg4(f)}} {
		if e == 0 && a.user != 0 {
			*a.p, e = getPath(a.user, true)
		}
	}
	if e == 0 {
		_, e = withPath(arg1(f), func(c *vfs.Context, target string) errno.Errno {
			return vfs.MountFS(c, source.maybe(), target, fstype.maybe(), uint32(arg3(f)), data.maybe())
		})
	}
	for _, p := range [...]*pathArg{&source, &fstype, &data} {
		if p.buf != nil {
			p.free()
		}
	}
	return 0, e
}

// maybe is the string, or "" for an argument that was not given.
func (p pathArg) maybe() string {
	if p.buf == nil {
		return ""
	}
	return unsafe.String(&p.buf[0], p.n)
}

func sysUmount2(f *arch.Frame) (uintptr, errno.Errno) {
	return withPath(arg0(f), func(c *vfs.Context, path string) errno.Errno {
		return vfs.Umount(c, path, uint32(arg1(f)))
	})
}

func sysSync(f *arch.Frame) (uintptr, errno.Errno) {
	vfs.Sync()
	return 0, 0
}

func sysSyncfs(f *arch.Frame) (uintptr, errno.Errno) { return ok(vfs.SyncFS(ctx(), int0(f))) }
