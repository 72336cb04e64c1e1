//go:build galago

package proc

import (
	"sync/atomic"

	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
	"galago/kernel/vm"
)

// The settings of memory management in /proc/sys, and the figures of all processes in /proc/meminfo.

// randomize is /proc/sys/kernel/randomize_va_space: 0 loads programs at fixed addresses, 1 all but the heap at random ones, 2 the heap too.
var randomize atomic.Int32

// RegisterSettings makes the files. ENOMEM.
func RegisterSettings() errno.Errno {
	randomize.Store(2)
	procfs.CommitState = vm.Committed
	procfs.AnonPages = func() int64 { return overSpaces(anonOf) }
	procfs.MappedPages = func() int64 { return overSpaces(mappedOf) }
	procfs.TablePages = func() int64 { return overSpaces(tablesOf) }
	if e := registerFacts(); e != errno.OK {
		return e
	}
	for i := range settings {
		s := &settings[i]
		if e := procfs.RegisterSysctl(s.dir, s.name, s.gen, s.set); e != errno.OK {
			return e
		}
	}
	return errno.OK
}

var settings = [...]struct {
	dir, name string
	gen       func(b *procfs.Buffer) errno.Errno
	set       func(data []byte) errno.Errno
}{
	{"kernel", "randomize_va_space", func(b *procfs.Buffer) errno.Errno { return number(b, int64(randomize.Load())) },
		func(d []byte) errno.Errno { return store(&randomize, d, 2) }},
	{"vm", "overcommit_memory", func(b *procfs.Buffer) errno.Errno { return number(b, int64(vm.Overcommit.Load())) },
		func(d []byte) errno.Errno { return store(&vm.Overcommit, d, 2) }},
	{"vm", "overcommit_ratio", func(b *procfs.Buffer) errno.Errno { return number(b, int64(vm.OvercommitRatio.Load())) },
		func(d []byte) errno.Errno { return store(&vm.OvercommitRatio, d, 1<<20) }},
	{"vm", "max_map_count", func(b *procfs.Buffer) errno.Errno { return number(b, vm.MaxAreas) }, nil},
	{"vm", "mmap_min_addr", func(b *procfs.Buffer) errno.Errno { return number(b, vm.MinAddress) }, nil},
	{"vm", "nr_hugepages", func(b *procfs.Buffer) errno.Errno { return number(b, 0) }, nil},
}

func number(b *procfs.Buffer, v int64) errno.Errno {
	b.Printf("%d\n", v)
	return errno.OK
}

func store(v *atomic.Int32, data []byte, limit int) errno.Errno {
	n, ok := signedNumber(data)
	if !ok || n < 0 || n > limit {
		return errno.EINVAL
	}
	v.Store(int32(n))
	return errno.OK
}

// overSpaces adds a figure of all processes. An address space that several share counts for each.
func overSpaces(of func(s *vm.AddressSpace) uint64) (sum int64) {
	for p := Next(0); p != nil; {
		if s := p.BorrowSpace(); s != nil {
			sum += int64(of(s))
			s.Put()
		}
		next := Next(p.PID)
		p.Put()
		p = next
	}
	return sum
}

func anonOf(s *vm.AddressSpace) uint64   { n, _ := s.Resident(); return n }
func mappedOf(s *vm.AddressSpace) uint64 { _, n := s.Resident(); return n }
func tablesOf(s *vm.AddressSpace) uint64 { return s.Tables() + 1 }
