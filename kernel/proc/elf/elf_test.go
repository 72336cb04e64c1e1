package elf

import (
	"encoding/binary"
	"os"
	"testing"

	"galago/kernel/errno"
)

// build makes a minimal program: one segment with the headers and code.
func build(mutate func(h, p []byte)) (h, p []byte, size uint64) {
	b := make([]byte, 4096)
	copy(b, "\x7fELF\x02\x01\x01")
	le := binary.LittleEndian
	le.PutUint16(b[16:], 2)
	le.PutUint16(b[18:], 62)
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[24:], 0x400100)
	le.PutUint64(b[32:], 64)
	le.PutUint16(b[54:], 56)
	le.PutUint16(b[56:], 1)
	ph := b[64:]
	le.PutUint32(ph, ptLoad)
	le.PutUint32(ph[4:], FlagRead|FlagExec)
	le.PutUint64(ph[16:], 0x400000)
	le.PutUint64(ph[32:], 4096)
	le.PutUint64(ph[40:], 8192)
	if mutate != nil {
		mutate(b, ph)
	}
	return b[:64], b[64 : 64+56], 4096
}

func TestParseGood(t *testing.T) {
	var img Image
	if e := img.Parse(build(nil)); e != 0 {
		t.Fatal(e)
	}
	if img.NSegments != 1 || img.Low != 0x400000 || img.High != 0x402000 || img.PhdrVaddr != 0x400040 || img.PIE {
		t.Fatalf("%+v", img)
	}
}

func TestParseBad(t *testing.T) {
	le := binary.LittleEndian
	for name, m := range map[string]func(h, p []byte){
		"magic":               func(h, p []byte) { h[1] = 'e' },
		"32-bit":              func(h, p []byte) { h[4] = 1 },
		"big-endian":          func(h, p []byte) { h[5] = 2 },
		"relocatable":         func(h, p []byte) { h[16] = 1 },
		"other machine":       func(h, p []byte) { h[18] = 40 },
		"header size":         func(h, p []byte) { h[54] = 32 },
		"no headers":          func(h, p []byte) { h[56] = 0 },
		"entry outside":       func(h, p []byte) { le.PutUint64(h[24:], 0x500000) },
		"file part too large": func(h, p []byte) { le.PutUint64(p[32:], 8193) },
		"past the file":       func(h, p []byte) { le.PutUint64(p[8:], 4096) },
		"offset overflow":     func(h, p []byte) { le.PutUint64(p[8:], ^uint64(0)&^4095) },
		"misaligned":          func(h, p []byte) { le.PutUint64(p[16:], 0x400010) },
		"kernel address":      func(h, p []byte) { le.PutUint64(p[16:], 0xffffffff80000000) },
		"size overflow":       func(h, p []byte) { le.PutUint64(p[40:], ^uint64(0)) },
		"page zero":           func(h, p []byte) { le.PutUint64(p[16:], 0) },
		"interp too long":     func(h, p []byte) { le.PutUint32(p, ptInterp); le.PutUint64(p[32:], MaxInterp+1) },
	} {
		var img Image
		if e := img.Parse(build(m)); e != errno.ENOEXEC {
			t.Errorf("%s: %v, want ENOEXEC", name, e)
		}
	}
}

func TestParseSelf(t *testing.T) {
	for _, f := range []string{"/proc/self/exe", "/bin/sh"} {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		off, n, e := PhdrRange(b)
		if e != 0 {
			t.Fatal(f, e)
		}
		var img Image
		if e := img.Parse(b, b[off:off+uint64(n*PhdrSize)], uint64(len(b))); e != 0 {
			t.Fatal(f, e)
		}
	}
}

// FuzzParse checks that whatever Parse accepts is safe to map.
func FuzzParse(f *testing.F) {
	h, p, _ := build(nil)
	f.Add(append(append([]byte{}, h...), p...), uint64(4096))
	f.Fuzz(func(t *testing.T, b []byte, size uint64) {
		off, n, e := PhdrRange(b)
		if e != 0 || off > uint64(len(b)) {
			return
		}
		var img Image
		if img.Parse(b, b[off:min(uint64(len(b)), off+uint64(n*PhdrSize))], size) != 0 {
			return
		}
		end := uint64(0)
		for _, s := range img.Segments[:img.NSegments] {
			if s.Vaddr < end || s.FileSize > s.MemSize || s.Vaddr+s.MemSize > userLimit || s.Vaddr+s.MemSize < s.Vaddr ||
				s.Offset+s.FileSize > size || s.Offset+s.FileSize < s.Offset || s.Vaddr&pageMask != s.Offset&pageMask {
				t.Fatalf("unsafe segment %+v", s)
			}
			end = s.Vaddr + s.MemSize
		}
	})
}
