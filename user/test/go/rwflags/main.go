//go:build linux

// Test rwflags prints what the flags of preadv2 and pwritev2 do to regular files, pipes and sockets.
package main

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func show(what string, n int, err error) {
	if e, ok := err.(unix.Errno); ok {
		fmt.Printf("%s: %s\n", what, unix.ErrnoName(e))
	} else {
		fmt.Printf("%s: %d\n", what, n)
	}
}

func one(s string) [][]byte { return [][]byte{[]byte(s)} }

func position(fd int) {
	p, err := unix.Seek(fd, 0, 1)
	check(err)
	fmt.Println("position", p)
}

func appending() {
	check(os.WriteFile("f", []byte("0123456789"), 0o644))
	fd, err := unix.Open("f", unix.O_RDWR, 0)
	check(err)
	n, err := unix.Pwritev2(fd, one("at"), 2, unix.RWF_APPEND)
	show("append, offset 2", n, err)
	position(fd)
	n, err = unix.Pwritev2(fd, one("own"), -1, unix.RWF_APPEND)
	show("append, own position", n, err)
	position(fd)
	n, err = unix.Pwritev2(fd, one("S"), 0, unix.RWF_APPEND|unix.RWF_SYNC)
	show("append and sync", n, err)
	n, err = unix.Pwritev2(fd, one("D"), 0, unix.RWF_DSYNC|unix.RWF_HIPRI)
	show("dsync", n, err)
	n, err = unix.Pwritev2(fd, one("x"), -2, unix.RWF_APPEND)
	show("offset -2", n, err)
	b := make([]byte, 4)
	n, err = unix.Preadv2(fd, [][]byte{b}, 8, unix.RWF_APPEND)
	show("read with append", n, err)
	unix.Close(fd)
	all, err := os.ReadFile("f")
	fmt.Printf("%q %q %v\n", b, all, err)
	fd, err = unix.Open("f", unix.O_RDONLY, 0)
	check(err)
	n, err = unix.Pwritev2(fd, one("x"), 0, unix.RWF_APPEND)
	show("append, read-only", n, err)
	unix.Close(fd)
}

// together appends from several threads with different offsets: nothing may be lost.
func together() {
	fd, err := unix.Open("g", unix.O_RDWR|unix.O_CREAT, 0o600)
	check(err)
	var g sync.WaitGroup
	for t := range 4 {
		g.Go(func() {
			for range 200 {
				if n, err := unix.Pwritev2(fd, one("record\n"), int64(t)-1, unix.RWF_APPEND); n != 7 || err != nil {
					panic(err)
				}
			}
		})
	}
	g.Wait()
	var st unix.Stat_t
	check(unix.Fstat(fd, &st))
	fmt.Println("size", st.Size)
	unix.Close(fd)
}

func nowait(what string, r, w int) {
	b := make([]byte, 10)
	n, err := unix.Preadv2(r, [][]byte{b}, -1, unix.RWF_NOWAIT)
	show(what+" empty", n, err)
	n, err = unix.Pwritev2(w, one("hello"), -1, unix.RWF_NOWAIT)
	show(what+" write", n, err)
	n, err = unix.Preadv2(r, [][]byte{b}, -1, unix.RWF_NOWAIT)
	show(what+" read", n, err)
	n, err = unix.Preadv2(r, [][]byte{b}, 0, unix.RWF_NOWAIT)
	show(what+" read at 0", n, err)
	n, err = unix.Pwritev2(w, one("more"), -1, unix.RWF_APPEND)
	show(what+" append", n, err)
	n, err = unix.Preadv2(r, [][]byte{b}, -1, 0)
	show(what+" read", n, err)
	big := make([]byte, 4096)
	for err == nil {
		_, err = unix.Pwritev2(w, [][]byte{big}, -1, unix.RWF_NOWAIT)
	}
	show(what+" full", 0, err)
}

func main() {
	appending()
	together()
	var p [2]int
	check(unix.Pipe(p[:]))
	nowait("pipe", p[0], p[1])
	s, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	check(err)
	nowait("socket", s[0], s[1])
}
