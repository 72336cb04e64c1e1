package lockcheck

import (
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"galago/tools/internal/repo"
)

const head = `package p

import "sync"

type box struct {
	mu sync.Mutex
	rw sync.RWMutex
	n  int
}

type pair struct{ a, b box }

var global sync.Mutex
var c bool

// +checklocks:b.mu
func (b *box) need() {}

// +checklocksread:b.rw
func (b *box) look() {}

// +checklocks:b.rw
func (b *box) change() {}

// +checklocks:global
func all() {}

// +checklocksacquire:b.mu
func (b *box) take() {}

// +checklocksrelease:b.mu
func (b *box) give() {}

// +checklocks:.box.mu
func some() {}

`

var (
	fset    = token.NewFileSet()
	library = importer.ForCompiler(fset, "source", nil)
)

// findings checks a function's body, and returns what is said about it.
func findings(t *testing.T, source string) string {
	t.Helper()
	f, err := ParseFile(fset, "p.go", source)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object), Selections: make(map[*ast.SelectorExpr]*types.Selection)}
	conf := types.Config{Importer: library}
	pkg, err := conf.Check("p", fset, []*ast.File{f}, info)
	if err != nil {
		t.Fatal(err)
	}
	k := New(fset)
	k.Declare(pkg, info, []*ast.File{f})
	k.Check(info, []*ast.File{f})
	var list []string
	for _, f := range k.Findings {
		list = append(list, f.Text)
	}
	return strings.Join(list, "; ")
}

func TestCalls(t *testing.T) {
	const missing = "f calls b.need without mu"
	for _, x := range []struct{ body, want string }{
		{`b.need()`, missing},
		{`b.mu.Lock(); b.need(); b.mu.Unlock()`, ""},
		{`b.mu.Lock(); b.mu.Unlock(); b.need()`, missing},
		{`b.mu.Lock(); defer b.mu.Unlock(); b.need()`, ""},
		{`b.mu.Lock(); if c { b.mu.Unlock(); return }; b.need()`, ""},
		{`b.mu.Lock(); if c { b.mu.Unlock() }; b.need()`, missing},
		{`if c { b.mu.Lock() } else { b.mu.Lock() }; b.need()`, ""},
		{`if c { b.mu.Lock() }; b.need()`, missing},
		{`if b.mu.TryLock() { b.need() }`, ""},
		{`if !b.mu.TryLock() { return }; b.need()`, ""},
		{`if !b.mu.TryLock() { b.need() }`, missing},
		{`for { b.mu.Lock(); if c { break }; b.mu.Unlock() }; b.need()`, ""},
		{`for c { b.mu.Lock() }; b.need()`, missing},
		{`outer: for { for { b.mu.Lock(); if c { break outer }; b.mu.Unlock() } }; b.need()`, ""},
		{`b.mu.Lock(); for range 3 { b.need() }; b.need()`, ""},
		{`switch { case c: b.mu.Lock(); default: b.mu.Lock() }; b.need()`, ""},
		{`switch { case c: b.mu.Lock() }; b.need()`, missing},
		{`switch { case c: b.mu.Lock(); default: panic(1) }; b.need()`, ""},
		{`b.mu.Lock(); func() { b.need() }()`, ""},
		{`b.mu.Lock(); go b.need()`, missing},
		{`b.mu.Lock(); go func() { b.need() }()`, missing},
		{`b.take(); b.need(); b.give(); b.need()`, missing},
		{`b.give()`, "f calls b.give without mu"},
		{`l := &b.mu; l.Lock(); b.need()`, ""},
		{`b.need() // +checklocksforce: it is new`, ""},
		{`b.look()`, "f calls b.look without rw"},
		{`b.rw.RLock(); b.look()`, ""},
		{`b.rw.Lock(); b.look(); b.change()`, ""},
		{`b.rw.RLock(); b.change()`, "f calls b.change with only a reader's rw"},
		{`all()`, "f calls all without global"},
		{`global.Lock(); all()`, ""},
		{`some()`, "f calls some without mu"},
		{`var q pair; q.b.mu.Lock(); q.b.need()`, ""},
		{`x := func() int { b.need(); return 1 }(); _ = x`, missing},
	} {
		source := head + "func f(b *box) {\n" + strings.ReplaceAll(x.body, "; ", "\n") + "\n}\n"
		if got := findings(t, source); got != x.want {
			t.Errorf("%s: %q, want %q", x.body, got, x.want)
		}
	}
}

func TestAnnotations(t *testing.T) {
	for _, x := range []struct{ source, want string }{
		{"// +checklocks:b.mu\nfunc f(b *box) { b.need() }", ""},
		{"// +checklocks:x.mu\nfunc f(b *box) {}", "f: no such lock as x.mu"},
		{"// +checklocks:b.nothing\nfunc f(b *box) {}", "f: no such lock as b.nothing"},
		{"// +checklocks:box\nfunc f(b *box) {}", "f: no such lock as box"},
		{"// +checklocksread:b.mu\nfunc f(b *box) { b.need() }", "f calls b.need with only a reader's mu"},
	} {
		if got := findings(t, head+x.source+"\n"); got != x.want {
			t.Errorf("%s: %q, want %q", x.source, got, x.want)
		}
	}
}

// TestTree holds the kernel to its annotations.
func TestTree(t *testing.T) {
	root, err := repo.Root()
	if err != nil {
		t.Fatal(err)
	}
	c, err := CheckTree(root, []string{"galago/kernel"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Findings {
		t.Error(f)
	}
	if c.Functions < 200 || c.Calls < 500 {
		t.Errorf("%d functions, %d calls: the annotations are not found", c.Functions, c.Calls)
	}
}
