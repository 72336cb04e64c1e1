//go:build galago_user

// Command free shows the memory in use, from /proc/meminfo.
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

var (
	unit  = uint64(1024)
	human bool
)

func main() {
	o := cmd.Options("[-bghkm]", "bghkmt", "bytes=b", "kibi=k", "mebi=m", "gibi=g", "human=h", "total=t")
	total := false
	for o.Next() {
		switch o.Opt {
		case 'b':
			unit = 1
		case 'k':
			unit = 1024
		case 'm':
			unit = 1 << 20
		case 'g':
			unit = 1 << 30
		case 'h':
			human = true
		case 't':
			total = true
		}
	}
	o.Need(0, 0)
	fd, e := sys.Open("/proc/meminfo", sys.O_RDONLY, 0)
	if e != 0 {
		stdio.Fatal(1, "/proc/meminfo", e)
	}
	text, e := stdio.ReadAll(fd)
	if e != 0 {
		stdio.Fatal(1, "/proc/meminfo", e)
	}
	info := string(text)
	all, idle := value(info, "MemTotal:"), value(info, "MemFree:")
	cache := value(info, "Buffers:") + value(info, "Cached:") + value(info, "SReclaimable:")
	available := value(info, "MemAvailable:")
	if available == 0 {
		available = idle + cache
	}
	swap, swapFree := value(info, "SwapTotal:"), value(info, "SwapFree:")
	stdio.Puts("               total        used        free      shared  buff/cache   available\n")
	used := all - min(all, available)
	row("Mem:", all, used, idle, value(info, "Shmem:"), cache, available)
	row("Swap:", swap, swap-swapFree, swapFree)
	if total {
		row("Total:", all+swap, used+swap-swapFree, idle+swapFree)
	}
	cmd.Done()
}

// value returns the bytes that a line of meminfo gives in kB.
func value(text, name string) uint64 {
	for _, line := range str.Split(text, '\n') {
		if f := str.Fields(line); len(f) >= 2 && f[0] == name {
			v, _ := str.ParseUint(f[1], 10)
			return v * 1024
		}
	}
	return 0
}

func row(name string, values ...uint64) {
	stdio.Puts(str.PadRight(name, 8))
	for _, v := range values {
		s := str.Utoa(v/unit, 10)
		if human {
			s = str.Human(v)
			if v >= 1024 {
				s += "i"
			} else {
				s += "B"
			}
		}
		stdio.Puts(str.PadLeft(s, 12))
	}
	stdio.Out.Putc('\n')
}
