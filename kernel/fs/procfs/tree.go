package procfs

import (
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

// Entry is a file in the tree. Exactly one of children, gen and link says what it is; all entries are static or live as
// long as the kernel.
type Entry struct {
	name     string
	mode     uint32
	number   uint16 // for the inode number
	private  bool   // only for those who may inspect the process
	pidFile  PIDFile
	raw      rawFile                     // mem and pagemap
	gen      func(b *Buffer) errno.Errno // of files of the system; nil: Source.Generate
	write    func(n *node, data []byte) errno.Errno
	link     *linkEntry
	children []Entry
	set      func(data []byte) errno.Errno // of registered settings
	sys      *sysEntry                     // what an entry of sysfs is about
	sysGen   func(n *node, b *Buffer) errno.Errno
	more     *Entry // further children, by Register; guarded by moreLock
	next     *Entry
}

// linkEntry is a symbolic link.
type linkEntry struct {
	jumps bool // leads to a place rather than a name
	which PIDLink
	read  func(n *node, buf []byte) (int, errno.Errno)
}

// Modes.
const (
	modeDir   = vfs.S_IFDIR | 0o555
	modeFile  = vfs.S_IFREG | 0o444
	modeOwner = vfs.S_IFREG | 0o400
	modeSet   = vfs.S_IFREG | 0o644
	modeLink  = vfs.S_IFLNK | 0o777
)

var (
	rootEntry  = Entry{name: "/", mode: modeDir}
	pidEntry   = Entry{name: "PID", mode: modeDir}
	fdEntry    = Entry{name: "N", mode: vfs.S_IFLNK | 0o700, link: &linkEntry{jumps: true, read: readFDLink}}
	fdDirEntry *Entry

	taskEntry    = Entry{name: "TID", mode: modeDir}
	taskDirEntry *Entry

	moreLock   = lock.Spin{Rank: lock.RankModuleList}
	moreCache  = mem.Cache[Entry]{Name: "proc_entry"}
	lastNumber uint16
)

var rootEntries = [...]Entry{
	{name: "self", mode: modeLink, link: &linkEntry{read: readSelf}},
	{name: "thread-self", mode: modeLink, link: &linkEntry{read: readThreadSelf}},
	{name: "mounts", mode: modeLink, link: &linkEntry{read: readMountsLink}},
	{name: "net", mode: modeLink, link: &linkEntry{read: readNetLink}},
	{name: "meminfo", mode: modeFile, gen: genMeminfo},
	{name: "cpuinfo", mode: modeFile, gen: genCPUInfo},
	{name: "uptime", mode: modeFile, gen: genUptime},
	{name: "loadavg", mode: modeFile, gen: genLoadavg},
	{name: "stat", mode: modeFile, gen: genStat},
	{name: "version", mode: modeFile, gen: genVersion},
	{name: "cmdline", mode: modeFile, gen: genCmdline},
	{name: "filesystems", mode: modeFile, gen: genFilesystems},
	{name: "slabinfo", mode: modeOwner, gen: genSlabinfo},
	{name: "buddyinfo", mode: modeFile, gen: genBuddyinfo},
	{name: "partitions", mode: modeFile, gen: genPartitions},
	{name: "diskstats", mode: modeFile, gen: genDiskstats},
	{name: "interrupts", mode: modeFile, gen: genInterrupts},
	{name: "swaps", mode: modeFile, gen: genSwaps},
	{name: "vmstat", mode: modeFile, gen: genVmstat},
	{name: "sys", mode: modeDir, children: sysEntries[:]},
}

var sysEntries = [...]Entry{
	{name: "vm", mode: modeDir, children: sysVM[:]},
	{name: "kernel", mode: modeDir, children: sysKernel[:]},
	{name: "fs", mode: modeDir, children: sysFS[:]},
	{name: "net", mode: modeDir, children: sysNet[:]},
}

var sysNet = [...]Entry{
	{name: "core", mode: modeDir},
	{name: "unix", mode: modeDir},
}

var sysVM = [...]Entry{
	{name: "drop_caches", mode: vfs.S_IFREG | 0o200, write: writeDropCaches},
}

var sysKernel = [...]Entry{
	{name: "hostname", mode: modeSet, gen: genHostname, write: writeHostname},
	{name: "domainname", mode: modeSet, gen: genDomainname, write: writeDomainname},
	{name: "ostype", mode: modeFile, gen: genOstype},
	{name: "osrelease", mode: modeFile, gen: genOsrelease},
	{name: "version", mode: modeFile, gen: genKernelVersion},
	{name: "ngroups_max", mode: modeFile, gen: genNgroupsMax},
	{name: "random", mode: modeDir},
}

var sysFS = [...]Entry{
	{name: "protected_hardlinks", mode: modeSet, gen: genHardlinks, write: writeHardlinks},
	{name: "protected_symlinks", mode: modeSet, gen: genSymlinks, write: writeSymlinks},
	{name: "protected_fifos", mode: modeSet, gen: genFIFOs, write: writeFIFOs},
	{name: "protected_regular", mode: modeSet, gen: genRegular, write: writeRegular},
	{name: "nr_open", mode: modeFile, gen: genNrOpen},
	{name: "file-max", mode: modeFile, gen: genFileMax},
	{name: "file-nr", mode: modeFile, gen: genFileNr},
	{name: "inotify", mode: modeDir, children: sysInotify[:]},
	{name: "mqueue", mode: modeDir},
	{name: "epoll", mode: modeDir},
}

var sysInotify = [...]Entry{
	{name: "max_queued_events", mode: modeSet, gen: genQueuedEvents, write: writeQueuedEvents},
	{name: "max_user_instances", mode: modeSet, gen: genWatchInstances, write: writeWatchInstances},
	{name: "max_user_watches", mode: modeSet, gen: genWatches, write: writeWatches},
}

var pidEntries = [...]Entry{
	{name: "stat", mode: modeFile, pidFile: PIDStat},
	{name: "status", mode: modeFile, pidFile: PIDStatus},
	{name: "statm", mode: modeFile, pidFile: PIDStatm},
	{name: "cmdline", mode: modeFile, pidFile: PIDCmdline},
	{name: "comm", mode: modeSet, pidFile: PIDComm, write: writePID},
	{name: "maps", mode: modeFile, pidFile: PIDMaps, private: true},
	{name: "smaps", mode: modeFile, pidFile: PIDSmaps, private: true},
	{name: "smaps_rollup", mode: modeFile, pidFile: PIDSmapsRollup, private: true},
	{name: "mem", mode: vfs.S_IFREG | 0o600, raw: rawMem},
	{name: "pagemap", mode: modeOwner, raw: rawPagemap},
	{name: "clear_refs", mode: vfs.S_IFREG | 0o200, pidFile: PIDClearRefs, write: writePID},
	{name: "oom_score", mode: modeFile, pidFile: PIDOOMScore},
	{name: "oom_score_adj", mode: modeSet, pidFile: PIDOOMScoreAdj, write: writePID},
	{name: "oom_adj", mode: modeFile, pidFile: PIDOOMAdj},
	{name: "environ", mode: modeOwner, pidFile: PIDEnviron, private: true},
	{name: "limits", mode: modeFile, pidFile: PIDLimits},
	{name: "mounts", mode: modeFile, gen: genMounts},
	{name: "cwd", mode: modeLink, link: &linkEntry{jumps: true, which: LinkCwd, read: readPIDLink}},
	{name: "root", mode: modeLink, link: &linkEntry{jumps: true, which: LinkRoot, read: readPIDLink}},
	{name: "exe", mode: modeLink, link: &linkEntry{jumps: true, which: LinkExe, read: readPIDLink}},
	{name: "net", mode: modeDir},
	{name: "fdinfo", mode: vfs.S_IFDIR | 0o555},
	{name: "fd", mode: vfs.S_IFDIR | 0o500},
	{name: "mountinfo", mode: modeFile, gen: genMountinfo},
	{name: "mountstats", mode: modeOwner, gen: genMountstats},
	{name: "auxv", mode: modeOwner, pidFile: PIDAuxv, private: true},
	{name: "personality", mode: modeOwner, pidFile: PIDPersonality, private: true},
	{name: "syscall", mode: modeOwner, pidFile: PIDSyscall, private: true},
	{name: "wchan", mode: modeFile, gen: genWchan},
	{name: "cgroup", mode: modeFile, gen: genCgroup},
	{name: "task", mode: modeDir}, // the last: threads have all but this one
}

func init() {
	rootEntry.children = rootEntries[:]
	pidEntry.children = pidEntries[:]
	taskEntry.children = pidEntries[:len(pidEntries)-1]
	taskDirEntry = pidEntry.find("task")
	fdDirEntry = pidEntry.find("fd")
	fdInfoDirEntry = pidEntry.find("fdinfo")
	pidEntry.number, fdEntry.number, fdInfoEntry.number, taskEntry.number = 1, 2, 3, 4
	lastNumber = 4
	numberAll(rootEntries[:])
	numberAll(sysEntries[:])
	numberAll(sysVM[:])
	numberAll(sysKernel[:])
	numberAll(sysFS[:])
	numberAll(sysNet[:])
	numberAll(sysInotify[:])
	numberAll(pidEntries[:])
}

func numberAll(es []Entry) {
	for i := range es {
		lastNumber++
		es[i].number = lastNumber
	}
}

// find returns the child of a name, or nil.
func (e *Entry) find(name string) *Entry {
	for i := range e.children {
		if e.children[i].name == name {
			return &e.children[i]
		}
	}
	moreLock.Lock()
	defer moreLock.Unlock()
	for c := e.more; c != nil; c = c.next {
		if c.name == name {
			return c
		}
	}
	return nil
}

// at returns the i-th child, or nil.
func (e *Entry) at(i int) *Entry {
	if i < len(e.children) {
		return &e.children[i]
	}
	moreLock.Lock()
	defer moreLock.Unlock()
	c := e.more
	for i -= len(e.children); c != nil && i > 0; i-- {
		c = c.next
	}
	return c
}

// Register adds a file of the given name (which must stay valid) to the root of /proc. EEXIST.
func Register(name string, gen func(b *Buffer) errno.Errno) errno.Errno {
	return add(&rootEntry, name, modeFile, gen, nil)
}

// RegisterIn adds a file to a directory in the root of /proc, which is made with its first file.
func RegisterIn(dir, name string, gen func(b *Buffer) errno.Errno) errno.Errno {
	d := rootEntry.find(dir)
	if d == nil {
		if e := add(&rootEntry, dir, modeDir, nil, nil); e != 0 {
			return e
		}
		d = rootEntry.find(dir)
	}
	return add(d, name, modeFile, gen, nil)
}

// RegisterTrigger adds a file to the root of /proc that only takes commands: set gets what is written, without the newline.
func RegisterTrigger(name string, set func(data []byte) errno.Errno) errno.Errno {
	const onlyOwnerWrites = vfs.S_IFREG | 0o200
	return add(&rootEntry, name, onlyOwnerWrites, func(*Buffer) errno.Errno { return errno.EIO }, set)
}

// RegisterSysctl adds a setting to /proc/sys/DIR, a directory that exists, such as "vm" or "fs/mqueue". set takes what is written, without the
// newline; nil makes the file read-only.
func RegisterSysctl(dir, name string, gen func(b *Buffer) errno.Errno, set func(data []byte) errno.Errno) errno.Errno {
	d := rootEntry.find("sys")
	for dir != "" {
		n := 0
		for n < len(dir) && dir[n] != '/' {
			n++
		}
		if d = d.find(dir[:n]); d == nil {
			return errno.ENOENT
		}
		dir = dir[min(n+1, len(dir)):]
	}
	return addSetting(d, name, gen, set)
}

// addSetting adds a file that may be written if set is not nil.
func addSetting(d *Entry, name string, gen func(b *Buffer) errno.Errno, set func(data []byte) errno.Errno) errno.Errno {
	mode := uint32(modeFile)
	if set != nil {
		mode = modeSet
	}
	return add(d, name, mode, gen, set)
}

// RegisterSysFile adds a file to /sys, after StartSysFS; path begins there. set is as for RegisterSysctl.
func RegisterSysFile(path string, gen func(b *Buffer) errno.Errno, set func(data []byte) errno.Errno) errno.Errno {
	d, name, e := sysPlace(path)
	if e != errno.OK {
		return e
	}
	return addSetting(d, name, gen, set)
}

// RegisterNet adds a file to /proc/net, which is a directory of each process.
func RegisterNet(name string, gen func(b *Buffer) errno.Errno) errno.Errno {
	return add(pidEntry.find("net"), name, modeFile, gen, nil)
}

func add(dir *Entry, name string, mode uint32, gen func(b *Buffer) errno.Errno, set func(data []byte) errno.Errno) errno.Errno {
	if dir.find(name) != nil {
		return errno.EEXIST
	}
	e := moreCache.Alloc()
	if e == nil {
		return errno.ENOMEM
	}
	e.name, e.mode, e.gen, e.set = name, mode, gen, set
	if set != nil {
		e.write = writeSet
	}
	moreLock.Lock()
	lastNumber++
	e.number = lastNumber
	p := &dir.more
	for *p != nil {
		p = &(*p).next
	}
	*p = e
	moreLock.Unlock()
	return errno.OK
}

func writeSet(n *node, data []byte) errno.Errno { return n.entry.set(data) }

// run generates the text.
func (e *Entry) run(n *node, b *Buffer) errno.Errno {
	switch {
	case e == &fdInfoEntry:
		return genFDInfo(n, b)
	case e.gen != nil:
		return e.gen(b)
	case e.sysGen != nil:
		return e.sysGen(n, b)
	case n.pid != 0:
		return Source.Generate(n.pid, n.tid, e.pidFile, vfs.NoEscape(b))
	}
	return errno.EINVAL
}

func writePID(n *node, data []byte) errno.Errno {
	return Source.Write(n.pid, n.tid, n.entry.pidFile, data)
}
