// Package elf reads the headers of ELF programs for exec (System V gABI chapters 4 and 5, AMD64 psABI). It is pure:
// bytes in, a description out. A program file is hostile: every offset, size and address is checked here, so
// that the loader can map what Parse returns without looking again.
package elf

import "galago/kernel/errno"

// Limits.
const (
	HeaderSize  = 64
	PhdrSize    = 56
	MaxSegments = 32
	maxPhdrs    = 128
	pageMask    = 4095
	userLimit   = 0x7fff_ffff_f000
	// MaxInterp is the longest interpreter path, with its NUL.
	MaxInterp = 4096
)

// Program header types and flags.
const (
	ptLoad     = 1
	ptDynamic  = 2
	ptInterp   = 3
	ptPhdr     = 6
	ptGNUStack = 0x6474e551

	FlagExec  = 1
	FlagWrite = 2
	FlagRead  = 4
)

// Segment is one PT_LOAD: FileSize bytes at file offset Offset go to Vaddr; memory up to MemSize is zero.
type Segment struct {
	Vaddr, MemSize   uint64
	Offset, FileSize uint64
	Flags            uint32
}

// Image describes a program.
type Image struct {
	Entry     uint64
	PIE       bool // addresses are relative to a base of the loader's choice
	Segments  [MaxSegments]Segment
	NSegments int
	// Low and High bound the segments' addresses.
	Low, High uint64
	// PhdrVaddr is where the program headers are in memory (0: not loaded); NPhdr their number.
	PhdrVaddr uint64
	NPhdr     int
	// InterpOffset and InterpSize locate the interpreter's path in the file; InterpSize 0: none.
	InterpOffset, InterpSize uint64
	ExecStack                bool
}

func le16(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 }
func le32(b []byte) uint32 { return uint32(le16(b)) | uint32(le16(b[2:]))<<16 }
func le64(b []byte) uint64 { return uint64(le32(b)) | uint64(le32(b[4:]))<<32 }

// PhdrRange checks an ELF header and says which bytes of the file hold the program headers. ENOEXEC when it is not
// a program for this machine.
func PhdrRange(h []byte) (off uint64, n int, e errno.Errno) {
	if len(h) < HeaderSize || h[0] != 0x7f || h[1] != 'E' || h[2] != 'L' || h[3] != 'F' {
		return 0, 0, errno.ENOEXEC
	}
	const class64, little, version, x86_64 = 2, 1, 1, 62
	typ := le16(h[16:])
	switch {
	case h[4] != class64, h[5] != little, h[6] != version:
	case typ != 2 && typ != 3: // ET_EXEC, ET_DYN
	case le16(h[18:]) != x86_64, le32(h[20:]) != version:
	case le16(h[54:]) != PhdrSize:
	default:
		off, n = le64(h[32:]), int(le16(h[56:]))
		if n == 0 || n > maxPhdrs || off < HeaderSize || off > 1<<40 {
			break
		}
		return off, n, errno.OK
	}
	return 0, 0, errno.ENOEXEC
}

// Parse fills img from the ELF header and the program headers (as PhdrRange located them) of a file of fileSize
// bytes. ENOEXEC: not loadable.
func (img *Image) Parse(h, phdrs []byte, fileSize uint64) errno.Errno {
	off, n, e := PhdrRange(h)
	if e != 0 {
		return e
	}
	if len(phdrs) < n*PhdrSize {
		return errno.ENOEXEC
	}
	*img = Image{Entry: le64(h[24:]), PIE: le16(h[16:]) == 3, NPhdr: n, Low: ^uint64(0)}
	for i := range n {
		if e := img.header(phdrs[i*PhdrSize:], fileSize); e != 0 {
			return e
		}
	}
	if img.NSegments == 0 {
		return errno.ENOEXEC
	}
	for _, s := range img.Segments[:img.NSegments] {
		if off >= s.Offset && off+uint64(n*PhdrSize) <= s.Offset+s.FileSize {
			img.PhdrVaddr = s.Vaddr + off - s.Offset
		}
	}
	for _, s := range img.Segments[:img.NSegments] {
		if s.Flags&FlagExec != 0 && img.Entry >= s.Vaddr && img.Entry < s.Vaddr+s.MemSize {
			return errno.OK
		}
	}
	return errno.ENOEXEC // the entry point lies outside the code
}

func (img *Image) header(p []byte, fileSize uint64) errno.Errno {
	s := Segment{Flags: le32(p[4:]), Offset: le64(p[8:]), Vaddr: le64(p[16:]), FileSize: le64(p[32:]), MemSize: le64(p[40:])}
	switch le32(p) {
	case ptGNUStack:
		img.ExecStack = s.Flags&FlagExec != 0
	case ptInterp:
		if s.FileSize < 2 || s.FileSize > MaxInterp || s.Offset > fileSize || s.FileSize > fileSize-s.Offset {
			return errno.ENOEXEC
		}
		img.InterpOffset, img.InterpSize = s.Offset, s.FileSize
	case ptLoad:
		return img.load(s, fileSize)
	}
	return errno.OK
}

func (img *Image) load(s Segment, fileSize uint64) errno.Errno {
	switch {
	case s.MemSize == 0:
		return errno.OK
	case img.NSegments == MaxSegments:
	case s.FileSize > s.MemSize, s.Offset > fileSize, s.FileSize > fileSize-s.Offset:
	case s.Vaddr&pageMask != s.Offset&pageMask:
	case s.Vaddr >= userLimit || s.MemSize > userLimit-s.Vaddr:
	case img.NSegments > 0 && s.Vaddr < img.High: // ascending and apart, as the gABI demands
	case !img.PIE && s.Vaddr < 0x10000:
	default:
		img.Segments[img.NSegments] = s
		img.NSegments++
		img.Low = min(img.Low, s.Vaddr&^pageMask)
		img.High = s.Vaddr + s.MemSize
		return errno.OK
	}
	return errno.ENOEXEC
}
