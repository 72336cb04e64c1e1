package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galago/tools/internal/systable"
)

// TestUpToDate compares the document with what the table gives.
func TestUpToDate(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	want, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, docFile))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is out of date: go run ./tools/internal/syscalldoc", docFile)
	}
}

func TestParse(t *testing.T) {
	const head = "package syscall\n\nvar table = [...]Row{\n"
	for _, c := range []struct {
		name, rows string
		want       string // part of the document, or of the error
		bad        bool
	}{
		{"full", `0: {Name: "read", Fn: f, Level: Full},`, "| 0 | read | full |  |", false},
		{"sorted", `7: {Name: "b", Level: Full}, 3: {Name: "a", Level: Full},`, "| 3 | a | full |  |\n| 7 | b | full |  |", false},
		{"sum", `1: {Name: "x", Level: Partial, Missing: "one | " + "two"},`, `| 1 | x | partial | one \| two |`, false},
		{"counts", `1: {Name: "x", Level: Error, Missing: "all"},`, "Of 1 calls, 0 are supported in full, 0 in part, and 1 return", false},
		{"twice", `1: {Name: "x", Level: Full}, 1: {Name: "y", Level: Full},`, "twice", true},
		{"nameless", `1: {Level: Full},`, "no name", true},
		{"unexplained", `1: {Name: "x", Level: Partial},`, "does not say", true},
		{"contradiction", `1: {Name: "x", Level: Full, Missing: "y"},`, "full, but", true},
		{"level", `1: {Name: "x", Level: Most},`, "unknown level", true},
		{"numberless", `{Name: "x", Level: Full},`, "without a number", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := systable.Parse([]byte(head + c.rows + "\n}\n"))
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = string(render(rows))
			}
			if (err != nil) != c.bad || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q in it", got, c.want)
			}
		})
	}
	if _, err := systable.Parse([]byte("package syscall\n")); err == nil {
		t.Error("a file without a table is accepted")
	}
}
