package time

import (
	"math/big"
	"math/rand"
	"sync"
	"sync/atomic"
	"testing"
	gotime "time"
	"unsafe"
)

func TestClockArithmetic(t *testing.T) {
	for _, hz := range []uint64{1, 1193182, 3579545, 14318180, 1e9, 2399998765, 5e9} {
		mult := multiplier(hz)
		for _, sec := range []uint64{0, 1, 3600, 86400 * 365} {
			want := new(big.Int).Mul(big.NewInt(int64(sec*hz)), big.NewInt(Second))
			want.Div(want, big.NewInt(int64(hz)))
			got := toNano(sec*hz, mult)
			diff := new(big.Int).Sub(want, new(big.Int).SetUint64(got)).Int64()
			// The multiplier is cut to 2^-32 ns a count.
			if most := int64(sec*hz>>32) + 1; diff < 0 || diff > most {
				t.Errorf("%d Hz, %d s: %d ns off", hz, sec, diff)
			}
		}
	}
}

func TestMonotonic(t *testing.T) {
	last := Now()
	for range 100000 {
		now := Now()
		if now < last {
			t.Fatal("went back")
		}
		last = now
	}
}

func TestWall(t *testing.T) {
	defer func() { now := gotime.Now(); SetWall(now.Unix(), int64(now.Nanosecond())) }()
	if sec, _ := Wall(); sec < gotime.Now().Unix()-1 || sec > gotime.Now().Unix()+1 {
		t.Errorf("%d", sec)
	}
	SetWall(1000, 500)
	if sec, nsec := Wall(); sec != 1000 || nsec < 500 {
		t.Errorf("%d.%09d", sec, nsec)
	}
	now := Now()
	if m := WallToMono(1010, 500); m < now+9*Second || m > now+10*Second {
		t.Errorf("in 10 s: %d, now %d", m, now)
	}
	if WallToMono(0, 0) != 0 || WallToMono(1<<62, 0) != 1<<63-1 || WallToMono(-1<<62, 0) != 0 {
		t.Error("limits")
	}
	SetWall(0, 0)
	if b := BootTime(); b > 0 || b < -3600 {
		t.Errorf("boot time %d", b)
	}
	if sec, nsec := split(-1); sec != -1 || nsec != Second-1 {
		t.Errorf("split: %d %d", sec, nsec)
	}
}

// TestWallConcurrent checks that readers see one setting or the other, never half of each.
func TestWallConcurrent(t *testing.T) {
	defer func() { now := gotime.Now(); SetWall(now.Unix(), int64(now.Nanosecond())) }()
	var wg sync.WaitGroup
	var done atomic.Bool
	SetWall(1e6, 0)
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for !done.Load() {
				if sec, _ := Wall(); sec/1e6 != 1 && sec/1e6 != 2 {
					t.Errorf("%d", sec)
					return
				}
			}
		}()
	}
	for i := range 1000 {
		SetWall(int64(1+i%2)*1e6, 0)
	}
	done.Store(true)
	wg.Wait()
}

func TestTimerOrder(t *testing.T) {
	const n = 20
	var mu sync.Mutex
	var order []int
	var wg sync.WaitGroup
	wg.Add(n)
	var timers [n]Timer
	start := Now()
	for i, k := range rand.Perm(n) {
		index := k
		timers[i].Func = func(tm *Timer) {
			if Now() < start+uint64(index)*Millisecond {
				t.Error("early")
			}
			mu.Lock()
			order = append(order, index)
			mu.Unlock()
			wg.Done()
		}
		timers[i].Start(start + uint64(k)*Millisecond)
	}
	wg.Wait()
	for i, k := range order {
		if i != k {
			t.Fatalf("order %v", order)
		}
	}
}

func TestTimerStop(t *testing.T) {
	var ran atomic.Int32
	tm := Timer{Func: func(*Timer) { ran.Add(1) }}
	if tm.Stop() || tm.Cancel() || tm.Pending() {
		t.Error("never started")
	}
	tm.Start(Now() + 10*Millisecond)
	if !tm.Pending() || NextDeadline() == never {
		t.Error("pending")
	}
	tm.Start(Now() + 20*Millisecond) // moved, not doubled
	if !tm.Stop() || tm.Stop() || tm.Pending() {
		t.Error("stop")
	}
	tm.Start(Now() + 5*Millisecond)
	if !tm.Cancel() {
		t.Error("cancel")
	}
	gotime.Sleep(40 * gotime.Millisecond)
	if ran.Load() != 0 {
		t.Error("a stopped timer ran")
	}
}

// TestTimerPeriodic restarts a timer in its own function and stops it from outside and from inside.
func TestTimerPeriodic(t *testing.T) {
	var ran atomic.Int32
	tm := Timer{Func: func(tm *Timer) {
		ran.Add(1)
		tm.Start(Now())
	}}
	tm.Start(Now())
	for ran.Load() < 3*maxRun {
		gotime.Sleep(gotime.Millisecond)
	}
	tm.Stop()
	n := ran.Load()
	gotime.Sleep(5 * gotime.Millisecond)
	if ran.Load() != n || tm.Pending() {
		t.Error("ran after Stop")
	}
	self := make(chan bool)
	tm.Func = func(tm *Timer) {
		tm.Start(Now())
		self <- tm.Stop()
	}
	tm.Start(Now())
	if !<-self {
		t.Error("Stop in the function itself")
	}
}

// TestStopWaits checks what callers rely on who free the timer's memory after Stop: the function is not running any more.
func TestStopWaits(t *testing.T) {
	for range 200 {
		var inside, freed atomic.Bool
		tm := &Timer{Func: func(tm *Timer) {
			inside.Store(true)
			gotime.Sleep(50 * gotime.Microsecond)
			if freed.Load() {
				t.Error("the function runs after Stop returned")
			}
			*(*int)(tm.Arg)++
		}}
		count := 0
		tm.Arg = unsafe.Pointer(&count)
		tm.Start(Now())
		if rand.Intn(2) == 0 {
			for !inside.Load() {
				gotime.Sleep(10 * gotime.Microsecond)
			}
		}
		stopped := tm.Stop()
		freed.Store(true)
		if stopped == (count == 1) {
			t.Fatalf("stopped %v, but ran %d times", stopped, count)
		}
	}
}
