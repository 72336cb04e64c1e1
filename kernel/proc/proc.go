//go:build galago

// Package proc is processes: their creation (fork), programs (exec), end (exit, wait), identities and groups, and signals.
//
// A Process is what its threads share: address space, descriptor table, signal actions, credentials, identity. A Task
// is one thread's side: its scheduler thread, register state, signal mask. Every Task has a number (TID); the
// first one's is the PID of the process.
//
// Life: new → ready/running/blocked (the scheduler's states) → zombie (exited, parent has not waited) → gone.
//
// Invariants:
//   - tree, groups, sessions and the PID table change only under table.lock; a Process found there stays
//     valid while the lock is held or a reference (refs) is.
//   - a zombie has no threads, no address space and no descriptors; it keeps its PID, exit status and times.
//   - Process.sig is guarded by its own lock, which nests inside table.lock.
//
// Lock order: Process.execLock (sleeping) → table.lock → signals.lock → wait-queue locks.
package proc

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/ds"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/time"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// Task is a thread of a process.
type Task struct {
	Thread *sched.Thread
	Proc   *Process
	TID    int
	// Ctx: credentials, directories, descriptors, each perhaps shared with other tasks. Only the task itself changes the pointers, under
	// Proc.limitsMu; it reads them without.
	Ctx vfs.Context

	node ds.ListNode[Task] // Process.tasks; table.lock

	taskWorks

	fpu     uintptr // FPU save area (arch.FPUSize bytes, 64-aligned), written at context switches
	scratch uintptr // the same size, for signal frames: a switch may come while they are copied
	fpuMem  unsafe.Pointer
	fsBase  uintptr // saved while not running
	gsBase  uintptr

	sig   taskSignals
	trace tracing
	pause sched.WaitQueue // Pause sleeps here

	ClearTID uintptr // set_tid_address: zeroed and woken at exit
	// DeathSignal is sent to the task when its parent ends (PR_SET_PDEATHSIG); 0: none.
	DeathSignal int
	// MemPolicy and MemNodes are set_mempolicy(2)'s mode and nodes; inherited. Only the task itself changes them.
	MemPolicy  int32
	MemNodes   uint64
	TimerSlack uint64 // ns; kept for prctl, timers here are exact
	ioPriority uint16 // ioprio_set(2); guarded by table.lock
	RobustPtr  uintptr
	rseq       rseqState

	activations *activations    // the task's reference; nil: it is none
	activation  activationState // guarded by activations.lock; the task itself reads it without

	nKids   int   // processes whose creator it is; table.lock
	user    *user // the real user; never nil once the task has a number
	tooMany bool  // has become a user with too many tasks: no exec

	vfork sched.Completion // what this thread waits for after a vfork
	// vforkParent waits for this task, which is its vforkChild, until it execs or exits. Both change under table.lock.
	vforkParent, vforkChild *Task
	start                   arch.Frame // registers of the first entry to user mode
	born                    uint64     // ns since boot
}

// Process is a thread group.
type Process struct {
	PID  int
	refs atomic.Int32

	// Guarded by table.lock.
	parent   *Process
	creator  *Task        // of the parent's tasks, the one whose child it is
	ppid     atomic.Int32 // parent's PID; written under the lock
	children ds.List[Process]
	sibling  ds.ListNode[Process]
	tasks    ds.List[Task] // changed under sig.lock too, so that either lock suffices to read it
	nTasks   int
	group    *Group
	inGroup  ds.ListNode[Process]
	state    State
	status   int // wait status once a zombie, or of the last stop
	// exitSignal is what the parent gets at the end: SIGCHLD, or clone's choice; 0: none.
	exitSignal int
	// Subreaper: orphaned descendants become its children (PR_SET_CHILD_SUBREAPER).
	Subreaper   bool
	dumpable    atomic.Bool
	activations *activations // guarded by table.lock
	// SemUndo is what the System V semaphores are given back at the end; the system-call floor's.
	SemUndo atomic.Pointer[byte]
	// Personality is personality(2)'s word.
	Personality atomic.Uint32
	oomAdj      atomic.Int32 // see oomPoints
	reported    bool
	didExec     bool
	noTerminal  bool // gave up the session's terminal (TIOCNOTTY)
	stopped     bool
	contd       bool
	ended       *deadTracee // the report to the first thread's tracer, which comes before the parent's

	childWait sched.WaitQueue // this process sleeps here for its children's changes
	endWait   sched.WaitQueue // those who poll a pidfd

	Space *vm.AddressSpace // changed by exec and at the end, when one task is left
	cred  *cred.Cred       // the first task's, by which others judge the process; guarded by limitsMu

	// execer is the task that replaces the program and wants the others gone; guarded by table.lock, read without by them.
	execer   atomic.Pointer[Task]
	execWait sched.WaitQueue

	user *user // a zombie's, who counts it as a task still; else nil. table.lock

	exeMu sched.Mutex
	exe   *vfs.File // the program; guarded by exeMu

	sig signals

	Limits   [NLimits]Limit
	limitsMu lock.Spin

	comm      [16]byte
	StartTime uint64 // ns since boot

	Times      Times // of ended threads
	ChildTimes Times // of waited-for children
	timerLock  lock.Spin
	timers     ds.List[Timer] // of timer_create; guarded by timerLock, as are the next two
	itimers    [NITimers]*Timer
	nextTimer  int32

	cpuTimer time.Timer // for RLIMIT_CPU, with its work
	cpuWork  sched.Work
	exiting  atomic.Uint32
	dump     atomic.Pointer[coreDump] // changes under table.lock
	exitCode int
}

// State of a process in its life.
type State uint8

const (
	Alive State = iota
	Zombie
	Dead
)

var (
	processCache = mem.Cache[Process]{Name: "process"}
	taskCache    = mem.Cache[Task]{Name: "task"}
)

// Current returns the running task, or nil in a kernel thread.
func Current() *Task { return (*Task)(sched.Current().Proc) }

// Cred returns the task's credentials, which only the task itself may look at without a reference.
func (t *Task) Cred() *cred.Cred { return t.Ctx.Cred }

// Get takes a reference.
func (p *Process) Get() { p.refs.Add(1) }

// Put drops one; the last frees the structure.
func (p *Process) Put() {
	if p.refs.Add(-1) == 0 {
		if p.cred != nil {
			p.cred.Put()
		}
		if p.sig.watch != nil {
			p.sig.watch.put()
		}
		if p.activations != nil {
			p.activations.put()
		}
		processCache.Free(p)
	}
}

// Comm returns the program's short name.
func (p *Process) Comm() string {
	n := 0
	for n < len(p.comm) && p.comm[n] != 0 {
		n++
	}
	return unsafe.String(&p.comm[0], n)
}

// SetComm sets a task's short name, cut to 15 bytes; the first task's is the process's.
func (t *Task) SetComm(s string) {
	t.Thread.SetName(s[:min(len(s), len(t.Proc.comm)-1)])
	if t.TID == t.Proc.PID {
		clear(t.Proc.comm[:])
		copy(t.Proc.comm[:15], s)
	}
}

// Resource limits (getrlimit(2)), numbered as on Linux.
const (
	LimitCPU = iota
	LimitFSize
	LimitData
	LimitStack
	LimitCore
	LimitRSS
	LimitNProc
	LimitNoFile
	LimitMemlock
	LimitAS
	LimitLocks
	LimitSigPending
	LimitMsgQueue
	LimitNice
	LimitRTPrio
	LimitRTTime
	NLimits
)

// Infinity is RLIM_INFINITY.
const Infinity = ^uint64(0)

// Limit is a soft and a hard limit.
type Limit struct{ Cur, Max uint64 }

// defaultLimits are Linux's initial ones.
func defaultLimits(l *[NLimits]Limit) {
	for i := range l {
		l[i] = Limit{Infinity, Infinity}
	}
	l[LimitStack] = Limit{8 << 20, Infinity}
	l[LimitCore] = Limit{0, Infinity}
	l[LimitNProc] = Limit{MaxPID / 2, MaxPID / 2}
	l[LimitNoFile] = Limit{1024, 4096}
	l[LimitMemlock] = Limit{8 << 20, 8 << 20}
	l[LimitSigPending] = Limit{MaxPID / 2, MaxPID / 2}
	l[LimitMsgQueue] = Limit{819200, 819200}
	l[LimitNice] = Limit{0, 0}
	l[LimitRTPrio] = Limit{0, 0}
}

// newTask makes a task with an FPU area, not yet in any table.
func newTask(p *Process) *Task {
	t := taskCache.Alloc()
	if t == nil {
		return nil
	}
	t.Proc = p
	t.node.Init(t)
	t.born = time.Now()
	size := (arch.FPUSize + 63) &^ 63
	t.fpuMem = mem.Alloc(2*size + 64)
	if t.fpuMem == nil {
		taskCache.Free(t)
		return nil
	}
	t.fpu = (uintptr(t.fpuMem) + 63) &^ 63
	t.scratch = t.fpu + size
	clear(unsafe.Slice((*byte)(unsafe.Pointer(t.fpu)), 2*size))
	arch.FPUReset(t.fpu)
	return t
}

func (t *Task) free() {
	if t.Thread != nil {
		t.Thread.Put()
	}
	mem.Free(t.fpuMem)
	taskCache.Free(t)
}

// OnSwitch is the scheduler's hook at a context switch, interrupts off: it moves FPU state, thread pointer and
// address space from the leaving to the coming thread.
func OnSwitch(prev, next *sched.Thread) {
	if t := (*Task)(prev.Proc); t != nil {
		arch.FPUSave(t.fpu)
		t.fsBase, t.gsBase = arch.UserBases()
		if t.rseq.at != 0 && prev.State() == sched.Running {
			t.setWork(workRSeq)
		}
	}
	if (prev.Trace|next.Trace)&traceDebug != 0 {
		switchDebug(next)
	}
	if next.IsIdle() {
		vm.Deactivate() // an idle CPU is not to be woken for other CPUs' shoot-downs
	}
	if t := (*Task)(next.Proc); t != nil {
		vm.Activate((*vm.AddressSpace)(next.Space))
		arch.SetUserBases(t.fsBase, t.gsBase)
		arch.FPURestore(t.fpu)
		if t.rseq.at != 0 && t.rseq.cpu != next.CPU {
			t.setWork(workRSeq)
		}
	}
}
