//go:build galago

package proc

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
	"galago/kernel/sched"
	"galago/kernel/vfs"
	"galago/kernel/vm"
)

func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// nameColumn is where names begin in /proc/PID/maps.
const nameColumn = 73

// genMaps is /proc/PID/maps: proc_pid_maps(5).
func genMaps(s *vm.AddressSpace, b *procfs.Buffer) {
	s.EachArea(func(a *vm.Area) bool {
		mapLine(a, b)
		return !b.Full()
	})
}

func mapLine(a *vm.Area, b *procfs.Buffer) {
	right := func(bit uint8, c byte) byte {
		if a.Prot&bit != 0 {
			return c
		}
		return '-'
	}
	kind := byte('p')
	if a.Flags&vm.Shared != 0 {
		kind = 's'
	}
	start := b.Len()
	off, dev, ino := uint64(0), uint64(0), uint64(0)
	var name []byte
	if a.Back != nil {
		off = a.Index << arch.PageShift
		// The name is written behind where it will stand.
		room := b.Tail(vfs.PathMax + 2*nameColumn)
		if room == nil {
			return
		}
		var n int
		n, dev, ino = a.Back.Describe(room[2*nameColumn:])
		name = room[2*nameColumn : 2*nameColumn+n]
	}
	b.Printf("%08x-%08x %c%c%c%c %08x %02x:%02x %d ", uint64(a.Start), uint64(a.End), right(vm.ProtRead, 'r'),
		right(vm.ProtWrite, 'w'), right(vm.ProtExec, 'x'), kind, off, dev>>8&0xfff, dev&0xff|dev>>12&^0xff, ino)
	label := ""
	switch {
	case a.Flags&vm.Heap != 0:
		label = "[heap]"
	case a.Flags&vm.Stack != 0:
		label = "[stack]"
	}
	if len(name) > 0 || label != "" {
		for b.Len()-start < nameColumn && !b.Full() {
			b.WriteString(" ")
		}
		b.Write(name)
		b.WriteString(label)
	}
	b.WriteString("\n")
}

// genStatus is /proc/PID/status: proc_pid_status(5).
func (p *Process) genStatus(tid int, b *procfs.Buffer) errno.Errno {
	var i figures
	if !p.look(tid, &i) {
		return errno.ESRCH
	}
	b.Printf("Name:\t%s\n", i.comm())
	fdSize := 0
	if fs := p.BorrowFS(); fs != nil {
		b.Printf("Umask:\t%04o\n", fs.Umask())
		fs.Put()
	}
	if files := p.BorrowFiles(); files != nil {
		fdSize = files.Size()
		files.Put()
	}
	b.Printf("State:\t%c (%s)\n", i.state, stateName(i.state))
	b.Printf("Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t%d\n", p.PID, i.id, i.ppid, i.tracer)
	c := p.BorrowCred()
	b.Printf("Uid:\t%d\t%d\t%d\t%d\n", c.UID, c.EUID, c.SUID, c.FSUID)
	b.Printf("Gid:\t%d\t%d\t%d\t%d\n", c.GID, c.EGID, c.SGID, c.FSGID)
	b.Printf("FDSize:\t%d\nGroups:\t", fdSize)
	for _, g := range c.Groups() {
		b.Printf("%d ", g)
	}
	b.WriteString("\n")
	if s := p.BorrowSpace(); s != nil {
		i.lookSpace(s)
		i.memory(s, b)
		s.Put()
	}
	b.Printf("Threads:\t%d\n", i.threads)
	b.Printf("SigQ:\t%d/%d\n", max(p.sigCount().Load(), 0), p.Limits[LimitSigPending].Cur)
	b.Printf("SigPnd:\t%016x\nShdPnd:\t%016x\n", uint64(i.pending), uint64(i.shared))
	b.Printf("SigBlk:\t%016x\nSigIgn:\t%016x\nSigCgt:\t%016x\n", uint64(i.blocked), uint64(i.ignored), uint64(i.caught))
	capabilities(c, b)
	c.Put()
	b.Printf("Seccomp:\t0\n")
	b.Printf("Cpus_allowed:\t%x\nCpus_allowed_list:\t", uint64(i.affinity)&(uint64(1)<<uint(arch.NumCPU())-1))
	cpuList(i.affinity, b)
	b.WriteString("\nMems_allowed:\t1\nMems_allowed_list:\t0\n")
	b.Printf("voluntary_ctxt_switches:\t%d\nnonvoluntary_ctxt_switches:\t%d\n", i.times.VolCsw, i.times.InvolCsw)
	return errno.OK
}

// cpuList writes a set of CPUs as Linux does: 0-2,4.
func cpuList(m sched.CPUMask, b *procfs.Buffer) {
	n, first := arch.NumCPU(), true
	for c := 0; c < n; c++ {
		if !m.Has(c) {
			continue
		}
		last := c
		for last+1 < n && m.Has(last+1) {
			last++
		}
		if !first {
			b.WriteString(",")
		}
		first = false
		if b.Printf("%d", c); last > c {
			b.Printf("-%d", last)
		}
		c = last
	}
}

// memory writes the Vm lines of status.
func (i *figures) memory(s *vm.AddressSpace, b *procfs.Buffer) {
	const kb = arch.PageSize / 1024
	anon, file := s.Resident()
	u := usageOf(s)
	line := func(name string, pages uint64) { b.Printf("%s\t%8d kB\n", name, pages*kb) }
	line("VmPeak:", i.total)
	line("VmSize:", i.total)
	line("VmLck:", u.locked)
	line("VmPin:", 0)
	line("VmHWM:", i.peakRSS)
	line("VmRSS:", i.rss)
	line("RssAnon:", anon)
	line("RssFile:", file)
	line("RssShmem:", 0)
	line("VmData:", u.data)
	line("VmStk:", u.stack)
	line("VmExe:", u.code)
	line("VmLib:", u.lib)
	line("VmSwap:", 0)
}

// capabilities writes the Cap lines and NoNewPrivs.
func capabilities(c *cred.Cred, b *procfs.Buffer) {
	b.Printf("CapInh:\t%016x\nCapPrm:\t%016x\nCapEff:\t%016x\n", uint64(c.Inheritable), uint64(c.Permitted), uint64(c.Effective))
	b.Printf("CapBnd:\t%016x\nCapAmb:\t%016x\n", uint64(c.Bounding), uint64(c.Ambient))
	noNew := 0
	if c.NoNewPrivs {
		noNew = 1
	}
	b.Printf("NoNewPrivs:\t%d\n", noNew)
}

func stateName(c byte) string {
	switch c {
	case 'R':
		return "running"
	case 'S':
		return "sleeping"
	case 'D':
		return "disk sleep"
	case 'T':
		return "stopped"
	case 't':
		return "tracing stop"
	case 'Z':
		return "zombie"
	}
	return "dead"
}

var limitNames = [NLimits]struct{ name, unit string }{
	LimitCPU:        {"Max cpu time", "seconds"},
	LimitFSize:      {"Max file size", "bytes"},
	LimitData:       {"Max data size", "bytes"},
	LimitStack:      {"Max stack size", "bytes"},
	LimitCore:       {"Max core file size", "bytes"},
	LimitRSS:        {"Max resident set", "bytes"},
	LimitNProc:      {"Max processes", "processes"},
	LimitNoFile:     {"Max open files", "files"},
	LimitMemlock:    {"Max locked memory", "bytes"},
	LimitAS:         {"Max address space", "bytes"},
	LimitLocks:      {"Max file locks", "locks"},
	LimitSigPending: {"Max pending signals", "signals"},
	LimitMsgQueue:   {"Max msgqueue size", "bytes"},
	LimitNice:       {"Max nice priority", ""},
	LimitRTPrio:     {"Max realtime priority", ""},
	LimitRTTime:     {"Max realtime timeout", "us"},
}

// genLimits is /proc/PID/limits.
func (p *Process) genLimits(b *procfs.Buffer) {
	b.Printf("%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units")
	for i := range limitNames {
		p.limitsMu.Lock()
		l := p.Limits[i]
		p.limitsMu.Unlock()
		b.Printf("%-25s ", limitNames[i].name)
		for _, v := range [2]uint64{l.Cur, l.Max} {
			if v == Infinity {
				b.Printf("%-20s ", "unlimited")
			} else {
				b.Printf("%-20d ", v)
			}
		}
		if u := limitNames[i].unit; u != "" {
			b.Printf("%-10s\n", u)
		} else {
			b.WriteString("\n")
		}
	}
}
