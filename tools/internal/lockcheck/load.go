package lockcheck

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
)

// loader type-checks the kernel's packages from their source, as they are built for the machine.
type loader struct {
	root  string
	ctx   build.Context
	fset  *token.FileSet
	std   types.Importer
	done  map[string]*loaded
	order []*loaded
}

type loaded struct {
	pkg   *types.Package
	info  *types.Info
	files []*ast.File
}

const module = "galago/"

// Import loads a package and what it imports.
func (l *loader) Import(path string) (*types.Package, error) {
	rel, inside := strings.CutPrefix(path, module)
	if !inside {
		return l.std.Import(path)
	}
	if p := l.done[path]; p != nil {
		return p.pkg, nil
	}
	b, err := l.ctx.ImportDir(filepath.Join(l.root, rel), 0)
	if err != nil {
		return nil, err
	}
	p := &loaded{info: &types.Info{
		Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object), Selections: make(map[*ast.SelectorExpr]*types.Selection),
	}}
	for _, name := range b.GoFiles {
		f, err := ParseFile(l.fset, filepath.Join(b.Dir, name), nil)
		if err != nil {
			return nil, err
		}
		p.files = append(p.files, f)
	}
	// The own runtime's additions to package runtime are unknown here; nothing of locks depends on them.
	conf := types.Config{Importer: l, Error: func(error) {}, FakeImportC: true}
	p.pkg, _ = conf.Check(path, l.fset, p.files, p.info)
	l.done[path] = p
	l.order = append(l.order, p)
	return p.pkg, nil
}

// CheckTree checks all packages of the kernel in the module at root that are built for the machine.
func CheckTree(root string, packages []string) (*Checker, error) {
	l := &loader{root: root, ctx: build.Default, fset: token.NewFileSet(), done: make(map[string]*loaded)}
	l.ctx.BuildTags = []string{"galago"}
	l.ctx.GOOS, l.ctx.GOARCH, l.ctx.CgoEnabled = "linux", "amd64", false
	l.std = importer.ForCompiler(l.fset, "source", nil)
	for _, path := range packages {
		if _, err := l.Import(path); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	c := New(l.fset)
	for _, p := range l.order {
		c.Declare(p.pkg, p.info, p.files)
	}
	for _, p := range l.order {
		c.Check(p.info, p.files)
	}
	return c, nil
}
