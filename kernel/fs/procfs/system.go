package procfs

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/block"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/time"
	"galago/kernel/vfs"
	"galago/kernel/vm/pagecache"
)

// CPUTimes are a CPU's accumulated times in ns.
type CPUTimes struct{ User, Nice, System, Idle, IOWait, IRQ, SoftIRQ uint64 }

// Load is the state of the run queues. Averages are in 1/65536.
type Load struct {
	Average                [3]uint32
	Running, Threads, Last int
	Switches, Forks        uint64
	Blocked                int
}

// What only upper floors know; each is set once, before the first mount, and optional.
var (
	CPUTime    func(cpu int) CPUTimes
	LoadState  func() Load
	Interrupts func(b *Buffer)
	// AnonPages returns the number of pages of anonymous memory, MappedPages that of mapped file pages, TablePages that of page tables.
	AnonPages, MappedPages, TablePages func() int64
	// HugePages counts huge pages of anonymous memory: how many there are, were made, were split, and could not be had.
	HugePages func() (mapped, faults, splits, fallbacks int64)
	// CommitState returns the pages of committed memory and their limit.
	CommitState func() (used, limit int64)
	// CommandLine is the kernel's; Banner is the line of /proc/version, Release and Version are uname(2)'s.
	CommandLine []byte
	Banner      = "Galago version 0.1"
	Release     = "6.1.0-galago"
	Version     = "#1 SMP"
)

const kb = arch.PageSize / 1024

func str(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func pages(fn func() int64) int64 {
	if fn == nil {
		return 0
	}
	return fn()
}

func genMeminfo(b *Buffer) errno.Errno {
	m := mem.Stats()
	cached, dirty, writeback := pagecache.Counts()
	nActive, nInactive := pagecache.LRUCounts()
	file := int64(nActive + nInactive)
	line := func(name string, n int64) { b.Printf("%-16s%8d kB\n", name, n*kb) }
	line("MemTotal:", m.Total)
	line("MemFree:", m.Free)
	line("MemAvailable:", m.Free+file-dirty)
	line("Buffers:", 0)
	line("Cached:", cached)
	line("SwapCached:", 0)
	line("Active:", int64(nActive))
	line("Inactive:", int64(nInactive))
	line("Active(file):", int64(nActive))
	line("Inactive(file):", int64(nInactive))
	line("SwapTotal:", 0)
	line("SwapFree:", 0)
	line("Dirty:", dirty)
	line("Writeback:", writeback)
	line("AnonPages:", pages(AnonPages))
	line("Mapped:", pages(MappedPages))
	line("Shmem:", max(cached-file, 0))
	line("Slab:", m.Slab)
	line("PageTables:", pages(TablePages))
	if CommitState != nil {
		used, limit := CommitState()
		line("CommitLimit:", limit)
		line("Committed_AS:", used)
	}
	if HugePages != nil {
		mapped, _, _, _ := HugePages()
		line("AnonHugePages:", mapped*hugePages)
	}
	b.WriteString("HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\n")
	b.WriteString("Hugepagesize:       2048 kB\nHugetlb:               0 kB\n")
	return errno.OK
}

func genUptime(b *Buffer) errno.Errno {
	up := time.Now()
	idle := uint64(0)
	if CPUTime != nil {
		for c := range arch.NumCPU() {
			idle += CPUTime(c).Idle
		}
	}
	b.Printf("%d.%02d %d.%02d\n", up/1e9, up/1e7%100, idle/1e9, idle/1e7%100)
	return errno.OK
}

func genLoadavg(b *Buffer) errno.Errno {
	var l Load
	if LoadState != nil {
		l = LoadState()
	}
	for _, a := range l.Average {
		b.Printf("%d.%02d ", a>>16, a&0xffff*100>>16)
	}
	b.Printf("%d/%d %d\n", l.Running, l.Threads, l.Last)
	return errno.OK
}

// tick is the unit of /proc/stat: USER_HZ is 100.
const tick = 10_000_000

func (b *Buffer) cpuLine(t *CPUTimes) {
	b.Printf(" %d %d %d %d %d %d %d 0 0 0\n", t.User/tick, t.Nice/tick, t.System/tick, t.Idle/tick, t.IOWait/tick,
		t.IRQ/tick, t.SoftIRQ/tick)
}

func genStat(b *Buffer) errno.Errno {
	var sum CPUTimes
	for pass := range 2 {
		for c := range arch.NumCPU() {
			var t CPUTimes
			if CPUTime != nil {
				t = CPUTime(c)
			}
			if pass == 1 {
				b.Printf("cpu%d", c)
				b.cpuLine(&t)
				continue
			}
			sum.User += t.User
			sum.Nice += t.Nice
			sum.System += t.System
			sum.Idle += t.Idle
			sum.IOWait += t.IOWait
			sum.IRQ += t.IRQ
			sum.SoftIRQ += t.SoftIRQ
		}
		if pass == 0 {
			b.WriteString("cpu ")
			b.cpuLine(&sum)
		}
	}
	var l Load
	if LoadState != nil {
		l = LoadState()
	}
	b.Printf("ctxt %d\nbtime %d\nprocesses %d\nprocs_running %d\nprocs_blocked %d\n", l.Switches, time.BootTime(), l.Forks,
		l.Running, l.Blocked)
	return errno.OK
}

func genVersion(b *Buffer) errno.Errno {
	b.Printf("%s\n", Banner)
	return errno.OK
}

func genCmdline(b *Buffer) errno.Errno {
	b.Write(CommandLine)
	b.WriteString("\n")
	return errno.OK
}

func genInterrupts(b *Buffer) errno.Errno {
	if Interrupts != nil {
		Interrupts(vfs.NoEscape(b))
	}
	return errno.OK
}

func genFilesystems(b *Buffer) errno.Errno {
	for t := vfs.FSTypes(); t != nil; t = t.Next() {
		if t.NoDev {
			b.WriteString("nodev")
		}
		b.Printf("\t%s\n", t.Name)
	}
	return errno.OK
}

func genSlabinfo(b *Buffer) errno.Errno {
	b.WriteString("slabinfo - version: 2.1\n")
	b.WriteString("# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>\n")
	mem.EachCache(func(c mem.CacheStats) {
		b.Printf("%-18s %7d %7d %7d %5d %4d\n", c.Name, c.Active, c.Total, c.Size, c.PerSlab, c.Frames)
	})
	return errno.OK
}

func genBuddyinfo(b *Buffer) errno.Errno {
	m := mem.Stats()
	for z := range m.Order {
		b.Printf("Node 0, zone %-8s", mem.ZoneName(z))
		for _, n := range m.Order[z] {
			b.Printf(" %6d", n)
		}
		b.WriteString("\n")
	}
	return errno.OK
}

// genSwaps has nothing but the headline: there is no swap space.
func genSwaps(b *Buffer) errno.Errno {
	b.WriteString("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n")
	return errno.OK
}

// hugePages is how many pages a huge one has.
const hugePages = 512

func genVmstat(b *Buffer) errno.Errno {
	m := mem.Stats()
	cached, dirty, writeback := pagecache.Counts()
	nActive, nInactive := pagecache.LRUCounts()
	var in, out uint64
	block.Each(func(d *block.Device) bool {
		if d.Parent == nil {
			s := d.Stats()
			in += s.Ops[block.Read].Sectors / 2
			out += s.Ops[block.Write].Sectors / 2
		}
		return true
	})
	line := func(name string, n int64) { b.Printf("%s %d\n", name, n) }
	line("nr_free_pages", m.Free)
	line("nr_inactive_file", int64(nInactive))
	line("nr_active_file", int64(nActive))
	line("nr_anon_pages", pages(AnonPages))
	line("nr_mapped", pages(MappedPages))
	line("nr_file_pages", cached)
	line("nr_dirty", dirty)
	line("nr_writeback", writeback)
	line("nr_page_table_pages", pages(TablePages))
	line("nr_shmem", max(cached-int64(nActive+nInactive), 0))
	line("pgpgin", int64(in))
	line("pgpgout", int64(out))
	line("pswpin", 0)
	line("pswpout", 0)
	if HugePages != nil {
		mapped, faults, splits, fallbacks := HugePages()
		line("nr_anon_transparent_hugepages", mapped)
		line("thp_fault_alloc", faults)
		line("thp_fault_fallback", fallbacks)
		line("thp_split_pmd", splits)
	}
	return errno.OK
}

// genWchan never names a function: the kernel does not tell where threads wait.
func genWchan(b *Buffer) errno.Errno {
	b.WriteString("0")
	return errno.OK
}

// genCgroup is that of the one group there is: the root.
func genCgroup(b *Buffer) errno.Errno {
	b.WriteString("0::/\n")
	return errno.OK
}

func genPartitions(b *Buffer) errno.Errno {
	b.WriteString("major minor  #blocks  name\n\n")
	block.Each(func(d *block.Device) bool {
		b.Printf("%4d  %7d %10d %s\n", d.Major, d.Minor, d.Sectors/2, d.Name)
		return true
	})
	return errno.OK
}

func genDiskstats(b *Buffer) errno.Errno {
	block.Each(func(d *block.Device) bool {
		s := d.Stats()
		b.Printf("%4d %7d %s ", d.Major, d.Minor, d.Name)
		diskFigures(b, vfs.NoEscape(&s))
		b.WriteString("\n")
		return true
	})
	return errno.OK
}

// Host names: shared by uname(2), sethostname(2) and /proc/sys/kernel. Guarded by nameLock.
var (
	nameLock   = lock.Spin{Rank: lock.RankSysctl}
	hostName   = hostNameBuf{n: 6, b: [64]byte{'g', 'a', 'l', 'a', 'g', 'o'}}
	domainName = hostNameBuf{n: 6, b: [64]byte{'(', 'n', 'o', 'n', 'e', ')'}}
)

type hostNameBuf struct {
	n int
	b [64]byte
}

func (h *hostNameBuf) get(p []byte) int {
	nameLock.Lock()
	n := copy(p, h.b[:h.n])
	nameLock.Unlock()
	return n
}

func (h *hostNameBuf) set(p []byte) errno.Errno {
	if len(p) > len(h.b) {
		return errno.EINVAL
	}
	nameLock.Lock()
	h.n = copy(h.b[:], p)
	nameLock.Unlock()
	return errno.OK
}

// Hostname copies the host name to p and returns its length.
func Hostname(p []byte) int { return hostName.get(p) }

// SetHostname sets the host name; EINVAL when it is longer than 64 bytes.
func SetHostname(p []byte) errno.Errno { return hostName.set(p) }

// Domainname copies the NIS domain name to p and returns its length.
func Domainname(p []byte) int { return domainName.get(p) }

// SetDomainname sets the NIS domain name.
func SetDomainname(p []byte) errno.Errno { return domainName.set(p) }

func (b *Buffer) name(h *hostNameBuf) errno.Errno {
	if p := b.Tail(len(h.b)); p != nil {
		b.Advance(h.get(p))
	}
	b.WriteString("\n")
	return errno.OK
}

func genHostname(b *Buffer) errno.Errno   { return b.name(&hostName) }
func genDomainname(b *Buffer) errno.Errno { return b.name(&domainName) }

func writeHostname(n *node, data []byte) errno.Errno   { return SetHostname(data) }
func writeDomainname(n *node, data []byte) errno.Errno { return SetDomainname(data) }

func genOstype(b *Buffer) errno.Errno {
	b.WriteString("Linux\n")
	return errno.OK
}

func genOsrelease(b *Buffer) errno.Errno {
	b.Printf("%s\n", Release)
	return errno.OK
}

func genKernelVersion(b *Buffer) errno.Errno {
	b.Printf("%s\n", Version)
	return errno.OK
}

func genNgroupsMax(b *Buffer) errno.Errno {
	b.Printf("%d\n", cred.MaxGroups)
	return errno.OK
}

func genNrOpen(b *Buffer) errno.Errno {
	b.Printf("%d\n", vfs.MaxFiles)
	return errno.OK
}

// writeDropCaches is vm.drop_caches: 1 pages, 2 dentries and inodes, 3 both.
func writeDropCaches(n *node, data []byte) errno.Errno {
	what, ok := parseNumber(str(data))
	if !ok || what < 1 || what > 4 {
		return errno.EINVAL
	}
	vfs.DropCaches(what)
	return errno.OK
}
