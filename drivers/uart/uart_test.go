package uart

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	gotime "time"

	"galago/drivers/hw"
	"galago/kernel/mem"
	"galago/kernel/time"
	"galago/kernel/tty"
	"galago/kernel/uio"
	"galago/kernel/vfs"
	"galago/kernel/vfs/vfstest"

	"galago/kernel/fs/devfs"
	"galago/kernel/fs/tmpfs"

	"galago/kernel/block"
)

// chip is a 16550A. Its transmitter is as slow as the test wants (send), and its interrupt output is an edge.
type chip struct {
	mu      sync.Mutex
	regs    [8]uint8
	divisor [2]uint8
	rx      []uint16 // characters with error bits above
	tx      []byte   // FIFO
	sent    []byte
	instant bool // the transmitter takes no time
	thri    bool // transmit interrupt pending
	level   bool // interrupt output
	edges   chan struct{}
	lost    int // bytes that found the FIFO full
}

// update computes the interrupt output. mu is held.
func (c *chip) update() {
	on := c.regs[regIntr]&intrReceive != 0 && len(c.rx) > 0 || c.regs[regIntr]&intrTransmit != 0 && c.thri
	if on && !c.level {
		select {
		case c.edges <- struct{}{}:
		default:
		}
	}
	c.level = on
}

func (c *chip) Read(off uintptr, size int) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.update()
	switch off {
	case regData:
		if c.regs[regLine]&lineDivisor != 0 {
			return uint64(c.divisor[0])
		}
		if len(c.rx) == 0 {
			return 0
		}
		v := c.rx[0]
		c.rx = c.rx[1:]
		return uint64(uint8(v))
	case regIdent:
		switch {
		case c.regs[regIntr]&intrReceive != 0 && len(c.rx) > 0:
			return identFIFO | 4
		case c.regs[regIntr]&intrTransmit != 0 && c.thri:
			c.thri = false
			return identFIFO | 2
		}
		return identFIFO | identNone
	case regStatus:
		v := uint64(0)
		if len(c.rx) > 0 {
			v |= statusData | uint64(c.rx[0]>>8)
		}
		if len(c.tx) == 0 {
			v |= statusHolding | statusIdle
		}
		return v
	}
	return uint64(c.regs[off])
}

func (c *chip) Write(off uintptr, size int, v uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.update()
	b := uint8(v)
	if off <= regIntr && c.regs[regLine]&lineDivisor != 0 {
		c.divisor[off] = b
		return
	}
	switch off {
	case regData:
		switch {
		case c.instant:
			c.sent = append(c.sent, b)
			c.thri = true
		case len(c.tx) == fifoDepth:
			c.lost++
		default:
			c.tx = append(c.tx, b)
			c.thri = false
		}
		return
	case regIntr:
		if b&intrTransmit != 0 && c.regs[regIntr]&intrTransmit == 0 && len(c.tx) == 0 {
			c.thri = true // enabling it with an empty FIFO interrupts at once
		}
	}
	c.regs[off] = b
}

// send lets the transmitter empty its FIFO.
func (c *chip) send() {
	c.mu.Lock()
	c.sent = append(c.sent, c.tx...)
	if len(c.tx) > 0 {
		c.tx, c.thri = nil, true
	}
	c.update()
	c.mu.Unlock()
}

// arrive puts characters into the receive FIFO as long as there is room, and returns how many.
func (c *chip) arrive(p []byte, errors uint16) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for n < len(p) && len(c.rx) < fifoDepth {
		c.rx = append(c.rx, uint16(p[n])|errors<<8)
		n++
	}
	c.update()
	return n
}

func (c *chip) output() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := string(c.sent)
	c.sent = nil
	return s
}

func (c *chip) setInstant(on bool) {
	c.mu.Lock()
	c.instant = on
	c.mu.Unlock()
}

var (
	com1 = &chip{edges: make(chan struct{}, 1)}
	com2 = &chip{edges: make(chan struct{}, 1), instant: true}
)

func TestMain(m *testing.M) {
	mem.HostInit(64 << 20)
	start := gotime.Now()
	time.SetClock(func() uint64 { return uint64(gotime.Since(start)) }, 1e9)
	hw.AttachPorts(0x3f8, 8, com1)
	hw.AttachPorts(0x2f8, 8, com2)
	com1.regs[regIdent] = identFIFO | identNone
	Init()
	for _, w := range []struct {
		c    *chip
		line int
	}{{com1, 4}, {com2, 3}} {
		go func() {
			for range w.c.edges {
				hw.Interrupt(hw.MSIAddress(0), uint32(routed[w.line]))
			}
		}()
	}
	if devfs.Init() != 0 || tty.Publish() != 0 {
		panic("no device files")
	}
	os.Exit(m.Run())
}

// open opens a terminal by its name in /dev.
func open(t *testing.T, name string) *vfs.File {
	t.Helper()
	env := vfstest.NewEnv(t, func(testing.TB) (*vfs.FSType, *block.Device, string) { return &tmpfs.Type, nil, "" })
	minor := uint32(firstMinor) + uint32(name[len(name)-1]-'0')
	if e := vfs.Mknod(env.Ctx, vfs.AtFDCWD, "/port", vfs.S_IFCHR|0o600, vfs.Makedev(major, minor)); e != 0 {
		t.Fatal(e)
	}
	f, e := vfs.Open(env.Ctx, vfs.AtFDCWD, "/port", vfs.O_RDWR|vfs.O_NOCTTY, 0)
	if e != 0 {
		t.Fatal(e)
	}
	t.Cleanup(f.Put)
	return f
}

var keep atomic.Pointer[[]byte]

// onHeap returns a copy of b that does not move: an Iter holds its address as a number.
func onHeap(b []byte) []byte {
	c := bytes.Clone(b)
	keep.Store(&c)
	return c
}

func write(t *testing.T, f *vfs.File, s string) {
	it := uio.FromKernel(onHeap([]byte(s)))
	if n, e := f.Write(&it); n != len(s) || e != 0 {
		t.Errorf("write: %d %v", n, e)
	}
}

func read(t *testing.T, f *vfs.File) string {
	b := onHeap(make([]byte, 512))
	it := uio.FromKernel(b)
	n, e := f.Read(&it)
	if e != 0 {
		t.Errorf("read: %v", e)
	}
	return string(b[:n])
}

func TestProbe(t *testing.T) {
	if ports[0].term == nil || ports[1].term == nil || ports[2].term != nil || ports[3].term != nil {
		t.Error("wrong ports found")
	}
	if com2.divisor != [2]uint8{1, 0} || com2.regs[regLine] != lineBits8 {
		t.Errorf("COM2 set up as %v, %x", com2.divisor, com2.regs[regLine])
	}
	if ports[1].depth != fifoDepth {
		t.Error("no FIFO found")
	}
}

// TestTransmit writes more than the ring holds to a transmitter that works in its own time.
func TestTransmit(t *testing.T) {
	f := open(t, "ttyS0")
	text := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 500)
	done := make(chan struct{})
	go func() {
		write(t, f, text)
		close(done)
	}()
	var got strings.Builder
	for got.Len() < len(text) {
		com1.send()
		got.WriteString(com1.output())
		gotime.Sleep(20 * gotime.Microsecond)
	}
	<-done
	if got.String() != text {
		t.Error("output differs")
	}
	if com1.lost > 0 {
		t.Errorf("%d bytes written to a full FIFO", com1.lost)
	}
}

// TestReceive sends far more lines than all buffers hold, while the reader takes its time: nothing may be lost.
func TestReceive(t *testing.T) {
	f := open(t, "ttyS1")
	var all []byte
	for i := range 3000 {
		all = append(all, "line "...)
		all = append(all, byte('0'+i/1000), byte('0'+i/100%10), byte('0'+i/10%10), byte('0'+i%10), '\r')
	}
	go func() {
		for rest := all; len(rest) > 0; {
			n := com2.arrive(rest, 0)
			rest = rest[n:]
			if n == 0 {
				gotime.Sleep(10 * gotime.Microsecond)
			}
		}
	}()
	gotime.Sleep(5 * gotime.Millisecond)
	var got strings.Builder
	for got.Len() < len(all) {
		s := read(t, f)
		if s == "" {
			break
		}
		got.WriteString(s)
	}
	if got.String() != strings.ReplaceAll(string(all), "\r", "\n") {
		t.Errorf("%d bytes of %d, or not the same", got.Len(), len(all))
	}
}

func TestBreakAndErrors(t *testing.T) {
	f := open(t, "ttyS1")
	com2.arrive([]byte("a"), 0)
	com2.arrive([]byte{0}, statusBreak)
	com2.arrive([]byte("b"), statusFraming)
	com2.arrive([]byte("\r"), 0)
	if s := read(t, f); s != "a\x00b\n" {
		t.Errorf("%q", s)
	}
}

func TestConfigure(t *testing.T) {
	p := &ports[1]
	for _, c := range []struct {
		cflag   uint32
		line    uint8
		divisor uint8
	}{
		{tty.CS8 | 0o15, lineBits8, 12}, // 9600
		{tty.CS7 | tty.PARENB | 0o17, lineBits7 | lineParity | lineEven, 3},
		{tty.CS5 | tty.CSTOPB | tty.PARENB | tty.PARODD | 0o10002, lineBits5 | lineStop2 | lineParity, 1},
	} {
		p.Configure(&tty.Termios{Cflag: c.cflag})
		if com2.regs[regLine] != c.line || com2.divisor[0] != c.divisor || com2.regs[regModem] != modemDTR|modemRTS|modemOut2 {
			t.Errorf("%o: line %x, divisor %d, modem %x", c.cflag, com2.regs[regLine], com2.divisor[0], com2.regs[regModem])
		}
	}
	p.Configure(&tty.Termios{Cflag: tty.CS8})
	if com2.regs[regModem] != modemOut2 {
		t.Errorf("B0 leaves the modem lines %x", com2.regs[regModem])
	}
	p.Break(true)
	if com2.regs[regLine]&lineBreak == 0 {
		t.Error("no break")
	}
	p.Break(false)
	p.Configure(&tty.Termios{Cflag: tty.CS8 | 0o10002})
}
