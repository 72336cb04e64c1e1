//go:build !galago

package galfs_test

import (
	"fmt"
	"math/rand"
	"testing"

	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/fs/galfs"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

// TestNoMemory lets the n-th allocation fail, for every n, in each of a series of operations: the operation must either
// work or leave everything as it was, and the disk whole.
func TestNoMemory(t *testing.T) {
	last := int64(300)
	if testing.Short() {
		last = 60
	}
	for n := int64(1); n < last; n += 1 + n/40 {
		d := newDisk(t, 4096, 256)
		v := mount(t, d)
		ok(t, v.mkdir("/d"))
		for k := range 150 {
			ok(t, v.create(fmt.Sprintf("/d/f%d", k)))
		}
		ok(t, v.write("/d/f1", 0, pattern(50000, 1)))
		mem.FailNth(n)
		errs := []errno.Errno{
			v.mkdir("/x"), v.create("/x/f"), v.link("/d/f1", "/l"), v.symlink(string(pattern(2000, 0)), "/s"),
			v.rename("/d/f2", "/x/r", 0), v.truncate("/d/f1", 100), v.remove("/d/f3"), v.fsync("/d/f1", false),
		}
		mem.FailNth(0)
		if e := galfs.HostFailed(v.sb); e != errno.OK {
			t.Fatalf("allocation %d: the file system failed: %v", n, e)
		}
		for _, e := range errs {
			if e != errno.OK && e != errno.ENOMEM && e != errno.ENOENT {
				t.Fatalf("allocation %d: %v", n, errs)
			}
		}
		ok(t, v.create("/after"))
		galfs.Unmount(v.sb)
		v = mount(t, d)
		v.unmount(t)
		check(t, d)
	}
}

// TestIOErrors makes a device fail after some requests: the file system must go read-only, and what is on the disk must be
// whole.
func TestIOErrors(t *testing.T) {
	runs := 60
	if long {
		runs = 2000
	}
	for seed := range runs {
		r := rand.New(rand.NewSource(int64(seed)))
		d := newDisk(t, 2048, 128)
		left := r.Intn(120)
		once := r.Intn(2) == 0
		o := block.HostOptions{Fault: func(op block.Op, sector, count uint64) errno.Errno {
			if op == block.Read {
				return errno.OK
			}
			left--
			if left == 0 || left < 0 && !once {
				return errno.EIO
			}
			return errno.OK
		}}
		v := &vol{dev: block.NewHostDeviceOptions("faulty", d, d.Size(), o), now: vfs.Now}
		sb, err := galfs.Mount(v.dev, 0, galfs.Options{Bare: true, Clock: v.now})
		if err != errno.OK {
			continue
		}
		v.sb = sb
		for k := range 40 {
			p := fmt.Sprintf("/f%d", r.Intn(10))
			v.create(p)
			v.write(p, int64(r.Intn(10000)), pattern(r.Intn(30000), byte(k)))
			if r.Intn(3) == 0 {
				v.fsync(p, false)
			}
			if r.Intn(3) == 0 {
				v.remove(p)
			}
		}
		if err := galfs.HostFailed(sb); err != errno.OK {
			if e := v.create("/no"); e != errno.EROFS {
				t.Fatalf("seed %d: create on a failed file system: %v", seed, e)
			}
		}
		galfs.Unmount(sb)
		w := mount(t, d)
		w.unmount(t)
		check(t, d)
	}
}

// TestLeaks checks that mounting, working and unmounting gives all memory back.
func TestLeaks(t *testing.T) {
	work := func() {
		d := newDisk(t, 4096, 256)
		v := mount(t, d)
		for k := range 100 {
			p := fmt.Sprintf("/f%d", k)
			ok(t, v.create(p))
			ok(t, v.write(p, 0, pattern(5000, 0)))
		}
		for k := range 50 {
			ok(t, v.remove(fmt.Sprintf("/f%d", k)))
		}
		v.unmount(t)
	}
	work()
	before := mem.TakeSnapshot()
	work()
	after := mem.TakeSnapshot()
	if after.Objects != before.Objects {
		t.Errorf("%d objects before, %d after", before.Objects, after.Objects)
	}
}
