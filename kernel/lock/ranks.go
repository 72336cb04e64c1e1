package lock

// Rank is the place of a spin lock in the kernel's one declared lock order: a lock may be taken only while
// every lock already held has a lower rank. Low ranks are taken first (the upper floors of the house), high
// ranks last (the leaves below everything: the log and the console, which must work from anywhere).
//
// To add a lock, put its rank into the group of its package, between the locks it is taken under and the
// locks taken under it. Locks of one rank never nest, except where rankInfo says so and why.
type Rank uint16

// The lock order, from the first taken to the last.
const (
	// RankNone is the zero value: the lock takes no part in order checking. Only for tests and early boot.
	RankNone Rank = iota

	// Terminals, processes (kernel/tty, kernel/proc).
	RankTTYTable   // list of terminals
	RankSession    // sessions and process groups
	RankProcTable  // PID table, parent/child links
	RankProcess    // one process: threads, limits, credentials pointer
	RankTTY        // one terminal's line discipline and buffers
	RankSignal     // one process's signal state
	RankFDTable    // one descriptor table
	RankFile       // one open file description
	RankWallWatch  // who wants to know when the wall clock is set
	RankProcMisc   // leaf of the process floor: timers, accounting
	RankSysctl     // run-time settings
	RankModuleList // registries: file systems, drivers, binary formats

	// Inter-process communication and network (kernel/ipc, kernel/net).
	RankEpollTable
	RankIPCTable
	RankFutex // one futex hash bucket
	RankPI    // who inherits whose priority (kernel/sched): above all that an interrupt may take
	RankPipe
	RankIPC
	RankNetTable
	RankSocket
	RankSocketQueue
	RankNetDevice
	RankNetMisc

	// Address spaces (kernel/vm).
	RankVMSpace
	RankVMArea
	RankVMObject
	RankPageTable
	RankSwap
	RankVMMisc

	// File systems (kernel/vfs, kernel/fs/...).
	RankMountTable
	RankSuperList
	RankSuper
	RankDentryHash
	RankDentry
	RankDentryLRU
	RankInodeHash
	RankInode
	RankInodeLRU
	RankFSAlloc   // a file system's block and inode allocator
	RankFSJournal // a journal's transaction state
	RankFSBuffer  // a metadata buffer cache
	RankFSMisc

	// Page cache (kernel/vm/pagecache).
	RankPageCache // one object's index of pages
	RankPageLRU
	RankPageDirty // dirty-object list, write-back state
	RankPageMisc

	// Block layer and drivers (kernel/block, drivers/...).
	RankBlockTable
	RankBlockDevice
	RankBlockQueue
	RankBlockPool
	RankDriver
	RankDriverQueue // one hardware queue under a driver's own lock
	RankDriverMisc

	// Threads (kernel/sched).
	RankSleepLock      // guard inside Mutex, RWMutex, Semaphore, Cond, Completion, Barrier
	RankWaitQueue      // a wait queue; its callback entries run under it
	RankEpollNest      // who watches which epoll instance, for wake-ups through several
	RankPollReady      // what a wait-queue callback may take: an epoll ready list
	RankWaitQueueInner // a wait queue woken by a callback of another one (WaitQueue.InitRank)
	RankWork           // a work queue's list
	RankThreadList     // the list of all threads
	RankRunQueue       // one CPU's run queue

	// Time (kernel/time).
	RankTimer
	RankClock

	// Memory (kernel/mem).
	RankShrinkers
	RankVAlloc
	RankSlabList
	RankSlab
	RankZone
	RankMemMisc

	// The machine (arch): taken from anywhere above.
	RankPCI
	RankIRQ
	RankTLB
	RankArch

	// The log and its sinks: the leaves.
	RankTrace
	RankLog
	RankConsole

	NumRanks // number of ranks, for tables
)

// nests lists the ranks of which one thread may hold several locks at once. The reason is the order that
// takes the place of the rank.
func (r Rank) nests() bool {
	switch r {
	case RankRunQueue, // two CPUs' queues: the second only by TryLock, or in ascending CPU order
		RankPageTable,   // parent table before child table; source before destination in fork
		RankDentry,      // parent before child
		RankFutex,       // ascending address
		RankSocketQueue, // a listening socket's before that of a connection that waits there
		RankInode:       // ascending address
		return true
	}
	return false
}

var rankNames = [NumRanks]string{
	RankNone:     "none",
	RankTTYTable: "tty-table", RankSession: "session", RankProcTable: "proc-table", RankProcess: "process",
	RankTTY: "tty", RankSignal: "signal", RankFDTable: "fd-table", RankFile: "file", RankWallWatch: "wall-watch", RankProcMisc: "proc-misc",
	RankSysctl: "sysctl", RankModuleList: "module-list",
	RankEpollTable: "epoll-table", RankIPCTable: "ipc-table", RankFutex: "futex", RankPI: "pi", RankPipe: "pipe", RankIPC: "ipc",
	RankNetTable: "net-table", RankSocket: "socket", RankSocketQueue: "socket-queue", RankNetDevice: "net-device",
	RankNetMisc: "net-misc",
	RankVMSpace: "vm-space", RankVMArea: "vm-area", RankVMObject: "vm-object", RankPageTable: "page-table",
	RankSwap: "swap", RankVMMisc: "vm-misc",
	RankMountTable: "mount-table", RankSuperList: "super-list", RankSuper: "super", RankDentryHash: "dentry-hash",
	RankDentry: "dentry", RankDentryLRU: "dentry-lru", RankInodeHash: "inode-hash", RankInode: "inode",
	RankInodeLRU: "inode-lru", RankFSAlloc: "fs-alloc", RankFSJournal: "fs-journal", RankFSBuffer: "fs-buffer",
	RankFSMisc:    "fs-misc",
	RankPageCache: "page-cache", RankPageLRU: "page-lru", RankPageDirty: "page-dirty", RankPageMisc: "page-misc",
	RankBlockTable: "block-table", RankBlockDevice: "block-device", RankBlockQueue: "block-queue",
	RankBlockPool: "block-pool", RankDriver: "driver", RankDriverQueue: "driver-queue", RankDriverMisc: "driver-misc",
	RankSleepLock: "sleep-lock", RankWaitQueue: "wait-queue", RankEpollNest: "epoll-nest", RankPollReady: "poll-ready",
	RankWaitQueueInner: "wait-queue-inner", RankWork: "work", RankThreadList: "thread-list", RankRunQueue: "run-queue",
	RankTimer: "timer", RankClock: "clock",
	RankShrinkers: "shrinkers", RankVAlloc: "valloc", RankSlabList: "slab-list", RankSlab: "slab", RankZone: "zone",
	RankMemMisc: "mem-misc",
	RankPCI:     "pci", RankIRQ: "irq", RankTLB: "tlb", RankArch: "arch",
	RankTrace: "trace", RankLog: "log", RankConsole: "console",
}

// String returns the rank's name as it appears in reports.
func (r Rank) String() string {
	if r < NumRanks {
		return rankNames[r]
	}
	return "bad rank"
}
