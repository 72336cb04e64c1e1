//go:build galago_user

package syntax

import (
	"runtime"
	"unsafe"
)

// Without one, they are blocks that live until they are freed.

func object[T any](v T) *T {
	p := (*T)(runtime.Alloc(unsafe.Sizeof(v)))
	*p = v
	return p
}

func array[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	n := unsafe.Slice((*T)(runtime.Alloc(uintptr(len(list))*unsafe.Sizeof(list[0]))), len(list))
	copy(n, list)
	return n
}

func str(s string) string {
	if s == "" {
		return ""
	}
	b := unsafe.Slice((*byte)(runtime.Alloc(uintptr(len(s)))), len(s))
	copy(b, s)
	return unsafe.String(&b[0], len(b))
}

func free[T any](p *T) { runtime.Free(unsafe.Pointer(p)) }

func freeArray[T any](list []T) { runtime.Free(unsafe.Pointer(unsafe.SliceData(list))) }

func freeStr(s string) {
	if s != "" {
		runtime.Free(unsafe.Pointer(unsafe.StringData(s)))
	}
}
