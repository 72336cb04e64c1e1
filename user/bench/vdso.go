//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/libc/sys"
)

// vdsoClock finds clock_gettime in the vDSO (vdso(7)): 0 if there is none.
func vdsoClock() uintptr {
	const sysinfoEhdr = 33
	base := auxv(sysinfoEhdr)
	if base == 0 {
		return 0
	}
	const typeLoad, typeDynamic = 1, 2
	word := func(at uintptr) uintptr { return *(*uintptr)(unsafe.Pointer(at)) }
	half := func(at uintptr) uintptr { return uintptr(*(*uint16)(unsafe.Pointer(at))) }
	header := base + word(base+32)
	var dynamic, bias uintptr
	loaded := false
	for i := range half(base + 56) {
		h := header + i*half(base+54)
		switch *(*uint32)(unsafe.Pointer(h)) {
		case typeLoad:
			if !loaded {
				bias, loaded = base+word(h+8)-word(h+16), true
			}
		case typeDynamic:
			dynamic = base + word(h+8)
		}
	}
	if dynamic == 0 {
		return 0
	}
	const hash, strtab, symtab = 4, 5, 6
	var count, names, symbols uintptr
	for d := dynamic; word(d) != 0; d += 16 {
		switch word(d) {
		case hash:
			count = uintptr(*(*uint32)(unsafe.Pointer(word(d+8) + bias + 4)))
		case strtab:
			names = word(d+8) + bias
		case symtab:
			symbols = word(d+8) + bias
		}
	}
	for i := range count {
		s := symbols + i*24
		if sys.GoString((*byte)(unsafe.Pointer(names+uintptr(*(*uint32)(unsafe.Pointer(s)))))) == "__vdso_clock_gettime" {
			return word(s+8) + bias
		}
	}
	return 0
}

// auxv looks a value up in the auxiliary vector.
func auxv(key uintptr) uintptr {
	for i := 0; i+1 < len(runtime.Auxv); i += 2 {
		if runtime.Auxv[i] == key {
			return runtime.Auxv[i+1]
		}
	}
	return 0
}
