// Package vfs is the file layer above all file systems: names to files (path walk, dentry cache, mounts), files to
// data (inodes, open files, descriptor tables), and the rules that do not depend on the file system (permissions,
// link and rename rules, flags). A file system implements SuperOps, InodeOps and FileOps and embeds Inode as the
// first field of its own inode.
//
// Objects and who keeps them alive:
//
//	FDTable → File → Path{Mount, Dentry} → Inode → SuperBlock
//	Mount → root Dentry, SuperBlock, parent Mount;  Dentry → parent Dentry
//
// each arrow a counted reference. Unused dentries and inodes stay cached (state "idle") until the shrinker or an
// unmount takes them.
//
// Names. A dentry is a (parent, name) pair, perhaps negative (no such file). It is found through a global hash
// table of (parent, name hash). What a dentry that somebody references stands for does not change, with one exception: a negative one
// may become positive. Changes below a directory are made with that directory's Inode.Lock held.
//
// Lock order (sleeping locks first, ranks of the spin locks in package lock):
//
//	renameMutex → Inode.Lock (directory: ancestor before descendant; then other inodes by address)
//	  → file system's own → pagecache
//	mountLock → dentry bucket → treeLock → dentry LRU → inode bucket → Inode.attr → inode LRU / super's lists
//
// Path walk takes none of the sleeping locks as long as every component is in the dentry cache.
//
// Calls through interfaces make the compiler assume that pointers escape, which the kernel cannot have: short-lived
// structures (uio.Iter, Stat, Attr, DirContext) are passed through NoEscape, and therefore implementations must not
// keep these pointers beyond the call.
package vfs

import "unsafe"

// NoEscape hides p from escape analysis, so that a stack variable can be passed to an interface method. The
// callee must not retain the pointer.
//
//go:nosplit
//go:nocheckptr
func NoEscape[T any](p *T) *T {
	x := uintptr(unsafe.Pointer(p))
	return (*T)(unsafe.Pointer(x ^ 0))
}

// Limits of names. POSIX limits.h; Linux's values.
const (
	NameMax  = 255  // bytes in one component
	PathMax  = 4096 // bytes in a path, with the terminating NUL
	MaxLinks = 40   // symbolic links followed in one walk

	// AtFDCWD as a descriptor means: relative to the current directory.
	AtFDCWD = -100
)

// File types in Mode (inode(7)).
const (
	S_IFMT   = 0o170000
	S_IFSOCK = 0o140000
	S_IFLNK  = 0o120000
	S_IFREG  = 0o100000
	S_IFBLK  = 0o060000
	S_IFDIR  = 0o040000
	S_IFCHR  = 0o020000
	S_IFIFO  = 0o010000
	S_ISUID  = 0o4000
	S_ISGID  = 0o2000
	S_ISVTX  = 0o1000
)

// Open flags (open(2)); values of Linux/amd64.
const (
	O_RDONLY    = 0
	O_WRONLY    = 1
	O_RDWR      = 2
	O_ACCMODE   = 3
	O_CREAT     = 0o100
	O_EXCL      = 0o200
	O_NOCTTY    = 0o400
	O_TRUNC     = 0o1000
	O_APPEND    = 0o2000
	O_NONBLOCK  = 0o4000
	O_DSYNC     = 0o10000
	O_ASYNC     = 0o20000
	O_DIRECT    = 0o40000
	O_LARGEFILE = 0o100000
	O_DIRECTORY = 0o200000
	O_NOFOLLOW  = 0o400000
	O_NOATIME   = 0o1000000
	O_CLOEXEC   = 0o2000000
	O_SYNC      = 0o4010000
	O_PATH      = 0o10000000
	O_TMPFILE   = 0o20200000
)

// AT_* flags of the …at calls.
const (
	AT_SYMLINK_NOFOLLOW = 0x100
	AT_EACCESS          = 0x200
	AT_REMOVEDIR        = 0x200
	AT_SYMLINK_FOLLOW   = 0x400
	AT_NO_AUTOMOUNT     = 0x800
	AT_EMPTY_PATH       = 0x1000
)

// Access modes for permission checks.
const (
	MayExec  = 1
	MayWrite = 2
	MayRead  = 4
)

// Rename flags (renameat2(2)).
const (
	RENAME_NOREPLACE = 1
	RENAME_EXCHANGE  = 2
	RENAME_WHITEOUT  = 4
)

// Mount flags (mount(2)).
const (
	MS_RDONLY      = 1
	MS_NOSUID      = 2
	MS_NODEV       = 4
	MS_NOEXEC      = 8
	MS_SYNCHRONOUS = 16
	MS_REMOUNT     = 32
	MS_NOATIME     = 1024
	MS_NODIRATIME  = 2048
	MS_BIND        = 4096
	MS_MOVE        = 8192
	MS_REC         = 16384
	MS_SILENT      = 32768
	MS_RELATIME    = 1 << 21
	MS_STRICTATIME = 1 << 24
	MS_MGC_VAL     = 0xC0ED0000
	MS_MGC_MSK     = 0xffff0000

	MNT_FORCE       = 1
	MNT_DETACH      = 2
	MNT_EXPIRE      = 4
	UMOUNT_NOFOLLOW = 8
)

// Directory entry types of getdents64(2).
const (
	DT_UNKNOWN = 0
	DT_FIFO    = 1
	DT_CHR     = 2
	DT_DIR     = 4
	DT_BLK     = 6
	DT_REG     = 8
	DT_LNK     = 10
	DT_SOCK    = 12
)

// DType returns the directory entry type of a file mode.
func DType(mode uint32) uint8 { return uint8(mode >> 12 & 15) }

// Makedev builds a device number as Linux encodes it in st_rdev.
func Makedev(major, minor uint32) uint64 {
	return uint64(major&0xfffff000)<<32 | uint64(major&0xfff)<<8 | uint64(minor&0xffffff00)<<12 | uint64(minor&0xff)
}

// Major returns the major number of a device number.
func Major(dev uint64) uint32 { return uint32(dev>>32)&0xfffff000 | uint32(dev>>8)&0xfff }

// Minor returns the minor number of a device number.
func Minor(dev uint64) uint32 { return uint32(dev>>12)&0xffffff00 | uint32(dev)&0xff }

// Time is a time stamp of a file.
type Time struct {
	Sec  int64
	Nsec int64
}

// Before tells whether t is earlier than u.
func (t Time) Before(u Time) bool { return t.Sec < u.Sec || t.Sec == u.Sec && t.Nsec < u.Nsec }

// Stat is struct stat of Linux/amd64 (arch/x86/include/uapi/asm/stat.h), 144 bytes.
type Stat struct {
	Dev     uint64
	Ino     uint64
	Nlink   uint64
	Mode    uint32
	UID     uint32
	GID     uint32
	_       uint32
	Rdev    uint64
	Size    int64
	Blksize int64
	Blocks  int64
	ATime   Time
	MTime   Time
	CTime   Time
	_       [3]int64
}

// StatFS is struct statfs of Linux/amd64 (120 bytes).
type StatFS struct {
	Type    int64
	Bsize   int64
	Blocks  uint64
	Bfree   uint64
	Bavail  uint64
	Files   uint64
	Ffree   uint64
	FSID    [2]int32
	Namelen int64
	Frsize  int64
	Flags   int64
	_       [4]int64
}

// Which attributes a SetAttr changes.
const (
	AttrMode = 1 << iota
	AttrUID
	AttrGID
	AttrSize
	AttrATime
	AttrMTime
	AttrCTime
	AttrOpenTrunc // AttrSize comes from O_TRUNC
)

// Attr is a change of attributes. The layer above has checked permission and filled in every time.
type Attr struct {
	Valid               uint32
	Mode                uint32 // permission bits only
	UID, GID            uint32
	Size                int64
	ATime, MTime, CTime Time
}

// Owner is who a new inode belongs to.
type Owner struct{ UID, GID uint32 }

// Whence values of lseek(2).
const (
	SeekSet  = 0
	SeekCur  = 1
	SeekEnd  = 2
	SeekData = 3
	SeekHole = 4
)
