// Package lockcheck checks that functions which need a lock are called with it held.
//
// A function says so in its doc comment, one line a lock, in the notation of gVisor's analyser of the same name (whose program knows only the
// locks of package sync):
//
//	// +checklocks:s.pt          callers hold s.pt
//	// +checklocksread:s.lock    callers hold s.lock, for reading at least
//	// +checklocksacquire:o.mu   the function takes o.mu and returns with it
//	// +checklocksrelease:o.mu   the function gives up o.mu, which callers hold
//
// The name is an expression in the function's scope: it begins with the receiver, a parameter, a package variable, or, with a dot in
// front, a type of the package (.AddressSpace.pt). A call that is right for a reason the checker cannot see, such as that nobody else knows the
// object yet, stands on a line with the comment "+checklocksforce: the reason".
//
// What is checked is the lock's class, its field or variable, not which object it belongs to: a call with the lock of another object
// goes unnoticed; a forgotten lock does not. The state is followed through each function's statements: branches that go on are joined by
// what all of them hold. A function literal is taken to run where it is written. Calls through function values and interfaces are not
// checked, and neither is what happens in assembly.
package lockcheck

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
)

// Finding is a call without a lock that it needs, or an annotation that means nothing.
type Finding struct {
	Pos  token.Position
	Text string
}

func (f Finding) String() string { return fmt.Sprintf("%s: %s", f.Pos, f.Text) }

// mode is how a lock is held.
type mode int

const (
	reading mode = iota + 1
	writing
)

// contract is what a function's annotations say.
type contract struct {
	needs   map[types.Object]mode
	acquire map[types.Object]mode
	release []types.Object
}

// Checker holds the contracts of all packages seen so far.
type Checker struct {
	fset      *token.FileSet
	contracts map[types.Object]*contract
	aliases   map[types.Object]types.Object // pointers to locks, with what they point to
	Findings  []Finding
	Functions int // with annotations
	Calls     int // checked
}

// New makes a checker for packages parsed with a set of files.
func New(fset *token.FileSet) *Checker {
	return &Checker{fset: fset, contracts: make(map[types.Object]*contract), aliases: make(map[types.Object]types.Object)}
}

func (c *Checker) report(pos token.Pos, format string, args ...any) {
	c.Findings = append(c.Findings, Finding{c.fset.Position(pos), fmt.Sprintf(format, args...)})
}

// words are the annotations, with what each does to a contract.
var words = map[string]func(c *contract, o types.Object){
	"+checklocks:":        func(c *contract, o types.Object) { c.needs[o] = writing },
	"+checklocksread:":    func(c *contract, o types.Object) { c.needs[o] = reading },
	"+checklocksacquire:": func(c *contract, o types.Object) { c.acquire[o] = writing },
	"+checklocksrelease:": func(c *contract, o types.Object) { c.needs[o] = writing; c.release = append(c.release, o) },
}

const force = "+checklocksforce:"

// Declare reads the annotations of a package. All packages are declared before any is checked.
func (c *Checker) Declare(pkg *types.Package, info *types.Info, files []*ast.File) {
	for _, file := range files {
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Doc == nil {
				continue
			}
			if k := c.contractOf(pkg, info, fn); k != nil {
				c.contracts[info.Defs[fn.Name]] = k
				c.Functions++
			}
		}
	}
}

func (c *Checker) contractOf(pkg *types.Package, info *types.Info, fn *ast.FuncDecl) *contract {
	k := &contract{needs: make(map[types.Object]mode), acquire: make(map[types.Object]mode)}
	found := false
	for _, line := range fn.Doc.List {
		text := strings.TrimSpace(strings.TrimPrefix(line.Text, "//"))
		for word, add := range words {
			name, ok := strings.CutPrefix(text, word)
			if !ok {
				continue
			}
			o := resolve(pkg, info, fn, strings.TrimSpace(name))
			if o == nil {
				c.report(line.Pos(), "%s: no such lock as %s", fn.Name.Name, name)
				continue
			}
			add(k, o)
			found = true
		}
	}
	if !found {
		return nil
	}
	return k
}

// resolve finds the field or variable that an annotation names.
func resolve(pkg *types.Package, info *types.Info, fn *ast.FuncDecl, name string) types.Object {
	parts := strings.Split(name, ".")
	var o types.Object
	if parts[0] == "" && len(parts) > 2 { // .Type.field
		parts = parts[1:]
		o = pkg.Scope().Lookup(parts[0])
	} else {
		lists := []*ast.FieldList{fn.Recv, fn.Type.Params, fn.Type.Results}
		for _, l := range lists {
			for i := 0; l != nil && i < len(l.List); i++ {
				for _, id := range l.List[i].Names {
					if id.Name == parts[0] {
						o = info.Defs[id]
					}
				}
			}
		}
		if o == nil {
			o = pkg.Scope().Lookup(parts[0])
		}
	}
	for _, p := range parts[1:] {
		if o == nil {
			return nil
		}
		o, _, _ = types.LookupFieldOrMethod(o.Type(), true, pkg, p)
	}
	if v, ok := o.(*types.Var); ok {
		return v.Origin()
	}
	return nil
}

// Check follows the functions of a package.
func (c *Checker) Check(info *types.Info, files []*ast.File) {
	for _, file := range files {
		forced := make(map[int]bool)
		for _, g := range file.Comments {
			for _, l := range g.List {
				if strings.Contains(l.Text, force) {
					forced[c.fset.Position(l.Pos()).Line] = true
				}
			}
		}
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				w := &walker{c: c, info: info, forced: forced, held: make(state), name: fn.Name.Name}
				if k := c.contracts[info.Defs[fn.Name]]; k != nil {
					for o, m := range k.needs {
						w.held[o] = m
					}
				}
				w.block(fn.Body.List)
			}
		}
	}
}

// ParseFile is parser.ParseFile with the comments.
func ParseFile(fset *token.FileSet, path string, src any) (*ast.File, error) {
	return parser.ParseFile(fset, path, src, parser.ParseComments|parser.SkipObjectResolution)
}
