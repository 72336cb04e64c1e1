package pagecache

import (
	"bytes"
	"math/rand"
	"sync"
	"testing"
	"time"

	"galago/kernel/errno"
)

// TestModel runs random operations against a plain byte slice, with write-back and reclaim going on.
func TestModel(t *testing.T) {
	for _, flags := range []ObjectFlags{0, InMemory} {
		d := newDisk(0)
		d.delay = 50 * time.Microsecond
		o := newObject(t, d, 0, flags)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				o.WriteRange(0, lastIndex, rand.Intn(2) == 0)
				o.Invalidate(0, lastIndex)
				DropCaches()
				time.Sleep(20 * time.Microsecond)
			}
		}()
		var model []byte
		var ra ReadAhead
		r := rand.New(rand.NewSource(1))
		for step := range 1500 {
			pos, n := r.Intn(200_000), 1+r.Intn(20_000)
			switch r.Intn(8) {
			case 0, 1, 2:
				p := pattern(n, byte(step))
				if k, err := GenericWrite(o, iter(p), int64(pos)); k != n || err != 0 {
					t.Fatalf("write: %d %v", k, err)
				}
				if pos+n > len(model) {
					model = append(model, make([]byte, pos+n-len(model))...)
				}
				copy(model[pos:], p)
			case 3:
				d.truncate(t, o, pos)
				if pos <= len(model) {
					model = model[:pos:pos]
				} else {
					model = append(model, make([]byte, pos-len(model))...)
				}
			default:
				got := read(t, o, &ra, n, int64(pos))
				var want []byte
				if pos < len(model) {
					want = model[pos:min(pos+n, len(model))]
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("step %d: read %d at %d of %d differs", step, n, pos, len(model))
				}
			}
		}
		close(stop)
		wg.Wait()
		o.Sync(0, lastIndex, true)
		d.check(t)
		if flags == 0 && !bytes.Equal(d.contents(len(model)), model) {
			t.Error("the device differs after Sync")
		}
	}
}

// TestParallel has readers, writers of their own ranges, truncation behind them, write-back and reclaim at once.
func TestParallel(t *testing.T) {
	d := newDisk(0)
	d.delay = 30 * time.Microsecond
	const span = 16 * pageSize
	const writers = 4
	o := newObject(t, d, writers*span, 0)
	var inode sync.Mutex
	var wg sync.WaitGroup
	stop := make(chan struct{})
	run := func(fn func(r *rand.Rand) bool) {
		wg.Add(1)
		seed := rand.Int63()
		go func() {
			defer wg.Done()
			r := rand.New(rand.NewSource(seed))
			for {
				select {
				case <-stop:
					return
				default:
				}
				if !fn(r) {
					return
				}
			}
		}()
	}
	for w := range writers {
		mine := make([]byte, span)
		run(func(r *rand.Rand) bool {
			off := r.Intn(span)
			p := pattern(1+r.Intn(span-off), byte(r.Int()))
			inode.Lock()
			GenericWrite(o, iter(p), int64(w*span+off))
			inode.Unlock()
			copy(mine[off:], p)
			got := make([]byte, span)
			k, err := GenericRead(o, nil, iter(got), int64(w*span))
			if err != 0 || k < off+len(p) || !bytes.Equal(got[:k], mine[:k]) {
				t.Errorf("writer %d: %d bytes, %v, or others' data", w, k, err)
				return false
			}
			return true
		})
	}
	run(func(r *rand.Rand) bool { // beyond the writers' part
		inode.Lock()
		GenericWrite(o, iter(pattern(3*pageSize, 1)), writers*span+int64(r.Intn(10*pageSize)))
		o.Truncate(writers * span)
		inode.Unlock()
		return true
	})
	run(func(r *rand.Rand) bool {
		f, err := FaultPage(o, nil, uint64(r.Intn(writers*16+10)))
		if err == 0 {
			UnlockFrame(f)
			f.Put()
		} else if err != errno.ENXIO {
			t.Errorf("fault: %v", err)
		}
		return true
	})
	run(func(r *rand.Rand) bool { o.Sync(0, lastIndex, true); return true })
	run(func(r *rand.Rand) bool { DropCaches(); time.Sleep(50 * time.Microsecond); return true })
	time.Sleep(700 * time.Millisecond)
	close(stop)
	wg.Wait()
	d.check(t)
}
