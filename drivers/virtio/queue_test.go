package virtio

import (
	"testing"
	"unsafe"

	"galago/kernel/errno"
	"galago/kernel/mem"
)

func TestMain(m *testing.M) {
	mem.HostInit(16 << 20)
	m.Run()
}

// newQueue makes a queue of eight descriptors without a device behind it.
func newQueue(t testing.TB, features uint64) *Queue {
	t.Helper()
	q := &Queue{dev: &Device{Features: features}, size: 8}
	if err := q.allocate(); err != errno.OK {
		t.Fatal(err)
	}
	t.Cleanup(q.Release)
	q.clear()
	return q
}

// fill publishes requests of n buffers until the queue is full and returns how many those were.
func fill(q *Queue, cookies *[MaxQueue]int, n int) int {
	count := 0
	for q.Begin(n) >= 0 {
		for i := range n {
			q.Add(uint64(i)*4096, 100, i == n-1)
		}
		q.Publish(unsafe.Pointer(&cookies[count]))
		count++
	}
	return count
}

func TestRoom(t *testing.T) {
	for _, c := range []struct {
		features uint64
		n, want  int
	}{{0, 1, 8}, {0, 3, 2}, {0, 9, 0}, {FeatureIndirect, 3, 8}, {FeatureIndirect, TableLen, 8}, {FeatureIndirect, TableLen + 1, 0}} {
		var cookies [MaxQueue]int
		if got := fill(newQueue(t, c.features), &cookies, c.n); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

// TestReuse takes requests back in many orders, for more rounds than indexes have values.
func TestReuse(t *testing.T) {
	for _, features := range []uint64{0, FeatureIndirect} {
		q := newQueue(t, features)
		var cookies [MaxQueue]int
		used := uint16(0)
		for round := range 20000 {
			n := 1 + round%2
			count := fill(q, &cookies, n)
			if want := map[bool]int{true: 8, false: 8 / n}[features != 0]; count != want {
				t.Fatalf("round %d: %d requests", round, count)
			}
			for k := range count {
				head := *(*uint16)(pointer(q.avail + 4 + uintptr((used+uint16((k+round)%count))%q.size)*2))
				e := q.used + 4 + uintptr((used+uint16(k))%q.size)*8
				*(*uint32)(pointer(e)), *(*uint32)(pointer(e + 4)) = uint32(head), 100
			}
			used += uint16(count)
			storeIndex(q.used, 0, used)
			for range count {
				if i, cookie, n := q.Pop(); i < 0 || cookie == nil || n != 100 {
					t.Fatal(i, cookie, n)
				}
			}
			if i, _, _ := q.Pop(); i >= 0 || q.Broken() || !q.Arm() {
				t.Fatal("more than there was")
			}
		}
	}
}

// FuzzUsed: whatever a device writes into the used ring, Pop returns each request at most once, and never more bytes
// than the device was allowed to write.
func FuzzUsed(f *testing.F) {
	f.Add([]byte{0, 0, 2, 0, 0, 0, 0, 0, 100, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0}, true)
	f.Add([]byte{0, 0, 1, 0, 255, 255, 255, 255, 0, 0, 0, 0}, false)
	f.Add([]byte{0, 0, 255, 255}, false)
	f.Fuzz(func(t *testing.T, used []byte, indirect bool) {
		features := uint64(FeatureEventIdx)
		if indirect {
			features |= FeatureIndirect
		}
		q := newQueue(t, features)
		var cookies [MaxQueue]int
		count := fill(q, &cookies, 2)
		copy(q.page.Bytes()[offUsed:], used)
		for i := range q.page.Bytes()[:offAvail] { // it may spoil the descriptors as well
			q.page.Bytes()[i] = 0xff
		}
		got := 0
		for {
			i, cookie, n := q.Pop()
			if i < 0 {
				break
			}
			c := (*int)(cookie)
			if *c++; *c > 1 || n > 100 {
				t.Fatalf("request %d: returned %d times, %d bytes", i, *c, n)
			}
			got++
		}
		q.Arm()
		if got > count {
			t.Fatalf("%d of %d requests", got, count)
		}
		var again [MaxQueue]int
		if more := fill(q, &again, 2); !q.Broken() && more != got {
			t.Fatalf("%d returned, room for %d", got, more)
		}
	})
}
