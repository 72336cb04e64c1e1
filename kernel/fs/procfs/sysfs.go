package procfs

import (
	"galago/arch"
	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/klog"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

// sysfs, on /sys: what programs look up about CPUs, memory nodes and disks (sysfs(5)), over the same tree of entries as /proc. It is made once, after the
// devices have been found, by StartSysFS.

// SysType is the file system's type, for vfs.Register.
var SysType = vfs.FSType{Name: "sysfs", NoDev: true, Mount: mountSys}

const sysMagic = 0x62656572 // SYSFS_MAGIC

var sysRoot = Entry{name: "/", mode: modeDir}

func mountSys(t *vfs.FSType, dev *block.Device, flags uint32, data string) (*vfs.SuperBlock, errno.Errno) {
	return mountTree(t, sysMagic, &sysRoot)
}

// sysEntry is what an entry below /sys is about.
type sysEntry struct {
	cpu    int
	disk   *block.Device
	target string // where a link leads
}

// StartSysFS makes the tree. ENOMEM.
func StartSysFS() errno.Errno {
	for c := range arch.NumCPU() {
		if e := addCPU(c); e != errno.OK {
			return e
		}
	}
	for i := range sysFiles {
		f := &sysFiles[i]
		if e := addSys(f.path, modeFile, f.gen, nil); e != errno.OK {
			return e
		}
	}
	for i := range sysDirs {
		if _, e := makeSysDir(sysDirs[i]); e != errno.OK {
			return e
		}
	}
	e := errno.OK
	block.Each(func(d *block.Device) bool {
		e = addDisk(d)
		return e == errno.OK
	})
	return e
}

// Directories that programs look into and may find empty.
var sysDirs = [...]string{"/class/tty", "/class/net", "/class/mem", "/bus", "/module", "/fs", "/kernel/mm"}

var sysFiles = [...]struct {
	path string
	gen  func(n *node, b *Buffer) errno.Errno
}{
	{"/devices/system/cpu/online", genCPURange},
	{"/devices/system/cpu/possible", genCPURange},
	{"/devices/system/cpu/present", genCPURange},
	{"/devices/system/cpu/kernel_max", genKernelMax},
	{"/devices/system/node/online", genZero},
	{"/devices/system/node/possible", genZero},
	{"/devices/system/node/has_cpu", genZero},
	{"/devices/system/node/has_memory", genZero},
	{"/devices/system/node/node0/cpulist", genCPURange},
	{"/devices/system/node/node0/cpumap", genCPUMap},
	{"/devices/system/node/node0/distance", genDistance},
	{"/devices/system/node/node0/meminfo", genNodeMeminfo},
}

func genCPURange(n *node, b *Buffer) errno.Errno {
	b.WriteString("0")
	if last := arch.NumCPU() - 1; last > 0 {
		b.Printf("-%d", last)
	}
	b.WriteString("\n")
	return errno.OK
}

func genKernelMax(n *node, b *Buffer) errno.Errno {
	b.Printf("%d\n", arch.MaxCPUs-1)
	return errno.OK
}

func genZero(n *node, b *Buffer) errno.Errno {
	b.WriteString("0\n")
	return errno.OK
}

func genDistance(n *node, b *Buffer) errno.Errno {
	b.WriteString("10\n")
	return errno.OK
}

func genCPUMap(n *node, b *Buffer) errno.Errno {
	b.Printf("%x\n", uint64(1)<<uint(arch.NumCPU())-1)
	return errno.OK
}

func genNodeMeminfo(n *node, b *Buffer) errno.Errno {
	m := mem.Stats()
	b.Printf("Node 0 MemTotal:       %d kB\n", m.Total*kb)
	b.Printf("Node 0 MemFree:        %d kB\n", m.Free*kb)
	b.Printf("Node 0 MemUsed:        %d kB\n", (m.Total-m.Free)*kb)
	return errno.OK
}

// addCPU makes the directory of a CPU. Each is a package of its own with one core and one thread, as the machine has no other topology.
func addCPU(c int) errno.Errno {
	var room [64]byte
	buf := vfs.NoEscape(&room)
	for i := range cpuFiles {
		f := &cpuFiles[i]
		k := klog.Format(buf[:], "/devices/system/cpu/cpu%d/%s", c, f.name)
		if e := addSys(str(buf[:k]), modeFile, f.gen, &sysEntry{cpu: c}); e != errno.OK {
			return e
		}
	}
	return errno.OK
}

var cpuFiles = [...]struct {
	name string
	gen  func(n *node, b *Buffer) errno.Errno
}{
	{"topology/core_id", genCPU},
	{"topology/physical_package_id", genCPU},
	{"topology/die_id", genZero},
	{"topology/core_cpus", genOwnMap},
	{"topology/core_cpus_list", genCPU},
	{"topology/thread_siblings", genOwnMap},
	{"topology/thread_siblings_list", genCPU},
	{"topology/core_siblings", genOwnMap},
	{"topology/core_siblings_list", genCPU},
	{"topology/package_cpus", genOwnMap},
	{"topology/package_cpus_list", genCPU},
}

func genCPU(n *node, b *Buffer) errno.Errno {
	b.Printf("%d\n", n.entry.sys.cpu)
	return errno.OK
}

func genOwnMap(n *node, b *Buffer) errno.Errno {
	b.Printf("%x\n", uint64(1)<<uint(n.entry.sys.cpu))
	return errno.OK
}

// makeSysDir finds or makes a directory, with those above it.
func makeSysDir(path string) (*Entry, errno.Errno) {
	d := &sysRoot
	for path != "" {
		path = path[1:] // the slash
		n := 0
		for n < len(path) && path[n] != '/' {
			n++
		}
		c := d.find(path[:n])
		if c == nil {
			var e errno.Errno
			if c, e = addNamed(d, path[:n], modeDir); e != errno.OK {
				return nil, e
			}
		}
		d, path = c, path[n:]
	}
	return d, errno.OK
}

// addNamed adds an entry with a copy of its name.
func addNamed(d *Entry, name string, mode uint32) (*Entry, errno.Errno) {
	b := mem.AllocBytes(len(name))
	if b == nil {
		return nil, errno.ENOMEM
	}
	copy(b, name)
	own := str(b[:len(name)])
	if e := add(d, own, mode, nil, nil); e != errno.OK {
		mem.FreeBytes(b)
		return nil, e
	}
	return d.find(own), errno.OK
}

// sysPlace makes the directories above the last name of a path and returns the lowest, and the name.
func sysPlace(path string) (d *Entry, name string, e errno.Errno) {
	at := len(path) - 1
	for path[at] != '/' {
		at--
	}
	d, e = makeSysDir(path[:at])
	return d, path[at+1:], e
}

// addSys adds a file or link at a path, with the directories above it. about may be on the caller's stack.
func addSys(path string, mode uint32, gen func(n *node, b *Buffer) errno.Errno, about *sysEntry) errno.Errno {
	d, name, e := sysPlace(path)
	if e != errno.OK {
		return e
	}
	f, e := addNamed(d, name, mode)
	if e != errno.OK {
		return e
	}
	f.sysGen = gen
	if about != nil {
		if f.sys = sysCache.Alloc(); f.sys == nil {
			return errno.ENOMEM
		}
		f.sys.cpu, f.sys.disk, f.sys.target = about.cpu, about.disk, about.target
	}
	if mode&vfs.S_IFMT == vfs.S_IFLNK {
		f.link = &sysLink
	}
	return errno.OK
}

var (
	sysCache = mem.Cache[sysEntry]{Name: "sysfs_entry"}
	sysLink  = linkEntry{read: readSysLink}
)

func readSysLink(n *node, buf []byte) (int, errno.Errno) {
	return copy(buf, n.entry.sys.target), errno.OK
}
