//go:build galago && ktest

package suite

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/block"
	"galago/kernel/cred"
	"galago/kernel/ipc"
	"galago/kernel/ktest"
	"galago/kernel/mem"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

func init() {
	ktest.Register("ipc/pipe", testPipe)
	ktest.Register("ipc/pipe-threads", testPipeThreads)
	ktest.Register("ipc/pipe-end", testPipeEnd)
	ktest.Register("block/read", testBlockRead)
	ktest.Register("block/read-smp", testBlockReadSMP)
}

var (
	pipeIn, pipeOut *vfs.File
	pipeBuf         [crewMax][512]byte
)

func newPipe(t *ktest.T) bool {
	r, w, e := ipc.NewPipe(0, &cred.Root)
	pipeIn, pipeOut = r, w
	return t.OK(e, "NewPipe")
}

func send(b []byte) int {
	it := uio.FromKernel(b)
	n, _, _ := pipeOut.Ops.Write(pipeOut, vfs.NoEscape(&it), 0)
	return n
}

func testPipe(t *ktest.T) {
	if !newPipe(t) {
		return
	}
	b := pipeBuf[0][:]
	for i := range b {
		b[i] = byte(i * 7)
	}
	t.Equal(uint64(send(b[:300])), 300, "bytes written")
	got := pipeBuf[1][:]
	n, e := pipeIn.ReadKernel(got[:100], 0)
	t.OK(e, "read")
	t.Equal(uint64(n), 100, "bytes read")
	n, _ = pipeIn.ReadKernel(got[100:], 0)
	t.Equal(uint64(n), 200, "the rest")
	for i := range got[:300] {
		if got[i] != byte(i*7) {
			t.Fail("other bytes came out than went in")
			break
		}
	}
	pipeIn.Put()
	pipeOut.Put()
}

const pipeBytes = 300_000

// testPipeThreads sends more than a pipe holds from one thread to another.
func testPipeThreads(t *ktest.T) {
	if !newPipe(t) {
		return
	}
	th := start(t, pipeWriter, nil)
	if th == nil {
		pipeOut.Put()
		pipeIn.Put()
		return
	}
	got, bad := 0, 0
	for {
		n, e := pipeIn.ReadKernel(pipeBuf[1][:], 0)
		if n == 0 || e != ok {
			break
		}
		for _, c := range pipeBuf[1][:n] {
			if c != byte(got*11) {
				bad++
			}
			got++
		}
	}
	th.Join()
	pipeIn.Put()
	t.Equal(uint64(got), pipeBytes, "bytes that came out")
	t.Equal(uint64(bad), 0, "wrong bytes")
}

func pipeWriter(unsafe.Pointer) {
	b := pipeBuf[0][:]
	for sent := 0; sent < pipeBytes; {
		n := min(len(b), pipeBytes-sent)
		for i := range b[:n] {
			b[i] = byte((sent + i) * 11)
		}
		sent += send(b[:n])
	}
	pipeOut.Put()
}

func testPipeEnd(t *ktest.T) {
	if !newPipe(t) {
		return
	}
	send(pipeBuf[0][:10])
	pipeOut.Put()
	n, _ := pipeIn.ReadKernel(pipeBuf[1][:], 0)
	t.Equal(uint64(n), 10, "bytes left in the pipe")
	n, e := pipeIn.ReadKernel(pipeBuf[1][:], 0)
	t.Check(n == 0 && e == ok, "no end of file after the last writer")
	pipeIn.Put()
}

var (
	disk *block.Device
	sums [32]uint64
)

// findDisk chooses the first device; false: the machine has none, and there is nothing to test.
func findDisk() bool {
	disk = nil
	block.Each(func(d *block.Device) bool {
		if disk == nil && d.Sectors >= 8*uint64(len(sums)) {
			disk = d
		}
		return true
	})
	return disk != nil
}

// checksum reads a 4 KiB block and sums it up; false: it cannot be read.
func checksum(blk uint64) (sum uint64, good bool) {
	f := mem.AllocFrame(0)
	if f == nil {
		return 0, false
	}
	defer f.Put()
	if disk.ReadSync(blk, f) != ok {
		return 0, false
	}
	b := f.Bytes()
	for i := 0; i < arch.PageSize; i += 8 {
		sum = sum*31 + *(*uint64)(unsafe.Pointer(&b[i]))
	}
	return sum, true
}

func testBlockRead(t *ktest.T) {
	if !findDisk() {
		return
	}
	for i := range sums {
		a, good := checksum(uint64(i))
		b, again := checksum(uint64(i))
		t.Check(good && again, "a block cannot be read")
		t.Equal(a, b, "sum of the same block read twice")
	}
	f := mem.AllocFrame(0)
	if t.Check(f != nil, "no frame") {
		t.Check(disk.ReadSync(disk.Sectors/8+1, f) != ok, "a read beyond the end")
		f.Put()
	}
}

// testBlockReadSMP reads the same blocks from several CPUs at once.
func testBlockReadSMP(t *ktest.T) {
	if !findDisk() {
		return
	}
	for i := range sums {
		sums[i], _ = checksum(uint64(i))
	}
	together(t, crewMax, readBlocks)
	t.Equal(uint64(count.Load()), crewMax*uint64(len(sums)), "blocks that read as before")
}

func readBlocks(arg unsafe.Pointer) {
	w := (*worker)(arg)
	for i := range sums {
		blk := (i*5 + w.id*3) % len(sums)
		if s, good := checksum(uint64(blk)); good && s == sums[blk] {
			count.Add(1)
		}
	}
}
