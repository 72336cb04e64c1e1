//go:build galago

package proc

import (
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/fs/devfs"
	"galago/kernel/fs/procfs"
	"galago/kernel/sched/policy"
)

// Facts of the kernel in /proc/sys/kernel (proc_sys_kernel(5)), for programs that ask before they do: numbers of processes, capabilities, random
// identities.

var facts = [...]struct {
	dir, name string
	gen       func(b *procfs.Buffer) errno.Errno
}{
	{"kernel", "pid_max", func(b *procfs.Buffer) errno.Errno { return number(b, MaxPID) }},
	{"kernel", "threads-max", func(b *procfs.Buffer) errno.Errno { return number(b, MaxPID-1) }},
	{"kernel", "cap_last_cap", func(b *procfs.Buffer) errno.Errno { return number(b, int64(cred.LastCap)) }},
	{"kernel/random", "boot_id", func(b *procfs.Buffer) errno.Errno { return writeUUID(&bootID, b) }},
	{"kernel/random", "uuid", genUUID},
	{"kernel/random", "poolsize", func(b *procfs.Buffer) errno.Errno { return number(b, poolBits) }},
	{"kernel/random", "entropy_avail", func(b *procfs.Buffer) errno.Errno { return number(b, poolBits) }},
	{"kernel", "sched_rr_timeslice_ms", func(b *procfs.Buffer) errno.Errno { return number(b, policy.RealTimeTurn/1e6) }},
	{"kernel", "overflowuid", func(b *procfs.Buffer) errno.Errno { return number(b, 65534) }},
	{"kernel", "overflowgid", func(b *procfs.Buffer) errno.Errno { return number(b, 65534) }},
}

// poolBits is the size of the generator's key, which is full of entropy from the start.
const poolBits = 256

var bootID [16]byte

// registerFacts makes the files. ENOMEM.
func registerFacts() errno.Errno {
	devfs.Random(bootID[:])
	for i := range facts {
		if e := procfs.RegisterSysctl(facts[i].dir, facts[i].name, facts[i].gen, nil); e != errno.OK {
			return e
		}
	}
	return errno.OK
}

// genUUID makes another one at each reading.
func genUUID(b *procfs.Buffer) errno.Errno {
	var id [16]byte
	devfs.Random(id[:])
	return writeUUID(&id, b)
}

// writeUUID writes random bytes as a UUID of version 4 (RFC 9562 §5.4).
func writeUUID(id *[16]byte, b *procfs.Buffer) errno.Errno {
	for i, c := range id {
		switch i {
		case 4, 6, 8, 10:
			b.WriteString("-")
		}
		if i == 6 {
			c = c&0x0f | 0x40
		} else if i == 8 {
			c = c&0x3f | 0x80
		}
		b.Printf("%02x", c)
	}
	b.WriteString("\n")
	return errno.OK
}
