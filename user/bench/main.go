//go:build galago_user

// Command bench counts what operations cost: each line of its output is a name and the time-stamp counter's difference per
// operation, which under "-icount shift=0" is guest instructions. It is an ordinary static Linux program, so the same binary
// measures Linux. Names are those of docs/linux-baseline.tsv. Arguments select lines by name.
package main

import (
	"runtime"

	"galago/libc/stdio"
	"galago/libc/sys"
)

// bench is one line: prepare runs once, op n times.
type bench struct {
	name    string
	n       int
	prepare func()
	op      func()
	finish  func()
	per     int // operations in one op, if not 1
	warm    int // runs before the count, if more than one is needed to have all of the disk that matters cached
}

func main() {
	var want []string
	for _, a := range runtime.Argv[1:] {
		want = append(want, sys.GoString(a))
	}
	setup()
	for _, b := range list() {
		if selected(b.name, want) {
			measure(b)
		}
	}
}

func selected(name string, want []string) bool {
	for _, w := range want {
		if w == name {
			return true
		}
	}
	return len(want) == 0
}

func measure(b bench) {
	if b.prepare != nil {
		b.prepare()
	}
	for range max(b.warm, 1) {
		b.op()
	}
	start := runtime.Cycles()
	for range b.n {
		b.op()
	}
	total := runtime.Cycles() - start
	stdio.Printf("%s %d\n", b.name, total/uint64(b.n*max(b.per, 1)))
	stdio.Out.Flush()
	if b.finish != nil {
		b.finish()
	}
}

const page = 4096

var (
	buf        [65536]byte
	fd         int
	devNull    int
	devZero    int
	ping, pong [2]int
	area       uintptr
	next       uintptr
)

const (
	file = "/bench.tmp"
	deep = "/bench.d1/d2/d3/d4/d5/d6/d7/f"
)

func setup() {
	devNull, _ = sys.Open("/dev/null", sys.O_WRONLY, 0)
	devZero, _ = sys.Open("/dev/zero", sys.O_RDONLY, 0)
	if f, e := sys.Open(file, sys.O_RDWR|sys.O_CREAT|sys.O_TRUNC, 0o644); e == 0 {
		sys.WriteAll(f, buf[:])
		fd = f
	}
	for i := 1; i < len(deep); i++ {
		if deep[i] == '/' {
			sys.Mkdir(deep[:i], 0o755)
		}
	}
	if f, e := sys.Open(deep, sys.O_RDWR|sys.O_CREAT, 0o644); e == 0 {
		sys.Close(f)
	}
	runtime.AtExit = cleanup
}

func cleanup() {
	stdio.Out.Flush()
	sys.Unlink(file)
	sys.Unlink(deep)
	for i := len(deep) - 1; i > 0; i-- {
		if deep[i] == '/' {
			sys.Rmdir(deep[:i])
		}
	}
}
