//go:build linux

// Test goroutines runs a thousand goroutines with channels, locks, timers, system calls and garbage collections on one processor
// and on several, and prints sums that do not depend on their order.
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const goroutines = 1000

func main() {
	for _, procs := range []int{1, 4} {
		runtime.GOMAXPROCS(procs)
		fmt.Println("processors:", procs)
		channels()
		locks()
		memory()
		calls()
		timers()
	}
	fmt.Println("goroutines left:", runtime.NumGoroutine())
}

// channels passes a token through a ring of all goroutines.
func channels() {
	first := make(chan int)
	in := first
	for range goroutines {
		out := make(chan int)
		go func(in chan int) {
			for v := range in {
				out <- v + 1
			}
			close(out)
		}(in)
		in = out
	}
	sum := 0
	for i := range 5 {
		first <- i
		sum += <-in
	}
	close(first)
	<-in
	fmt.Println("ring:", sum)
}

func locks() {
	var mu sync.Mutex
	var rw sync.RWMutex
	var wg sync.WaitGroup
	var atomics atomic.Int64
	n, m := 0, map[int]int{}
	for i := range goroutines {
		wg.Go(func() {
			for j := range 20 {
				mu.Lock()
				n++
				mu.Unlock()
				rw.Lock()
				m[(i+j)%64]++
				rw.Unlock()
				rw.RLock()
				_ = m[j]
				rw.RUnlock()
				atomics.Add(1)
				if j%8 == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	wg.Wait()
	total := 0
	for _, v := range m {
		total += v
	}
	fmt.Println("locks:", n, total, atomics.Load())
}

type node struct {
	left, right *node
	data        [64]byte
}

func tree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{left: tree(depth - 1), right: tree(depth - 1)}
}

func (n *node) count() int {
	if n == nil {
		return 0
	}
	return 1 + n.left.count() + n.right.count()
}

// memory makes garbage while the collector runs all the time.
func memory() {
	stop := make(chan bool)
	collected := make(chan int)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				collected <- n
				return
			default:
				runtime.GC()
			}
		}
	}()
	var wg sync.WaitGroup
	var nodes atomic.Int64
	for range 50 {
		wg.Go(func() {
			for range 3 {
				nodes.Add(int64(tree(8).count()))
			}
		})
	}
	wg.Wait()
	close(stop)
	fmt.Println("memory:", nodes.Load(), "collected", <-collected > 0)
}

// calls blocks many threads in the kernel.
func calls() {
	var wg sync.WaitGroup
	sums := make([][32]byte, 40)
	for i := range sums {
		wg.Go(func() {
			name := fmt.Sprintf("file%d", i)
			data := make([]byte, 10_000+i)
			for j := range data {
				data[j] = byte(i * j)
			}
			os.WriteFile(name, data, 0o600)
			back, _ := os.ReadFile(name)
			sums[i] = sha256.Sum256(back)
			os.Remove(name)
		})
	}
	wg.Wait()
	all := sha256.New()
	for _, s := range sums {
		all.Write(s[:])
	}
	r, w, _ := os.Pipe()
	for range 100 {
		wg.Go(func() { w.Write([]byte("x")) })
	}
	n := 0
	for buf := make([]byte, 100); n < 100; {
		k, _ := r.Read(buf)
		n += k
	}
	wg.Wait()
	r.Close()
	w.Close()
	fmt.Printf("calls: %x %d\n", all.Sum(nil)[:4], n)
}

func timers() {
	start := time.Now()
	var wg sync.WaitGroup
	var early atomic.Int64
	for i := range goroutines {
		wg.Go(func() {
			d := time.Duration(i%50) * time.Millisecond
			time.Sleep(d)
			if time.Since(start) < d {
				early.Add(1)
			}
		})
	}
	wg.Wait()
	t := time.NewTicker(2 * time.Millisecond)
	for range 5 {
		<-t.C
	}
	t.Stop()
	fmt.Println("timers: early", early.Load())
}
