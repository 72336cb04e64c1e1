//go:build !galago

package galfs_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand"
	"strings"
	"sync"
	"testing"

	"galago/kernel/fs/galfs/disk"
	"galago/kernel/fs/galfs/galhost"
	"galago/kernel/vfs"
)

// event is one entry of a recording: a write, a flush (data nil, note ""), or a note of the workload.
type event struct {
	off   int64
	data  []byte
	flush bool
	note  func(c *crashState)
}

// recorder is a device that records what reaches it, in order.
type recorder struct {
	*ramDevice
	mu  sync.Mutex
	log []event
}

func (d *recorder) WriteAt(p []byte, off int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = append(d.log, event{off: off, data: bytes.Clone(p)})
	return d.ramDevice.WriteAt(p, off)
}

func (d *recorder) ReadAt(p []byte, off int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ramDevice.ReadAt(p, off)
}

func (d *recorder) Sync() error {
	d.mu.Lock()
	d.log = append(d.log, event{flush: true})
	d.mu.Unlock()
	return nil
}

func (d *recorder) note(f func(c *crashState)) {
	d.mu.Lock()
	d.log = append(d.log, event{note: f})
	d.mu.Unlock()
}

// overlay is a device whose writes do not reach the bytes below.
type overlay struct {
	base []byte
	over map[int64][]byte // by block
}

func newOverlay(base []byte) *overlay { return &overlay{base, map[int64][]byte{}} }

func (d *overlay) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(p)) > int64(len(d.base)) {
		return 0, io.ErrUnexpectedEOF
	}
	for n := 0; n < len(p); {
		blk, in := (off+int64(n))/disk.BlockSize, (off+int64(n))%disk.BlockSize
		src := d.over[blk]
		if src == nil {
			src = d.base[blk*disk.BlockSize : (blk+1)*disk.BlockSize]
		}
		n += copy(p[n:], src[in:])
	}
	return len(p), nil
}

func (d *overlay) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(p)) > int64(len(d.base)) {
		return 0, io.ErrShortWrite
	}
	for n := 0; n < len(p); {
		blk, in := (off+int64(n))/disk.BlockSize, (off+int64(n))%disk.BlockSize
		b := d.over[blk]
		if b == nil {
			b = bytes.Clone(d.base[blk*disk.BlockSize : (blk+1)*disk.BlockSize])
			d.over[blk] = b
		}
		n += copy(b[in:], p[n:])
	}
	return len(p), nil
}

func (d *overlay) Size() int64 { return int64(len(d.base)) }
func (d *overlay) Sync() error { return nil }

// crashState is what is known at a point of the recording about the states a crash may leave.
type crashState struct {
	history []string          // signatures after each operation
	issued  int               // operations begun: states up to history[issued] are possible
	durable int               // operations known to be durable
	synced  map[string]string // contents of files that were synced and not changed since
	atomic  map[string][]string
}

// workload runs operations on a recorded device and leaves notes between them.
type workload struct {
	t testing.TB
	d *recorder
	v *vol
	m *model
	n int // operations so far

	history []string // signatures after each operation
}

// keep begins the names that random operations leave alone.
const keep = "/keep"

func (w *workload) op(fn func() []string) {
	n := w.n + 1
	w.d.note(func(c *crashState) { c.issued = n })
	touched := fn()
	w.n = n
	w.history = append(w.history, w.m.signature())
	w.d.note(func(c *crashState) {
		for _, p := range touched {
			delete(c.synced, p)
		}
	})
}

// fsync makes a file durable, and with it all operations so far.
func (w *workload) fsync(path string) {
	// From now on the file may be durable or not.
	ok(w.t, w.v.fsync(path, false))
	n := w.n
	f := w.m.files[path]
	data := ""
	if f != nil && isFile(f) {
		data = string(f.data)
	}
	w.d.note(func(c *crashState) {
		c.durable = n
		if f != nil && isFile(f) {
			c.synced[path] = data
		}
	})
}

// replace changes a file the way careful programs do: write a temporary one, sync, rename, sync the directory.
func (w *workload) replace(path string, content []byte) {
	tmp := path + ".tmp"
	w.op(func() []string { ok(w.t, w.v.create(tmp)); w.m.files[tmp] = &file{}; return nil })
	ok(w.t, w.v.write(tmp, 0, content))
	w.m.files[tmp].data = content
	w.fsync(tmp)
	s := string(content)
	w.d.note(func(c *crashState) { c.atomic[path] = append(c.atomic[path], s) })
	w.op(func() []string {
		ok(w.t, w.v.rename(tmp, path, 0))
		w.m.files[path] = w.m.files[tmp]
		delete(w.m.files, tmp)
		return []string{tmp, path}
	})
	w.fsync("/")
	w.d.note(func(c *crashState) { c.atomic[path] = c.atomic[path][len(c.atomic[path])-1:]; c.synced[path] = s })
}

func (w *workload) random(r *rand.Rand) {
	n := w.n + 1
	w.d.note(func(c *crashState) {
		c.issued = n
		maps.DeleteFunc(c.synced, func(p, _ string) bool { return !strings.HasPrefix(p, keep) }) // it may touch any other
	})
	step(w.t, r, w.v, w.m)
	w.n = n
	w.history = append(w.history, w.m.signature())
}

// verify mounts the device as a crash left it and compares it with what is known.
func (c *crashState) verify(t testing.TB, where string, d *overlay) {
	t.Helper()
	if p, err := galhost.Check(d); err != nil || len(p) > 0 {
		t.Fatalf("%s: check before replay: %v %v", where, err, p)
	}
	v := mount(t, d)
	m := v.describe(t)
	sig := m.signature()
	found := -1
	for k := c.durable; k <= c.issued; k++ {
		if c.history[k] == sig {
			found = k
		}
	}
	if found < 0 {
		t.Fatalf("%s: recovered state is none of operations %d to %d:\n%s\nwanted, for example:\n%s", where, c.durable, c.issued, sig, c.history[c.durable])
	}
	for p, want := range c.synced {
		if f := m.files[p]; f == nil || string(f.data) != want {
			t.Fatalf("%s: synced file %s is not whole", where, p)
		}
	}
	for p, list := range c.atomic {
		f := m.files[p]
		good := f == nil && len(list) == 1 && c.synced[p] == ""
		for _, s := range list {
			good = good || f != nil && string(f.data) == s
		}
		if !good {
			t.Fatalf("%s: %s has neither its old nor its new content", where, p)
		}
	}
	v.unmount(t)
	if p, err := galhost.Check(d); err != nil || len(p) > 0 {
		t.Fatalf("%s: check after replay: %v %v", where, err, p)
	}
}

// describe reads everything into a model.
func (v *vol) describe(t testing.TB) *model {
	m := newModel()
	byIno := map[uint64]*file{}
	for queue := []string{""}; len(queue) > 0; {
		d := queue[0]
		queue = queue[1:]
		l, err := v.names(d)
		ok(t, err)
		for _, n := range l {
			p := d + "/" + n
			i, err := v.walk(p)
			ok(t, err)
			f := byIno[i.Ino]
			if f == nil {
				f = &file{}
				byIno[i.Ino] = f
				switch i.Mode & vfs.S_IFMT {
				case vfs.S_IFDIR:
					f.dir = true
				case vfs.S_IFLNK:
					buf := make([]byte, 4096)
					k, err := i.Ops.Readlink(i, buf)
					ok(t, err)
					f.link = string(buf[:k])
				default:
					f.data, err = readAll(i)
					ok(t, err)
				}
			}
			if f.dir {
				queue = append(queue, p)
			}
			m.files[p] = f
			done(i)
		}
	}
	return m
}

// TestCrash records all writes of a workload, then examines what a crash would leave: after each prefix of the writes
// between two flushes, and after a sample of those writes in which some did not make it.
func TestCrash(t *testing.T) {
	seeds, ops, samples := 3, 60, 2
	if long {
		seeds, ops, samples = 100, 200, 6
	}
	for seed := range seeds {
		crashRun(t, int64(seed), ops, samples)
	}
}

func crashRun(t *testing.T, seed int64, ops, samples int) {
	r := rand.New(rand.NewSource(seed))
	d := &recorder{ramDevice: newDisk(t, 2048, 128)}
	base := bytes.Clone(d.b)
	w := &workload{t: t, d: d, v: mount(t, d), m: newModel()}
	w.history = []string{w.m.signature()}
	for k := range ops {
		switch {
		case k%10 == 3:
			w.replace(fmt.Sprintf(keep+"%d", k%3), pattern(3000+k*100, byte(k)))
		case k%10 == 7:
			w.fsync("/")
		default:
			w.random(r)
		}
	}
	w.v.unmount(t)
	t.Logf("seed %d: %d events", seed, len(d.log))
	c := &crashState{history: w.history, synced: map[string]string{}, atomic: map[string][]string{}}
	var pending []event
	for k, e := range d.log {
		switch {
		case e.note != nil:
			e.note(c)
			continue
		case e.flush:
			sampleLosses(t, r, c, fmt.Sprintf("seed %d, event %d", seed, k), base, pending, samples)
			for _, p := range pending {
				copy(base[p.off:], p.data)
			}
			pending = pending[:0]
			continue
		}
		pending = append(pending, e)
		o := newOverlay(base)
		for _, p := range pending {
			o.WriteAt(p.data, p.off)
		}
		c.verify(t, fmt.Sprintf("seed %d, after event %d", seed, k), o)
	}
}

// sampleLosses examines states in which only some of the writes since the last flush reached the disk, in any order.
func sampleLosses(t *testing.T, r *rand.Rand, c *crashState, where string, base []byte, pending []event, samples int) {
	if len(pending) < 2 {
		return
	}
	for s := range samples {
		o := newOverlay(base)
		for _, k := range r.Perm(len(pending)) {
			if r.Intn(2) == 0 {
				o.WriteAt(pending[k].data, pending[k].off)
			}
		}
		c.verify(t, fmt.Sprintf("%s, sample %d", where, s), o)
	}
}
