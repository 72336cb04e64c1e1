package ahci

import (
	"encoding/binary"
	"sync"
	"unsafe"

	"galago/arch"
	"galago/drivers/hw"
	"galago/drivers/hw/hwtest"
	"galago/drivers/pci"
)

// fakeHBA plays a controller with one disk at port 0 and nothing at port 1.
type fakeHBA struct {
	mu   sync.Mutex
	fn   *hwtest.Function
	msi  int // offset of the capability
	regs map[uintptr]uint32
	kick chan struct{}

	data     []byte
	ncq      bool
	noLog    bool            // does not know log 10h
	bad      map[uint64]bool // blocks that cannot be read
	silent   bool            // takes commands and answers none
	gone     bool            // was unplugged
	stuck    bool            // never clears CMD.CR
	badTag   uint8
	halted   bool // by an error, until the driver stops the port
	resets   int
	commands []byte
	maxBusy  int
}

const port0 = regPort

// fakeBase is where the next controller's registers are: no two have the same, as the driver of an earlier test may still
// be at work.
var fakeBase uint64 = 0xf0000000

func newHBA(blocks int, ncq bool) *fakeHBA {
	h := &fakeHBA{regs: map[uintptr]uint32{}, kick: make(chan struct{}, 1), data: make([]byte, blocks*512), ncq: ncq,
		bad: map[uint64]bool{}}
	b := hwtest.NewBus(0xb0000000, 1)
	h.fn = b.Add(int(pci.MakeAddr(0, 31, 0)), 0x8086, 0x2922, classAHCI)
	fakeBase += 0x1000
	h.fn.SetBAR(abar, fakeBase, 0x1000, false)
	h.msi = h.fn.AddCap(pci.CapMSI, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	hw.Attach(fakeBase, 0x1000, h)
	h.regs[regCAP] = cap64 | 31<<capSlots | 1
	if ncq {
		h.regs[regCAP] |= capNCQ
	}
	h.regs[regPI] = 3
	h.linkUp()
	go h.run()
	return h
}

func (h *fakeHBA) linkUp() {
	h.regs[port0+portSSTS] = 0x113
	h.regs[port0+portSIG] = sigATA
	h.regs[port0+portTFD] = 0x50
}

func (h *fakeHBA) Read(off uintptr, size int) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return uint64(h.regs[off])
}

func (h *fakeHBA) Write(off uintptr, size int, val uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := uint32(val)
	switch off {
	case regIS:
		h.regs[off] &^= v
	case regGHC:
		h.regs[off] = v &^ ghcReset
	case port0 + portIS, port0 + portSERR:
		h.regs[off] &^= v
	case port0 + portCMD:
		h.command(v)
	case port0 + portSACT:
		h.regs[off] |= v
	case port0 + portCI:
		if h.regs[port0+portCMD]&cmdStart != 0 {
			h.regs[off] |= v
			select {
			case h.kick <- struct{}{}:
			default:
			}
		}
	case port0 + portSCTL:
		if h.regs[off]&0xf == ctlDetectReset && v&0xf == 0 {
			h.resets++
			if h.gone {
				h.regs[port0+portSSTS] = 0
			} else {
				h.linkUp()
			}
		}
		h.regs[off] = v
	default:
		h.regs[off] = v
	}
}

// command follows changes of ST and FRE: the running bits, and the registers that stopping clears.
func (h *fakeHBA) command(v uint32) {
	at := uintptr(port0 + portCMD)
	if v&cmdStart == 0 && h.regs[at]&cmdStart != 0 {
		h.halted = false
		h.regs[port0+portCI], h.regs[port0+portSACT] = 0, 0
	}
	v &^= cmdRunning | cmdFISRun
	if v&cmdStart != 0 {
		v |= cmdRunning
	}
	if v&cmdFIS != 0 {
		v |= cmdFISRun
	}
	if h.stuck {
		v |= cmdRunning
	}
	h.regs[at] = v
}

func (h *fakeHBA) run() {
	for range h.kick {
		h.mu.Lock()
		for h.step() {
		}
		h.mu.Unlock()
	}
}

// step executes one command. An error stops the port until the driver restarts it.
func (h *fakeHBA) step() bool {
	ci := h.regs[port0+portCI]
	if ci == 0 || h.silent || h.halted {
		return false
	}
	busy := 0
	for i := range 32 {
		busy += int(ci >> i & 1)
	}
	h.maxBusy = max(h.maxBusy, busy)
	slot := 31 // the highest first: not in the order of submission
	for ci>>slot&1 == 0 {
		slot--
	}
	queued, ok := h.execute(slot)
	if !ok {
		h.badTag, h.halted = uint8(slot), true
		h.regs[port0+portTFD] = 0x41
		if queued {
			h.regs[port0+portCI] &^= 1 << slot
		}
		h.interrupt(isTaskFile)
		return false
	}
	h.regs[port0+portTFD] = 0x50
	h.regs[port0+portCI] &^= 1 << slot
	if queued {
		h.regs[port0+portSACT] &^= 1 << slot
		h.interrupt(isSDB)
	} else {
		h.interrupt(isD2H)
	}
	return true
}

func (h *fakeHBA) interrupt(status uint32) {
	h.regs[port0+portIS] |= status
	if h.regs[port0+portIS]&h.regs[port0+portIE] == 0 {
		return
	}
	h.regs[regIS] |= 1
	if h.regs[regGHC]&ghcIntr == 0 || h.fn.Space[h.msi+2]&1 == 0 {
		return
	}
	addr, data := hwtest.Get(h.fn.Space[h.msi+4:], 8), hwtest.Get(h.fn.Space[h.msi+12:], 2)
	h.mu.Unlock()
	hw.Interrupt(addr, uint32(data))
	h.mu.Lock()
}

func physBytes(phys uint64, n int) []byte {
	a := arch.DirectMap + uintptr(phys)
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&a))), n)
}

// execute does the command in a slot; ok false is an error.
func (h *fakeHBA) execute(slot int) (queued, ok bool) {
	le := binary.LittleEndian
	list := uint64(h.regs[port0+portCLB]) | uint64(h.regs[port0+portCLB+4])<<32
	head := physBytes(list+32*uint64(slot), 32)
	prds := int(le.Uint16(head[2:]))
	tbl := physBytes(le.Uint64(head[8:]), tableData+16*prds)
	fis := tbl[:20]
	if fis[0] != fisHostToDevice || fis[1] != fisCommand {
		panic("bad FIS")
	}
	var bufs [][]byte
	for i := range prds {
		e := tbl[tableData+16*i:]
		bufs = append(bufs, physBytes(le.Uint64(e), int(le.Uint32(e[12:]))+1))
	}
	lba := uint64(fis[4]) | uint64(fis[5])<<8 | uint64(fis[6])<<16 | uint64(fis[8])<<24
	code := fis[2]
	h.commands = append(h.commands, code)
	at := h.data[min(lba*512, uint64(len(h.data))):]
	switch code {
	case ataReadQueued, ataWriteQueued:
		if int(fis[12]>>3) != slot || h.regs[port0+portSACT]>>slot&1 == 0 {
			panic("tag is not the slot")
		}
		queued = true
		fallthrough
	case ataReadDMA, ataWriteDMA:
		n := 0
		for _, b := range bufs {
			if h.bad[(lba*512+uint64(n))/4096] {
				return queued, false
			}
			if code == ataReadQueued || code == ataReadDMA {
				n += copy(b, at[n:])
			} else {
				n += copy(at[n:], b)
			}
		}
		count := int(fis[12]) | int(fis[13])<<8
		if queued {
			count = int(fis[3]) | int(fis[11])<<8
		}
		if n != count*512 {
			panic("count and scatter list differ")
		}
	case ataFlush:
	case ataDataSet:
		for i := 0; i < 512; i += 8 {
			r := le.Uint64(bufs[0][i:])
			start, n := r&(1<<48-1), r>>48
			clear(h.data[start*512 : (start+n)*512])
		}
	case ataIdentify:
		h.identity(bufs[0])
	case ataReadLog:
		if h.noLog || lba != 0x10 {
			return false, false
		}
		b := bufs[0]
		clear(b)
		b[0] = h.badTag
		b[511] = -b[0]
	default:
		return false, false
	}
	return queued, true
}

func (h *fakeHBA) identity(b []byte) {
	clear(b)
	put := func(word int, v uint16) { binary.LittleEndian.PutUint16(b[2*word:], v) }
	copy(b[54:], "AFEKD SI K")
	put(75, 7) // queue depth 8
	if h.ncq {
		put(76, 1<<8)
	}
	put(82, 1<<5)
	put(83, 0x4000|1<<10)
	put(85, 1<<5)
	put(87, 0x4000)
	binary.LittleEndian.PutUint64(b[200:], uint64(len(h.data)/512))
	put(169, 1)
	put(217, 1)
}

// locked runs fn with the controller at rest.
func (h *fakeHBA) locked(fn func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fn()
}
