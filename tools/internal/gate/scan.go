package gate

import (
	"fmt"
	"strings"

	"golang.org/x/arch/x86/x86asm"

	"galago/tools/internal/ksym"
)

// scanned is what one pass over a function's instructions found.
type scanned struct {
	frame     int // largest single stack allocation, bytes
	frameAddr uint64
	bad       string // first forbidden instruction, in words
	badAddr   uint64
	move16    bool // bad is one half of the compiler's 16-byte copy
}

// scan decodes a function linearly. Go puts no data into text but the 0xCC padding between functions.
func scan(f *ksym.Func) (s scanned) {
	code := f.Code
	for pc := 0; pc < len(code); {
		if code[pc] == 0xCC { // INT3: padding
			pc++
			continue
		}
		addr := f.Addr + uint64(pc)
		if n := undecoded(code[pc:]); n > 0 {
			pc += n
			continue
		}
		inst, err := x86asm.Decode(code[pc:], 64)
		if err != nil || inst.Len == 0 {
			if s.bad == "" {
				s.bad, s.badAddr = fmt.Sprintf("has bytes that are no known instruction (% x)", code[pc:min(pc+8, len(code))]), addr
			}
			pc++
			continue
		}
		if n := stackGrowth(&inst); n > s.frame {
			s.frame, s.frameAddr = n, addr
		}
		if s.bad == "" {
			if what := forbidden(&inst); what != "" {
				s.bad, s.badAddr = fmt.Sprintf("uses %s (%s)", what, strings.ToLower(x86asm.IntelSyntax(inst, addr, nil))), addr
				s.move16 = inst.Op == x86asm.MOVUPS
			}
		}
		pc += inst.Len
	}
	return s
}

// stackGrowth returns the bytes by which an instruction lowers RSP: SUB RSP, n, or ADD RSP, -n, which the
// assembler prefers for 128.
func stackGrowth(i *x86asm.Inst) int {
	if i.Op != x86asm.SUB && i.Op != x86asm.ADD {
		return 0
	}
	if r, ok := i.Args[0].(x86asm.Reg); !ok || r != x86asm.RSP {
		return 0
	}
	n, ok := i.Args[1].(x86asm.Imm)
	if !ok {
		return 0
	}
	if i.Op == x86asm.ADD {
		n = -n
	}
	return int(n)
}

// forbidden names the register or unit that kernel code must not use, or returns "".
func forbidden(i *x86asm.Inst) string {
	for _, a := range i.Args {
		if a == nil {
			break
		}
		if r, ok := a.(x86asm.Reg); ok {
			switch {
			case r == x86asm.X14 || r == x86asm.X15:
			case r >= x86asm.X0 && r <= x86asm.Z31:
				return "vector register " + r.String()
			case r >= x86asm.K0 && r <= x86asm.K7:
				return "mask register " + r.String()
			case r >= x86asm.M0 && r <= x86asm.M7:
				return "MMX register " + r.String()
			case r >= x86asm.F0 && r <= x86asm.F7:
				return "x87 register " + r.String()
			}
		}
	}
	name := i.Op.String()
	switch {
	case strings.HasPrefix(name, "FXSAVE"), strings.HasPrefix(name, "FXRSTOR"):
		return "" // whole-state save and restore: memory operands only
	case strings.HasPrefix(name, "F"), i.Op == x86asm.EMMS:
		return "the x87 unit"
	}
	return ""
}

// system lists instructions that the decoder does not know and that system code needs. None has a vector operand.
// Encodings: Intel SDM volume 2.
var system = []struct {
	name string
	code []byte
}{
	{"clac", []byte{0x0f, 0x01, 0xca}},
	{"stac", []byte{0x0f, 0x01, 0xcb}},
	{"xgetbv", []byte{0x0f, 0x01, 0xd0}},
	{"xsetbv", []byte{0x0f, 0x01, 0xd1}},
	{"vmrun", []byte{0x0f, 0x01, 0xd8}},
	{"vmmcall", []byte{0x0f, 0x01, 0xd9}},
	{"vmload", []byte{0x0f, 0x01, 0xda}},
	{"vmsave", []byte{0x0f, 0x01, 0xdb}},
	{"stgi", []byte{0x0f, 0x01, 0xdc}},
	{"clgi", []byte{0x0f, 0x01, 0xdd}},
	{"invlpga", []byte{0x0f, 0x01, 0xdf}},
	{"rdpkru", []byte{0x0f, 0x01, 0xee}},
	{"wrpkru", []byte{0x0f, 0x01, 0xef}},
	{"endbr64", []byte{0xf3, 0x0f, 0x1e, 0xfa}},
}

// undecoded returns the length of one of those instructions at the start of code, or 0.
func undecoded(code []byte) int {
	for _, s := range system {
		if len(code) >= len(s.code) && string(code[:len(s.code)]) == string(s.code) {
			return len(s.code)
		}
	}
	return fsgsbase(code)
}

// fsgsbase matches RDFSBASE, RDGSBASE, WRFSBASE and WRGSBASE: F3 [REX] 0F AE /0…/3 with a register operand.
func fsgsbase(code []byte) int {
	if len(code) < 4 || code[0] != 0xf3 {
		return 0
	}
	i := 1
	if code[i]&0xf0 == 0x40 {
		i++
	}
	if len(code) < i+3 || code[i] != 0x0f || code[i+1] != 0xae {
		return 0
	}
	if m := code[i+2]; m>>6 == 3 && m>>3&7 <= 3 {
		return i + 3
	}
	return 0
}
