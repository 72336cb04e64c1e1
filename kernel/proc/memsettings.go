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
	procfs.HugePages = vm.HugeStats
	if e := registerFacts(); e != errno.OK {
		return e
	}
	for i := range hugeFiles {
		f := &hugeFiles[i]
		if e := procfs.RegisterSysFile(f.path, f.gen, f.set); e != errno.OK {
			return e
		}
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

// hugeFiles are the settings of huge pages in /sys (Linux: Documentation/admin-guide/mm/transhuge.rst).
var hugeFiles = [...]struct {
	path string
	gen  func(b *procfs.Buffer) errno.Errno
	set  func(data []byte) errno.Errno
}{
	{"/kernel/mm/transparent_hugepage/enabled", genHugeMode, setHugeMode},
	{"/kernel/mm/transparent_hugepage/hpage_pmd_size", func(b *procfs.Buffer) errno.Errno { return number(b, 2<<20) }, nil},
	{"/kernel/mm/transparent_hugepage/defrag", func(b *procfs.Buffer) errno.Errno {
		b.WriteString("always defer defer+madvise madvise [never]\n")
		return errno.OK
	}, nil},
	{"/kernel/mm/transparent_hugepage/shmem_enabled", func(b *procfs.Buffer) errno.Errno {
		b.WriteString("always within_size advise [never] deny force\n")
		return errno.OK
	}, nil},
}

// hugeModes are the words for vm.HugeMode, by its value.
var hugeModes = [...]string{vm.HugeAlways: "always", vm.HugeAdvised: "madvise", vm.HugeNever: "never"}

func genHugeMode(b *procfs.Buffer) errno.Errno {
	now := int(vm.HugeMode.Load())
	for i, word := range hugeModes {
		if i > 0 {
			b.WriteString(" ")
		}
		if i == now {
			b.Printf("[%s]", word)
		} else {
			b.WriteString(word)
		}
	}
	b.WriteString("\n")
	return errno.OK
}

func setHugeMode(data []byte) errno.Errno {
	for i, word := range hugeModes {
		if string(data) == word {
			vm.HugeMode.Store(uint32(i))
			return errno.OK
		}
	}
	return errno.EINVAL
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
