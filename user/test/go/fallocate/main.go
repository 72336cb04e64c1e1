//go:build linux

// fallocate: space given, zeroed and taken in the middle of files, what reads, seeks, mappings and stat see of it, the errors, and the
// time of creation, which statx tells.
package main

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

const (
	keep  = unix.FALLOC_FL_KEEP_SIZE
	punch = unix.FALLOC_FL_PUNCH_HOLE | keep
	zero  = unix.FALLOC_FL_ZERO_RANGE
	page  = 4096
)

func main() {
	ranges()
	manyHoles()
	mapped()
	storm()
	refusals()
	birth()
}

func name(err error) string {
	if err == nil {
		return "ok"
	}
	if e, isErrno := err.(unix.Errno); isErrno {
		return unix.ErrnoName(e)
	}
	return err.Error()
}

func must(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func create(path string) *os.File {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	must(err)
	return f
}

func fill(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>12) + byte(i%251) | 1
	}
	return b
}

// show prints size, blocks and the runs of data and holes, and whether the contents are as they should be.
func show(what string, f *os.File, want []byte) {
	must(f.Sync())
	var st unix.Stat_t
	must(unix.Fstat(int(f.Fd()), &st))
	got := make([]byte, st.Size)
	f.ReadAt(got, 0)
	fmt.Print(what, ": size ", st.Size, ", sectors ", st.Blocks, ", right ", bytes.Equal(got, want), ", data")
	for at := int64(0); at < st.Size; {
		from, err := unix.Seek(int(f.Fd()), at, unix.SEEK_DATA)
		if err != nil {
			fmt.Print(" ", name(err))
			break
		}
		at, err = unix.Seek(int(f.Fd()), from, unix.SEEK_HOLE)
		must(err)
		fmt.Print(" ", from, "-", at)
	}
	fmt.Println()
}

func ranges() {
	f := create("ranges")
	defer f.Close()
	fd := int(f.Fd())
	want := fill(16 * page)
	f.Write(want)
	show("written", f, want)
	must(unix.Fallocate(fd, punch, 4*page, 4*page))
	clear(want[4*page : 8*page])
	show("hole", f, want)
	must(unix.Fallocate(fd, punch, 9*page+100, 2*page))
	clear(want[9*page+100 : 11*page+100])
	show("hole in the middle of pages", f, want)
	must(unix.Fallocate(fd, punch, 12*page+10, 20))
	clear(want[12*page+10 : 12*page+30])
	show("within a page", f, want)
	must(unix.Fallocate(fd, punch, 15*page, 100*page))
	clear(want[15*page:])
	show("beyond the end", f, want)
	f.WriteAt(fill(3*page), 5*page)
	copy(want[5*page:], fill(3*page))
	show("written again", f, want)
	must(unix.Fallocate(fd, punch, 0, 1<<40))
	clear(want)
	show("everything", f, want)

	var st unix.Stat_t
	must(unix.Fallocate(fd, 0, 0, 20*page))
	must(unix.Fstat(fd, &st))
	fmt.Println("allocated: size", st.Size, "sectors", st.Blocks)
	must(unix.Fallocate(fd, keep, 20*page, 20*page))
	must(unix.Fstat(fd, &st))
	fmt.Println("beyond the end: size", st.Size, "sectors", st.Blocks)
	must(f.Truncate(30 * page))
	f.WriteAt([]byte("x"), 40*page-1)
	got := make([]byte, 40*page)
	n, _ := f.ReadAt(got, 0)
	fmt.Println("grown over it:", n, bytes.Count(got, []byte{0}))
	f.WriteAt(fill(40*page), 0)
	must(unix.Fallocate(fd, zero, 10*page+1, 5*page))
	want = fill(40 * page)
	clear(want[10*page+1 : 15*page+1])
	f.ReadAt(got, 0)
	must(f.Sync())
	must(unix.Fstat(fd, &st))
	fmt.Println("zeroed:", bytes.Equal(got, want), st.Size, st.Blocks)
	must(unix.Fallocate(fd, zero|keep, 39*page, 3*page))
	must(unix.Fstat(fd, &st))
	fmt.Println("zeroed beyond the end, size kept:", st.Size)
	must(unix.Fallocate(fd, zero, 39*page, 3*page))
	must(unix.Fstat(fd, &st))
	fmt.Println("zeroed beyond the end:", st.Size)
	must(f.Truncate(0))
	must(unix.Fstat(fd, &st))
	fmt.Println("truncated:", st.Size, st.Blocks)
}

// manyHoles makes so many extents that they need a tree, and takes them all away again.
func manyHoles() {
	f := create("holes")
	defer f.Close()
	want := fill(600 * page)
	f.Write(want)
	must(f.Sync())
	for k := 0; k < 600; k += 2 {
		at := (k * 7 % 600) &^ 1
		must(unix.Fallocate(int(f.Fd()), punch, int64(at)*page, page))
		clear(want[at*page : (at+1)*page])
	}
	got := make([]byte, len(want))
	f.ReadAt(got, 0)
	fmt.Println("many holes:", bytes.Equal(got, want))
	must(unix.Fallocate(int(f.Fd()), 0, 0, 600*page))
	f.ReadAt(got, 0)
	fmt.Println("filled:", bytes.Equal(got, want))
	must(unix.Fallocate(int(f.Fd()), punch, 0, 600*page))
	must(f.Sync())
	var st unix.Stat_t
	must(unix.Fstat(int(f.Fd()), &st))
	fmt.Println("all one hole:", st.Size, st.Blocks)
}

// mapped looks at holes through a shared mapping.
func mapped() {
	f := create("mapped")
	defer f.Close()
	f.Write(fill(8 * page))
	m, err := unix.Mmap(int(f.Fd()), 0, 8*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must(err)
	m[3*page] = 77
	must(unix.Fallocate(int(f.Fd()), punch, 2*page, 3*page))
	fmt.Println("mapping:", m[2*page-1] != 0, m[2*page], m[3*page], m[5*page-1], m[5*page] != 0)
	m[3*page+5] = 88
	b := make([]byte, 10)
	f.ReadAt(b, 3*page)
	fmt.Println("read:", b)
	must(unix.Fallocate(int(f.Fd()), 0, 2*page, 3*page))
	fmt.Println("allocated below it:", m[3*page+5], m[4*page])
	must(unix.Madvise(m[page:2*page], unix.MADV_REMOVE))
	f.ReadAt(b, page)
	fmt.Println("MADV_REMOVE:", m[page], b[0], m[2*page-1], m[0] != 0)
	must(unix.Munmap(m))
}

// storm lets four workers change every fourth group of pages of one file, through calls and a mapping, while a fifth one writes everything to the disk.
func storm() {
	const workers, groups, pages = 4, 12, 3
	f := create("storm")
	defer f.Close()
	fd := int(f.Fd())
	must(f.Truncate(workers * groups * pages * page))
	m, err := unix.Mmap(fd, 0, workers*groups*pages*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must(err)
	stop := make(chan bool)
	synced := make(chan bool)
	go func() {
		defer close(synced)
		for {
			select {
			case <-stop:
				return
			default:
				f.Sync()
			}
		}
	}()
	right := make(chan bool)
	for w := range workers {
		go func() { right <- stripe(f, m, w, workers, groups, pages*page) }()
	}
	ok := true
	for range workers {
		ok = <-right && ok
	}
	close(stop)
	<-synced
	must(unix.Fallocate(fd, punch, 0, int64(len(m))))
	must(f.Sync())
	var st unix.Stat_t
	must(unix.Fstat(fd, &st))
	fmt.Println("storm:", ok, bytes.Count(m, []byte{0}) == len(m), st.Blocks)
	must(unix.Munmap(m))
}

// stripe is one worker: of each operation it knows what the bytes are afterwards.
func stripe(f *os.File, m []byte, w, workers, groups, size int) bool {
	r := rand.New(rand.NewSource(int64(w)))
	want := make([][]byte, groups)
	for g := range want {
		want[g] = make([]byte, size)
	}
	for step := range 400 {
		g := r.Intn(groups)
		at := (g*workers + w) * size
		a := r.Intn(size)
		b := a + 1 + r.Intn(size-a)
		if r.Intn(2) == 0 {
			a, b = a&^(page-1), (b+page-1)&^(page-1)
		}
		off, n := int64(at+a), int64(b-a)
		switch r.Intn(5) {
		case 0:
			must(unix.Fallocate(int(f.Fd()), punch, off, n))
			clear(want[g][a:b])
		case 1:
			must(unix.Fallocate(int(f.Fd()), zero, off, n))
			clear(want[g][a:b])
		case 2:
			must(unix.Fallocate(int(f.Fd()), keep, off, n))
		case 3:
			p := bytes.Repeat([]byte{byte(step) | 1}, b-a)
			f.WriteAt(p, off)
			copy(want[g][a:], p)
		default:
			for k := a; k < b; k++ {
				m[at+k], want[g][k] = byte(k)|1, byte(k)|1
			}
		}
		got := make([]byte, size)
		f.ReadAt(got, int64(at))
		if !bytes.Equal(got, want[g]) || !bytes.Equal(m[at:at+size], want[g]) {
			fmt.Println("worker", w, "step", step, "group", g, "differs")
			return false
		}
	}
	return true
}

func refusals() {
	f := create("refusals")
	defer f.Close()
	fd := int(f.Fd())
	try := func(what string, fd int, mode uint32, off, n int64) {
		fmt.Println(what, name(unix.Fallocate(fd, mode, off, n)))
	}
	try("nothing", fd, 0, 0, 0)
	try("before the start", fd, 0, -1, 10)
	try("negative", fd, 0, 0, -1)
	try("unknown mode", fd, 0x100, 0, page)
	try("hole that changes the size", fd, unix.FALLOC_FL_PUNCH_HOLE, 0, page)
	try("hole and zeroes", fd, punch|zero, 0, page)
	try("collapse and keep", fd, unix.FALLOC_FL_COLLAPSE_RANGE|keep, 0, page)
	try("insert and zero", fd, unix.FALLOC_FL_INSERT_RANGE|zero, 0, page)
	try("too far", fd, 0, 1<<62, page)
	try("overflow", fd, 0, 1<<63-1, 10)
	try("overflow of a hole", fd, punch, 1<<63-10, 100)
	r, err := os.Open("refusals")
	must(err)
	try("read-only", int(r.Fd()), 0, 0, page)
	r.Close()
	d, err := os.Open(".")
	must(err)
	try("directory", int(d.Fd()), 0, 0, page)
	d.Close()
	var p [2]int
	must(unix.Pipe(p[:]))
	try("pipe", p[1], 0, 0, page)
	null, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
	must(err)
	try("null", int(null.Fd()), 0, 0, page)
	e, err := unix.Eventfd(0, 0)
	must(err)
	try("eventfd", e, 0, 0, page)
	s, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	must(err)
	try("socket", s, 0, 0, page)
	try("no file", 999, 0, 0, page)

	got := make(chan os.Signal, 1)
	signal.Notify(got, unix.SIGXFSZ)
	must(unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 3 * page, Max: unix.RLIM_INFINITY}))
	try("up to the limit", fd, 0, 0, 3*page)
	try("over the limit", fd, 0, 0, 3*page+1)
	fmt.Println(<-got)
	must(unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}))
}

func birth() {
	var before, st, later unix.Statx_t
	must(unix.Statx(unix.AT_FDCWD, "refusals", 0, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &before))
	f := create("born")
	must(unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &st))
	fmt.Println("has a birth time:", st.Mask&unix.STATX_BTIME != 0, st.Btime == st.Ctime, st.Btime == st.Mtime)
	fmt.Println("after the other:", st.Btime.Sec > before.Btime.Sec || st.Btime.Sec == before.Btime.Sec && st.Btime.Nsec >= before.Btime.Nsec)
	f.Write([]byte("x"))
	must(os.Chmod("born", 0o640))
	must(unix.UtimesNanoAt(unix.AT_FDCWD, "born", []unix.Timespec{{Sec: 5}, {Sec: 6}}, 0))
	must(os.Rename("born", "reborn"))
	must(unix.Statx(unix.AT_FDCWD, "reborn", 0, unix.STATX_BTIME, &later))
	fmt.Println("stays:", later.Btime == st.Btime)
	f.Close()
}
