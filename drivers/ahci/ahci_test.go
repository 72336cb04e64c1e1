package ahci

import (
	"bytes"
	"math/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"galago/drivers/pci"
	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/mem"
)

func TestMain(m *testing.M) {
	mem.HostInit(64 << 20)
	m.Run()
}

func attach(t *testing.T, h *fakeHBA) *port {
	t.Helper()
	if err := pci.Init(pci.Config{ECAM: 0xb0000000}); err != errno.OK {
		t.Fatal(err)
	}
	Register()
	pci.Probe()
	var p *port
	pci.Each(func(d *pci.Device) bool {
		if d.Private != nil {
			p = (*controller)(d.Private).ports[0]
		}
		return true
	})
	return p
}

// setup makes a controller with a disk and brings it up.
func setup(t *testing.T, ncq bool) (*fakeHBA, *port) {
	t.Helper()
	pci.Forget()
	h := newHBA(8192, ncq)
	p := attach(t, h)
	if p == nil {
		t.Fatal("no disk")
	}
	return h, p
}

func page(t *testing.T, fill byte) *mem.Frame {
	f := mem.AllocFrame(0)
	copy(f.Bytes(), bytes.Repeat([]byte{fill}, 4096))
	t.Cleanup(f.Put)
	return f
}

func TestOperations(t *testing.T) {
	for _, ncq := range []bool{true, false} {
		h, p := setup(t, ncq)
		d := &p.disk
		if d.Sectors != 8192 || !d.Cache || d.Rotational || string(p.info.model[:p.info.modelLen]) != "FAKE DISK" {
			t.Errorf("%+v", p.info)
		}
		if want := map[bool]int{true: 8, false: 1}[ncq]; d.Depth != want {
			t.Errorf("depth %d", d.Depth)
		}
		w, r := page(t, 0x77), page(t, 0)
		if err := d.WriteSync(5, w); err != errno.OK {
			t.Fatal(err)
		}
		if err := d.ReadSync(5, r); err != errno.OK || !bytes.Equal(r.Bytes(), w.Bytes()) {
			t.Errorf("read back: %v", err)
		}
		if err := d.Flush(); err != errno.OK {
			t.Error(err)
		}
		if err := d.Discard(40, 8); err != errno.OK || h.data[5*4096] != 0 {
			t.Errorf("discard: %v", err)
		}
		if used := slices.Contains(h.commands, ataReadQueued); used != ncq {
			t.Errorf("queued commands: %v", used)
		}
	}
}

func TestLoad(t *testing.T) {
	for _, ncq := range []bool{true, false} {
		h, p := setup(t, ncq)
		d := &p.disk
		var wg sync.WaitGroup
		const workers, pages, rounds = 6, 60, 100
		for w := range workers {
			f := page(t, 0)
			wg.Add(1)
			go func() {
				defer wg.Done()
				rnd := rand.New(rand.NewSource(int64(w)))
				var model [pages]byte
				for i := range rounds {
					k := rnd.Intn(pages)
					switch rnd.Intn(8) {
					case 0:
						if err := d.Flush(); err != errno.OK {
							t.Error(err)
						}
					case 1, 2, 3:
						model[k] = byte(i)
						copy(f.Bytes(), bytes.Repeat([]byte{byte(i)}, 4096))
						if err := d.WriteSync(uint64(w*pages+k), f); err != errno.OK {
							t.Error(err)
						}
					default:
						if err := d.ReadSync(uint64(w*pages+k), f); err != errno.OK || f.Bytes()[99] != model[k] {
							t.Errorf("%v: %d, want %d", err, f.Bytes()[99], model[k])
						}
					}
				}
			}()
		}
		wg.Wait()
		if !ncq && h.maxBusy > 1 {
			t.Errorf("%d commands at a time without queuing", h.maxBusy)
		}
	}
}

// TestMediumError: of many requests under way only the one that meets the bad block fails.
func TestMediumError(t *testing.T) {
	for name, c := range map[string]struct{ ncq, noLog bool }{
		"queued": {true, false}, "queued without log": {true, true}, "plain": {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			h, p := setup(t, c.ncq)
			h.locked(func() { h.bad[4], h.noLog = true, c.noLog })
			var wg sync.WaitGroup
			for k := range uint64(8) {
				f := page(t, 1)
				wg.Add(1)
				go func() {
					defer wg.Done()
					want := errno.OK
					if k == 4 {
						want = errno.EIO
					}
					// A distance between the pages keeps them from merging.
					if err := p.disk.ReadSync(4+(k-4)*3, f); err != want && k >= 4 {
						t.Errorf("request %d: %v", k, err)
					}
				}()
			}
			wg.Wait()
			if err := p.disk.ReadSync(9, page(t, 0)); err != errno.OK {
				t.Errorf("afterwards: %v", err)
			}
			if (h.resets > 0) != c.noLog {
				t.Errorf("%d resets", h.resets)
			}
		})
	}
}

func TestInterfaceErrorIsRepeated(t *testing.T) {
	h, p := setup(t, true)
	h.locked(func() { h.silent = true })
	done := make(chan errno.Errno)
	f := page(t, 0)
	go func() { done <- p.disk.ReadSync(3, f) }()
	time.Sleep(20 * time.Millisecond)
	h.locked(func() {
		h.silent = false
		h.interrupt(isIfFatal)
	})
	if err := <-done; err != errno.OK || h.resets == 0 {
		t.Errorf("%v, %d resets", err, h.resets)
	}
}

func TestUnplugged(t *testing.T) {
	h, p := setup(t, true)
	h.locked(func() { h.silent, h.gone = true, true })
	time.AfterFunc(20*time.Millisecond, p.fault)
	if err := p.disk.ReadSync(3, page(t, 0)); err != errno.EIO {
		t.Error(err)
	}
	if err := p.disk.Flush(); err != errno.EIO {
		t.Errorf("a dead disk: %v", err)
	}
}

func TestPortDoesNotStop(t *testing.T) {
	h, p := setup(t, true)
	h.locked(func() { h.silent, h.stuck = true, true })
	time.AfterFunc(20*time.Millisecond, p.fault)
	if err := p.disk.ReadSync(3, page(t, 0)); err != errno.EIO {
		t.Error(err)
	}
}

func TestNoDisk(t *testing.T) {
	for name, spoil := range map[string]func(h *fakeHBA){
		"ATAPI":      func(h *fakeHBA) { h.regs[port0+portSIG] = sigATAPI },
		"no link":    func(h *fakeHBA) { h.regs[port0+portSSTS] = 0 },
		"busy":       func(h *fakeHBA) { h.regs[port0+portSSTS] = 1 },
		"no 64 bits": func(h *fakeHBA) { h.regs[regCAP] &^= cap64 },
	} {
		pci.Forget()
		h := newHBA(100, true)
		h.locked(func() { spoil(h) })
		if attach(t, h) != nil {
			t.Errorf("%s: a disk", name)
		}
	}
}

func TestIdentityRejectsNonsense(t *testing.T) {
	good := func() *[256]uint16 {
		w := &[256]uint16{83: 0x4400, 100: 1000, 106: 0x6003}
		return w
	}
	var id identity
	if !id.parse(good()) || id.physical != 4096 || id.blockSize != block.SectorSize {
		t.Fatalf("%+v", id)
	}
	for name, spoil := range map[string]func(w *[256]uint16){
		"ATAPI":      func(w *[256]uint16) { w[0] = 0x8000 },
		"28 bits":    func(w *[256]uint16) { w[83] = 0x4000 },
		"empty":      func(w *[256]uint16) { w[100] = 0 },
		"block size": func(w *[256]uint16) { w[106], w[117] = 0x5000, 300 },
		"huge block": func(w *[256]uint16) { w[106], w[118] = 0x5000, 0xffff },
	} {
		w := good()
		spoil(w)
		if id.parse(w) {
			t.Errorf("%s accepted", name)
		}
	}
}
