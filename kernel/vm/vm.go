//go:build galago

// Package vm manages user address spaces: areas (what is mapped where, with which rights), page tables, and the
// page faults that fill them: demand-zero memory, pages of files, and copy-on-write after fork.
//
// An AddressSpace is shared by the threads of a process. Each area maps a range either to private anonymous memory or
// to a Backing (a file, or shared anonymous memory); a private area over a Backing copies a page at the first
// write. The page tables are a cache of that description: a missing entry is filled by the fault handler.
//
// Invariants:
//   - Areas do not overlap; their bounds are page aligned and within user space.
//   - A present page-table entry holds one reference to its frame; that of a huge page (huge.go) to the block of frames, which nobody else has.
//   - An entry is writable only when the area is and the frame is either shared or owned by this space alone.
//   - A translation that is removed or narrowed is flushed from all CPUs that may hold it before its frame is
//     released.
//   - Tables below the root are added and freed under pt; they are freed only with AddressSpace.lock held for writing
//     and when no area needs them. So whoever holds either lock may follow them.
//
// Lock order: AddressSpace.lock (sleeping; shared by faults, exclusive for changes of the map) → a Backing's own locks,
// page locks → pagecache.Object's list of mappings (spin) → AddressSpace.pt (spin, the page tables). The bounds of an area on
// such a list change under both AddressSpace.lock and the list's, so that either suffices to read them (rmap.go).
package vm

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vm/pagecache"
)

// Protection and mapping flags, with the values of mmap(2).
const (
	ProtRead  = 1
	ProtWrite = 2
	ProtExec  = 4
	ProtMask  = ProtRead | ProtWrite | ProtExec
)

// Flags say what kind of area it is.
type Flags uint32

const (
	// Shared areas write through to their Backing; others copy on write.
	Shared Flags = 1 << iota
	// GrowsDown areas extend downwards on a fault just below them (stacks).
	GrowsDown
	// Heap marks the brk area, Stack the main stack: for /proc/PID/maps.
	Heap
	Stack
	// DontFork areas are not copied by fork; WipeOnFork ones are empty in the child.
	DontFork
	WipeOnFork
	// MayWrite and MayExec: mprotect may add the permission (a shared mapping of a file opened for reading lacks the one,
	// a file on a mount without programs the other).
	MayWrite
	MayExec
	// Locked areas stay resident: mlock. OnFault: their pages are not faulted in beforehand.
	Locked
	OnFault
	// NoReserve areas do not count as committed memory; Charged ones do.
	NoReserve
	Charged
	// DontDump areas stay out of core dumps.
	DontDump
	// Advice without effect on what is mapped: kept for /proc/PID/smaps.
	SequentialRead
	RandomRead
	HugePage
	NoHugePage
)

// derived are flags that a caller of Map does not choose.
const derived = Charged

// Backing supplies the pages of an area that is not private anonymous memory. Files implement it through the page
// cache. Methods may sleep.
type Backing interface {
	// Get and Put count the areas that use the backing.
	Get()
	Put()
	// Object returns the page cache object whose pages it supplies, always the same one; nil: pages come from elsewhere.
	Object() *pagecache.Object
	// Page returns page idx, up to date, with a reference for the caller; a page of an Object is also locked, until
	// Done: so a truncation either finds the translation that the caller installs, or prevents it. A page wholly past
	// the end gives ENXIO (SIGBUS).
	Page(idx uint64) (*mem.Frame, errno.Errno)
	// MakeWritable prepares a page, locked as by Page, for stores through a shared mapping: space on disk, dirty
	// state. EAGAIN: it was truncated.
	MakeWritable(idx uint64, f *mem.Frame) errno.Errno
	// Done ends the use of a page from Page and unlocks it. The reference stays. stored: MakeWritable was called for it.
	Done(f *mem.Frame, stored bool)
	// Describe writes the name for /proc/PID/maps into buf and returns its length, the device and inode number.
	Describe(buf []byte) (n int, dev, ino uint64)
	// Sync makes bytes [from, to) of the file durable: msync(2).
	Sync(from, to int64) errno.Errno
	// Punch frees the pages of bytes [from, to): madvise(MADV_REMOVE). EOPNOTSUPP.
	Punch(from, to int64) errno.Errno
}

// Layout of user space. The top-down mmap area lies below the stack, as on Linux.
const (
	MinAddress = 0x10000 // vm.mmap_min_addr
	StackTop   = arch.UserLimit
	StackGap   = 128 << 20 // reserve for the main stack's growth, above the mmap area
	guardGap   = 256 << arch.PageShift
	low32Start = 1 << 30 // where MAP_32BIT mappings go
	low32End   = 1 << 31
)

func pageDown(a uintptr) uintptr { return a &^ (arch.PageSize - 1) }
func pageUp(a uintptr) uintptr   { return (a + arch.PageSize - 1) &^ (arch.PageSize - 1) }

// pages returns the number of pages of n bytes, a multiple of the page size.
func pages(n uintptr) int64 { return int64(n >> arch.PageShift) }
