// Command syscalldoc writes docs/syscalls.md, the list of system calls and how well each is supported, from the table in
// kernel/syscall/table.go. It reads the source rather than importing it, as the kernel only builds for the kernel.
//
//	go run ./tools/internal/syscalldoc
//
// Its test fails when the document is out of date.
package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

//go:generate go run galago/tools/internal/syscalldoc

const (
	tableFile = "kernel/syscall/table.go"
	docFile   = "docs/syscalls.md"
)

// row is one system call.
type row struct {
	number               int
	name, level, missing string
}

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
	src, err := os.ReadFile(filepath.Join(root, tableFile))
	if err != nil {
		return nil, err
	}
	rows, err := parse(src)
	if err != nil {
		return nil, err
	}
	return render(rows), nil
}

// parse finds the composite literal assigned to the variable "table" and reads its rows.
func parse(src []byte) ([]row, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, tableFile, src, 0)
	if err != nil {
		return nil, err
	}
	lit := tableLiteral(file)
	if lit == nil {
		return nil, fmt.Errorf("%s: no variable \"table\" with a composite literal", tableFile)
	}
	var rows []row
	seen := map[int]bool{}
	for _, e := range lit.Elts {
		r, err := parseRow(e)
		if err == nil && seen[r.number] {
			err = fmt.Errorf("number %d twice", r.number)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fset.Position(e.Pos()), err)
		}
		seen[r.number] = true
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.number, b.number) })
	return rows, nil
}

func tableLiteral(file *ast.File) *ast.CompositeLit {
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			if len(v.Names) == 1 && v.Names[0].Name == "table" && len(v.Values) == 1 {
				if lit, ok := v.Values[0].(*ast.CompositeLit); ok {
					return lit
				}
			}
		}
	}
	return nil
}

// parseRow reads "NUMBER: {Name: …, Level: …, Missing: …}".
func parseRow(e ast.Expr) (r row, err error) {
	kv, ok := e.(*ast.KeyValueExpr)
	if !ok {
		return r, fmt.Errorf("a row without a number")
	}
	num, ok := kv.Key.(*ast.BasicLit)
	if !ok {
		return r, fmt.Errorf("the number is no literal")
	}
	if r.number, err = strconv.Atoi(num.Value); err != nil {
		return r, err
	}
	lit, ok := kv.Value.(*ast.CompositeLit)
	if !ok {
		return r, fmt.Errorf("the row is no literal")
	}
	for _, f := range lit.Elts {
		field, ok := f.(*ast.KeyValueExpr)
		if !ok {
			return r, fmt.Errorf("a field without a name")
		}
		switch field.Key.(*ast.Ident).Name {
		case "Name":
			r.name, err = text(field.Value)
		case "Missing":
			r.missing, err = text(field.Value)
		case "Level":
			id, ok := field.Value.(*ast.Ident)
			if !ok {
				return r, fmt.Errorf("the level is no constant")
			}
			r.level = id.Name
		}
		if err != nil {
			return r, err
		}
	}
	return r, check(r)
}

// check holds the table's rules: every row has a name and a level, and says what is missing unless nothing is.
func check(r row) error {
	switch {
	case r.name == "":
		return fmt.Errorf("number %d has no name", r.number)
	case levels[r.level] == "":
		return fmt.Errorf("%s: unknown level %q", r.name, r.level)
	case r.level == "Full" && r.missing != "":
		return fmt.Errorf("%s: full, but something is missing", r.name)
	case r.level != "Full" && r.missing == "":
		return fmt.Errorf("%s: level %s, but it does not say what is missing", r.name, r.level)
	}
	return nil
}

// text evaluates a string literal or a sum of such.
func text(e ast.Expr) (string, error) {
	switch x := e.(type) {
	case *ast.BasicLit:
		return strconv.Unquote(x.Value)
	case *ast.BinaryExpr:
		if x.Op == token.ADD {
			a, err := text(x.X)
			if err != nil {
				return "", err
			}
			b, err := text(x.Y)
			return a + b, err
		}
	}
	return "", fmt.Errorf("no string literal")
}

// levels are how the support levels read in the document.
var levels = map[string]string{"Full": "full", "Partial": "partial", "Error": "error"}

func render(rows []row) []byte {
	var b bytes.Buffer
	n := map[string]int{}
	for _, r := range rows {
		n[r.level]++
	}
	b.WriteString("<!-- Generated from kernel/syscall/table.go by go run ./tools/internal/syscalldoc. Do not edit. -->\n\n")
	b.WriteString("# System calls\n\n")
	b.WriteString("Numbers and names are those of Linux on x86-64. A call that is not in the table returns ENOSYS.\n\n")
	fmt.Fprintf(&b, "Of %d calls, %d are supported in full, %d in part, and %d return an honest error.\n\n", len(rows), n["Full"],
		n["Partial"], n["Error"])
	b.WriteString("| Number | Name | Support | What is missing |\n|---:|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", r.number, r.name, levels[r.level], strings.ReplaceAll(r.missing, "|", "\\|"))
	}
	return b.Bytes()
}
