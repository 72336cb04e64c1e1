//go:build galago

package vm

import (
	"sync/atomic"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
)

// Counting. Each space counts its pages by kind for the limits RLIMIT_AS, RLIMIT_DATA and RLIMIT_MEMLOCK; the system counts
// the memory it has promised: pages of private writable areas and of shared anonymous memory, which may all come to need
// frames (committed memory, proc_sys_vm(5)).

// Overcommit is /proc/sys/vm/overcommit_memory: 0 refuses only what could never be there, 1 nothing, 2 what exceeds
// OvercommitRatio per cent of memory.
var Overcommit, OvercommitRatio atomic.Int32

func init() { OvercommitRatio.Store(50) }

var committed atomic.Int64 // pages

// Committed returns the memory promised and the limit of mode 2, in pages.
func Committed() (used, limit int64) {
	return max(committed.Load(), 0), int64(mem.TotalFrames()) * int64(OvercommitRatio.Load()) / 100
}

// Commit promises n pages; false: that is too much.
func Commit(n int64) bool {
	now := committed.Add(n)
	total := int64(mem.TotalFrames())
	fits := true
	switch Overcommit.Load() {
	case 0:
		fits = n <= total
	case 2:
		fits = now <= total*int64(OvercommitRatio.Load())/100
	}
	if !fits {
		committed.Add(-n)
	}
	return fits
}

// Uncommit takes a promise of n pages back.
func Uncommit(n int64) { committed.Add(-n) }

// Limits are the resource limits that bind an address space, in bytes; ^0 is none.
type Limits struct {
	AS, Data, Stack, Memlock uint64
}

// accountable tells whether memory of these rights and flags counts as committed.
func accountable(prot uint8, fl Flags) bool {
	return prot&ProtWrite != 0 && fl&(Shared|NoReserve) == 0
}

// isData tells whether an area counts for RLIMIT_DATA.
func isData(prot uint8, fl Flags) bool {
	return prot&ProtWrite != 0 && fl&(Shared|GrowsDown) == 0
}

// count adds n pages of area a's kind to the space's figures.
func (s *AddressSpace) count(a *Area, n int64) {
	s.total += n
	if isData(a.Prot, a.Flags) {
		s.data += n
	}
	if a.Flags&Locked != 0 {
		s.locked += n
	}
	if a.Flags&Charged != 0 {
		committed.Add(n)
	}
}

// mayExpand checks RLIMIT_AS and RLIMIT_DATA for n more pages.
func (s *AddressSpace) mayExpand(prot uint8, fl Flags, n int64) bool {
	if uint64(s.total+n)<<arch.PageShift > s.Limits.AS {
		return false
	}
	return !isData(prot, fl) || uint64(s.data+n)<<arch.PageShift <= s.Limits.Data
}

// mayLock checks RLIMIT_MEMLOCK for n more pages; privileged callers have no limit.
func (s *AddressSpace) mayLock(n int64, privileged bool) bool {
	return privileged || uint64(s.locked+n)<<arch.PageShift <= s.Limits.Memlock
}

// reserve checks everything that n more pages like those of an area with these rights need, and promises them. The
// flags it returns go to the area.
func (s *AddressSpace) reserve(prot uint8, fl Flags, n int64) (Flags, errno.Errno) {
	fl &^= Charged
	if !s.mayExpand(prot, fl, n) {
		return fl, errno.ENOMEM
	}
	if accountable(prot, fl) {
		if !Commit(n) {
			return fl, errno.ENOMEM
		}
		committed.Add(-n) // count adds it when the area is entered
		fl |= Charged
	}
	return fl, errno.OK
}

// Pages returns the size of all areas, and the resident set and its maximum, in pages.
func (s *AddressSpace) Pages() (total, rss, maxRSS uint64) {
	r := max(s.rss.Load(), 0)
	return uint64(max(s.total, 0)), uint64(r), uint64(max(s.maxRSS.Load(), r))
}

// Peak returns the largest size of all areas so far, and the locked part of the present size, in pages.
func (s *AddressSpace) Peak() (total, locked uint64) {
	return uint64(max(s.maxTotal, s.total)), uint64(max(s.locked, 0))
}

// Resident returns the numbers of resident pages of private memory and of files and shared memory.
func (s *AddressSpace) Resident() (anon, file uint64) {
	f := max(s.file.Load(), 0)
	return uint64(max(s.rss.Load()-f, 0)), uint64(f)
}

// Tables returns the number of pages of the page tables below the root.
func (s *AddressSpace) Tables() uint64 { return uint64(max(s.tables.Load(), 0)) }

func (s *AddressSpace) addRSS(n int64) {
	if r := s.rss.Add(n); n > 0 && r > s.maxRSS.Load() {
		s.maxRSS.Store(r)
	}
}
