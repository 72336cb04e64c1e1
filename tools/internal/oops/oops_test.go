package oops

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"galago/tools/internal/ksym"
)

// program builds a static Go program, whose symbols and DWARF are like the kernel's.
func program(t *testing.T) *ksym.Image {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module p\n\ngo 1.26\n",
		"main.go": "package main\n\n//go:noinline\nfunc store(p *int) {\n\t*p = 42\n}\n\nfunc main() {\n\tstore(nil)\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-ldflags=-compressdwarf=false", "-o", "p", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	im, err := ksym.Open(filepath.Join(dir, "p"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { im.Close() })
	return im
}

func find(t *testing.T, im *ksym.Image, name string) *ksym.Func {
	t.Helper()
	for i := range im.Funcs {
		if im.Funcs[i].Name == name {
			return &im.Funcs[i]
		}
	}
	t.Fatalf("no function %s", name)
	return nil
}

func TestDecode(t *testing.T) {
	im := program(t)
	store, main := find(t, im, "main.store"), find(t, im, "main.main")
	log := fmt.Sprintf("kernel panic: page fault\r\nRIP %016x  CS 08\nRAX 0000000000000000  RBX %016x\nback trace:\n  %016x main.store main.go:5\n  %016x\ngarbage ffffffffffffffff\n",
		store.Addr, main.Addr+1, store.Addr, main.Addr+4)
	var out strings.Builder
	found, err := Decode(&out, im, strings.NewReader(log))
	if err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	text := out.String()
	for _, want := range []string{
		fmt.Sprintf("^ %016x main.store+0x0 ", store.Addr),
		fmt.Sprintf("^ %016x main.main+0x1 ", main.Addr+1),
		fmt.Sprintf("^ %016x main.main+0x4 ", main.Addr+4),
		"main.go:5\t*p = 42",
		"code around " + fmt.Sprintf("%016x", store.Addr),
		fmt.Sprintf("=> %016x", store.Addr),
		"$0x2a",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing from\n%s", want, text)
		}
	}
	if n := strings.Count(text, "^ "+fmt.Sprintf("%016x main.store", store.Addr)); n != 1 {
		t.Errorf("a line that names the function was annotated: %d annotations", n)
	}
	if strings.Contains(text, "\r") {
		t.Error("carriage returns were kept")
	}
}

func TestDecodeNothing(t *testing.T) {
	im := program(t)
	var out strings.Builder
	found, err := Decode(&out, im, strings.NewReader("all is well\nRIP zzz\n"))
	if err != nil || found || out.String() != "all is well\nRIP zzz\n" {
		t.Errorf("%v, %v: %q", found, err, out.String())
	}
}

// TestBoundaries disassembles at every byte of a function.
func TestBoundaries(t *testing.T) {
	im := program(t)
	f := find(t, im, "main.main")
	for pc := f.Addr; pc < f.End(); pc++ {
		var out strings.Builder
		Disassemble(&out, im, pc)
		if strings.Count(out.String(), "=> ") != 1 {
			t.Fatalf("at %#x:\n%s", pc, out.String())
		}
	}
	if im.Lookup(0) != nil || im.Lookup(^uint64(0)) != nil {
		t.Error("an address outside was found")
	}
}
