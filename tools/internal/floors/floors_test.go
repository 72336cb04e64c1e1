package floors

import (
	"strings"
	"testing"

	"galago/tools/internal/repo"
)

func TestRules(t *testing.T) {
	for _, c := range []struct{ from, to, why string }{
		{"galago/kernel/mem", "galago/kernel/lock", ""},
		{"galago/kernel/lock", "galago/kernel/sched", "upward"},
		{"galago/kernel/klog", "galago/kernel/sched", "upward"},
		{"galago/kernel/lock", "galago/kernel/klog", "one floor"},
		{"galago/kernel/klog", "galago/kernel/lock", ""},
		{"galago/kernel/vm/pagecache", "galago/kernel/vm", ""},
		{"galago/kernel/vm", "galago/kernel/block", "one floor"},
		{"galago/kernel/fs/galfs", "galago/kernel/fs/galfs/disk", ""},
		{"galago/kernel/fs/galfs", "galago/kernel/vfs", ""},
		{"galago/kernel/vfs", "galago/kernel/fs/galfs", "upward"},
		{"galago/kernel/syscall", "galago/kernel/proc", ""},
		{"galago/kernel", "galago/drivers/uart", ""},
		{"galago/kernel/syscall", "galago/drivers/uart", "upward"},
		{"galago/drivers/virtio/blk", "galago/drivers/virtio", ""},
		{"galago/drivers/uart", "galago/kernel/tty", ""},
		{"galago/drivers/uart", "galago/kernel/vfs", ""},
		{"galago/drivers/uart", "galago/kernel/syscall", "drivers import"},
		{"galago/kernel/mem", "galago/tools/internal/repo", "only kernel code"},
		{"galago/kernel/mem", "unsafe", ""},
		{"galago/kernel/nowhere", "", "no floor"},
		{"galago/tools/galago", "galago/kernel/syscall", ""},
		{"galago/arch", "galago/kernel/ds", "one floor"},
		{"galago/kernel/acpi", "galago/kernel/mem", ""},
		{"galago/kernel/mem", "galago/kernel/trace", "upward"},
	} {
		p := Package{ImportPath: c.from}
		if c.to != "" {
			p.Imports = []string{c.to}
		}
		got := Check([]Package{p})
		if c.why == "" && len(got) > 0 || c.why != "" && (len(got) != 1 || !strings.Contains(got[0].Why, c.why)) {
			t.Errorf("%s imports %s: %v, want %q", c.from, c.to, got, c.why)
		}
	}
}

// TestFloorPlan is the rule itself: it fails on an upward import anywhere in the kernel.
func TestFloorPlan(t *testing.T) {
	root, err := repo.Root()
	if err != nil {
		t.Fatal(err)
	}
	found, packages, err := CheckTree(root)
	if err != nil {
		t.Fatal(err)
	}
	if packages < 5 {
		t.Errorf("only %d packages were listed", packages)
	}
	for _, v := range found {
		t.Error(v)
	}
}
