//go:build linux

// Test gostress uses Go's whole runtime at once: a thousand goroutines, timers and tickers, the collector under pressure, children through os/exec,
// signals through os/signal. The work is done with GOMAXPROCS 1 and with 4.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		child(os.Args[1:])
		return
	}
	for _, procs := range []int{1, 4} {
		runtime.GOMAXPROCS(procs)
		fmt.Println("GOMAXPROCS", runtime.GOMAXPROCS(0))
		goroutines()
		ring()
		timers()
		garbage()
		children()
		signals()
		files()
	}
}

// child is what the program does as its own child.
func child(args []string) {
	switch args[0] {
	case "sum":
		sum := sha256.New()
		n, err := io.Copy(sum, os.Stdin)
		fmt.Printf("%d %x %v\n", n, sum.Sum(nil)[:4], err)
	case "exit":
		os.Exit(7)
	case "panic":
		panic("as asked for")
	case "hang":
		fmt.Println("ready")
		select {
		case <-time.After(time.Minute):
		}
	}
}

// goroutines has a thousand of them pass results over channels, a mutex and atomics.
func goroutines() {
	const n = 1000
	var wg sync.WaitGroup
	var mu sync.Mutex
	var count atomic.Int64
	seen := map[int]bool{}
	results := make(chan int)
	for i := range n {
		wg.Go(func() {
			for range 20 {
				count.Add(1)
				runtime.Gosched()
			}
			mu.Lock()
			seen[i*i] = true
			mu.Unlock()
			results <- i
		})
	}
	go func() { wg.Wait(); close(results) }()
	total := 0
	for r := range results {
		total += r
	}
	fmt.Println("goroutines", total, count.Load(), len(seen))
}

// ring sends a token round through a thousand goroutines.
func ring() {
	first := make(chan int)
	in := first
	for range 1000 {
		out := make(chan int)
		go func(in, out chan int) {
			for v := range in {
				out <- v + 1
			}
			close(out)
		}(in, out)
		in = out
	}
	go func() {
		for range 3 {
			first <- 0
		}
		close(first)
	}()
	for v := range in {
		fmt.Println("ring", v)
	}
}

// timers checks that sleeps end in order and no sooner than they should, and that what is stopped does not fire.
func timers() {
	start := time.Now()
	var mu sync.Mutex
	var order []int
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			d := time.Duration(i%10) * 20 * time.Millisecond
			time.Sleep(d)
			early := time.Since(start) < d
			mu.Lock()
			if early {
				order = append(order, -1)
			}
			order = append(order, i%10)
			mu.Unlock()
		})
	}
	wg.Wait()
	sort.Ints(order)
	fmt.Println("sleeps", len(order), order[0])
	ticker := time.NewTicker(5 * time.Millisecond)
	for range 5 {
		<-ticker.C
	}
	ticker.Stop()
	var fired atomic.Bool
	t := time.AfterFunc(time.Hour, func() { fired.Store(true) })
	fmt.Println("stopped", t.Stop(), fired.Load())
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	fmt.Println(ctx.Err(), time.Since(start) >= 190*time.Millisecond)
}

// garbage makes the collector run while goroutines allocate.
func garbage() {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	sums := make([]int, 8)
	for i := range sums {
		wg.Go(func() {
			keep := map[int][]byte{}
			for j := range 300 {
				b := bytes.Repeat([]byte{byte(j)}, 4096+j)
				keep[j%16] = b
				sums[i] += len(b) + int(keep[j/2%16][0])
			}
		})
	}
	wg.Wait()
	runtime.GC()
	debug.FreeOSMemory()
	runtime.ReadMemStats(&after)
	fmt.Println("garbage", sums, after.NumGC > before.NumGC, after.HeapAlloc < 64<<20)
}

// children runs itself as several children at a time.
func children() {
	self, err := os.Executable()
	if err != nil {
		fmt.Println(err)
		return
	}
	outputs := make([]string, 8)
	var wg sync.WaitGroup
	for i := range outputs {
		wg.Go(func() {
			cmd := exec.Command(self, "sum")
			cmd.Stdin = strings.NewReader(strings.Repeat("x", 10000*i))
			out, err := cmd.Output()
			outputs[i] = fmt.Sprintf("%q %v", out, err)
		})
	}
	wg.Wait()
	for _, o := range outputs {
		fmt.Println(o)
	}
	fmt.Println(exec.Command(self, "exit").Run())
	out, err := exec.Command(self, "panic").CombinedOutput()
	fmt.Println(err, strings.HasPrefix(string(out), "panic: as asked for"))
	fmt.Println(exec.Command("/no/such/program").Run())
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	fmt.Println(exec.CommandContext(ctx, self, "hang").Run(), ctx.Err())
}

// signals sends signals to itself and to a child.
func signals() {
	got := make(chan os.Signal, 200)
	signal.Notify(got, syscall.SIGUSR1, syscall.SIGUSR2)
	for range 100 {
		syscall.Kill(os.Getpid(), syscall.SIGUSR1)
		if s := <-got; s != syscall.SIGUSR1 {
			fmt.Println("got", s)
		}
	}
	syscall.Kill(os.Getpid(), syscall.SIGUSR2)
	fmt.Println(<-got)
	signal.Stop(got)
	signal.Ignore(syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println("ignored", signal.Ignored(syscall.SIGUSR1))
	signal.Reset(syscall.SIGUSR1)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	syscall.Kill(os.Getpid(), syscall.SIGTERM)
	<-ctx.Done()
	stop()
	fmt.Println("context", ctx.Err())
	func() {
		defer func() { fmt.Println("recovered", recover()) }()
		var p *int
		*p = 1
	}()
	cmd := exec.Command(os.Args[0], "hang")
	out, _ := cmd.StdoutPipe()
	fmt.Println(cmd.Start())
	io.ReadFull(out, make([]byte, 6))
	cmd.Process.Signal(syscall.SIGKILL)
	fmt.Println(cmd.Wait())
}

// files has goroutines write and read files and pipes.
func files() {
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			name := fmt.Sprintf("file%d", i)
			text := bytes.Repeat([]byte(name), 5000)
			if err := os.WriteFile(name, text, 0o644); err != nil {
				fmt.Println(err)
			}
			back, err := os.ReadFile(name)
			if err != nil || !bytes.Equal(text, back) {
				fmt.Println(name, len(back), err)
			}
			os.Remove(name)
		})
	}
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	wg.Go(func() { io.Copy(w, strings.NewReader(strings.Repeat("pipe", 100000))); w.Close() })
	n, err := io.Copy(io.Discard, r)
	wg.Wait()
	r.SetReadDeadline(time.Now())
	fmt.Println("pipe", n, err)
}
