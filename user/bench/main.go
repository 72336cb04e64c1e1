//go:build galago_user

// Command bench counts what operations cost: each line of its output is a name and the time-stamp counter's difference per
// operation, which under "-icount shift=0" is guest instructions. It is an ordinary static Linux program, so the same binary
// measures Linux.
//
//	bench DISK RAM [repeat=N] [NAME...]
//
// DISK is a directory on the disk's file system, RAM one on tmpfs; names select lines. Lines that wait for disk or timer say so with a
// third word: while they wait, a process of the lowest class spins, and what it has spun is taken off (spinner.go).
//
// The list is in list*.go, by subject. The program itself does as little as it can between the calls: operations are made by number,
// with arguments that are ready.
package main

import (
	"runtime"
	"unsafe"

	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

// bench is one line.
type bench struct {
	name    string
	n       int    // how often op runs while it is timed
	per     int    // operations in one op, if not 1
	warm    int    // runs before the count, if not one; -1: none
	waits   bool   // its time is partly idle
	prepare func() // once, before
	each    func() // before each op, not timed
	op      func()
	finish  func()        // once, after
	value   func() uint64 // the figure, if it is not the time of op
}

func main() {
	a := runtime.Argv
	if len(a) > 1 && sys.GoString(a[1]) == "exit" { // what the exec lines run
		sys.ExitNow(0)
	}
	if len(a) < 3 {
		stdio.Puts("usage: bench DISK RAM [NAME...]\n")
		sys.ExitNow(2)
	}
	disk, ram, self = sys.GoString(a[1]), sys.GoString(a[2]), a[0]
	var want []string
	repeat := int64(1) // for profiles
	for _, p := range a[3:] {
		if key, v, _ := str.Cut(sys.GoString(p), '='); key == "repeat" {
			repeat, _ = str.Atoi(v)
		} else {
			want = append(want, sys.GoString(p))
		}
	}
	setup()
	for _, part := range [...][]bench{calls(), signals(), processes(), memory(), channels(), files("ext4", disk), files("ram", ram), reads()} {
		for i := range part {
			if selected(part[i].name, want) {
				part[i].n *= int(repeat)
				measure(&part[i])
			}
		}
	}
	cleanup()
}

func selected(name string, want []string) bool {
	for _, w := range want {
		if w == name || w[len(w)-1] == '*' && str.HasPrefix(name, w[:len(w)-1]) {
			return true
		}
	}
	return len(want) == 0
}

func measure(b *bench) {
	if b.value != nil {
		report(b, b.value())
		return
	}
	if b.prepare != nil {
		b.prepare()
	}
	warm := b.warm
	if warm == 0 {
		warm = 1
	}
	for range max(warm, 0) {
		if b.each != nil {
			b.each()
		}
		b.op()
	}
	total, idle := uint64(0), uint64(0)
	if b.waits {
		startSpinner()
		idle = spun()
	}
	if b.each == nil {
		start := runtime.Cycles()
		for range b.n {
			b.op()
		}
		total = runtime.Cycles() - start
	} else {
		for range b.n {
			b.each()
			start := runtime.Cycles()
			b.op()
			total += runtime.Cycles() - start
		}
	}
	if b.waits {
		total -= min(total, spun()-idle)
		stopSpinner()
	}
	report(b, total/uint64(b.n*max(b.per, 1)))
	if b.finish != nil {
		b.finish()
	}
}

func report(b *bench, v uint64) {
	waits := ""
	if b.waits {
		waits = " waits"
	}
	stdio.Printf("%s %d%s\n", b.name, v, waits)
	stdio.Out.Flush()
}

const page = 4096

var (
	disk, ram string
	self      *byte
	buf       [65536]byte
	bufAt     = uintptr(unsafe.Pointer(&buf))
	devNull   uintptr
	devZero   uintptr
	fd        uintptr // a file of 64 KiB on the disk
)

// call makes a system call of up to three arguments.
func call(nr, a, b, c uintptr) uintptr { return runtime.Syscall(nr, a, b, c, 0, 0, 0) }

// must ends the program when a call that prepares something fails.
func must(r uintptr, what string) uintptr {
	if r > ^uintptr(4095) {
		stdio.Printf("bench: %s: errno %d\n", what, -int64(r))
		stdio.Out.Flush()
		sys.ExitNow(1)
	}
	return r
}

// path is a name in a directory, as system calls take it.
func path(dir, name string) uintptr {
	p := sys.CString(dir + "/" + name)
	kept = append(kept, p) // its address alone would not keep it off the stack
	return uintptr(unsafe.Pointer(p))
}

var kept []*byte

func open(dir, name string, flags uintptr) uintptr {
	return must(call(2, path(dir, name), flags, 0o644), name)
}

const deep = "bench.d1/d2/d3/d4/d5/d6/d7/f"

func setup() {
	devNull, devZero = open("/dev", "null", sys.O_WRONLY), open("/dev", "zero", sys.O_RDONLY)
	fd = open(disk, "bench.tmp", sys.O_RDWR|sys.O_CREAT|sys.O_TRUNC)
	call(1, fd, bufAt, 65536)
	for _, dir := range [...]string{disk, ram} {
		for i := 1; i < len(deep); i++ {
			if deep[i] == '/' {
				sys.Mkdir(dir+"/"+deep[:i], 0o755)
			}
		}
		call(3, open(dir, deep, sys.O_RDWR|sys.O_CREAT), 0, 0)
		call(3, open(dir, "bench.file", sys.O_RDWR|sys.O_CREAT), 0, 0)
	}
}

func cleanup() {
	for _, dir := range [...]string{disk, ram} {
		for _, name := range [...]string{"bench.tmp", "bench.file", "bench.big", deep} {
			sys.Unlink(dir + "/" + name)
		}
		for i := len(deep) - 1; i > 0; i-- {
			if deep[i] == '/' {
				sys.Rmdir(dir + "/" + deep[:i])
			}
		}
	}
}
