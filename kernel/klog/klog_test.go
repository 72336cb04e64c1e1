package klog

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestRing(t *testing.T) {
	seen := 0
	AddSink(func(l Level, ns uint64, text []byte) { seen++ })
	for i := range 3 * nRecords {
		Printf("line %d\n", i)
	}
	if seen != 3*nRecords {
		t.Fatalf("sink saw %d", seen)
	}
	var b [300]byte
	n, seq := Read(0, b[:], true)
	if !strings.HasSuffix(string(b[:n]), "line 2048\n") || !strings.HasPrefix(string(b[:n]), "<6>[") {
		t.Fatalf("oldest: %q", b[:n])
	}
	count := 1
	for {
		n, s := Read(seq, b[:], false)
		if n == 0 {
			break
		}
		seq = s
		count++
	}
	if count != nRecords {
		t.Fatalf("%d records", count)
	}
	Clear()
	if n, _ := Read(0, b[:], false); n != 0 {
		t.Fatal("not cleared")
	}
}

// TestConcurrent logs from several goroutines and from a sink: the console sees every line once, each writer's in
// order, and readers see no mixed lines.
func TestConcurrent(t *testing.T) {
	const writers, lines = 4, 5000
	var mu sync.Mutex
	next := [writers]int{}
	total, nested := 0, 0
	AddSink(func(l Level, ns uint64, text []byte) {
		mu.Lock()
		defer mu.Unlock()
		var g, i int
		if _, err := fmt.Sscanf(string(text), "writer %d line %d", &g, &i); err == nil {
			if i < next[g] {
				t.Errorf("writer %d: line %d after %d", g, i, next[g]-1)
			}
			next[g] = i + 1
			if total++; total%1000 == 0 {
				Printf("nested") // shown afterwards, without a deadlock
			}
		}
		if string(text) == "nested" {
			nested++
		}
	})
	first, lost := Last(), Lost()
	var wg sync.WaitGroup
	var done atomic.Bool
	wg.Add(1)
	go func() {
		defer wg.Done()
		var b [300]byte
		for !done.Load() {
			for n, seq := Read(first, b[:], false); n > 0; n, seq = Read(seq, b[:], false) {
				var g, i int
				text := string(b[:n])
				at := strings.Index(text, "writer ")
				if at < 0 {
					continue
				}
				if _, err := fmt.Sscanf(text[at:], "writer %d line %d", &g, &i); err != nil || !strings.HasSuffix(text, strings.Repeat("x", i%100)+"\n") {
					t.Errorf("mixed line %q", text)
					return
				}
			}
		}
	}()
	var ww sync.WaitGroup
	for g := range writers {
		ww.Add(1)
		go func() {
			defer ww.Done()
			for i := range lines {
				Printf("writer %d line %d %s", g, i, strings.Repeat("x", i%100))
			}
		}()
	}
	ww.Wait()
	done.Store(true)
	wg.Wait()
	Printf("the end")
	mu.Lock()
	defer mu.Unlock()
	// A console that is slower than the writers misses what was overwritten; nothing may be shown twice.
	if total > writers*lines || total < writers*lines/10 || nested == 0 {
		t.Errorf("console: %d lines of %d, %d nested, lost %d", total, writers*lines, nested, Lost()-lost)
	}
}

// TestInterrupted leaves a claimed record unfinished, as a panicking CPU may: later lines must not wait for ever.
func TestInterrupted(t *testing.T) {
	seq, r := claim()
	if r == nil {
		t.Fatal("claim")
	}
	Printf("behind")
	if console.shown >= seq {
		t.Error("overtaken")
	}
	var b [300]byte
	if n, _ := Read(seq-1, b[:], false); n != 0 {
		t.Errorf("unfinished record: %q", b[:n])
	}
	Panicking = true
	Printf("panic")
	Panicking = false
	if console.shown != seq+2 {
		t.Errorf("shown %d, want %d", console.shown, seq+2)
	}
	r.publish(seq, Info, 0, []byte("late"))
	if n, s := Read(seq-1, b[:], false); s != seq || !strings.HasSuffix(string(b[:n]), "late\n") {
		t.Error("late record")
	}
	// A number whose slot was never claimed is stepped over once it is old.
	hole := ring.next.Add(1)
	for range holeAge + 1 {
		Printf("after the hole")
	}
	if console.shown <= hole {
		t.Error("stuck at a hole")
	}
}

func FuzzFormat(f *testing.F) {
	f.Add("%d %s %-08x %#x%%", int64(-1), "x")
	f.Add("%999999999999d", int64(0), "")
	f.Fuzz(func(t *testing.T, format string, n int64, s string) {
		var b [64]byte
		if k := Format(b[:32], format, n, s, []byte(s), n < 0); k < 0 || k > 32 {
			t.Fatal(k)
		}
		for _, c := range b[32:] {
			if c != 0 {
				t.Fatal("beyond the buffer")
			}
		}
	})
}
