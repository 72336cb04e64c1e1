package mem

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"unsafe"

	"galago/arch"
)

// bootRegions is an awkward machine: holes, odd sizes, a border of zones inside a region.
var bootRegions = []Region{
	{0x1000, 0x9f000},
	{0x100000, 0x101000},
	{0x200000, 100 << 20},
	{4<<30 - 5<<20, 4<<30 + 7<<20 + 0x3000},
}

// bootEnv is set in the process that TestBoot starts.
const bootEnv = "GALAGO_MEM_BOOT"

// TestBoot boots on bootRegions; in a process of its own, for memory starts only once.
func TestBoot(t *testing.T) {
	if os.Getenv(bootEnv) == "" {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(exe, "-test.run=^TestBoot$", "-test.v")
		cmd.Env = append(os.Environ(), bootEnv+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	top := bootRegions[len(bootRegions)-1].End
	b, err := syscall.Mmap(-1, 0, int(top), syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		t.Skip("no address space: ", err)
	}
	arch.DirectMap = uintptr(unsafe.Pointer(&b[0]))
	BootInit(bootRegions, 1<<30)
	taken := map[uint64]bool{}
	take := func(size uint64) {
		pa := BootAlloc(size)
		if pa == 0 {
			t.Fatal("boot allocation")
		}
		for off := uint64(0); off < size; off += arch.PageSize {
			taken[pa+off] = true
		}
	}
	take(arch.PageSize)
	take(0x98000) // the rest of the first region is too small for what follows
	take(3 << 20)
	take(1)
	if BootAlloc(1<<30) != 0 {
		t.Fatal("more than there is")
	}
	if !Init() {
		t.Fatal("no room")
	}
	for pa := uint64(frame0 - arch.DirectMap); pa < uint64(frame0-arch.DirectMap)+uint64(len(frames))*64; pa += arch.PageSize {
		taken[pa] = true
	}
	checkBootFrames(t, taken)
}

// checkBootFrames takes all memory, frame by frame, and checks that each is usable, free and given out once.
func checkBootFrames(t *testing.T, taken map[uint64]bool) {
	want := int64(0)
	for _, r := range bootRegions {
		for pa := r.Start; pa < r.End; pa += arch.PageSize {
			if !taken[pa] {
				want++
			}
		}
	}
	if s := Stats(); s.Total != want || s.Free != want {
		t.Errorf("%d frames managed, %d free; want %d", s.Total, s.Free, want)
	}
	usable := func(pa uint64) bool {
		for _, r := range bootRegions {
			if pa >= r.Start && pa < r.End {
				return true
			}
		}
		return false
	}
	low := AllocFrame(DMA32)
	if low == nil || low.Phys() >= dma32Limit {
		t.Fatal("DMA32")
	}
	low.Put()
	drainLocal()
	first := AllocFrame(Atomic)
	if first.Phys() < dma32Limit {
		t.Errorf("the Normal zone comes first: %#x", first.Phys())
	}
	first.Put()
	var all []*Frame
	for f := AllocFrame(Atomic); f != nil; f = AllocFrame(Atomic) {
		pa := f.Phys()
		if taken[pa] || !usable(pa) || FrameOf(pa) != f || VirtToFrame(f.Virt()) != f {
			t.Fatalf("frame %#x", pa)
		}
		taken[pa] = true
		all = append(all, f)
	}
	if int64(len(all)) != want {
		t.Errorf("%d frames, want %d", len(all), want)
	}
	for _, f := range all {
		f.Put()
	}
	drainLocal()
	for zi := range zones {
		for o := range zones[zi].free {
			for f := zones[zi].free[o]; f != nil; f = f.Next {
				if int(f.zone) != zi || f.Phys()>>12&(1<<o-1) != 0 || !f.TestFlag(FrameBuddy) {
					t.Fatalf("block of order %d at %#x", o, f.Phys())
				}
				if b := f.Phys() ^ arch.PageSize<<o; o < MaxOrder && b>>12 < uint64(len(frames)) {
					if f := FrameOf(b); f.TestFlag(FrameBuddy) && int(f.Order) == o && int(f.zone) == zi {
						t.Fatalf("free buddies of order %d at %#x", o, b)
					}
				}
			}
		}
	}
}
