//go:build linux

// Test vdso looks at the virtual dynamic shared object as dynamic linkers do, and compares the Go runtime's clocks, which use it, with the
// kernel's.
package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	maps()
	symbols()
	clocks()
}

func maps() {
	b, _ := os.ReadFile("/proc/self/maps")
	for _, line := range strings.Split(string(b), "\n") {
		f := strings.Fields(line)
		if len(f) == 6 && (f[5] == "[vdso]" || f[5] == "[vvar]") {
			fmt.Println(f[1], f[5])
		}
	}
}

// size is how much of the object is mapped.
func size() uintptr {
	b, _ := os.ReadFile("/proc/self/maps")
	for _, line := range strings.Split(string(b), "\n") {
		var start, end uintptr
		if strings.HasSuffix(line, "[vdso]") {
			fmt.Sscanf(line, "%x-%x", &start, &end)
			return end - start
		}
	}
	return 0
}

// image returns the object's memory.
func image() []byte {
	list, _ := unix.Auxv()
	for _, entry := range list {
		const sysinfoEhdr = 33
		if entry[0] == sysinfoEhdr {
			at := entry[1]
			return unsafe.Slice(*(**byte)(unsafe.Pointer(&at)), size())
		}
	}
	return nil
}

func symbols() {
	f, e := elf.NewFile(bytes.NewReader(image()))
	if e != nil {
		fmt.Println(e)
		return
	}
	name, _ := f.DynString(elf.DT_SONAME)
	fmt.Println(f.Type, f.Machine, name)
	list, e := f.DynamicSymbols()
	var names []string
	for _, s := range list {
		for _, want := range []string{"clock_gettime", "gettimeofday", "time", "clock_getres", "getcpu"} {
			if s.Section != elf.SHN_UNDEF && strings.TrimPrefix(s.Name, "__vdso_") == want {
				names = append(names, fmt.Sprint(s.Name, " ", s.Version))
			}
		}
	}
	sort.Strings(names)
	fmt.Println(names, e)
}

// raw asks the kernel itself.
func raw(clock int) int64 {
	var ts unix.Timespec
	unix.Syscall(unix.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano()
}

func clocks() {
	last := time.Now()
	for range 20000 {
		now := time.Now()
		if now.Before(last) {
			fmt.Println("time goes back")
		}
		last = now
	}
	const most = int64(time.Second)
	for range 1000 {
		before, now, after := raw(unix.CLOCK_REALTIME), time.Now().UnixNano(), raw(unix.CLOCK_REALTIME)
		if now < before || now > after || after-before > most {
			fmt.Println("the kernel says otherwise", now-before, after-now)
			break
		}
	}
	start := time.Now()
	time.Sleep(5 * time.Millisecond)
	d := time.Since(start)
	fmt.Println("slept", d >= 5*time.Millisecond && d < 5*time.Second)
}
