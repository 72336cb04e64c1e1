//go:build !galago

package galfs_test

import (
	"bytes"
	"math/rand"
	"testing"

	"galago/kernel/errno"
	"galago/kernel/fs/galfs"
	"galago/kernel/vfs"
)

const (
	keepSize = vfs.FALLOC_FL_KEEP_SIZE
	punch    = vfs.FALLOC_FL_PUNCH_HOLE | keepSize
	zero     = vfs.FALLOC_FL_ZERO_RANGE
)

func (v *vol) fallocate(path string, mode uint32, off, n int64) errno.Errno {
	i, err := v.regular(path)
	if err != errno.OK {
		return err
	}
	err = galfs.Fallocate(i, mode, off, n)
	done(i)
	return err
}

// TestFallocate holds a file against a slice over random writes, holes, zeroes, allocations and truncations.
func TestFallocate(t *testing.T) {
	steps := 400
	if testing.Short() {
		steps = 100
	}
	for seed := range 6 {
		r := rand.New(rand.NewSource(int64(seed)))
		d := newDisk(t, 3000, 128+uint32(seed%2)*256)
		v := mount(t, d)
		ok(t, v.create("/f"))
		var want []byte
		grow := func(n int) {
			if n > len(want) {
				want = append(want, make([]byte, n-len(want))...)
			}
		}
		limit := 1 << (16 + seed)
		for step := range steps {
			off, n := r.Intn(limit), 1+r.Intn(limit/8)
			if r.Intn(3) == 0 {
				off, n = off&^4095, (n+4095)&^4095
			}
			var err errno.Errno
			switch r.Intn(12) {
			case 0, 1, 2, 3:
				p := pattern(n, byte(step))
				err = v.write("/f", int64(off), p)
				grow(off + n)
				copy(want[off:], p)
			case 4, 5, 6:
				err = v.fallocate("/f", punch, int64(off), int64(n))
				if off < len(want) {
					clear(want[off:min(off+n, len(want))])
				}
			case 7:
				err = v.fallocate("/f", zero|uint32(r.Intn(2)), int64(off), int64(n))
				if len(want) < off+n {
					err = max(err, v.truncate("/f", int64(off+n))) // whether it kept the size or not
				}
				grow(off + n)
				clear(want[off : off+n])
			case 8:
				err = v.fallocate("/f", 0, int64(off), int64(n))
				grow(off + n)
			case 9:
				err = v.fallocate("/f", keepSize, int64(off), int64(n))
			case 10:
				err = v.truncate("/f", int64(off))
				grow(off)
				want = want[:off]
			default:
				err = v.fsync("/f", false)
			}
			if err != errno.OK {
				t.Fatal(seed, step, err)
			}
			if step%20 == 19 {
				if b, err := v.read("/f"); err != errno.OK || !bytes.Equal(b, want) {
					t.Fatalf("seed %d, step %d: contents differ (%v, %d and %d bytes)", seed, step, err, len(b), len(want))
				}
			}
			if step%100 == 99 {
				v.unmount(t)
				check(t, d)
				v = mount(t, d)
			}
		}
		ok(t, v.remove("/f"))
		v.unmount(t)
		check(t, d)
	}
}

// TestPunchTree punches many small holes, so that the tree of extents grows, and then all of the rest, in every order.
func TestPunchTree(t *testing.T) {
	const blocks = 1200
	for _, order := range []string{"up", "down", "random"} {
		d := newDisk(t, 3000, 256)
		v := mount(t, d)
		ok(t, v.create("/f"))
		data := pattern(blocks*4096, 3)
		ok(t, v.write("/f", 0, data))
		at := make([]int, blocks/2)
		for k := range at {
			at[k] = k
		}
		switch order {
		case "down":
			for k := range at {
				at[k] = len(at) - 1 - k
			}
		case "random":
			rand.New(rand.NewSource(1)).Shuffle(len(at), func(a, b int) { at[a], at[b] = at[b], at[a] })
		}
		for _, k := range at {
			ok(t, v.fallocate("/f", punch, int64(2*k)*4096, 4096))
			clear(data[2*k*4096 : (2*k+1)*4096])
		}
		i, err := v.walk("/f")
		ok(t, err)
		if n := galfs.Extents(i); n != blocks/2 || i.Blocks < blocks/2*8 || i.Blocks > blocks/2*8+80 {
			t.Errorf("%s: %d extents, %d sectors", order, n, i.Blocks)
		}
		i.Put()
		if b, err := v.read("/f"); err != errno.OK || !bytes.Equal(b, data) {
			t.Fatal(order, "contents differ", err)
		}
		v.unmount(t)
		check(t, d)
		v = mount(t, d)
		for n, k := range at {
			if n%5 != 0 {
				ok(t, v.fallocate("/f", punch, int64(2*k+1)*4096, 4096))
				clear(data[(2*k+1)*4096 : (2*k+2)*4096])
			}
		}
		if b, err := v.read("/f"); err != errno.OK || !bytes.Equal(b, data) {
			t.Fatal(order, "contents differ", err)
		}
		ok(t, v.fallocate("/f", punch, 0, 1<<40))
		i, err = v.walk("/f")
		ok(t, err)
		if n := galfs.Extents(i); n != 0 || i.Blocks != 0 || i.Size() != blocks*4096 {
			t.Errorf("%s: %d extents, %d sectors, size %d after all", order, n, i.Blocks, i.Size())
		}
		i.Put()
		// A file whose first block goes last is as any other afterwards.
		ok(t, v.create("/g"))
		for k := range int64(20) {
			ok(t, v.write("/g", k*8192, data[:1]))
		}
		ok(t, v.fallocate("/g", punch, 0, 40*4096))
		ok(t, v.write("/g", 0, []byte("again")))
		v.unmount(t)
		check(t, d)
	}
}

// TestFallocateFull fills the disk by fallocate: what was promised can be written, and all comes back.
func TestFallocateFull(t *testing.T) {
	d := newDisk(t, 2000, 128)
	v := mount(t, d)
	before, _, _ := galfs.Counters(v.sb)
	ok(t, v.create("/f"))
	n := int64(1000 * 4096)
	ok(t, v.fallocate("/f", 0, 0, n))
	if err := v.fallocate("/f", 0, n, n); err != errno.ENOSPC {
		t.Error("too much:", err)
	}
	ok(t, v.fallocate("/f", punch, n, n)) // what it got before that
	ok(t, v.create("/g"))
	for v.write("/g", 0, pattern(1<<20, 1)) == errno.OK && v.fallocate("/g", keepSize, 1<<20, 1<<22) == errno.OK {
	}
	ok(t, v.write("/f", 0, pattern(int(n), 2)))
	ok(t, v.fsync("/f", false))
	if b, err := v.read("/f"); err != errno.OK || !bytes.Equal(b, pattern(int(n), 2)) {
		t.Error("contents differ", err)
	}
	ok(t, v.remove("/f"))
	ok(t, v.remove("/g"))
	ok(t, galfs.HostCommit(v.sb))
	if after, _, busy := galfs.Counters(v.sb); after != before-0 && after+busy < before-1 {
		t.Errorf("%d blocks free, were %d", after, before)
	}
	v.unmount(t)
	check(t, d)
}
