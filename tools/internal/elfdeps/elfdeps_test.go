package elfdeps

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestDynamicProgram(t *testing.T) {
	const sh = "/bin/sh"
	list, err := Files(sh)
	if err != nil {
		t.Fatal(err)
	}
	has := func(part string) bool {
		return slices.ContainsFunc(list, func(p string) bool { return strings.Contains(filepath.Base(p), part) })
	}
	if !has("ld-linux") || !has("libc.so") {
		t.Errorf("%s needs %v", sh, list)
	}
	for _, p := range list {
		if _, err := os.Stat(p); err != nil {
			t.Error(err)
		}
	}
}

func TestNoELF(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if list, err := Files(script); err != nil || len(list) > 0 {
		t.Errorf("%v %v", list, err)
	}
	if _, err := Files("/nonexistent-file"); err == nil {
		t.Error("a missing program is no error")
	}
}

func TestConfigured(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("main", "# comment\n/first # behind\n\ninclude "+dir+"/*.conf\n")
	write("a.conf", "/second\n")
	write("b.conf", "include "+dir+"/b.conf\n/third\n")
	got := configured(filepath.Join(dir, "main"), 0)
	if len(got) < 3 || got[0] != "/first" || got[1] != "/second" || !slices.Contains(got, "/third") {
		t.Errorf("%v", got)
	}
}
