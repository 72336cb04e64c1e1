// Command syscalldoc writes docs/syscalls.md, the list of system calls and how well each is supported, from the table in
// kernel/syscall/table.go. It reads the source rather than importing it, as the kernel only builds for the kernel.
//
//	go run ./tools/internal/syscalldoc
//
// Its test fails when the document is out of date.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"galago/tools/internal/systable"
)

//go:generate go run galago/tools/internal/syscalldoc

const docFile = "docs/syscalls.md"

func main() {
	root, err := moduleRoot()
	if err == nil {
		err = write(root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "syscalldoc:", err)
		os.Exit(1)
	}
}

// moduleRoot finds the directory of go.mod above the present one.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("no go.mod here or above")
		}
		dir = up
	}
}

func write(root string) error {
	doc, err := generate(root)
	if err != nil {
		return err
	}
	out := filepath.Join(root, docFile)
	if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
		return err
	}
	return os.WriteFile(out, doc, 0o666)
}

// generate makes the document's text.
func generate(root string) ([]byte, error) {
	rows, err := systable.Read(root)
	if err != nil {
		return nil, err
	}
	return render(rows), nil
}

func render(rows []systable.Row) []byte {
	var b bytes.Buffer
	n := map[string]int{}
	for _, r := range rows {
		n[r.Level]++
	}
	b.WriteString("<!-- Generated from kernel/syscall/table.go by go run ./tools/internal/syscalldoc. Do not edit. -->\n\n")
	b.WriteString("# System calls\n\n")
	b.WriteString("Numbers and names are those of Linux on x86-64. A call that is not in the table returns ENOSYS.\n\n")
	fmt.Fprintf(&b, "Of %d calls, %d are supported in full, %d in part, and %d return an honest error.\n\n", len(rows), n["Full"],
		n["Partial"], n["Error"])
	b.WriteString("| Number | Name | Support | What is missing |\n|---:|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", r.Number, r.Name, systable.Levels[r.Level], strings.ReplaceAll(r.Missing, "|", "\\|"))
	}
	return b.Bytes()
}
