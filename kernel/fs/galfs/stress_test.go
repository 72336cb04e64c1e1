//go:build !galago

package galfs_test

import (
	"bytes"
	"fmt"
	"math/rand"
	"strings"
	"sync"
	"testing"

	"galago/arch"
	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/fs/galfs"
	"galago/kernel/vfs"
)

// needVisibleLocks skips a test whose threads wait for each other when the race detector can not see the locks: it ignores memory
// outside Go's heap (addresses from 0xc000000000 on), so threads on the heap that wait for a lock in the arena look unguarded to it.
func needVisibleLocks(t *testing.T) {
	if raceEnabled && arch.DirectMap>>32 != 0xc0 {
		t.Skip("the race detector does not see locks in the arena")
	}
}

// TestConcurrent has several threads work on one volume, each in its directory, with fsyncs among them.
func TestConcurrent(t *testing.T) {
	needVisibleLocks(t)
	for _, async := range []bool{false, true} {
		concurrent(t, async)
	}
}

// mountHow mounts a disk that serves requests at once, or from goroutines in any order.
func mountHow(t *testing.T, d *ramDevice, async bool) *vol {
	return mountOn(t, block.NewHostDeviceOptions("disk", d, d.Size(), block.HostOptions{Async: async}))
}

func concurrent(t *testing.T, async bool) {
	d := newDisk(t, 16384, 256)
	v := mountHow(t, d, async)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewSource(int64(g)))
			dir := fmt.Sprintf("/g%d", g)
			if err := v.mkdir(dir); err != errno.OK {
				t.Error(err)
				return
			}
			for k := range 150 {
				name := fmt.Sprintf("%s/f%d", dir, r.Intn(20))
				switch r.Intn(6) {
				case 0:
					v.remove(name)
				case 1:
					v.rename(name, fmt.Sprintf("%s/f%d", dir, r.Intn(20)), 0)
				case 2:
					v.fsync(name, k%2 == 0)
				default:
					v.create(name)
					v.write(name, int64(r.Intn(30000)), pattern(r.Intn(50000), byte(k)))
				}
			}
		})
	}
	wg.Wait()
	v.unmount(t)
	check(t, d)
}

// TestSharedFile has threads write to, truncate and sync one file.
func TestSharedFile(t *testing.T) {
	needVisibleLocks(t)
	for _, async := range []bool{false, true} {
		sharedFile(t, async)
	}
}

// lockPages keeps writers away where the race detector would see that a page is read, or written to the disk, while they change it. That is
// as it should be: who reads a file while it is written gets some of both.
func lockPages(i *vfs.Inode) {
	if raceEnabled {
		i.Lock.Lock()
	}
}

func unlockPages(i *vfs.Inode) {
	if raceEnabled {
		i.Lock.Unlock()
	}
}

func sharedFile(t *testing.T, async bool) {
	d := newDisk(t, 8192, 256)
	v := mountHow(t, d, async)
	ok(t, v.create("/f"))
	i, err := v.walk("/f")
	ok(t, err)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewSource(int64(g)))
			for range 100 {
				switch r.Intn(5) {
				case 0:
					lockPages(i)
					galfs.Fsync(i, false)
					unlockPages(i)
				case 1:
					i.Lock.Lock()
					if err := i.Ops.SetAttr(i, &vfs.Attr{Valid: vfs.AttrSize, Size: int64(r.Intn(1 << 20))}); err != errno.OK {
						t.Error(err)
					}
					i.Lock.Unlock()
				case 2:
					lockPages(i)
					readAll(i)
					unlockPages(i)
				default:
					if _, err := writeAt(i, int64(r.Intn(1<<20)), pattern(r.Intn(60000), byte(g))); err != errno.OK {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	done(i)
	v.unmount(t)
	check(t, d)
}

// TestNoSpace fills the disk with files, then with names, and goes on after making room.
func TestNoSpace(t *testing.T) {
	d := newDisk(t, 2048, 128)
	v := mount(t, d)
	free, _, _ := galfs.Counters(v.sb)
	ok(t, v.create("/big"))
	i, err := v.walk("/big")
	ok(t, err)
	chunk := pattern(65536, 3)
	off := int64(0)
	for err == errno.OK {
		var n int
		n, err = writeAt(i, off, chunk)
		off += int64(n)
		if n < len(chunk) && err == errno.OK {
			err = errno.ENOSPC
		}
	}
	if err != errno.ENOSPC {
		t.Fatal(err)
	}
	if off>>12 < free*9/10 {
		t.Errorf("only %d of %d blocks could be written", off>>12, free)
	}
	if err := galfs.Fsync(i, false); err != errno.OK {
		t.Fatal("what was written can not be stored:", err)
	}
	i.Put()
	for k := 0; err == errno.ENOSPC; k++ { // what is left goes to directories
		if e := v.mkdir(fmt.Sprintf("/d%d", k)); e != errno.OK {
			break
		}
		if e := v.create(fmt.Sprintf("/d%d/f", k)); e != errno.OK {
			break
		}
	}
	check1 := func() {
		b, err := v.read("/big")
		if err != errno.OK || int64(len(b)) != off || !bytes.Equal(b[:65536], chunk) {
			t.Fatal("the file is not whole", err)
		}
	}
	check1()
	v.unmount(t)
	check(t, d)
	v = mount(t, d)
	check1()
	ok(t, v.remove("/big"))
	ok(t, v.create("/again")) // the freed blocks wait for a commit, which must come by itself
	ok(t, v.write("/again", 0, chunk))
	v.unmount(t)
	check(t, d)
}

// TestNoInodes uses all inodes up.
func TestNoInodes(t *testing.T) {
	d := newDisk(t, 2048, 128)
	v := mount(t, d)
	n := 0
	var err errno.Errno
	for ; err == errno.OK; n++ {
		err = v.create(fmt.Sprintf("/f%d", n))
	}
	if err != errno.ENOSPC {
		t.Fatal(err)
	}
	for k := range n - 1 {
		ok(t, v.remove(fmt.Sprintf("/f%d", k)))
	}
	v.unmount(t)
	check(t, d)
}

// TestLimits checks the limits that programs can meet.
func TestLimits(t *testing.T) {
	d := newDisk(t, 4096, 256)
	v := mount(t, d)
	if err := v.create("/" + strings.Repeat("x", 256)); err != errno.ENAMETOOLONG {
		t.Error(err)
	}
	ok(t, v.create("/"+strings.Repeat("x", 255)))
	ok(t, v.symlink(strings.Repeat("s", 4095), "/s"))
	if err := v.symlink(strings.Repeat("s", 4096), "/s2"); err != errno.ENAMETOOLONG {
		t.Error(err)
	}
	if err := v.symlink("", "/s3"); err != errno.ENOENT {
		t.Error(err)
	}
	ok(t, v.create("/f"))
	if err := v.truncate("/f", 16<<40); err != errno.EFBIG {
		t.Error(err)
	}
	ok(t, v.truncate("/f", 16<<40-4096))
	ok(t, v.write("/f", 16<<40-4096-10, []byte("0123456789")))
	ok(t, v.truncate("/f", 0))
	ok(t, v.mkdir("/d"))
	ok(t, v.create("/d/f"))
	if err := v.remove("/d"); err != errno.ENOTEMPTY {
		t.Error(err)
	}
	ok(t, v.mkdir("/e"))
	if err := v.rename("/e", "/d", 0); err != errno.ENOTEMPTY {
		t.Error(err)
	}
	if err := v.rename("/e", "/d", vfs.RENAME_WHITEOUT); err != errno.EINVAL {
		t.Error(err)
	}
	v.unmount(t)
	check(t, d)
}

// TestLinkMax makes as many names for one file, and directories in one, as there may be.
func TestLinkMax(t *testing.T) {
	if testing.Short() {
		t.Skip("many operations")
	}
	d := newDisk(t, 8192, 1024)
	v := mount(t, d)
	ok(t, v.create("/f"))
	for k := 1; k < 65000; k++ {
		ok(t, v.link("/f", fmt.Sprintf("/l%d", k)))
	}
	if err := v.link("/f", "/one-more"); err != errno.EMLINK {
		t.Error(err)
	}
	v.unmount(t)
	check(t, d)
}

// TestFragmented makes a file of many extents, so that its tree gets levels, and takes it apart.
func TestFragmented(t *testing.T) {
	d := newDisk(t, 16384, 256)
	v := mount(t, d)
	ok(t, v.create("/f"))
	i, err := v.walk("/f")
	ok(t, err)
	n := 3000
	for _, k := range rand.New(rand.NewSource(1)).Perm(n) {
		_, err := writeAt(i, int64(k)*3*4096, []byte{byte(k), byte(k >> 8)})
		ok(t, err)
	}
	ok(t, galfs.Fsync(i, false))
	if galfs.Depth(i) < 1 || galfs.Extents(i) != n {
		t.Error(galfs.Depth(i), galfs.Extents(i))
	}
	done(i)
	v.unmount(t)
	check(t, d)
	v = mount(t, d)
	b, err := v.read("/f")
	ok(t, err)
	for k := range n {
		if b[k*3*4096] != byte(k) || b[k*3*4096+1] != byte(k>>8) || k < n-1 && b[k*3*4096+4096] != 0 {
			t.Fatal("differs at", k)
		}
	}
	ok(t, v.truncate("/f", int64(n)*4096))
	v.unmount(t)
	check(t, d)
	v = mount(t, d)
	ok(t, v.remove("/f"))
	v.unmount(t)
	check(t, d)
}

// TestUnlinkedOpen keeps a file open without a name: over normal use, and over a crash.
func TestUnlinkedOpen(t *testing.T) {
	d := newDisk(t, 4096, 256)
	v := mount(t, d)
	var open []*vfs.Inode
	for k := range 5 {
		p := fmt.Sprintf("/f%d", k)
		ok(t, v.create(p))
		ok(t, v.write(p, 0, pattern(100000, byte(k))))
		i, err := v.walk(p)
		ok(t, err)
		open = append(open, i)
		ok(t, v.remove(p))
	}
	for _, k := range []int{2, 0, 4} { // from the middle, the end and the beginning of the orphan list
		b, err := readAll(open[k])
		if err != errno.OK || !bytes.Equal(b, pattern(100000, byte(k))) {
			t.Error("open file differs", k, err)
		}
		done(open[k])
	}
	ok(t, galfs.HostCommit(v.sb))
	crashed := &ramDevice{b: bytes.Clone(d.b)}
	check(t, crashed)
	w := mount(t, crashed)
	w.unmount(t)
	check(t, crashed)
	done(open[1])
	done(open[3])
	v.unmount(t)
	check(t, d)
	if !bytes.Equal(pick(t, d), pick(t, crashed)) {
		t.Error("recovery leaves other bitmaps than orderly removal")
	}
}

// TestTmpfile makes files that never had a name: one gets a name, the others are freed, by a crash and by closing.
func TestTmpfile(t *testing.T) {
	d := newDisk(t, 4096, 256)
	v := mount(t, d)
	ok(t, v.mkdir("/d"))
	ok(t, galfs.HostCommit(v.sb))
	dir, err := v.walk("/d")
	ok(t, err)
	var open []*vfs.Inode
	for range 4 {
		i, err := dir.Ops.Tmpfile(dir, 0o600, vfs.Owner{})
		ok(t, err)
		if i.Links() != 0 {
			t.Error("links", i.Links())
		}
		open = append(open, i)
	}
	dir.Lock.Lock()
	open[1].Lock.Lock()
	ok(t, dir.Ops.Link(open[1], dir, "named"))
	open[1].Lock.Unlock()
	dir.Lock.Unlock()
	done(open[1])
	ok(t, galfs.HostCommit(v.sb))
	crashed := &ramDevice{b: bytes.Clone(d.b)}
	check(t, crashed)
	w := mount(t, crashed)
	named, err := w.walk("/d/named")
	ok(t, err)
	done(named)
	w.unmount(t)
	check(t, crashed)
	for _, i := range []int{2, 0, 3} {
		done(open[i])
	}
	done(dir)
	v.unmount(t)
	check(t, d)
}

// pick returns the block bitmap of the first group.
func pick(t *testing.T, d *ramDevice) []byte { return d.b[2*4096 : 3*4096] }

// TestCookies checks that a position in a directory stays right while names come and go.
func TestCookies(t *testing.T) {
	d := newDisk(t, 16384, 256)
	v := mount(t, d)
	ok(t, v.mkdir("/d"))
	for k := range 2000 {
		ok(t, v.create(fmt.Sprintf("/d/stay%d", k)))
	}
	dir, err := v.walk("/d")
	ok(t, err)
	seen := map[string]int{}
	pos := int64(2)
	for round := 0; ; round++ {
		n := 0
		ok(t, galfs.ReadDirAt(dir, pos, func(name string, ino uint32, at, next int64) bool {
			if n == 100 {
				return false
			}
			if at < pos || next <= at {
				t.Fatalf("position %d after %d, next %d", at, pos, next)
			}
			seen[strings.Clone(name)]++
			pos = next
			n++
			return true
		}))
		if n == 0 {
			break
		}
		for k := range 50 {
			if round > 0 {
				ok(t, v.remove(fmt.Sprintf("/d/x%d-%d", round-1, k)))
			}
			ok(t, v.create(fmt.Sprintf("/d/x%d-%d", round, k)))
		}
	}
	for k := range 2000 {
		if c := seen[fmt.Sprintf("stay%d", k)]; c != 1 {
			t.Fatalf("stay%d seen %d times", k, c)
		}
	}
	dir.Put()
	v.unmount(t)
	check(t, d)
}
