//go:build galago_user

// Command uname prints what system this is (POSIX.1-2017 XCU uname).
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/sys"
)

func main() {
	const order = "snrvmpio"
	o := cmd.Options("[-asnrvmpio]", "asnrvmpio", "all=a", "kernel-name=s", "nodename=n", "kernel-release=r",
		"kernel-version=v", "machine=m", "processor=p", "hardware-platform=i", "operating-system=o")
	var want [128]bool
	any := false
	for o.Next() {
		any = true
		if o.Opt == 'a' {
			for _, c := range []byte("snrvmo") {
				want[c] = true
			}
			continue
		}
		want[o.Opt] = true
	}
	o.Need(0, 0)
	if !any {
		want['s'] = true
	}
	var u sys.Utsname
	if e := sys.Uname(&u); e != 0 {
		stdio.Fatal(1, "uname", e)
	}
	first := true
	for _, c := range []byte(order) {
		if !want[c] {
			continue
		}
		if !first {
			stdio.Out.Putc(' ')
		}
		first = false
		stdio.Puts(field(&u, c))
	}
	stdio.Out.Putc('\n')
	cmd.Done()
}

func field(u *sys.Utsname, c byte) string {
	f := &u.Machine
	switch c {
	case 's':
		f = &u.Sysname
	case 'n':
		f = &u.Nodename
	case 'r':
		f = &u.Release
	case 'v':
		f = &u.Version
	case 'p', 'i':
		return "unknown"
	case 'o':
		if s := sys.GoString(&u.Sysname[0]); s != "Linux" {
			return s
		}
		return "GNU/Linux"
	}
	return sys.GoString(&f[0])
}
