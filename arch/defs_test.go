//go:build !galago

package arch

import (
	"os"
	"regexp"
	"strconv"
	"testing"
	"unsafe"
)

// TestDefs holds the offsets and sizes that the assembly knows, boot/defs.inc, to what the Go code has.
func TestDefs(t *testing.T) {
	text, err := os.ReadFile("../boot/defs.inc")
	if err != nil {
		t.Fatal(err)
	}
	defs := make(map[string]uintptr)
	for _, m := range regexp.MustCompile(`(?m)^\s*\.set\s+(\w+),\s*(\d+)\b`).FindAllSubmatch(text, -1) {
		n, err := strconv.ParseUint(string(m[2]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		defs[string(m[1])] = uintptr(n)
	}
	var h ThreadHeader
	want := map[string]uintptr{
		"TH_STACK_HI": unsafe.Offsetof(h.StackHi), "TH_GUARD0": unsafe.Offsetof(h.StackGuard0), "TH_SP": unsafe.Offsetof(h.SP), "TH_BP": unsafe.Offsetof(h.BP),
		"TH_PREEMPT": unsafe.Offsetof(h.Preempt), "TH_NEED_RESCHED": unsafe.Offsetof(h.NeedResched), "TH_USER_FRAME": unsafe.Offsetof(h.UserFrame),
		"TH_WORK": unsafe.Offsetof(h.Work), "TH_KERNEL_TIME": unsafe.Offsetof(h.KernelTime),
		"STACK_GUARD": constant(t, "thread_amd64.go", `const stackReserve = (\d+)`), "IST_SIZE": constant(t, "percpu_amd64.go", `const istSize = (\d+) \* PageSize`) * PageSize,
	}
	for name, n := range want {
		if got, ok := defs[name]; !ok || got != n {
			t.Errorf("%s is %d in boot/defs.inc, %d in Go", name, got, n)
		}
	}
	for name := range defs {
		if _, ok := want[name]; !ok && len(name) > 3 && name[:3] == "TH_" {
			t.Errorf("%s is not checked", name)
		}
	}
}

// constant reads a number from a file that is built for the machine only.
func constant(t *testing.T, file, pattern string) uintptr {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(pattern).FindSubmatch(text)
	if m == nil {
		t.Fatalf("%s: nothing like %s", file, pattern)
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return uintptr(n)
}
