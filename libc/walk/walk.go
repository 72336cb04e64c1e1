//go:build galago_user

// Package walk goes through directories for programs that work on trees. Its memory comes from runtime.Alloc and is freed
// directory by directory, whatever the program does with the region memory meanwhile.
package walk

import (
	"runtime"
	"unsafe"

	"galago/libc/dir"
	"galago/libc/sys"
)

// Dir calls fn with the path and entry of everything in a directory but . and .., in the order of the file system. Both
// are valid only during the call.
func Dir(path string, fn func(path string, e *dir.Entry)) sys.Errno { return visit(path, false, fn) }

// Sorted is Dir in the order of names.
func Sorted(path string, fn func(path string, e *dir.Entry)) sys.Errno { return visit(path, true, fn) }

func visit(path string, sorted bool, fn func(path string, e *dir.Entry)) sys.Errno {
	raw, n, e := read(path)
	if e != 0 {
		return e
	}
	list := parse(raw[:n])
	if sorted {
		dir.Sort(list)
	}
	// Paths are put together in one buffer: directory, slash, name.
	const maxName = 256
	full := alloc(len(path) + 1 + maxName)
	k := copy(full, path)
	if k > 0 && full[k-1] != '/' {
		full[k] = '/'
		k++
	}
	for i := range list {
		if len(list[i].Name) < maxName {
			fn(unsafe.String(&full[0], k+copy(full[k:], list[i].Name)), &list[i])
		}
	}
	free(full)
	runtime.Free(unsafe.Pointer(unsafe.SliceData(list)))
	free(raw)
	return 0
}

func alloc(n int) []byte { return unsafe.Slice((*byte)(runtime.Alloc(uintptr(n))), n) }
func free(b []byte)      { runtime.Free(unsafe.Pointer(unsafe.SliceData(b))) }

// read returns the directory's records and their size.
func read(path string) (raw []byte, n int, e sys.Errno) {
	fd, e := sys.Open(path, sys.O_RDONLY|sys.O_DIRECTORY|sys.O_CLOEXEC|sys.O_NONBLOCK, 0)
	if e != 0 {
		return nil, 0, e
	}
	const first, least = 8192 - 16, 1024
	raw = alloc(first)
	for {
		if len(raw)-n < least {
			bigger := alloc(2 * len(raw))
			copy(bigger, raw[:n])
			free(raw)
			raw = bigger
		}
		k, e := sys.Getdents(fd, raw[n:])
		if e != 0 {
			sys.Close(fd)
			free(raw)
			return nil, 0, e
		}
		if k == 0 {
			sys.Close(fd)
			return raw, n, 0
		}
		n += k
	}
}

// header is the size of struct linux_dirent64 up to its name: ino, off, reclen, type.
const header = 19

// parse lists the entries but . and ..; their names stay where they are.
func parse(raw []byte) []dir.Entry {
	count := 0
	for b := raw; len(b) >= header; b = b[int(b[16])|int(b[17])<<8:] {
		count++
	}
	size := max(count, 1)
	list := unsafe.Slice((*dir.Entry)(runtime.Alloc(uintptr(size)*unsafe.Sizeof(dir.Entry{}))), size)
	k := 0
	for b := raw; len(b) >= header; b = b[int(b[16])|int(b[17])<<8:] {
		name := sys.GoString(&b[header])
		if name == "." || name == ".." {
			continue
		}
		list[k] = dir.Entry{Name: name, Ino: *(*uint64)(unsafe.Pointer(&b[0])), Type: b[18]}
		k++
	}
	return list[:k]
}
