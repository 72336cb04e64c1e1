// Package gate holds the checks that a linked kernel must pass (docs: "the link is the proof").
//
//   - No code but listed FPU stubs touches a vector register other than XMM14 and XMM15, or the x87 unit:
//     entry stubs save only those two, so anything else would corrupt a user program's registers.
//   - No R_X86_64_TPOFF32 relocation: it betrays ABI0 assembly, which reloads R14 through FS.
//   - Every function's stack frame is bounded: kernel stacks are small.
//   - No segment is both writable and executable.
//   - Undefined runtime functions, which is how the linker reports implicit allocation, are put in words (ldlog.go).
//
// Each Finding says where, what and what to do about it. The whole of a 3 MB kernel is decoded in well under two seconds.
package gate

import (
	"debug/elf"
	"fmt"
	"slices"
	"sort"
	"strings"

	"galago/tools/internal/ksym"
)

// DefaultFrameLimit is the largest stack frame a kernel function may have, in bytes.
const DefaultFrameLimit = 2048

// Finding is one violation.
type Finding struct {
	Func  string // function or symbol
	Where string // file:line, or "" if unknown
	What  string // what is wrong
	Fix   string // what to do
}

// String formats the finding as one line, location first, as compilers do.
func (f Finding) String() string {
	var b strings.Builder
	if f.Where != "" {
		fmt.Fprintf(&b, "%s: ", f.Where)
	}
	if f.Func != "" {
		fmt.Fprintf(&b, "function %s ", f.Func)
	}
	b.WriteString(f.What)
	if f.Fix != "" {
		fmt.Fprintf(&b, ": %s", f.Fix)
	}
	return b.String()
}

// Options of Kernel.
type Options struct {
	FrameLimit  int      // bytes; 0 means DefaultFrameLimit
	VectorAllow []string // prefixes of the names of functions that may use vector and x87 registers
	Skip        []string // exact names of labels in .text that are not 64-bit code
}

// DefaultSkip names the application processors' start-up code (16 and 32 bits) and its descriptor table.
var DefaultSkip = []string{"ap_start", "ap32", "ap_gdt", "ap_gdt_ptr"}

// Stats says how much was looked at.
type Stats struct {
	Funcs, Bytes int
	MaxFrame     int
	MaxFrameFunc string
}

// Kernel checks a linked kernel image.
func Kernel(im *ksym.Image, o Options) ([]Finding, Stats) {
	if o.FrameLimit == 0 {
		o.FrameLimit = DefaultFrameLimit
	}
	var st Stats
	out := segments(im.ELF)
	for i := range im.Funcs {
		f := &im.Funcs[i]
		if !inKernelText(im.ELF, f.Addr) || slices.Contains(o.Skip, f.Name) {
			continue // start-up code is neither Go nor 64-bit throughout
		}
		st.Funcs++
		st.Bytes += int(f.Size)
		sc := scan(f)
		if sc.frame > st.MaxFrame {
			st.MaxFrame, st.MaxFrameFunc = sc.frame, f.Name
		}
		if sc.frame > o.FrameLimit {
			out = append(out, at(im, f.Name, sc.frameAddr, fmt.Sprintf("has a stack frame of %d bytes, over the limit of %d", sc.frame, o.FrameLimit),
				"take large buffers from mem.AllocBytes or a slab cache instead of the stack"))
		}
		if sc.bad != "" && !allowed(f.Name, o.VectorAllow) {
			fix := "kernel code may use only XMM14 and XMM15 and no x87; saving and restoring user state belongs in the listed FPU stubs"
			if sc.move16 {
				fix = "the compiler copies exactly 16 bytes in memory (an array, a struct that holds one, a constant-size copy) through any XMM register; copy the two words one by one"
			}
			out = append(out, at(im, f.Name, sc.badAddr, sc.bad, fix))
		}
	}
	return out, st
}

// inKernelText reports whether addr lies in the kernel's own .text (as opposed to the identity-mapped boot code).
func inKernelText(f *elf.File, addr uint64) bool {
	s := f.Section(".text")
	return s != nil && addr >= s.Addr && addr < s.Addr+s.Size
}

func allowed(name string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// at makes a finding with the source position of addr.
func at(im *ksym.Image, fn string, addr uint64, what, fix string) Finding {
	where := fmt.Sprintf("%#x", addr)
	if file, line, ok := im.Line(addr); ok {
		where = fmt.Sprintf("%s:%d", file, line)
	}
	return Finding{Func: fn, Where: where, What: what, Fix: fix}
}

// segments checks W^X over the program headers.
func segments(f *elf.File) (out []Finding) {
	for i, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Flags&(elf.PF_W|elf.PF_X) == elf.PF_W|elf.PF_X {
			out = append(out, Finding{What: fmt.Sprintf("segment %d at %#x is both writable and executable", i, p.Vaddr),
				Fix: "give its sections to separate segments in linker.ld"})
		}
	}
	return out
}

// Relocations checks the relocatable object that the Go linker wrote for thread-local references.
func Relocations(path string) ([]Finding, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	type place struct {
		section uint32
		off     uint64
	}
	var places []place
	for _, s := range f.Sections {
		if s.Type != elf.SHT_RELA {
			continue
		}
		data, err := s.Data()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, s.Name, err)
		}
		const entry = 24 // Elf64_Rela: offset, info, addend
		for ; len(data) >= entry; data = data[entry:] {
			info := f.ByteOrder.Uint64(data[8:])
			if elf.R_X86_64(uint32(info)) == elf.R_X86_64_TPOFF32 {
				places = append(places, place{s.Info, f.ByteOrder.Uint64(data)})
			}
		}
	}
	if len(places) == 0 {
		return nil, nil
	}
	syms, err := f.Symbols()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	seen := make(map[string]bool)
	var out []Finding
	for _, p := range places {
		name := fmt.Sprintf("at offset %#x of section %d", p.off, p.section)
		for _, s := range syms {
			if uint32(s.Section) == p.section && elf.ST_TYPE(s.Info) == elf.STT_FUNC && p.off >= s.Value && p.off < s.Value+s.Size {
				name = s.Name
				break
			}
		}
		if !seen[name] {
			seen[name] = true
			out = append(out, Finding{Func: name, What: "reads thread-local storage (R_X86_64_TPOFF32)",
				Fix: "plain ABI0 assembly reloads R14 through FS; declare it <ABIInternal> or write it for GNU as"})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Func < out[j].Func })
	return out, nil
}
