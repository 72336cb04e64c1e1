//go:build linux

// Test hello is the smallest program with Go's own runtime: goroutines, a channel, the collector, a timer.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	var wg sync.WaitGroup
	sums := make(chan int)
	for i := range 10 {
		wg.Go(func() {
			sum := 0
			for _, v := range make([]int, 1<<16) {
				sum += v + 1
			}
			runtime.Gosched()
			sums <- sum * i
		})
	}
	go func() { wg.Wait(); close(sums) }()
	total := 0
	for s := range sums {
		total += s
	}
	runtime.GC()
	time.Sleep(10 * time.Millisecond)
	fmt.Println("total", total)
	fmt.Println("getpgid of nobody:", unix.ErrnoName(func() unix.Errno { _, e := unix.Getpgid(1 << 30); return e.(unix.Errno) }()))
}
