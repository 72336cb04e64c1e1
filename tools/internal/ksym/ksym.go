// Package ksym reads what the kernel's ELF file says about its code: functions by address, source lines from
// DWARF, and the bytes to disassemble. The link gates and the panic decoder share it.
//
// Function bounds come from .symtab. Assembly labels often carry no size; such a function ends where the next
// symbol of its section begins. An Image is read-only after Open, but Line fills a cache: one goroutine at a time.
package ksym

import (
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"sort"
)

// Func is one function or assembly label with code behind it.
type Func struct {
	Name       string
	Addr, Size uint64
	Code       []byte
}

// End is the address after the function's last byte.
func (f *Func) End() uint64 { return f.Addr + f.Size }

// Image is an opened kernel.
type Image struct {
	Path  string
	ELF   *elf.File
	Funcs []Func // sorted by address, not overlapping
	dwarf *dwarf.Data
	units []*unit
}

// Open reads the symbols of the kernel at path. Missing DWARF is not an error; Line then finds nothing.
func Open(path string) (*Image, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	im := &Image{Path: path, ELF: f}
	if err := im.readFuncs(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if d, err := f.DWARF(); err == nil {
		im.dwarf = d
	}
	return im, nil
}

// Close closes the file. The functions' code stays valid.
func (im *Image) Close() error { return im.ELF.Close() }

// readFuncs collects the symbols of every executable section.
func (im *Image) readFuncs() error {
	syms, err := im.ELF.Symbols()
	if err != nil {
		return err
	}
	bySection := make(map[elf.SectionIndex][]elf.Symbol)
	for _, s := range syms {
		if typ := elf.ST_TYPE(s.Info); typ != elf.STT_FUNC && typ != elf.STT_NOTYPE {
			continue
		}
		if int(s.Section) >= len(im.ELF.Sections) || s.Section == elf.SHN_UNDEF || s.Name == "" {
			continue
		}
		if sec := im.ELF.Sections[s.Section]; sec.Flags&elf.SHF_EXECINSTR != 0 && sec.Type == elf.SHT_PROGBITS {
			bySection[s.Section] = append(bySection[s.Section], s)
		}
	}
	for index, list := range bySection {
		if err := im.addSection(im.ELF.Sections[index], list); err != nil {
			return err
		}
	}
	if len(im.Funcs) == 0 {
		return errors.New("no function symbols")
	}
	sort.Slice(im.Funcs, func(i, j int) bool { return im.Funcs[i].Addr < im.Funcs[j].Addr })
	return nil
}

// addSection cuts one section into functions.
func (im *Image) addSection(sec *elf.Section, list []elf.Symbol) error {
	code, err := sec.Data()
	if err != nil {
		return err
	}
	// At one address the typed, sized symbol is the function's name and the others are aliases.
	rank := func(s elf.Symbol) int {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Size > 0 {
			return 0
		}
		return 1
	}
	sort.SliceStable(list, func(i, j int) bool {
		if list[i].Value != list[j].Value {
			return list[i].Value < list[j].Value
		}
		return rank(list[i]) < rank(list[j])
	})
	for i, s := range list {
		if i > 0 && list[i-1].Value == s.Value || s.Value < sec.Addr || s.Value >= sec.Addr+sec.Size {
			continue
		}
		next := sec.Addr + sec.Size
		for _, n := range list[i+1:] {
			if n.Value > s.Value {
				next = min(next, n.Value)
				break
			}
		}
		end := next
		if s.Size > 0 {
			end = min(s.Value+s.Size, next)
		}
		im.Funcs = append(im.Funcs, Func{s.Name, s.Value, end - s.Value, code[s.Value-sec.Addr : end-sec.Addr]})
	}
	return nil
}

// Lookup returns the function that contains addr, or nil.
func (im *Image) Lookup(addr uint64) *Func {
	i := sort.Search(len(im.Funcs), func(i int) bool { return im.Funcs[i].Addr > addr }) - 1
	if i < 0 || addr >= im.Funcs[i].End() {
		return nil
	}
	return &im.Funcs[i]
}

// unit is one DWARF compile unit with its line table, read on first use.
type unit struct {
	entry  *dwarf.Entry
	ranges [][2]uint64
	rows   []dwarf.LineEntry
	loaded bool
}

// Line returns the source position of the instruction at addr.
func (im *Image) Line(addr uint64) (file string, line int, ok bool) {
	if im.dwarf == nil {
		return "", 0, false
	}
	if im.units == nil {
		im.readUnits()
	}
	for _, u := range im.units {
		for _, r := range u.ranges {
			if addr >= r[0] && addr < r[1] {
				return u.line(im.dwarf, addr)
			}
		}
	}
	return "", 0, false
}

// readUnits lists the compile units and the addresses each covers.
func (im *Image) readUnits() {
	im.units = []*unit{}
	r := im.dwarf.Reader()
	for {
		e, err := r.Next()
		if err != nil || e == nil {
			return
		}
		if e.Tag == dwarf.TagCompileUnit {
			if ranges, err := im.dwarf.Ranges(e); err == nil && len(ranges) > 0 {
				im.units = append(im.units, &unit{entry: e, ranges: ranges})
			}
		}
		r.SkipChildren()
	}
}

// line finds the row of the unit's line table that covers addr.
func (u *unit) line(d *dwarf.Data, addr uint64) (string, int, bool) {
	if !u.loaded {
		u.loaded = true
		u.load(d)
	}
	i := sort.Search(len(u.rows), func(i int) bool { return u.rows[i].Address > addr }) - 1
	if i < 0 || u.rows[i].EndSequence || u.rows[i].File == nil {
		return "", 0, false
	}
	return u.rows[i].File.Name, u.rows[i].Line, true
}

// load reads the line table and sorts it by address. Rows that end a sequence sort before rows that begin one
// at the same address.
func (u *unit) load(d *dwarf.Data) {
	lr, err := d.LineReader(u.entry)
	if err != nil || lr == nil {
		return
	}
	for {
		var e dwarf.LineEntry
		if err := lr.Next(&e); err != nil {
			if err != io.EOF {
				u.rows = nil
			}
			break
		}
		u.rows = append(u.rows, e)
	}
	sort.SliceStable(u.rows, func(i, j int) bool {
		a, b := &u.rows[i], &u.rows[j]
		if a.Address != b.Address {
			return a.Address < b.Address
		}
		return a.EndSequence && !b.EndSequence
	})
}
