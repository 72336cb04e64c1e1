//go:build galago

package proc

import (
	"galago/arch"
	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
	"galago/kernel/mem"
	"galago/kernel/vm"
)

// What /proc tells of the memory of processes: smaps, smaps_rollup, mem, pagemap, clear_refs, oom_score (proc_pid_smaps(5) and others).

// Memory returns the address space of a process for /proc/PID/mem and pagemap.
func (procSource) Memory(pid int) procfs.Memory {
	p := Find(pid)
	if p == nil {
		return nil
	}
	defer p.Put()
	if s := p.BorrowSpace(); s != nil {
		return s
	}
	return nil
}

// genSmaps is /proc/PID/smaps: a line as in maps for each area, and what is resident of it.
func genSmaps(s *vm.AddressSpace, b *procfs.Buffer) {
	s.EachArea(func(a *vm.Area) bool {
		var u vm.Usage
		mapLine(a, b)
		a.Measure(&u)
		const kb = 1024
		line(b, "Size:", uint64(a.End-a.Start)/kb)
		line(b, "KernelPageSize:", arch.PageSize/kb)
		line(b, "MMUPageSize:", arch.PageSize/kb)
		usage(b, &u)
		eligible := 0
		if a.HugeEligible() {
			eligible = 1
		}
		b.Printf("THPeligible:    %8d\n", eligible)
		areaFlags(a, b)
		return !b.Full()
	})
}

// genSmapsRollup is /proc/PID/smaps_rollup: the sums.
func genSmapsRollup(s *vm.AddressSpace, b *procfs.Buffer) {
	var u vm.Usage
	first, last := uint64(0), uint64(0)
	s.EachArea(func(a *vm.Area) bool {
		if last == 0 {
			first = uint64(a.Start)
		}
		last = uint64(a.End)
		a.Measure(&u)
		return true
	})
	const blanks = "                   "
	b.Printf("%08x-%08x ---p 00000000 00:00 0 %s[rollup]\n", first, last, blanks)
	usage(b, &u)
}

func line(b *procfs.Buffer, name string, kb uint64) { b.Printf("%-16s%8d kB\n", name, kb) }

// usage writes the lines that smaps and smaps_rollup share.
func usage(b *procfs.Buffer, u *vm.Usage) {
	const kb = 1024
	line(b, "Rss:", u.Rss/kb)
	line(b, "Pss:", u.Pss/kb)
	line(b, "Pss_Dirty:", u.PssDirty/kb)
	line(b, "Shared_Clean:", u.SharedClean/kb)
	line(b, "Shared_Dirty:", u.SharedDirty/kb)
	line(b, "Private_Clean:", u.PrivateClean/kb)
	line(b, "Private_Dirty:", u.PrivateDirty/kb)
	line(b, "Referenced:", u.Referenced/kb)
	line(b, "Anonymous:", u.Anon/kb)
	line(b, "LazyFree:", 0)
	line(b, "AnonHugePages:", u.Huge/kb)
	line(b, "ShmemPmdMapped:", 0)
	line(b, "FilePmdMapped:", 0)
	line(b, "Shared_Hugetlb:", 0)
	line(b, "Private_Hugetlb:", 0)
	line(b, "Swap:", 0)
	line(b, "SwapPss:", 0)
	line(b, "Locked:", u.Locked/kb)
}

// areaFlags writes the line VmFlags.
func areaFlags(a *vm.Area, b *procfs.Buffer) {
	b.WriteString("VmFlags:")
	put := func(on bool, name string) {
		if on {
			b.WriteString(" ")
			b.WriteString(name)
		}
	}
	put(a.Prot&vm.ProtRead != 0, "rd")
	put(a.Prot&vm.ProtWrite != 0, "wr")
	put(a.Prot&vm.ProtExec != 0, "ex")
	put(a.Flags&vm.Shared != 0, "sh")
	put(true, "mr")
	put(a.Flags&vm.MayWrite != 0, "mw")
	put(a.Flags&vm.MayExec != 0, "me")
	put(a.Flags&(vm.Shared|vm.MayWrite) == vm.Shared|vm.MayWrite, "ms")
	put(a.Flags&vm.GrowsDown != 0, "gd")
	put(a.Flags&vm.Locked != 0, "lo")
	put(a.Flags&vm.OnFault != 0, "lf")
	put(a.Flags&vm.SequentialRead != 0, "sr")
	put(a.Flags&vm.RandomRead != 0, "rr")
	put(a.Flags&vm.DontFork != 0, "dc")
	put(a.Flags&vm.Charged != 0, "ac")
	put(a.Flags&vm.NoReserve != 0, "nr")
	put(a.Flags&vm.WipeOnFork != 0, "wf")
	put(a.Flags&vm.DontDump != 0, "dd")
	put(a.Flags&vm.HugePage != 0, "hg")
	put(a.Flags&vm.NoHugePage != 0, "nh")
	b.WriteString(" \n")
}

// clearRefs takes what is written to /proc/PID/clear_refs.
func (p *Process) clearRefs(data []byte) errno.Errno {
	if len(data) != 1 || data[0] < '1' || data[0] > '5' {
		return errno.EINVAL
	}
	s := p.BorrowSpace()
	if s == nil {
		return errno.OK
	}
	switch data[0] {
	case '1', '2', '3':
		s.ClearReferenced(data[0] != '3', data[0] != '2')
	case '5':
		s.ResetPeak()
	}
	s.Put()
	return errno.OK
}

// writeMemoryFile takes what is written to clear_refs and oom_score_adj.
func writeMemoryFile(pid int, which procfs.PIDFile, data []byte) errno.Errno {
	p := Find(pid)
	if p == nil {
		return errno.ESRCH
	}
	defer p.Put()
	switch which {
	case procfs.PIDClearRefs:
		return p.clearRefs(data)
	case procfs.PIDOOMScoreAdj:
		return p.setOOMAdj(data)
	}
	return errno.EINVAL
}

// Bounds of oom_score_adj; the lowest one exempts a process.
const (
	oomAdjMin = -1000
	oomAdjMax = 1000
)

// oomPoints is what makes a process the one to kill when memory runs out: its pages, corrected by its adjustment. Negative: never.
func (p *Process) oomPoints() int64 {
	adj := int64(p.oomAdj.Load())
	s := p.BorrowSpace()
	if s == nil || adj == oomAdjMin {
		if s != nil {
			s.Put()
		}
		return -1
	}
	_, rss, _ := s.Pages()
	n := int64(rss+s.Tables()) + adj*int64(mem.TotalFrames())/oomAdjMax
	s.Put()
	return max(n, 0)
}

// genOOMScore is /proc/PID/oom_score.
func (p *Process) genOOMScore(b *procfs.Buffer) {
	score := int64(0)
	if n := p.oomPoints(); n >= 0 {
		score = (oomAdjMax + n*oomAdjMax/int64(mem.TotalFrames())) * 2 / 3
	}
	b.Printf("%d\n", score)
}

// setOOMAdj takes what is written to /proc/PID/oom_score_adj. Only the privileged go below what they have been given.
func (p *Process) setOOMAdj(data []byte) errno.Errno {
	v, ok := signedNumber(data)
	if !ok || v < oomAdjMin || v > oomAdjMax {
		return errno.EINVAL
	}
	if v < int(p.oomAdj.Load()) && !Current().Cred().Capable(cred.SysResource) {
		return errno.EACCES
	}
	p.oomAdj.Store(int32(v))
	return errno.OK
}

// signedNumber reads a small decimal number.
func signedNumber(b []byte) (v int, ok bool) {
	b = trim(b)
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 9 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	if negative {
		v = -v
	}
	return v, true
}
