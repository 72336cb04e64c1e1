//go:build galago

package proc

import (
	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/proc/elf"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// maxInterpreters bounds chains of #! scripts, as on Linux.
const maxInterpreters = 5

// loader is one exec in progress. It lives in a slab object: the new program is built completely before the old
// one is touched, so any error leaves the caller as it was.
type loader struct {
	file   *vfs.File
	space  *vm.AddressSpace
	stack  stackBuilder
	image  elf.Image
	interp elf.Image

	head   [4096]byte // first page of the file, then of the interpreter
	phdrs  [128 * elf.PhdrSize]byte
	path   [elf.MaxInterp]byte
	base   uintptr // load address of a PIE
	ibase  uintptr // of the interpreter
	entry  uintptr
	vdso   uintptr
	execfn uintptr

	cred   *cred.Cred // to take on
	secure bool       // it gives more rights than the caller has
}

var loaderCache = mem.Cache[loader]{Name: "exec"}

// Args says where argv and envp come from: user memory, or the kernel's own strings for init.
type Args struct {
	UserArgv, UserEnvp uintptr
	Argv, Envp         []string // used instead when the user pointers are nil
}

// Exec replaces the running task's program: execve(2). path is kernel memory. On success the registers for user
// mode are in the task's frame f and Exec returns OK.
func (t *Task) Exec(f *arch.Frame, dirfd int, path string, flags uint32, args *Args) errno.Errno {
	if t.tooMany && t.overNProc(0) {
		return errno.EAGAIN
	}
	t.tooMany = false
	file, e := vfs.OpenExec(&t.Ctx, dirfd, path, flags)
	if e != 0 {
		return e
	}
	l := loaderCache.Alloc()
	if l == nil {
		file.Put()
		return errno.ENOMEM
	}
	l.file = file
	e = l.load(t, path, args)
	if e == 0 {
		e = t.ownFiles()
	}
	if e == 0 {
		e = t.commit(l, f, path)
	}
	if l.space != nil {
		l.space.Put()
	}
	if l.cred != nil {
		l.cred.Put()
	}
	l.file.Inode.AllowWrite()
	l.file.Put()
	loaderCache.Free(l)
	return e
}

// load builds the new address space.
func (l *loader) load(t *Task, path string, args *Args) errno.Errno {
	if l.space = vm.New(); l.space == nil {
		return errno.ENOMEM
	}
	if old := vm.Current(); old != nil {
		l.space.NoHuge.Store(old.NoHuge.Load())
	}
	l.space.Limits = vm.Limits{AS: t.Proc.Limits[LimitAS].Cur, Data: t.Proc.Limits[LimitData].Cur, Stack: t.Proc.Limits[LimitStack].Cur,
		Memlock: t.Proc.Limits[LimitMemlock].Cur}
	l.space.Layout.NoRandom = randomize.Load() == 0 || t.Proc.Personality.Load()&addrNoRandomize != 0
	if e := l.stack.init(l.space); e != 0 {
		return e
	}
	if e := l.stack.pushPath(path); e != 0 {
		return e
	}
	l.execfn = l.stack.top
	if e := l.stack.pushArgs(args); e != 0 {
		return e
	}
	n, e := l.readHead()
	for depth := 0; e == 0 && n >= 2 && l.head[0] == '#' && l.head[1] == '!'; depth++ {
		if depth == maxInterpreters {
			return errno.ELOOP
		}
		if e = l.script(t, n); e == 0 {
			n, e = l.readHead()
		}
	}
	if e != 0 {
		return e
	}
	if e := l.identity(t); e != 0 {
		return e
	}
	return l.program(t, n)
}

func (l *loader) readHead() (int, errno.Errno) {
	clear(l.head[:])
	return l.file.ReadKernel(l.head[:], 0)
}

// script handles a #! line: the interpreter replaces argv[0], with its optional argument and the script's path.
func (l *loader) script(t *Task, n int) errno.Errno {
	const maxLine = 256
	line := l.head[2:min(n, maxLine)]
	end := 0
	for end < len(line) && line[end] != '\n' {
		end++
	}
	if end == len(line) && n >= maxLine {
		return errno.ENOEXEC // truncated
	}
	line = trim(line[:end])
	if len(line) == 0 {
		return errno.ENOEXEC
	}
	split := 0
	for split < len(line) && line[split] != ' ' && line[split] != '\t' {
		split++
	}
	np := copy(l.path[:], line[:split])
	arg := trim(line[split:])
	// argv[0] goes; pushed from last to first: script path, argument, interpreter.
	if e := l.stack.replaceFirst(l.execfn, arg, l.path[:np]); e != 0 {
		return e
	}
	name := bytesString(l.path[:np])
	file, e := vfs.OpenExec(&t.Ctx, vfs.AtFDCWD, name, 0)
	if e != 0 {
		return e
	}
	l.file.Inode.AllowWrite()
	l.file.Put()
	l.file = file
	l.execfn = l.stack.interpName
	return errno.OK
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// identity computes the program's credentials: set-user-ID, set-group-ID, capabilities.
func (l *loader) identity(t *Task) errno.Errno {
	if l.cred = t.Cred().Dup(); l.cred == nil {
		return errno.ENOMEM
	}
	uid, gid, suid, sgid := l.file.SetIDs()
	if (suid || sgid) && !t.tracerMayRaise() {
		suid, sgid = false, false
	}
	l.secure = l.cred.Exec(uid, gid, suid, sgid)
	return errno.OK
}

// parse reads and checks the program headers of file into img; l.head holds its first n bytes.
func (l *loader) parse(file *vfs.File, img *elf.Image, n int) errno.Errno {
	off, count, e := elf.PhdrRange(l.head[:n])
	if e != 0 {
		return e
	}
	want := count * elf.PhdrSize
	got, e := file.ReadKernel(l.phdrs[:want], int64(off))
	if e != 0 {
		return e
	}
	return img.Parse(l.head[:n], l.phdrs[:got], uint64(file.Inode.Size()))
}

// program maps an ELF program, and its interpreter if it wants one.
func (l *loader) program(t *Task, n int) errno.Errno {
	if e := l.parse(l.file, &l.image, n); e != 0 {
		return e
	}
	const pieBase = 0x5555_5555_4000
	if l.image.PIE {
		l.base = pieBase + l.stack.random(1<<28-1)<<arch.PageShift
		if l.image.InterpSize == 0 && l.image.Low > 0 {
			l.base -= uintptr(l.image.Low)
		}
	}
	if e := l.mapImage(l.file, &l.image, l.base); e != 0 {
		return e
	}
	l.entry = l.base + uintptr(l.image.Entry)
	lay := &l.space.Layout
	brk := l.base + uintptr(l.image.High)
	lay.StartBrk = (brk + arch.PageSize - 1) &^ (arch.PageSize - 1)
	if randomize.Load() == 2 {
		lay.StartBrk += l.stack.random(0x1fff) << arch.PageShift
	}
	lay.Brk = lay.StartBrk
	lay.MmapTop = l.stack.mmapTop()
	if l.image.InterpSize != 0 {
		if e := l.interpreter(t); e != 0 {
			return e
		}
	}
	var e errno.Errno
	if l.vdso, e = l.space.MapVDSO(); e != 0 {
		return e
	}
	return l.stack.finish(l)
}

// interpreter maps the dynamic linker; control goes there first.
func (l *loader) interpreter(t *Task) errno.Errno {
	n, e := l.file.ReadKernel(l.path[:l.image.InterpSize], int64(l.image.InterpOffset))
	if e != 0 {
		return e
	}
	if n != int(l.image.InterpSize) || l.path[n-1] != 0 {
		return errno.ENOEXEC
	}
	end := 0
	for l.path[end] != 0 {
		end++
	}
	file, e := vfs.OpenExec(&t.Ctx, vfs.AtFDCWD, bytesString(l.path[:end]), 0)
	if e != 0 {
		return e
	}
	e = l.mapInterpreter(file)
	file.Inode.AllowWrite()
	file.Put()
	return e
}

func (l *loader) mapInterpreter(file *vfs.File) errno.Errno {
	clear(l.head[:])
	n, e := file.ReadKernel(l.head[:], 0)
	if e != 0 {
		return e
	}
	if e := l.parse(file, &l.interp, n); e != 0 {
		return errno.ELIBBAD
	}
	if l.interp.PIE {
		size := uintptr(l.interp.High - l.interp.Low)
		at, e := l.space.Map(0, size, 0, 0, nil, 0, false, false)
		if e != 0 {
			return e
		}
		l.space.Unmap(at, size)
		l.ibase = at - uintptr(l.interp.Low)
	}
	if e := l.mapImage(file, &l.interp, l.ibase); e != 0 {
		return e
	}
	l.entry = l.ibase + uintptr(l.interp.Entry)
	return errno.OK
}

// mapImage maps the segments of img at base. Parse has checked them.
func (l *loader) mapImage(file *vfs.File, img *elf.Image, base uintptr) errno.Errno {
	for i := range img.NSegments {
		if e := l.mapSegment(file, &img.Segments[i], base, img == &l.image); e != 0 {
			return e
		}
	}
	return errno.OK
}

func (l *loader) mapSegment(file *vfs.File, s *elf.Segment, base uintptr, main bool) errno.Errno {
	const mask = arch.PageSize - 1
	prot := uint8(0)
	if s.Flags&elf.FlagRead != 0 {
		prot |= vm.ProtRead
	}
	if s.Flags&elf.FlagWrite != 0 {
		prot |= vm.ProtWrite
	}
	if s.Flags&elf.FlagExec != 0 {
		prot |= vm.ProtExec
	}
	start := (base + uintptr(s.Vaddr)) &^ mask
	fileEnd := base + uintptr(s.Vaddr+s.FileSize)
	memEnd := base + uintptr(s.Vaddr+s.MemSize)
	if s.FileSize > 0 {
		file.Get()
		if _, e := l.space.Map(start, fileEnd-start, prot, vm.MayWrite|vm.MayExec, file, (s.Offset&^mask)>>arch.PageShift, true, false); e != 0 {
			file.Put()
			return e
		}
	} else {
		fileEnd = start
	}
	if bss := (fileEnd + mask) &^ mask; memEnd > bss {
		if _, e := l.space.Map(bss, memEnd-bss, prot, vm.MayWrite|vm.MayExec, nil, 0, true, false); e != 0 {
			return e
		}
	}
	// The rest of the last page is zero, beyond memEnd too: dynamic linkers allocate their first memory there.
	if memEnd > fileEnd && fileEnd&mask != 0 && s.Flags&elf.FlagWrite != 0 {
		n := (fileEnd+mask)&^mask - fileEnd
		if l.space.WriteAt(fileEnd, zeroes[:n]) != int(n) {
			return errno.ENOMEM
		}
	}
	if main {
		l.landmarks(s, base)
	}
	return errno.OK
}

// zeroes is what the rest of a data segment's last page is filled with.
var zeroes [arch.PageSize]byte

func (l *loader) landmarks(s *elf.Segment, base uintptr) {
	lay := &l.space.Layout
	start, end := base+uintptr(s.Vaddr), base+uintptr(s.Vaddr+s.FileSize)
	if s.Flags&elf.FlagExec != 0 {
		if lay.StartCode == 0 {
			lay.StartCode = start
		}
		lay.EndCode = end
	} else {
		lay.StartData = start
	}
	lay.EndData = max(lay.EndData, end)
}

// commit is the point of no return: the old program goes, the new one's registers come into f. EINTR: the task is about to end.
func (t *Task) commit(l *loader, f *arch.Frame, path string) errno.Errno {
	p, was := t.Proc, t.TID
	if !t.beAlone() {
		return errno.EINTR
	}
	t.EndActivations()
	t.leaveActivations()
	t.leaveMemory(false)
	old := p.swapSpace(l.space)
	l.space = nil
	vm.Attach(p.Space)
	if old != nil {
		old.Put()
	}
	t.endVfork()
	t.Ctx.Files.CloseOnExec()
	l.file.Get()
	l.file.Inode.DenyWrite() // l denies it already: cannot fail
	p.setExe(l.file)
	t.SetCred(l.cred)
	l.cred = nil
	p.dumpable.Store(!l.secure)
	if l.secure {
		t.DeathSignal = 0
	}
	base := 0
	for i := range len(path) {
		if path[i] == '/' {
			base = i + 1
		}
	}
	t.SetComm(path[base:])
	p.deleteTimers(false)
	p.resetSignals(t)
	table.lock.Lock()
	p.didExec = true
	p.exitSignal = SIGCHLD
	table.lock.Unlock()
	*f = arch.Frame{IP: uint64(l.entry), SP: uint64(l.stack.sp), CS: arch.UserCS, SS: arch.UserDS, Flags: arch.FlagIF | 2,
		Vector: f.Vector, Error: f.Error}
	clear(bytesAt(t.fpu, arch.FPUSize))
	arch.FPUReset(t.fpu)
	arch.FPURestore(t.fpu)
	arch.SetUserBases(0, 0)
	t.traceExec(was)
	return errno.OK
}

// clear gives handled signals their default action. The lock is held, or s is not visible yet.
//
// +checklocks:s.lock
func (s *signals) clear() {
	for i := range s.actions {
		a := &s.actions[i]
		if a.Handler != SigIgn {
			a.Handler = SigDfl
		}
		a.Flags, a.Mask, a.Restorer = 0, 0, 0
	}
}

// resetSignals gives handled signals their default action; ignored ones stay ignored (POSIX exec).
func (p *Process) resetSignals(t *Task) {
	p.sig.lock.Lock()
	p.sig.clear()
	t.sig.altStack = AltStack{Flags: SS_DISABLE}
	p.sig.lock.Unlock()
}
