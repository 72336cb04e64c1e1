//go:build galago || galago_user

package runtime

import "unsafe"

// moduledata: the field order is fixed by cmd/link/internal/ld/symtab.go (moduledata layout).
type moduledata struct {
	pcHeader     *pcHeader
	funcnametab  []byte
	cutab        []uint32
	filetab      []byte
	pctab        []byte
	pclntable    []byte
	ftab         []functab
	findfunctab  uintptr
	minpc, maxpc uintptr

	text, etext           uintptr
	noptrdata, enoptrdata uintptr
	data, edata           uintptr
	bss, ebss             uintptr
	noptrbss, enoptrbss   uintptr
	covctrs, ecovctrs     uintptr
	end, gcdata, gcbss    uintptr
	types, etypes         uintptr
	rodata                uintptr
	gofunc                uintptr
	epclntab              uintptr

	textsectmap  []byte
	typelinks    []int32
	itablinks    []unsafe.Pointer
	ptab         []byte
	pluginpath   string
	pkghashes    []byte
	inittasks    []*initTask
	modulename   string
	modulehashes []byte
	hasmain      uint8
}

type functab struct{ entryoff, funcoff uint32 }

type pcHeader struct{ magic uint32 }

// _func: the layout is fixed by cmd/link/internal/ld/pcln.go (writeFuncs).
type _func struct {
	entryOff    uint32
	nameOff     int32
	args        int32
	deferreturn uint32
	pcsp        uint32
	pcfile      uint32
	pcln        uint32
	npcdata     uint32
	cuOffset    uint32
	startLine   int32
	funcID      uint8
	flag        uint8
	_           [1]byte
	nfuncdata   uint8
}

var firstmoduledata moduledata // filled by the linker

// findfunc returns the function that holds pc, or nil.
func findfunc(pc uintptr) *_func {
	md := &firstmoduledata
	if pc < md.text || pc >= md.etext {
		return nil
	}
	off := uint32(pc - md.text)
	lo, hi := 0, len(md.ftab)-1
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if md.ftab[m].entryoff <= off {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo == 0 {
		return nil
	}
	return (*_func)(unsafe.Pointer(&md.pclntable[md.ftab[lo-1].funcoff]))
}

func readvarint(p []byte) (n int, v uint32) {
	for shift := uint32(0); ; shift += 7 {
		b := p[n]
		n++
		v |= uint32(b&0x7f) << (shift & 31)
		if b&0x80 == 0 {
			return n, v
		}
	}
}

// pcvalue looks target up in a delta-encoded pc-value table; -1 when it is not covered.
func pcvalue(f *_func, off uint32, target uintptr) int32 {
	if off == 0 {
		return -1
	}
	md := &firstmoduledata
	p := md.pctab[off:]
	pc := md.text + uintptr(f.entryOff)
	val := int32(-1)
	for first := true; ; first = false {
		n, delta := readvarint(p)
		if delta == 0 && !first {
			return -1
		}
		p = p[n:]
		val += int32(-(delta & 1) ^ (delta >> 1))
		n, pcDelta := readvarint(p)
		p = p[n:]
		pc += uintptr(pcDelta)
		if target < pc {
			return val
		}
	}
}

func pcdatavalue(f *_func, table uint32, target uintptr) int32 {
	if f == nil || table >= f.npcdata {
		return -1
	}
	p := (*uint32)(add(unsafe.Pointer(f), unsafe.Sizeof(_func{})+uintptr(table)*4))
	return pcvalue(f, *p, target)
}

func cstr(b []byte) string {
	n := 0
	for b[n] != 0 {
		n++
	}
	return unsafe.String(&b[0], n)
}

// FuncLine maps a code address to function name, file and line through pclntab; "?" outside Go code.
func FuncLine(pc uintptr) (fn, file string, line int) {
	f := findfunc(pc)
	if f == nil {
		return "?", "?", 0
	}
	md := &firstmoduledata
	fn, file = cstr(md.funcnametab[f.nameOff:]), "?"
	if i := pcvalue(f, f.pcfile, pc); i >= 0 {
		if o := md.cutab[f.cuOffset+uint32(i)]; o != ^uint32(0) {
			file = cstr(md.filetab[o:])
		}
	}
	return fn, file, int(pcvalue(f, f.pcln, pc))
}

// FuncEntry returns the first address of the function that holds pc, or 0.
func FuncEntry(pc uintptr) uintptr {
	f := findfunc(pc)
	if f == nil {
		return 0
	}
	return firstmoduledata.text + uintptr(f.entryOff)
}

// TextRange returns the bounds of Go code.
func TextRange() (lo, hi uintptr) { return firstmoduledata.text, firstmoduledata.etext }
