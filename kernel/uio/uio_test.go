package uio

import (
	"bytes"
	"math/rand"
	"strings"
	"testing"
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
)

func addr(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// pieces cuts b into an array of pieces, some of them empty, and gaps that no copy may touch.
func pieces(rnd *rand.Rand, b []byte) (vec []IOVec, in []bool) {
	in = make([]bool, len(b))
	for at := 0; at < len(b); {
		n := rnd.Intn(min(40, len(b)-at) + 1)
		vec = append(vec, IOVec{addr(b) + uintptr(at), uint64(n)})
		for i := range n {
			in[at+i] = true
		}
		at += n + rnd.Intn(4)
	}
	return vec, in
}

// TestIterModel copies in and out in random steps and compares with plain slices.
func TestIterModel(t *testing.T) {
	rnd := rand.New(rand.NewSource(7))
	for range 2000 {
		mem := make([]byte, 1+rnd.Intn(300))
		rnd.Read(mem)
		before := bytes.Clone(mem)
		var it Iter
		var at []int // the places in mem, in order
		vec, in := pieces(rnd, mem)
		switch rnd.Intn(3) {
		case 0:
			it = FromIOV(vec)
			for i := range mem {
				if in[i] {
					at = append(at, i)
				}
			}
		case 1:
			it = FromUser(addr(mem), len(mem))
		default:
			it = FromKernel(mem)
		}
		if at == nil && it.Len() == len(mem) {
			for i := range mem {
				at = append(at, i)
			}
		}
		if cut := rnd.Intn(400); rnd.Intn(3) == 0 {
			it.Truncate(cut)
			at = at[:min(cut, len(at))]
		}
		for steps := 0; it.Len() > 0; steps++ {
			if it.Len() != len(at) || steps > 1000 {
				t.Fatalf("%d bytes left, want %d", it.Len(), len(at))
			}
			n := rnd.Intn(60)
			k := min(n, len(at))
			buf := make([]byte, n)
			rnd.Read(buf)
			var done int
			var e errno.Errno
			switch rnd.Intn(4) {
			case 0:
				done, e = it.CopyOut(buf)
				for i := range k {
					before[at[i]] = buf[i]
				}
			case 1:
				done, e = it.CopyIn(buf)
				for i := range k {
					if buf[i] != before[at[i]] {
						t.Fatal("CopyIn")
					}
				}
			case 2:
				done, e = it.Zero(n)
				for i := range k {
					before[at[i]] = 0
				}
			default:
				it.Skip(n)
				done = k
			}
			if done != k || e != 0 {
				t.Fatalf("%d bytes of %d: %v", done, k, e)
			}
			at = at[k:]
		}
		if !bytes.Equal(mem, before) {
			t.Fatal("memory differs")
		}
	}
}

func TestEmpty(t *testing.T) {
	for _, it := range []Iter{{}, FromKernel(nil), FromUser(0, 0), FromIOV(nil), FromIOV([]IOVec{{0, 0}, {0, 0}})} {
		if n, e := it.CopyOut([]byte{1}); n != 0 || e != 0 || it.Len() != 0 {
			t.Errorf("%d %v", n, e)
		}
		it.Skip(5)
		it.Truncate(0)
		if !it.Prefault(10, true) {
			t.Error("nothing to fault in")
		}
	}
}

func TestFromUserLimits(t *testing.T) {
	big := FromUser(0x1000, 1<<40)
	if big.Len() != MaxLen {
		t.Errorf("%#x", big.Len())
	}
	negative := FromUser(0x1000, -1)
	if negative.Len() != 0 {
		t.Errorf("%d", negative.Len())
	}
}

func TestCheckIOV(t *testing.T) {
	vec := []IOVec{{0x1000, MaxLen - 10}, {0x2000, 100}, {0x3000, 1 << 40}}
	if e := CheckIOV(vec); e != 0 || vec[1].Len != 10 || vec[2].Len != 0 {
		t.Errorf("%v %+v", e, vec)
	}
	it := FromIOV(vec)
	if it.Len() != MaxLen {
		t.Errorf("%#x", it.Len())
	}
	if e := CheckIOV([]IOVec{{0x1000, 1}, {0x1000, 1 << 63}}); e != errno.EINVAL {
		t.Errorf("negative length: %v", e)
	}
	if e := CheckIOV(nil); e != 0 {
		t.Error(e)
	}
}

func TestPrefault(t *testing.T) {
	mem := bytes.Repeat([]byte{7}, 3*arch.PageSize)
	it := FromUser(addr(mem)+5, len(mem)-5)
	if !it.Prefault(len(mem), true) || it.Len() != len(mem)-5 || !bytes.Equal(mem, bytes.Repeat([]byte{7}, len(mem))) {
		t.Error("prefault changes nothing")
	}
}

func TestCopyInString(t *testing.T) {
	mem := make([]byte, 2*arch.PageSize)
	for _, c := range []struct {
		n, room int
		want    errno.Errno
	}{{0, 1, 0}, {0, 0, errno.ENAMETOOLONG}, {5, 6, 0}, {5, 5, errno.ENAMETOOLONG}, {200, 256, 0}, {4095, 4096, 0}, {4096, 4096, errno.ENAMETOOLONG}} {
		for _, off := range []int{0, 1, 63, arch.PageSize - 3} {
			clear(mem)
			s := strings.Repeat("s", c.n)
			copy(mem[off:], s)
			if off+c.n+1 > len(mem) {
				continue
			}
			dst := make([]byte, c.room)
			n, e := CopyInString(addr(mem)+uintptr(off), dst)
			if e != c.want || e == 0 && (n != c.n || string(dst[:n]) != s) {
				t.Errorf("%d bytes at %d into %d: %d %v, want %v", c.n, off, c.room, n, e, c.want)
			}
		}
	}
}
