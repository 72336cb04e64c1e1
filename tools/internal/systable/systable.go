// Package systable reads the table of system calls from its source, kernel/syscall/table.go, as the kernel only builds for the kernel.
package systable

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// File is the table's place in the source tree.
const File = "kernel/syscall/table.go"

// Row is one system call.
type Row struct {
	Number        int
	Name, Missing string
	Level         string // a key of Levels
}

// Read parses the table of the source tree at root.
func Read(root string) ([]Row, error) {
	src, err := os.ReadFile(filepath.Join(root, File))
	if err != nil {
		return nil, err
	}
	return Parse(src)
}

// Parse finds the composite literal assigned to the variable "table" and reads its rows.
func Parse(src []byte) ([]Row, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, File, src, 0)
	if err != nil {
		return nil, err
	}
	lit := tableLiteral(file)
	if lit == nil {
		return nil, fmt.Errorf("%s: no variable \"table\" with a composite literal", File)
	}
	var rows []Row
	seen := map[int]bool{}
	for _, e := range lit.Elts {
		r, err := parseRow(e)
		if err == nil && seen[r.Number] {
			err = fmt.Errorf("number %d twice", r.Number)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fset.Position(e.Pos()), err)
		}
		seen[r.Number] = true
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.Number, b.Number) })
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
func parseRow(e ast.Expr) (r Row, err error) {
	kv, ok := e.(*ast.KeyValueExpr)
	if !ok {
		return r, fmt.Errorf("a row without a number")
	}
	num, ok := kv.Key.(*ast.BasicLit)
	if !ok {
		return r, fmt.Errorf("the number is no literal")
	}
	if r.Number, err = strconv.Atoi(num.Value); err != nil {
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
			r.Name, err = text(field.Value)
		case "Missing":
			r.Missing, err = text(field.Value)
		case "Level":
			id, ok := field.Value.(*ast.Ident)
			if !ok {
				return r, fmt.Errorf("the level is no constant")
			}
			r.Level = id.Name
		}
		if err != nil {
			return r, err
		}
	}
	return r, check(r)
}

// check holds the table's rules: every row has a name and a level, and says what is missing unless nothing is.
func check(r Row) error {
	switch {
	case r.Name == "":
		return fmt.Errorf("number %d has no name", r.Number)
	case Levels[r.Level] == "":
		return fmt.Errorf("%s: unknown level %q", r.Name, r.Level)
	case r.Level == "Full" && r.Missing != "":
		return fmt.Errorf("%s: full, but something is missing", r.Name)
	case r.Level != "Full" && r.Missing == "":
		return fmt.Errorf("%s: level %s, but it does not say what is missing", r.Name, r.Level)
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

// Levels are how the support levels read in the document.
var Levels = map[string]string{"Full": "full", "Partial": "partial", "Error": "error"}
