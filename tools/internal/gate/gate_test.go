package gate

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/arch/x86/x86asm"

	"galago/tools/internal/ksym"
)

// link assembles source and links it as a kernel would be: one .text section.
func link(t *testing.T, source string) (elf, object string) {
	t.Helper()
	if _, err := exec.LookPath("as"); err != nil {
		t.Skip("binutils are not installed")
	}
	dir := t.TempDir()
	src := filepath.Join(dir, "a.S")
	object, elf = filepath.Join(dir, "a.o"), filepath.Join(dir, "a.elf")
	if err := os.WriteFile(src, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][]string{
		{"as", "--64", "-g", src, "-o", object},
		{"ld", "-nostdlib", "-static", "-e", "0", "-Ttext=0xffffffff80100000", object, "-o", elf},
	} {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", c[0], err, out)
		}
	}
	return elf, object
}

const source = `
	.text
	.type clean,@function
clean:	pushq %rbp
	subq $0x100, %rsp
	movups %xmm15, (%rsp)
	movq %cr3, %rax
	mov %ax, %ds
	clac
	stac
	wrfsbase %rax
	rdgsbase %r9
	xgetbv
	xsetbv
	xsaveopt (%rdi)
	fxsave64 (%rdi)
	ldmxcsr (%rdi)
	endbr64
	ret
	.size clean, .-clean
	.fill 7, 1, 0xcc
	.type bigframe,@function
bigframe: subq $4096, %rsp
	addq $4096, %rsp
	ret
	.size bigframe, .-bigframe
usesxmm: movaps %xmm0, %xmm1
	ret
usesx87: fninit
	ret
usesymm: vpxor %ymm3, %ymm4, %ymm5
	ret
fpu_save: fninit
	movaps %xmm0, (%rdi)
	ret
notcode: .word 0xffff, 0, 0x9b00, 0xaf
`

func TestKernel(t *testing.T) {
	elf, _ := link(t, source)
	im, err := ksym.Open(elf)
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	found, st := Kernel(im, Options{VectorAllow: []string{"fpu_"}, Skip: []string{"notcode"}})
	want := map[string]string{
		"bigframe": "4096 bytes",
		"usesxmm":  "vector register X",
		"usesx87":  "x87",
		"usesymm":  "vector register Y",
	}
	for _, f := range found {
		if f.Func == "" {
			t.Errorf("unexpected: %v", f)
			continue
		}
		part, ok := want[f.Func]
		if !ok || !strings.Contains(f.What, part) {
			t.Errorf("unexpected: %v", f)
		}
		if !strings.Contains(f.Where, "a.S:") {
			t.Errorf("%s: no source line: %q", f.Func, f.Where)
		}
		delete(want, f.Func)
	}
	for fn := range want {
		t.Errorf("nothing found in %s", fn)
	}
	if st.MaxFrame != 4096 || st.MaxFrameFunc != "bigframe" {
		t.Errorf("largest frame %d in %q", st.MaxFrame, st.MaxFrameFunc)
	}
}

func TestRelocations(t *testing.T) {
	_, object := link(t, source)
	if found, err := Relocations(object); err != nil || len(found) != 0 {
		t.Errorf("clean object: %v, %v", found, err)
	}
	_, object = link(t, `
	.text
	.type tls,@function
tls:	movq %fs:v@tpoff, %r14
	ret
	.size tls, .-tls
	.section .tbss,"awT",@nobits
v:	.quad 0
`)
	found, err := Relocations(object)
	if err != nil || len(found) != 1 || found[0].Func != "tls" {
		t.Errorf("found %v, %v; want one in tls", found, err)
	}
}

func TestStackGrowth(t *testing.T) {
	for _, c := range []struct {
		name string
		code []byte
		want int
	}{
		{"sub rsp, 8", []byte{0x48, 0x83, 0xec, 0x08}, 8},
		{"sub rsp, 0x1000", []byte{0x48, 0x81, 0xec, 0, 0x10, 0, 0}, 4096},
		{"add rsp, -128", []byte{0x48, 0x83, 0xc4, 0x80}, 128},
		{"add rsp, 8", []byte{0x48, 0x83, 0xc4, 0x08}, -8},
		{"sub rax, 8", []byte{0x48, 0x83, 0xe8, 0x08}, 0},
		{"sub rsp, rax", []byte{0x48, 0x29, 0xc4}, 0},
	} {
		inst, err := x86asm.Decode(c.code, 64)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := stackGrowth(&inst); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestLdLog(t *testing.T) {
	log := "ld: build/kernel/kernel.go.o: in function `galago/kernel/x.F':\n" +
		"/src/kernel/x/y.go:22: undefined reference to `runtime.newobject'\n" +
		"ld: /src/kernel/x/y.go:23: undefined reference to `runtime.growslice'\n" +
		"ld: /src/kernel/x/y.go:24: more undefined references to `runtime.growslice' follow\n" +
		"/src/kernel/x/y.go:22: undefined reference to `runtime.newobject'\n" +
		"ld: build/kernel/kernel.go.o: in function `galago/kernel/x.G':\n" +
		"/src/kernel/x/z.go:9: undefined reference to `runtime.mapassign_fast64'\n" +
		"/src/kernel/x/z.go:10: undefined reference to `runtime.fadd64'\n" +
		"/src/kernel/x/z.go:11: undefined reference to `other'\n" +
		"ld: warning: something else\n"
	found, rest := LdLog(log)
	want := []struct{ fn, where, what string }{
		{"galago/kernel/x.F", "/src/kernel/x/y.go:22", "allocates implicitly (runtime.newobject)"},
		{"galago/kernel/x.F", "/src/kernel/x/y.go:23", "grows a slice by append (runtime.growslice)"},
		{"galago/kernel/x.F", "/src/kernel/x/y.go:24", "grows a slice by append (runtime.growslice)"},
		{"galago/kernel/x.G", "/src/kernel/x/z.go:9", "uses a map (runtime.mapassign_fast64)"},
		{"galago/kernel/x.G", "/src/kernel/x/z.go:10", "uses floating point (runtime.fadd64)"},
		{"galago/kernel/x.G", "/src/kernel/x/z.go:11", "refers to other, which nothing defines"},
	}
	if len(found) != len(want) {
		t.Fatalf("%d findings, want %d: %v", len(found), len(want), found)
	}
	for i, w := range want {
		f := found[i]
		if f.Func != w.fn || f.Where != w.where || f.What != w.what || f.Fix == "" {
			t.Errorf("finding %d: %+v, want %+v", i, f, w)
		}
	}
	if len(rest) != 1 || !strings.Contains(rest[0], "something else") {
		t.Errorf("rest: %q", rest)
	}
	if s := found[0].String(); !strings.HasPrefix(s, "/src/kernel/x/y.go:22: function galago/kernel/x.F allocates implicitly") {
		t.Errorf("String: %q", s)
	}
}
