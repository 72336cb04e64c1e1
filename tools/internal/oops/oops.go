// Package oops decodes a kernel panic on the host: it names every kernel address in a log and shows the code around the
// instruction that failed, with source lines.
//
// The kernel symbolises its own back trace when it can; this is for the rest: addresses in registers, a log cut
// short, a kernel whose symbols were damaged. The log is text from anywhere, so nothing in it is trusted.
package oops

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/arch/x86/x86asm"

	"galago/tools/internal/ksym"
)

var (
	address = regexp.MustCompile(`\b(?:0x)?([0-9a-f]{16})\b`)
	rip     = regexp.MustCompile(`(?i)\bRIP[ :=]+(?:[0-9a-f]{2,4}:)?(?:0x)?([0-9a-f]{16})\b`)
)

// Context of the disassembly, in instructions.
const (
	before = 12
	after  = 6
)

// Decode copies a log to w with every kernel address named, and then shows the code around the failing instruction. It
// reports whether it found any kernel address.
func Decode(w io.Writer, im *ksym.Image, log io.Reader) (found bool, err error) {
	var at, first uint64
	s := bufio.NewScanner(log)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		line := strings.TrimRight(s.Text(), "\r")
		names, addrs := annotate(im, line)
		if len(addrs) > 0 {
			found = true
			if first == 0 {
				first = addrs[0]
			}
		}
		if m := rip.FindStringSubmatch(line); m != nil && at == 0 {
			if pc, err := strconv.ParseUint(m[1], 16, 64); err == nil && im.Lookup(pc) != nil {
				at = pc
			}
		}
		fmt.Fprintln(w, line)
		for _, n := range names {
			fmt.Fprintln(w, "        ^", n)
		}
	}
	if err := s.Err(); err != nil {
		return found, err
	}
	if at == 0 {
		at = first
	}
	if at != 0 {
		Disassemble(w, im, at)
	}
	return found, nil
}

// annotate names the kernel addresses of a line, unless the line itself already has the function's name.
func annotate(im *ksym.Image, line string) (names []string, addrs []uint64) {
	for _, m := range address.FindAllStringSubmatch(line, -1) {
		pc, err := strconv.ParseUint(m[1], 16, 64)
		if err != nil {
			continue
		}
		f := im.Lookup(pc)
		if f == nil {
			continue
		}
		addrs = append(addrs, pc)
		if !strings.Contains(line, f.Name) {
			names = append(names, Describe(im, pc))
		}
	}
	return names, addrs
}

// Describe names one address: function+offset, file:line.
func Describe(im *ksym.Image, pc uint64) string {
	f := im.Lookup(pc)
	if f == nil {
		return fmt.Sprintf("%016x", pc)
	}
	text := fmt.Sprintf("%016x %s+%#x", pc, f.Name, pc-f.Addr)
	if file, line, ok := im.Line(pc); ok {
		text += fmt.Sprintf(" %s:%d", file, line)
	}
	return text
}

// Disassemble shows the instructions around pc. Decoding starts at the function's first byte, because x86 code cannot be
// decoded backwards.
func Disassemble(w io.Writer, im *ksym.Image, pc uint64) {
	f := im.Lookup(pc)
	if f == nil {
		return
	}
	fmt.Fprintf(w, "\ncode around %s\n", Describe(im, pc))
	list := instructions(f)
	center := len(list) - 1
	for i, in := range list {
		if pc < in.addr+uint64(in.size) {
			center = i
			break
		}
	}
	lastLine := ""
	for i := max(0, center-before); i < min(len(list), center+after+1); i++ {
		in := &list[i]
		if file, line, ok := im.Line(in.addr); ok {
			if l := fmt.Sprintf("%s:%d", file, line); l != lastLine {
				lastLine = l
				fmt.Fprintf(w, "%s\t%s\n", l, sourceLine(file, line))
			}
		}
		mark := "   "
		if i == center {
			mark = "=> "
		}
		fmt.Fprintf(w, "%s%016x  %-30s  %s\n", mark, in.addr, fmt.Sprintf("% x", f.Code[in.addr-f.Addr:][:in.size]), in.text(im))
	}
}

// instruction is one decoded instruction, or one byte that is none.
type instruction struct {
	addr uint64
	size int
	inst x86asm.Inst
	ok   bool
}

func instructions(f *ksym.Func) (list []instruction) {
	for off := 0; off < len(f.Code); {
		in := instruction{addr: f.Addr + uint64(off), size: 1}
		if inst, err := x86asm.Decode(f.Code[off:], 64); err == nil && inst.Len > 0 {
			in.inst, in.size, in.ok = inst, inst.Len, true
		}
		list = append(list, in)
		off += in.size
	}
	return list
}

// text formats an instruction in Go's own assembler syntax, with names for call targets.
func (in *instruction) text(im *ksym.Image) string {
	if !in.ok {
		return "?"
	}
	return x86asm.GoSyntax(in.inst, in.addr, func(addr uint64) (string, uint64) {
		if f := im.Lookup(addr); f != nil {
			return f.Name, f.Addr
		}
		return "", 0
	})
}

// sourceLine returns one line of a source file, trimmed, or nothing.
func sourceLine(file string, n int) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	lines := bytes.Split(text, []byte("\n"))
	if n < 1 || n > len(lines) {
		return ""
	}
	return string(bytes.TrimSpace(lines[n-1]))
}
