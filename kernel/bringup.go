//go:build galago

package main

import (
	"unsafe"

	"galago/arch"
	"galago/arch/bootinfo"
	"galago/drivers/uart"
	"galago/kernel/klog"
	"galago/kernel/mem"
	"galago/kernel/sched"
	"galago/kernel/time"
)

var info bootinfo.Info

// consoleLevel: records less severe than this stay in the ring. The command line's loglevel=N and quiet.
var consoleLevel = klog.Debug

func consoleSink(level klog.Level, ns uint64, text []byte) {
	if level > consoleLevel {
		return
	}
	var stamp [24]byte
	n := klog.Format(stamp[:], "[%5d.%06d] ", ns/1e9, ns%1e9/1e3)
	uart.EarlyWrite(stamp[:n])
	uart.EarlyWrite(text)
	uart.EarlyWrite(newline[:])
}

var newline = [1]byte{'\n'}

func readBootInfo() {
	if !arch.ReadBootInfo(&info) {
		panic("unknown boot loader: start with PVH (qemu -kernel) or multiboot2 (GRUB)")
	}
	parseCmdline(info.Cmdline())
	klog.Printf("Galago: command line: %s", info.Cmdline())
}

// usable is the memory the kernel may use, ascending.
var usable [bootinfo.MaxRegions + 2]mem.Region

// initMemory sorts the loader's map, takes out what is in use, builds the kernel's page tables and starts the frame
// allocator.
func initMemory() {
	const lowReserved = 1 << 20 // BIOS data, the processors' start page
	n := 0
	for _, r := range info.Regions[:info.NRegions] {
		if r.Kind != bootinfo.Usable {
			continue
		}
		start := (max(r.Start, lowReserved) + arch.PageSize - 1) &^ (arch.PageSize - 1)
		end := r.End &^ (arch.PageSize - 1)
		n = addUsable(n, start, end)
	}
	imageLo, imageHi := arch.ImageRange()
	n = exclude(n, imageLo, imageHi)
	n = exclude(n, info.InitrdStart&^(arch.PageSize-1), (info.InitrdEnd+arch.PageSize-1)&^(arch.PageSize-1))
	if n == 0 {
		panic("the loader reports no memory")
	}
	const bootMapped = 1 << 30
	mem.BootInit(usable[:n], bootMapped)
	arch.AllocTable = func() uint64 { return mem.BootAlloc(arch.PageSize) }
	if !arch.BuildKernelTables(mappedTop(usable[n-1].End)) || !mem.Init() {
		panic("too little memory")
	}
	arch.AllocTable, arch.FreeTable = mem.AllocTable, mem.FreeTable
	klog.Printf("memory: %d MiB", mem.Stats().Total>>8)
}

// mappedTop extends the end of the direct map over what firmware keeps right above the usable memory: ACPI tables.
func mappedTop(top uint64) uint64 {
	const most = 64 << 20
	for _, r := range info.Regions[:info.NRegions] {
		if r.Kind != bootinfo.Usable && r.Start <= top && r.End > top && r.End-r.Start < most {
			top = (r.End + arch.PageSize - 1) &^ (arch.PageSize - 1)
		}
	}
	return top
}

// addUsable inserts [start, end) in order, cutting off what overlaps its predecessor.
func addUsable(n int, start, end uint64) int {
	if start >= end || n == len(usable)-2 {
		return n
	}
	i := n
	for i > 0 && usable[i-1].Start > start {
		usable[i] = usable[i-1]
		i--
	}
	usable[i] = mem.Region{Start: start, End: end}
	n++
	for k := 1; k < n; k++ {
		if usable[k].Start < usable[k-1].End {
			usable[k].Start = usable[k-1].End
			usable[k].End = max(usable[k].End, usable[k].Start)
		}
	}
	return n
}

// exclude takes [start, end) out of the usable regions.
func exclude(n int, start, end uint64) int {
	for i := 0; i < n && start < end; i++ {
		r := &usable[i]
		if end <= r.Start || start >= r.End {
			continue
		}
		if start > r.Start && end < r.End && n < len(usable) {
			copy(usable[i+2:n+1], usable[i+1:n])
			usable[i+1] = mem.Region{Start: end, End: r.End}
			r.End = start
			n++
			continue
		}
		if start <= r.Start {
			r.Start = min(end, r.End)
		} else {
			r.End = start
		}
	}
	return n
}

func timerInterrupt(unsafe.Pointer) { time.RunTimers() }

// programEvent arms the CPU's one-shot timer.
func programEvent(deadline uint64) {
	const never = ^uint64(0)
	if deadline == never {
		arch.SetTimer(0)
		return
	}
	now := time.Now()
	arch.SetTimer(max(deadline, now+1) - now)
}

func initInterrupts() {
	readACPI()
	if !arch.InitLAPIC(tables.LAPIC) {
		panic("no memory for the local APIC's mapping")
	}
	for _, a := range tables.IOAPICs[:tables.NIOAPIC] {
		arch.AddIOAPIC(uint64(a.Addr), a.GSI)
	}
	for _, o := range tables.Overrides[:tables.NOverride] {
		arch.ISA[o.IRQ] = arch.ISAOverride{GSI: o.GSI, Level: o.Level, ActiveLow: o.ActiveLow}
	}
	arch.SetHandlers(timerInterrupt, sched.RescheduleIPI)
}

// initClock measures the TSC and the local APIC timer against the best reference there is.
func initClock() {
	ref := arch.PIT()
	if tables.PMTimer != 0 {
		ref = arch.PMTimer(tables.PMTimer)
	}
	if tables.HPET != 0 {
		if r, ok := arch.HPET(tables.HPET); ok {
			ref = r
		}
	}
	arch.Calibrate(ref)
	time.SetClock(arch.Cycles, arch.TSCHz)
	time.ProgramEvent = programEvent
	klog.Clock = time.Now
	klog.Printf("clock: TSC %d kHz", arch.TSCHz/1000)
}

// startCPUs brings the other processors up.
func startCPUs() {
	arch.APMain = func(cpu int) { sched.StartIdle() }
	limit := numberOption("maxcpus", arch.MaxCPUs)
	for _, c := range tables.CPUs[:tables.NCPU] {
		if c == arch.APICID(0) || arch.NumCPU() >= limit {
			continue
		}
		idle, e := sched.PrepareIdle(arch.NumCPU())
		if e != 0 {
			klog.Warnf("CPU with APIC %d: no memory for its stack", c)
			return
		}
		const istOrder = 3
		ist := mem.AllocFrames(istOrder, mem.Zero)
		if ist == nil || !arch.StartCPU(c, idle, ist.Virt()) {
			klog.Warnf("CPU with APIC %d does not start", c)
		}
	}
	arch.DropBootMappings()
	klog.Printf("%d CPUs", arch.NumCPU())
}
