//go:build galago

package proc

import (
	"sync/atomic"
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
	"galago/kernel/lock"
	"galago/kernel/mem"
	"galago/kernel/time"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

// The notes of a core file (elf.h), and its name.

// Types of notes beside those of register sets (ptraceregs.go).
const (
	ntPrpsinfo = 3
	ntAuxv     = 6
	ntSiginfo  = 0x53494749
	ntFile     = 0x46494c45
)

// prStatus is struct elf_prstatus.
type prStatus struct {
	signo, code, errno int32
	current            int16
	_                  int16
	pending, held      uint64
	pid, ppid          int32
	group, session     int32
	times              [4][2]int64 // user, system, children's user, children's system
	regs               UserRegs
	fpValid            int32
	_                  int32
}

// prPsinfo is struct elf_prpsinfo.
type prPsinfo struct {
	state, letter, zombie byte
	nice                  int8
	_                     int32
	flag                  uint64
	uid, gid              uint32
	pid, ppid             int32
	group, session        int32
	name                  [16]byte
	args                  [80]byte
}

// noteBuffer gathers notes.
type noteBuffer struct {
	buf []byte
	n   int
}

func (b *noteBuffer) bytes() []byte { return b.buf[:b.n] }

// room returns n bytes for the contents of a note, zeroed, or nil if there are too many.
func (b *noteBuffer) room(kind uint32, owner string, n int) []byte {
	const head = 12 + 8
	size := head + (n+3)&^3
	if size > len(b.buf)-b.n {
		return nil
	}
	at := b.buf[b.n : b.n+size]
	h := (*[3]uint32)(unsafe.Pointer(&at[0]))
	h[0], h[1], h[2] = uint32(len(owner)+1), uint32(n), kind
	copy(at[12:20], owner)
	b.n += size
	return at[head : head+n]
}

// add appends a note with the n bytes at p.
func (b *noteBuffer) add(kind uint32, p unsafe.Pointer, n uintptr) {
	if at := b.room(kind, "CORE", int(n)); at != nil {
		copy(at, bytesAt(uintptr(p), n))
	}
}

const fileNotesMax = 512 << 10 // bytes of names of mapped files

// coreNotes makes the notes: of the thread that dumps first, then the process's, then those of the other threads.
func (t *Task) coreNotes(sig int, info *Siginfo, s *vm.AddressSpace) (b noteBuffer) {
	p := t.Proc
	thread := int(unsafe.Sizeof(prStatus{})) + fxSize + int(arch.FPUSize) + 3*32
	if b.buf = mem.AllocBytes(p.nTasks*thread + fileNotesMax + 4096); b.buf == nil {
		return b
	}
	t.statusNote(&b, sig, info)
	t.processNote(&b, s)
	if at := b.room(ntSiginfo, "CORE", SiginfoSize); at != nil {
		copy(at, bytesAt(uintptr(unsafe.Pointer(info)), unsafe.Sizeof(*info)))
	}
	b.add(ntAuxv, unsafe.Pointer(&s.Layout.Auxv), uintptr(s.Layout.NAuxv)*8)
	b.files(s)
	t.fpuNotes(&b)
	for o := p.tasks.Front(); o != nil; o = o.node.Next() {
		if o != t {
			o.statusNote(&b, sig, info)
			o.fpuNotes(&b)
		}
	}
	return b
}

func (t *Task) statusNote(b *noteBuffer, sig int, info *Siginfo) {
	var st prStatus
	st.signo, st.code, st.errno, st.current = int32(sig), info.Code, info.Errno, int16(sig)
	st.pending, st.held = uint64(t.sig.pending.set), uint64(t.sig.blocked)
	st.pid, st.ppid = int32(t.TID), t.Proc.ppid.Load()
	st.group, st.session = int32(t.Proc.GroupID()), int32(t.Proc.SessionID())
	st.fpValid = 1
	t.Regs(&st.regs)
	b.add(NtPrstatus, unsafe.Pointer(&st), unsafe.Sizeof(st))
}

func (t *Task) fpuNotes(b *noteBuffer) {
	if at := b.room(NtPrfpreg, "CORE", fxSize); at != nil {
		t.ReadRegset(NtPrfpreg, at)
	}
	if n := RegsetSize(NtX86State); n != 0 {
		if at := b.room(NtX86State, "LINUX", int(n)); at != nil {
			t.ReadRegset(NtX86State, at)
		}
	}
}

func (t *Task) processNote(b *noteBuffer, s *vm.AddressSpace) {
	p := t.Proc
	ps := prPsinfo{letter: 'R', uid: t.Ctx.Cred.UID, gid: t.Ctx.Cred.GID, pid: int32(p.PID), ppid: p.ppid.Load(),
		group: int32(p.GroupID()), session: int32(p.SessionID())}
	copy(ps.name[:], p.Comm())
	lay := &s.Layout
	n := s.PeekAt(lay.ArgStart, ps.args[:min(lay.ArgEnd-lay.ArgStart, uintptr(len(ps.args)-1))])
	for i := range n {
		if ps.args[i] == 0 {
			ps.args[i] = ' '
		}
	}
	b.add(ntPrpsinfo, unsafe.Pointer(&ps), unsafe.Sizeof(ps))
}

// files makes NT_FILE: the mapped files, first all ranges, then all names.
func (b *noteBuffer) files(s *vm.AddressSpace) {
	count := 0
	named := func(a *vm.Area) bool { return a.Back != nil && a.Flags&vm.DontDump == 0 && !a.Anonymous() }
	s.EachArea(func(a *vm.Area) bool {
		if named(a) {
			count++
		}
		return true
	})
	names := mem.AllocBytes(fileNotesMax)
	if names == nil {
		return
	}
	defer mem.FreeBytes(names)
	const entry = 24
	ranges := 16
	room := fileNotesMax / 2
	if count*entry+ranges > room {
		return
	}
	at := b.room(ntFile, "CORE", room)
	if at == nil {
		return
	}
	words := unsafe.Slice((*uint64)(unsafe.Pointer(&at[0])), room/8)
	words[0], words[1] = 0, arch.PageSize
	used, k := 0, 0
	s.EachArea(func(a *vm.Area) bool {
		if !named(a) || k == count {
			return true
		}
		n, _, _ := a.Back.Describe(names[used : len(names)-1])
		if ranges+(k+1)*entry+used+n+1 > room || used+n+vfs.PathMax > len(names) {
			return false
		}
		if n > 0 && names[used] == '[' { // the kernel's own
			return true
		}
		words[2+3*k], words[3+3*k], words[4+3*k] = uint64(a.Start), uint64(a.End), a.Index
		used += n
		names[used] = 0
		used++
		k++
		return true
	})
	words[0] = uint64(k)
	size := ranges + k*entry + copy(at[ranges+k*entry:], names[:used])
	b.shrink(room, size)
}

// shrink cuts the contents of the last note from n bytes to size.
func (b *noteBuffer) shrink(n, size int) {
	const head = 12 + 8
	start := b.n - (n+3)&^3 - head
	(*[3]uint32)(unsafe.Pointer(&b.buf[start]))[1] = uint32(size)
	b.n = start + head + (size+3)&^3
}

// corePattern is /proc/sys/kernel/core_pattern: how core files are named. Guarded by coreLock.
var (
	coreLock    = lock.Spin{Rank: lock.RankSysctl}
	corePattern = [128]byte{'c', 'o', 'r', 'e'}
	coreUsesPID atomic.Int32
)

// initCore makes the settings.
func initCore() {
	procfs.RegisterSysctl("kernel", "core_pattern", genCorePattern, setCorePattern)
	procfs.RegisterSysctl("kernel", "core_uses_pid", genCoreUsesPID, setCoreUsesPID)
}

func genCorePattern(b *procfs.Buffer) errno.Errno {
	coreLock.Lock()
	pattern := corePattern
	coreLock.Unlock()
	b.Printf("%s\n", stringOf(pattern[:lengthOf(pattern[:])]))
	return errno.OK
}

// setCorePattern refuses pipes to programs, which there are not.
func setCorePattern(text []byte) errno.Errno {
	if len(text) >= len(corePattern) || len(text) > 0 && text[0] == '|' {
		return errno.EINVAL
	}
	coreLock.Lock()
	clear(corePattern[:])
	copy(corePattern[:], text)
	coreLock.Unlock()
	return errno.OK
}

func genCoreUsesPID(b *procfs.Buffer) errno.Errno {
	b.Printf("%d\n", coreUsesPID.Load())
	return errno.OK
}

func setCoreUsesPID(text []byte) errno.Errno {
	if len(text) != 1 || text[0]&^1 != '0' {
		return errno.EINVAL
	}
	coreUsesPID.Store(int32(text[0] - '0'))
	return errno.OK
}

func lengthOf(b []byte) int {
	n := 0
	for n < len(b) && b[n] != 0 {
		n++
	}
	return n
}

// coreName is a file name in the making.
type coreName struct {
	b [vfs.PathMax]byte
	n int
}

func (c *coreName) text(s string) { c.n += copy(c.b[c.n:], s) }

func (c *coreName) number(v uint64) {
	var d [20]byte
	i := len(d)
	for {
		i--
		d[i] = byte('0' + v%10)
		if v /= 10; v == 0 {
			break
		}
	}
	c.n += copy(c.b[c.n:], d[i:])
}

var coreNameCache = mem.Cache[coreName]{Name: "core_name"}

// expand writes the file's name by the pattern (core(5)).
func (c *coreName) expand(t *Task, sig int) {
	coreLock.Lock()
	pattern := corePattern
	coreLock.Unlock()
	hasPID := false
	for i := 0; i < len(pattern) && pattern[i] != 0; i++ {
		if pattern[i] != '%' {
			c.text(stringOf(pattern[i : i+1]))
			continue
		}
		i++
		if i < len(pattern) {
			hasPID = hasPID || pattern[i] == 'p'
			c.field(t, pattern[i], sig)
		}
	}
	if !hasPID && coreUsesPID.Load() != 0 {
		c.text(".")
		c.number(uint64(t.Proc.PID))
	}
}

func (c *coreName) field(t *Task, what byte, sig int) {
	switch what {
	case '%':
		c.text("%")
	case 'p', 'P':
		c.number(uint64(t.Proc.PID))
	case 'i', 'I':
		c.number(uint64(t.TID))
	case 'u':
		c.number(uint64(t.Ctx.Cred.UID))
	case 'g':
		c.number(uint64(t.Ctx.Cred.GID))
	case 's':
		c.number(uint64(sig))
	case 'd':
		c.number(1)
	case 't':
		sec, _ := time.Wall()
		c.number(uint64(sec))
	case 'c':
		c.number(t.Proc.Limits[LimitCore].Cur)
	case 'e', 'f':
		for i, name := 0, t.Proc.Comm(); i < len(name); i++ {
			if name[i] == '/' {
				c.text("!")
			} else {
				c.text(name[i : i+1])
			}
		}
	}
}

// createCore makes the file in the thread's directory, with its identity; nil if that cannot be, or may not: it must be a regular file
// with one name, of the thread's own.
func (t *Task) createCore(sig int) *vfs.File {
	name := coreNameCache.Alloc()
	if name == nil {
		return nil
	}
	defer coreNameCache.Free(name)
	name.expand(t, sig)
	f, e := vfs.Open(&t.Ctx, vfs.AtFDCWD, stringOf(name.b[:name.n]), vfs.O_CREAT|vfs.O_WRONLY|vfs.O_NOFOLLOW|vfs.O_LARGEFILE, 0o600)
	if e != 0 {
		return nil
	}
	var st vfs.Stat
	f.Inode.FillStat(vfs.NoEscape(&st))
	if st.Mode&vfs.S_IFMT != vfs.S_IFREG || st.Nlink != 1 || st.UID != t.Ctx.Cred.FSUID ||
		f.Truncate(0) != errno.OK {
		f.Put()
		return nil
	}
	return f
}
