//go:build galago

package proc

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/uio"
	"galago/kernel/vm"
)

// The initial stack of a program (System V psABI AMD64 §3.4.1), from high to low addresses:
//
//	path · environment strings · argument strings · random bytes, platform · (aligned) auxv · envp · argv · argc
//
// Strings are pushed from the last to the first, so that they lie in ascending order, as /proc/PID/cmdline
// expects.

// maxArgBytes bounds the strings (Linux: a quarter of the stack limit, 2 MiB by default); maxArgString one of them.
const (
	maxArgBytes  = 2 << 20
	maxArgString = 128 << 10
	maxArgCount  = 1 << 17
)

// Auxiliary vector types.
const (
	atNull         = 0
	atPHDR         = 3
	atPHENT        = 4
	atPHNUM        = 5
	atPageSize     = 6
	atBase         = 7
	atFlags        = 8
	atEntry        = 9
	atUID          = 11
	atEUID         = 12
	atGID          = 13
	atEGID         = 14
	atPlatform     = 15
	atHWCap        = 16
	atClkTck       = 17
	atSecure       = 23
	atRandom       = 25
	atHWCap2       = 26
	atExecFn       = 31
	atSysinfoEhdr  = 33
	atMinSigStkSz  = 51
	hwcap2FSGSBase = 2
)

type stackBuilder struct {
	space      *vm.AddressSpace
	limit      uintptr // first address of the stack area's top
	top        uintptr // lowest byte used so far
	argc, envc int
	argStart   uintptr
	argEnd     uintptr
	envStart   uintptr
	envEnd     uintptr
	firstEnd   uintptr // end of argv[0]
	interpName uintptr
	sp         uintptr
	buf        [4096]byte
}

// init maps the stack at a randomised top.
func (b *stackBuilder) init(s *vm.AddressSpace) errno.Errno {
	b.space = s
	b.limit = vm.StackTop - b.random(0x3fff)<<arch.PageShift
	const initial = 132 << 10
	_, e := s.Map(b.limit-initial, initial, vm.ProtRead|vm.ProtWrite, vm.GrowsDown|vm.Stack|vm.MayWrite|vm.MayExec, nil, 0, true, false)
	b.top = b.limit - 16 - b.random(0xff)<<4
	return e
}

// random returns random bits for an address, or 0 in a layout that is not to be random.
func (b *stackBuilder) random(mask uint64) uintptr {
	if b.space.Layout.NoRandom {
		return 0
	}
	return uintptr(random64() & mask)
}

// addrNoRandomize is personality(2)'s ADDR_NO_RANDOMIZE.
const addrNoRandomize = 0x0040000

// mmapTop is where the mmap area begins, below the stack's possible growth.
func (b *stackBuilder) mmapTop() uintptr {
	room := min(max(uintptr(b.space.Limits.Stack), vm.StackGap), 1<<40) + 1<<20
	return (b.limit - room - b.random(0xfffffff)<<arch.PageShift) &^ (arch.PageSize - 1)
}

func (b *stackBuilder) push(p []byte) errno.Errno {
	if b.limit-b.top+uintptr(len(p)) > maxArgBytes {
		return errno.E2BIG
	}
	b.top -= uintptr(len(p))
	if b.space.WriteAt(b.top, p) != len(p) {
		return errno.ENOMEM
	}
	return errno.OK
}

var nul [1]byte

// pushPath pushes a kernel string with its NUL.
func (b *stackBuilder) pushPath(s string) errno.Errno {
	if e := b.push(nul[:]); e != 0 {
		return e
	}
	return b.push(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// pushArgs pushes the environment and the arguments.
func (b *stackBuilder) pushArgs(a *Args) errno.Errno {
	var e errno.Errno
	b.envEnd = b.top
	if b.envc, e = b.pushList(a.UserEnvp, a.Envp); e != 0 {
		return e
	}
	b.envStart, b.argEnd = b.top, b.top
	if b.argc, e = b.pushList(a.UserArgv, a.Argv); e != 0 {
		return e
	}
	if b.argc == 0 { // Linux since 5.18: an empty argv becomes one empty string
		if e := b.pushPath(""); e != 0 {
			return e
		}
		b.argc = 1
	}
	b.argStart = b.top
	return errno.OK
}

func (b *stackBuilder) pushList(user uintptr, list []string) (int, errno.Errno) {
	if user == 0 {
		for i := len(list) - 1; i >= 0; i-- {
			if e := b.pushPath(list[i]); e != 0 {
				return 0, e
			}
		}
		return len(list), errno.OK
	}
	n := 0
	for ; ; n++ {
		var p uintptr
		if n > maxArgCount {
			return 0, errno.E2BIG
		}
		if arch.CopyFromUser(unsafe.Pointer(&p), user+uintptr(n)*8, 8) != 0 {
			return 0, errno.EFAULT
		}
		if p == 0 {
			break
		}
	}
	for i := n - 1; i >= 0; i-- {
		var p uintptr
		if arch.CopyFromUser(unsafe.Pointer(&p), user+uintptr(i)*8, 8) != 0 {
			return 0, errno.EFAULT
		}
		if e := b.pushUser(p); e != 0 {
			return 0, e
		}
	}
	return n, errno.OK
}

// pushUser copies a user string. Its length is found first, since it grows downwards; what lies beyond the buffer is
// read a second time, and the NUL is always the kernel's own, so a string that changes meanwhile harms nobody.
func (b *stackBuilder) pushUser(p uintptr) errno.Errno {
	length := 0
	for {
		n, e := uio.CopyInString(p+uintptr(length), b.buf[:])
		if e == errno.ENAMETOOLONG {
			length += len(b.buf)
			if length > maxArgString {
				return errno.E2BIG
			}
			continue
		}
		if e != 0 {
			return e
		}
		length += n
		break
	}
	if length >= maxArgString {
		return errno.E2BIG
	}
	if e := b.push(nul[:]); e != 0 {
		return e
	}
	for length > 0 {
		tail := length % len(b.buf)
		if tail == 0 {
			tail = len(b.buf)
		}
		from := p + uintptr(length-tail)
		if arch.CopyFromUser(unsafe.Pointer(&b.buf), from, uintptr(tail)) != 0 {
			return errno.EFAULT
		}
		if e := b.push(b.buf[:tail]); e != 0 {
			return e
		}
		length -= tail
	}
	return errno.OK
}

// replaceFirst turns argv[0] into interpreter, optional argument and the script's name (at script in the new space).
func (b *stackBuilder) replaceFirst(script uintptr, arg, interp []byte) errno.Errno {
	for { // skip argv[0], the lowest string
		var c [1]byte
		if b.space.ReadAt(b.top, c[:]) != 1 {
			return errno.ENOMEM
		}
		b.top++
		if c[0] == 0 {
			break
		}
	}
	b.argc--
	n := 0
	for ; n < len(b.buf); n++ { // the script's name is a path: it fits
		if b.space.ReadAt(script+uintptr(n), b.buf[n:n+1]) != 1 {
			return errno.ENOMEM
		}
		if b.buf[n] == 0 {
			break
		}
	}
	if e := b.pushBytes(b.buf[:min(n, len(b.buf))]); e != 0 {
		return e
	}
	if len(arg) > 0 {
		if e := b.pushBytes(arg); e != 0 {
			return e
		}
		b.argc++
	}
	if e := b.pushBytes(interp); e != 0 {
		return e
	}
	b.argc += 2
	b.interpName, b.argStart = b.top, b.top
	return errno.OK
}

func (b *stackBuilder) pushBytes(p []byte) errno.Errno {
	if e := b.push(nul[:]); e != 0 {
		return e
	}
	return b.push(p)
}

// finish writes the vectors below the strings and records the landmarks.
func (b *stackBuilder) finish(l *loader) errno.Errno {
	r := [2]uint64{random64(), random64()}
	if e := b.push(bytesAt(uintptr(unsafe.Pointer(&r)), 16)); e != 0 {
		return e
	}
	random := b.top
	if e := b.pushPath("x86_64"); e != 0 {
		return e
	}
	platform := b.top
	lay := &l.space.Layout
	lay.ArgStart, lay.ArgEnd, lay.EnvStart, lay.EnvEnd = b.argStart, b.argEnd, b.envStart, b.envEnd
	auxv := l.auxv(random, platform)
	words := uintptr(1+b.argc+1+b.envc+1) + uintptr(2*len(auxv))
	b.sp = (b.top - 8*words) &^ 15
	if b.limit-b.sp > maxArgBytes+maxArgCount*16 {
		return errno.E2BIG
	}
	lay.StartStack = b.sp
	w := wordWriter{b: b, at: b.sp}
	w.put(uint64(b.argc))
	w.strings(b.argStart, b.argc)
	w.put(0)
	w.strings(b.envStart, b.envc)
	w.put(0)
	lay.NAuxv = 0
	for i := range auxv {
		a := &auxv[i]
		w.put(a[0])
		w.put(a[1])
		lay.Auxv[lay.NAuxv], lay.Auxv[lay.NAuxv+1] = a[0], a[1]
		lay.NAuxv += 2
	}
	w.flush()
	return w.err
}

// auxv makes the auxiliary vector.
func (l *loader) auxv(random, platform uintptr) [21][2]uint64 {
	c := l.cred
	secure := uint64(0)
	if l.secure {
		secure = 1
	}
	phdr := uint64(0)
	if l.image.PhdrVaddr != 0 {
		phdr = uint64(l.base) + l.image.PhdrVaddr
	}
	hwcap2 := uint64(0)
	if arch.Has.FSGSBASE {
		hwcap2 = hwcap2FSGSBase
	}
	return [21][2]uint64{
		{atSysinfoEhdr, uint64(l.vdso)},
		{atHWCap, uint64(arch.CPUInfo.Features[0])},
		{atPageSize, arch.PageSize},
		{atClkTck, 100},
		{atPHDR, phdr},
		{atPHENT, 56},
		{atPHNUM, uint64(l.image.NPhdr)},
		{atBase, uint64(l.ibase)},
		{atFlags, 0},
		{atEntry, uint64(l.base) + l.image.Entry},
		{atUID, uint64(c.UID)},
		{atEUID, uint64(c.EUID)},
		{atGID, uint64(c.GID)},
		{atEGID, uint64(c.EGID)},
		{atSecure, secure},
		{atRandom, uint64(random)},
		{atHWCap2, hwcap2},
		{atExecFn, uint64(l.execfn)},
		{atPlatform, uint64(platform)},
		{atMinSigStkSz, uint64(SignalFrameSize())},
		{atNull, 0},
	}
}

// wordWriter writes 64-bit words upwards through the builder's buffer.
type wordWriter struct {
	b   *stackBuilder
	at  uintptr
	n   int
	err errno.Errno
}

func (w *wordWriter) put(v uint64) {
	*(*uint64)(unsafe.Pointer(&w.b.buf[w.n])) = v
	if w.n += 8; w.n == len(w.b.buf) {
		w.flush()
	}
}

func (w *wordWriter) flush() {
	if w.b.space.WriteAt(w.at, w.b.buf[:w.n]) != w.n {
		w.err = errno.ENOMEM
	}
	w.at += uintptr(w.n)
	w.n = 0
}

// strings puts the addresses of count strings that lie one after the other from at on.
func (w *wordWriter) strings(at uintptr, count int) {
	var chunk [256]byte
	for count > 0 && w.err == 0 {
		w.put(uint64(at))
		count--
		for {
			n := w.b.space.ReadAt(at, chunk[:])
			i := 0
			for i < n && chunk[i] != 0 {
				i++
			}
			at += uintptr(i)
			if i < n {
				at++
				break
			}
			if n == 0 {
				w.err = errno.ENOMEM
				return
			}
		}
	}
}

func bytesAt(a, n uintptr) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(a)), n) }

func bytesString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

var randomState uint64

// random64 gives bits for address-space layout: from the CPU if it has a generator, else a counter mixed with
// the time-stamp counter (splitmix64).
func random64() uint64 {
	if v, ok := arch.Rdrand64(); ok {
		return v
	}
	randomState += 0x9e3779b97f4a7c15 + arch.Cycles()
	z := randomState
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
