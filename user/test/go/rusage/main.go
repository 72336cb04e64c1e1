//go:build linux

// Test rusage checks what getrusage and /proc/PID/stat count: faults of both kinds, blocks read and written, context switches.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

const (
	page     = 4096
	pages    = 256
	tmpfs    = 0x01021994
	sector   = 512
	children = 3
)

func usage(who int) (u unix.Rusage) {
	raw.Check(unix.Getrusage(who, &u))
	return u
}

func main() {
	runtime.LockOSThread()
	raw.Check(unix.Mlockall(unix.MCL_CURRENT)) // no page of the program itself is read from now on
	memory()
	files()
	switches()
	ended()
}

func memory() {
	b, err := unix.Mmap(-1, 0, pages*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	raw.Check(err)
	raw.Check(unix.Madvise(b, unix.MADV_NOHUGEPAGE))
	before := usage(unix.RUSAGE_THREAD)
	for i := 0; i < len(b); i += page {
		b[i] = 1
	}
	after := usage(unix.RUSAGE_THREAD)
	fmt.Println("a fault a page:", after.Minflt-before.Minflt >= pages, after.Majflt == before.Majflt)
	before = after
	for i := 0; i < len(b); i += page {
		b[i] = 2
	}
	fmt.Println("none the second time:", usage(unix.RUSAGE_THREAD).Minflt-before.Minflt < 20)
	fmt.Println("resident:", after.Maxrss >= pages*page/1024)
	raw.Check(unix.Munmap(b))
}

// files needs a file system on a disk.
func files() {
	var st unix.Statfs_t
	raw.Check(unix.Statfs(".", &st))
	f, err := os.Create("f")
	raw.Check(err)
	start := usage(unix.RUSAGE_THREAD)
	_, err = f.Write(make([]byte, pages*page))
	raw.Check(err)
	raw.Check(f.Sync())
	written := usage(unix.RUSAGE_THREAD)
	onDisk := st.Type != tmpfs
	fmt.Println("written:", !onDisk || written.Oublock-start.Oublock >= pages*page/sector)
	raw.Check(unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED))
	start = usage(unix.RUSAGE_THREAD)
	m, err := unix.Mmap(int(f.Fd()), 0, pages*page, unix.PROT_READ, unix.MAP_SHARED)
	raw.Check(err)
	raw.Check(unix.Madvise(m, unix.MADV_RANDOM)) // a page at a time: what is read ahead is no major fault when it is wanted
	sum := 0
	for i := 0; i < len(m); i += page {
		sum += int(m[i])
	}
	cold := usage(unix.RUSAGE_THREAD)
	fmt.Println("read:", sum, !onDisk || cold.Inblock-start.Inblock >= pages*page/sector, !onDisk || cold.Majflt > start.Majflt)
	raw.Check(unix.Munmap(m))
	m, err = unix.Mmap(int(f.Fd()), 0, pages*page, unix.PROT_READ, unix.MAP_SHARED)
	raw.Check(err)
	start = usage(unix.RUSAGE_THREAD)
	for i := 0; i < len(m); i += page {
		sum += int(m[i])
	}
	warm := usage(unix.RUSAGE_THREAD)
	fmt.Println("cached:", sum, warm.Inblock == start.Inblock, warm.Majflt == start.Majflt, warm.Minflt > start.Minflt)
	raw.Check(unix.Munmap(m))
	text, err := os.ReadFile("/proc/self/stat")
	raw.Check(err)
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+2:]))
	var minor, major int64
	fmt.Sscan(fields[7], &minor)
	fmt.Sscan(fields[9], &major)
	fmt.Println("stat agrees:", minor >= warm.Minflt, major >= warm.Majflt, !onDisk || major > 0)
}

func switches() {
	start := usage(unix.RUSAGE_THREAD)
	for range 10 {
		ts := unix.NsecToTimespec(int64(20 * time.Millisecond))
		unix.Nanosleep(&ts, nil)
	}
	fmt.Println("voluntary:", usage(unix.RUSAGE_THREAD).Nvcsw-start.Nvcsw >= 10)
}

// ended checks that the figures of children that have been waited for are added up.
func ended() {
	start := usage(unix.RUSAGE_CHILDREN)
	for range children {
		p, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
		raw.Check(err)
		s, err := p.Wait()
		raw.Check(err)
		fmt.Println("child:", s)
	}
	end := usage(unix.RUSAGE_CHILDREN)
	fmt.Println("children:", end.Minflt-start.Minflt >= children, end.Maxrss > 0)
}
