package unix

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	gotime "time"
	"unsafe"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/net"
	"galago/kernel/time"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

func TestMain(m *testing.M) {
	mem.HostInit(128 << 20)
	start := gotime.Now()
	time.SetClock(func() uint64 { return uint64(gotime.Since(start)) }, 1e9)
	net.PID = func() int32 { return 42 }
	net.PIDExists = func(pid int32) bool { return pid == 42 }
	net.Cred = func() *cred.Cred { return &cred.Root }
	net.OnBrokenPipe = func() {}
	os.Exit(m.Run())
}

// checkLeaks fails the test if an object of this package is left when it ends.
func checkLeaks(t *testing.T) {
	count := func() string {
		s := ""
		mem.EachCache(func(c mem.CacheStats) {
			switch c.Name {
			case "unix_sock", "unix_message", "unix_block", "unix_name", "unix_user", "file", "anon_inode":
				if c.Active > 0 {
					s += fmt.Sprintf("%s %d, ", c.Name, c.Active)
				}
			}
		})
		return s
	}
	sharedInode.Do(func() { f, _ := vfs.NewAnonFile(plain, nil, nil, vfs.O_RDWR, &cred.Root); f.Put() })
	warm := newFile(t, net.SOCK_STREAM)
	warm.Put()
	before := count()
	t.Cleanup(func() {
		for deadline := gotime.Now().Add(3 * gotime.Second); ; gotime.Sleep(gotime.Millisecond) {
			after := count()
			if after == before {
				return
			}
			if gotime.Now().After(deadline) {
				t.Errorf("before %s\nafter  %s", before, after)
				return
			}
		}
	})
}

var (
	sharedInode sync.Once
	plain       vfs.FileOps = &vfs.NoFileOps{}
)

func newFile(t testing.TB, typ int) *vfs.File {
	s, e := net.New(net.AF_UNIX, typ, 0)
	if e != 0 {
		t.Fatal(e)
	}
	f, e := s.NewFile(0, &cred.Root)
	if e != 0 {
		t.Fatal(e)
	}
	return f
}

func pair(t testing.TB, typ int) (a, b *vfs.File) {
	a, b = newFile(t, typ), newFile(t, typ)
	sa, _ := net.Of(a)
	sb, _ := net.Of(b)
	ops.Pair(sa, sb)
	return a, b
}

// onHeap keeps a buffer where it is: an Iter holds its address as a number.
var onHeap sync.Map

func fixed(n int) []byte {
	b := make([]byte, n)
	if n > 0 {
		onHeap.Store(&b[0], b)
	}
	return b
}

func send(f *vfs.File, data []byte, flags uint32, files ...*vfs.File) (int, errno.Errno) {
	b := fixed(len(data))
	copy(b, data)
	it := uio.FromKernel(b)
	m := net.Msg{Data: &it, Flags: flags, Limit: 1000}
	if len(files) > 0 {
		table := vfs.NewFDTable()
		defer table.Put()
		m.Ctx = &vfs.Context{Files: table, Cred: &cred.Root}
		c := fixed(16 + 4*len(files))
		binary.LittleEndian.PutUint64(c, uint64(len(c)))
		binary.LittleEndian.PutUint32(c[8:], net.SOL_SOCKET)
		binary.LittleEndian.PutUint32(c[12:], scmRights)
		for i, x := range files {
			x.Get()
			fd, _ := table.Add(x, 0, 1000, false)
			binary.LittleEndian.PutUint32(c[16+4*i:], uint32(fd))
		}
		m.Control, m.ControlLen = uintptr(unsafe.Pointer(&c[0])), len(c)
	}
	s, _ := net.Of(f)
	return ops.Send(s, &m)
}

func recv(f *vfs.File, n int, flags uint32) ([]byte, errno.Errno) {
	b := fixed(n)
	it := uio.FromKernel(b)
	m := net.Msg{Data: &it, Flags: flags}
	s, _ := net.Of(f)
	k, e := ops.Recv(s, &m)
	return b[:k], e
}

// TestStream moves a megabyte in pieces of all sizes, in both directions at once.
func TestStream(t *testing.T) {
	checkLeaks(t)
	a, b := pair(t, net.SOCK_STREAM)
	var wg sync.WaitGroup
	for _, way := range [][2]*vfs.File{{a, b}, {b, a}} {
		data := make([]byte, 1<<20)
		rand.New(rand.NewSource(1)).Read(data)
		wg.Go(func() {
			r := rand.New(rand.NewSource(2))
			for left := data; len(left) > 0; {
				n := min(r.Intn(1<<uint(r.Intn(18)))+1, len(left))
				k, e := send(way[0], left[:n], 0)
				if e != 0 {
					t.Error(e)
					return
				}
				left = left[k:]
			}
		})
		wg.Go(func() {
			r := rand.New(rand.NewSource(3))
			var got []byte
			for len(got) < len(data) {
				p, e := recv(way[1], r.Intn(1<<uint(r.Intn(18)))+1, 0)
				if e != 0 {
					t.Error(e)
					return
				}
				got = append(got, p...)
			}
			if !bytes.Equal(got, data) {
				t.Error("other bytes came out")
			}
		})
	}
	wg.Wait()
	a.Put()
	b.Put()
}

// TestDatagrams has many senders and receivers on one socket; every message comes once and whole.
func TestDatagrams(t *testing.T) {
	checkLeaks(t)
	a, b := pair(t, net.SOCK_DGRAM)
	var wg, rg sync.WaitGroup
	const senders, each = 4, 300
	var seen [senders * each]atomic.Int32
	for i := range senders {
		wg.Go(func() {
			for j := range each {
				msg := bytes.Repeat([]byte{byte(i)}, 2+j*13)
				binary.LittleEndian.PutUint16(msg, uint16(i*each+j))
				if _, e := send(a, msg, 0); e != 0 {
					t.Error(e)
				}
			}
		})
		rg.Go(func() {
			for {
				p, e := recv(b, 8000, 0)
				if e != 0 || len(p) == 0 {
					return
				}
				n := int(binary.LittleEndian.Uint16(p))
				seen[n].Add(1)
				if len(p) != 2+n%each*13 || len(p) > 2 && p[len(p)-1] != byte(n/each) {
					t.Errorf("message %d: %d bytes", n, len(p))
				}
			}
		})
	}
	wg.Wait()
	for s, _ := net.Of(b); of(s).queue.head.Load() != nil; gotime.Sleep(gotime.Millisecond) {
	}
	s, _ := net.Of(b)
	ops.Shutdown(s, net.SHUT_RD)
	rg.Wait()
	for i := range seen {
		if n := seen[i].Load(); n != 1 {
			t.Errorf("message %d came %d times", i, n)
		}
	}
	a.Put()
	b.Put()
}

func address(s string) *net.Name {
	n := &net.Name{Len: 2 + len(s)}
	n.Buf[0] = net.AF_UNIX
	copy(n.Buf[2:], s)
	return n
}

// TestConnectRaces has clients connect, talk and leave while servers accept and the listener comes and goes.
func TestConnectRaces(t *testing.T) {
	checkLeaks(t)
	var wg sync.WaitGroup
	var stop atomic.Bool
	var talked atomic.Int32
	addr := address("\x00race")
	for range 4 {
		wg.Go(func() {
			for !stop.Load() {
				c := newFile(t, net.SOCK_STREAM)
				s, _ := net.Of(c)
				if ops.Connect(s, addr, false, nil) == 0 {
					send(c, []byte("hello"), net.MSG_NOSIGNAL)
					if p, _ := recv(c, 5, 0); string(p) == "world" {
						talked.Add(1)
					}
				}
				c.Put()
			}
		})
	}
	for range 100 {
		l := newFile(t, net.SOCK_STREAM)
		ls, _ := net.Of(l)
		if e := ops.Bind(ls, addr, nil); e != 0 {
			t.Fatal(e)
		}
		ops.Listen(ls, 2)
		var servers sync.WaitGroup
		for range 2 {
			servers.Go(func() {
				for range 5 {
					end, e := ops.Accept(ls, false)
					if e != 0 {
						return
					}
					f, _ := end.NewFile(0, &cred.Root)
					recv(f, 5, 0)
					send(f, []byte("world"), net.MSG_NOSIGNAL)
					f.Put()
				}
			})
		}
		servers.Wait()
		l.Put()
	}
	stop.Store(true)
	wg.Wait()
	if talked.Load() == 0 {
		t.Error("nobody talked")
	}
}

// TestCloseRaces closes sockets while others send, receive, poll, shut down and reconnect.
func TestCloseRaces(t *testing.T) {
	checkLeaks(t)
	for i := range 200 {
		typ := []int{net.SOCK_STREAM, net.SOCK_DGRAM, net.SOCK_SEQPACKET}[i%3]
		a, b := pair(t, typ)
		var wg sync.WaitGroup
		use := func(f *vfs.File, fn func(f *vfs.File)) {
			f.Get()
			wg.Go(func() { fn(f); f.Put() })
		}
		for range 2 {
			use(a, func(f *vfs.File) {
				for range 5 {
					send(f, []byte("data"), net.MSG_NOSIGNAL|net.MSG_DONTWAIT)
				}
			})
			use(b, func(f *vfs.File) {
				for range 5 {
					recv(f, 3, net.MSG_DONTWAIT)
					f.Poll(nil)
				}
			})
		}
		use(b, func(f *vfs.File) {
			s, _ := net.Of(f)
			ops.Shutdown(s, i%3)
			if typ == net.SOCK_DGRAM {
				of(s).setPeer(nil)
			}
		})
		wg.Go(a.Put)
		wg.Go(b.Put)
		wg.Wait()
	}
}

// TestCycles makes garbage of all shapes while the collector runs and other sockets pass through queues and are received.
func TestCycles(t *testing.T) {
	checkLeaks(t)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewSource(int64(g)))
			for range 100 {
				var files []*vfs.File
				for range 2 + r.Intn(3) {
					a, b := pair(t, net.SOCK_DGRAM)
					files = append(files, a, b)
				}
				for range 6 {
					send(files[r.Intn(len(files))], []byte("x"), net.MSG_DONTWAIT, files[r.Intn(len(files))], files[r.Intn(len(files))])
				}
				if r.Intn(2) == 0 {
					for _, f := range files {
						recv(f, 10, net.MSG_DONTWAIT)
					}
				}
				for _, f := range files {
					f.Put()
				}
				collectGarbage()
			}
		})
	}
	wg.Wait()
	collectGarbage()
	// A collection that found some of them still referred to may have been the last.
	gotime.Sleep(5 * gotime.Millisecond)
	collectGarbage()
}

// TestMessageMemory makes messages of many sizes, also when memory is short.
func TestMessageMemory(t *testing.T) {
	checkLeaks(t)
	for _, n := range []int{0, 1, inlineBytes, inlineBytes + 1, smallBytes, smallBytes + 1, blockBytes, blockBytes + 1, blockBytes + inlineBytes,
		3*blockBytes + 5000, 200000} {
		m := newMessage(n)
		if m == nil {
			t.Fatalf("%d bytes: no memory", n)
		}
		data := fixed(n)
		rand.Read(data)
		in := uio.FromKernel(data)
		if e := m.fill(&in); e != 0 {
			t.Fatal(e)
		}
		out := fixed(n)
		for off := 0; off < n; {
			k := min(1+rand.Intn(50000), n-off)
			it := uio.FromKernel(out[off : off+k])
			if e := m.copyOut(&it, off, k); e != 0 {
				t.Fatal(e)
			}
			off += k
		}
		if !bytes.Equal(data, out) {
			t.Errorf("%d bytes: others came out", n)
		}
		if m.charge < int64(n) {
			t.Errorf("%d bytes: charge %d", n, m.charge)
		}
		m.free()
	}
}

// TestNoMemory lets each allocation of a conversation fail in turn: the calls must say so, and nothing may be left behind.
func TestNoMemory(t *testing.T) {
	checkLeaks(t)
	talk := func() (e errno.Errno) {
		open := func(typ int) *vfs.File {
			s, err := net.New(net.AF_UNIX, typ, 0)
			if err != 0 {
				e = err
				return nil
			}
			f, err := s.NewFile(0, &cred.Root)
			if err != 0 {
				e = err
			}
			return f
		}
		l, c, d := open(net.SOCK_STREAM), open(net.SOCK_STREAM), open(net.SOCK_DGRAM)
		defer func() {
			for _, f := range []*vfs.File{l, c, d} {
				if f != nil {
					f.Put()
				}
			}
		}()
		if e != 0 {
			return e
		}
		ls, _ := net.Of(l)
		cs, _ := net.Of(c)
		ds, _ := net.Of(d)
		for _, err := range []errno.Errno{ops.Bind(ls, address("\x00nomem"), nil), ops.Listen(ls, 1), ops.Bind(ds, address(""), nil)} {
			if err != 0 {
				return err
			}
		}
		if e = ops.Connect(cs, address("\x00nomem"), true, nil); e != 0 {
			return e
		}
		end, e := ops.Accept(ls, true)
		if e != 0 {
			return e
		}
		f, e := end.NewFile(0, &cred.Root)
		if e != 0 {
			return e
		}
		defer f.Put()
		for _, n := range []int{1, 1000, 5000, 100000} {
			if k, e := send(c, make([]byte, n), net.MSG_DONTWAIT); e != 0 {
				return e
			} else if b, e := recv(f, 200000, net.MSG_DONTWAIT); e != 0 || len(b) != k {
				return errno.ENOBUFS // a part did not find memory
			}
		}
		ops.Connect(ds, address("\x00nomem-none"), true, nil)
		return 0
	}
	if e := talk(); e != 0 {
		t.Fatal(e)
	}
	for n := int64(1); ; n++ {
		mem.FailNth(n)
		e := talk()
		pending := mem.FailPending()
		mem.FailNth(0)
		if pending {
			if e != 0 {
				t.Errorf("nothing failed, but %v", e)
			}
			break
		}
		if e != 0 && e != errno.ENOMEM && e != errno.ENOBUFS {
			t.Errorf("allocation %d fails: %v", n, e)
		}
	}
}
