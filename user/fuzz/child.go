//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/libc/stdio"
	"galago/libc/sys"
	"galago/user/abuse"
)

const (
	threads    = 3    // of a child, at most
	fateCalls  = 2000 // of a child, at most
	childCalls = 40   // of a process or thread that a random call made
	memory     = 160 << 20
)

// worker is one thread that makes random calls. It must not allocate: all its state is here or static.
type worker struct {
	rng      abuse.Random
	slot     *slot
	root     bool // may do what only the fence keeps harmless
	depth    int  // of processes made by random calls
	lastPID  uintptr
	page     *[4096]byte    // where structures are made
	edge     uintptr        // the last bytes before a page that is not there
	stack    uintptr        // the top of a stack for clones
	paths    [24]*byte      // of this child
	thread   runtime.Thread // unused by the first worker
	limit    int
	fillFrom int // next free byte of page
}

var workers [threads]worker

// child is the life of a fuzzing process.
func child(s *slot, seed uint64, uid int) {
	abuse.Child()
	sys.Setsid()
	w := &workers[0]
	mixed := abuse.Random(seed) // a state of neighbours would be a sequence shifted by one
	w.rng, w.slot, w.root, w.limit = abuse.Random(mixed.Next()), s, uid == 0, fateCalls
	for i := range slots {
		if s == &slots[i] {
			sys.Chdir(workDir(i))
		}
	}
	sys.Chroot(world)
	limits()
	if failEvery != 0 {
		const sysPrctl, prFailEvery = 157, 0x47414c46
		sys.Call(sysPrctl, prFailEvery, uintptr(failEvery))
	}
	if uid != 0 {
		sys.Setgroups([]uint32{uint32(uid)})
		sys.Setgid(uid)
		sys.Setuid(uid)
	}
	populate(uid == 0)
	sys.OnSignal(func(int) {})
	catchSignals()
	w.prepare()
	for i := 1; i < threads; i++ {
		if w.chance(2) {
			continue
		}
		t := &workers[i]
		t.rng, t.slot, t.root, t.limit = abuse.Random(w.random()), s, w.root, fateCalls
		t.prepare()
		if t.thread.Prepare(64<<10, threadBody, unsafe.Pointer(t)) {
			t.thread.Start()
		}
	}
	w.loop()
	sys.ExitNow(0)
}

func threadBody(arg unsafe.Pointer) {
	w := (*worker)(arg)
	w.loop()
	w.thread.ExitThread(false)
}

// limits keeps a child from exhausting the machine; that is another test.
func limits() {
	set := func(which int, n uint64) { sys.Prlimit(which, &sys.Rlimit{Cur: n, Max: n}, nil) }
	const fileSize, core, processes, files, space, pending, queues = 1, 4, 6, 7, 9, 11, 12
	set(fileSize, 4<<20)
	set(core, 1<<20)
	set(processes, 100)
	set(files, 200)
	set(space, memory)
	set(pending, 500)
	set(queues, 400<<10)
}

// populate opens some of everything, so that most descriptors mean something; what the kernel lacks is left out.
func populate(root bool) {
	for i := 3; i < 20; i++ {
		sys.Close(i)
	}
	put("f", "#!/bin/true\nsome text in a file, to be read again\n", 0o755)
	put("big", "", 0o644)
	sys.Truncate("big", 1<<20)
	sys.Mkdir("d", 0o777)
	put("d/g", "another", 0o600)
	sys.Symlink("f", "sl")
	sys.Symlink("loop", "loop")
	null, _ := sys.Open("/dev/null", sys.O_RDWR, 0)
	for fd := range 3 {
		if fd != 2 || !trace {
			sys.Dup2(null, fd)
		}
	}
	open := [...]struct {
		path  string
		flags int
	}{{"f", sys.O_RDWR}, {"big", sys.O_RDWR}, {"d", sys.O_RDONLY}, {".", sys.O_RDONLY}, {"fifo", sys.O_RDWR | sys.O_NONBLOCK}, {"/dev/zero", sys.O_RDWR},
		{"/proc/self/maps", sys.O_RDONLY}, {"/proc/self/mem", sys.O_RDWR}, {"/tmp/t", sys.O_RDWR | sys.O_CREAT}, {"d/g", 0o10000000}, {"f", sys.O_WRONLY | sys.O_APPEND}}
	for _, o := range open {
		sys.Open(o.path, o.flags, 0o666)
	}
	for flags := 0; flags <= sys.O_NONBLOCK; flags += sys.O_NONBLOCK {
		sys.Pipe2(flags)
	}
	at := uintptr(unsafe.Pointer(&making))
	name := uintptr(unsafe.Pointer(&mountName))
	for _, c := range [...][5]uintptr{
		{290, 3, 0}, {291, 0}, {53, 1, 1, 0, at}, {53, 1, 2, 0, at}, {53, 1, 5, 0, at}, {319, name, 3}, {283, 1, 0}, {289, ^uintptr(0), at + 64, 8, 0},
		{294, 0}, {41, 1, 1, 0}, {434, uintptr(sys.Getpid()), 0}, {425, 8, at + 128},
	} {
		runtime.Syscall(c[0], c[1], c[2], c[3], c[4], 0, 0)
	}
	if root { // a mount of its own to play with
		sys.Mount("tmpfs", "d", "tmpfs", 0, "")
	}
}

var making [512]byte

// catchSignals installs a handler that does nothing, and a timer that ends waits, whatever calls have done to them.
func catchSignals() {
	const sigIO = 29
	for _, sig := range [...]int{sys.SIGALRM, sys.SIGUSR1, sys.SIGUSR2, sigIO, sys.SIGCHLD, sys.SIGPIPE, 34, 35, sys.SIGURG} {
		sys.Signal(sig, sys.Catch, true)
	}
	sys.Sigprocmask(1, 1<<(sys.SIGALRM-1))
	arm()
}

// arm starts the interval timer.
func arm() {
	const every = 30000 // µs
	tv := [4]int64{0, every, 0, every}
	runtime.Syscall(38, 0, uintptr(unsafe.Pointer(&tv)), 0, 0, 0, 0)
}

// arena is the memory that random calls map, protect and unmap. It is the same in all children.
const (
	arena      = 0x100000000000
	arenaPages = 256
	pageSize   = 4096
)

// mapArena makes the arena plain memory again, with one page that cannot be read and one that cannot be written.
func mapArena() {
	const rw, fixed = 3, 0x32
	runtime.Syscall(9, arena, arenaPages*pageSize, rw, fixed, ^uintptr(0), 0)
	runtime.Syscall(10, arena+7*pageSize, pageSize, 0, 0, 0, 0)
	runtime.Syscall(10, arena+9*pageSize, pageSize, 1, 0, 0, 0)
}

// prepare gives a worker its memory: a page for structures between two holes, and a stack.
func (w *worker) prepare() {
	const rw, private = 3, 0x22
	at := runtime.Syscall(9, 0, 3*pageSize, rw, private, ^uintptr(0), 0)
	w.page, w.edge = (*[4096]byte)(unsafe.Pointer(at+pageSize)), at+2*pageSize
	runtime.Syscall(11, at, pageSize, 0, 0, 0, 0)
	runtime.Syscall(11, at+2*pageSize, pageSize, 0, 0, 0, 0)
	stack := runtime.Syscall(9, 0, 16*pageSize, rw, private, ^uintptr(0), 0)
	w.stack = stack + 16*pageSize - 64
	w.makePaths()
}

// loop makes random calls until its limit.
func (w *worker) loop() {
	mapArena()
	for n := 0; n < w.limit; n++ {
		if n%64 == 63 {
			mapArena()
		}
		w.once()
	}
}

// once makes one random call, or plays a scene.
func (w *worker) once() {
	w.fillFrom = 0
	if w.chance(16) {
		scenes[w.below(len(scenes))](w)
		return
	}
	row := w.pick()
	nr := uintptr(row.nr)
	var a [6]uintptr
	for i, set := 0, 0; i < len(row.args); i++ {
		a[i], set = w.value(row, row.args[i], set)
	}
	if w.fence(nr, &a) && w.make(nr, &a) == 0 && nr == nrFork {
		w.newborn()
	}
}

// make makes a call where the master can see it. A child that shares the memory does not return: its frames are the parent's.
func (w *worker) make(nr uintptr, a *[6]uintptr) uintptr {
	s := w.slot
	s.nr = uint64(nr)
	for i := range a {
		s.args[i] = uint64(a[i])
	}
	if trace {
		w.say(nr, a)
	}
	depth := w.depth
	var r uintptr
	if nr == nrVfork {
		r = runtime.Vfork()
	} else {
		r = runtime.Syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	}
	if r == 0 && nr != nrFork && makesProcess(nr) {
		w.newborn()
	}
	w.depth = depth
	s.calls++
	switch nr {
	case 13, 14, 37, 38: // rt_sigaction, rt_sigprocmask, alarm, setitimer
		catchSignals()
	}
	if makesProcess(nr) && r > 0 && r < 1<<22 {
		w.lastPID = r
	}
	return r
}

func makesProcess(nr uintptr) bool {
	return nr == nrClone || nr == nrFork || nr == nrVfork || nr == nrClone3
}

// newborn is a process that a random call made: it does a little and ends. Further ones come from it more rarely.
func (w *worker) newborn() {
	if w.depth++; w.depth <= 2 {
		w.rng = w.rng*3 + 1
		arm() // timers are not inherited
		for range childCalls {
			w.once()
		}
	}
	runtime.Syscall(60, 0, 0, 0, 0, 0, 0)
	sys.ExitNow(0)
}

// say writes a call to standard error.
func (w *worker) say(nr uintptr, a *[6]uintptr) {
	var room [256]byte
	out := stdio.NewWriterBuffer(2, room[:])
	out.Printf("%d.%d %s(%x, %x, %x, %x, %x, %x)\n", sys.Getpid(), sys.Gettid(), nameOf(uint64(nr)), a[0], a[1], a[2], a[3], a[4], a[5])
	out.Flush()
}
