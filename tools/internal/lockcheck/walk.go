package lockcheck

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
)

// state is what is held.
type state map[types.Object]mode

// join keeps what both hold. A nil state is that of a path that does not go on.
func join(a, b state) state {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	r := make(state)
	for o, m := range a {
		if n, ok := b[o]; ok {
			r[o] = min(m, n)
		}
	}
	return r
}

// target is a statement that break may leave.
type target struct {
	label  string
	loop   bool
	broken []state
}

// walker follows one function.
type walker struct {
	c       *Checker
	info    *types.Info
	forced  map[int]bool
	name    string
	held    state // nil: not reached
	targets []*target
	label   string // of the statement to come
}

func (w *walker) copy() state { return maps.Clone(w.held) }

func (w *walker) block(list []ast.Stmt) {
	for _, s := range list {
		if w.held == nil {
			w.held = make(state) // behind a goto's label, say; nothing is known
			if _, ok := s.(*ast.LabeledStmt); !ok {
				w.held = nil
				return
			}
		}
		w.stmt(s)
	}
}

func (w *walker) stmt(s ast.Stmt) {
	label := w.label
	w.label = ""
	switch s := s.(type) {
	case *ast.BlockStmt:
		w.block(s.List)
	case *ast.LabeledStmt:
		w.label = s.Label.Name
		w.stmt(s.Stmt)
	case *ast.IfStmt:
		w.ifStmt(s)
	case *ast.ForStmt:
		w.init(s.Init)
		w.expr(s.Cond)
		w.loop(label, s.Cond == nil, func() {
			w.block(s.Body.List)
			if w.held != nil {
				w.init(s.Post)
			}
		})
	case *ast.RangeStmt:
		w.expr(s.X)
		w.loop(label, false, func() { w.block(s.Body.List) })
	case *ast.SwitchStmt:
		w.init(s.Init)
		w.expr(s.Tag)
		w.cases(label, s.Body.List)
	case *ast.TypeSwitchStmt:
		w.init(s.Init)
		w.init(s.Assign)
		w.cases(label, s.Body.List)
	case *ast.SelectStmt:
		w.cases(label, s.Body.List)
	case *ast.ReturnStmt:
		for _, e := range s.Results {
			w.expr(e)
		}
		w.held = nil
	case *ast.BranchStmt:
		if s.Tok == token.BREAK {
			if t := w.find(s.Label); t != nil {
				t.broken = append(t.broken, w.held)
			}
		}
		if s.Tok != token.FALLTHROUGH {
			w.held = nil
		}
	case *ast.DeferStmt:
		w.deferred(s.Call)
	case *ast.GoStmt:
		was := w.held
		w.held = make(state)
		w.expr(s.Call)
		w.held = was
	case *ast.AssignStmt:
		w.expr(s)
		w.alias(s)
	default:
		w.expr(s)
	}
}

// alias notes that a variable is a pointer to a lock: l := &c.locks[i].
func (w *walker) alias(s *ast.AssignStmt) {
	if s.Tok != token.DEFINE || len(s.Lhs) != len(s.Rhs) {
		return
	}
	for i, r := range s.Rhs {
		id, ok := s.Lhs[i].(*ast.Ident)
		if u, addr := r.(*ast.UnaryExpr); ok && addr && u.Op == token.AND {
			if class := w.class(u.X); class != nil {
				w.c.aliases[w.info.Defs[id]] = class
			}
		}
	}
}

// deferred looks at a deferred call: what it gives up is held until the end.
func (w *walker) deferred(call *ast.CallExpr) {
	was := w.copy()
	w.expr(call)
	w.held = was
}

func (w *walker) init(s ast.Stmt) {
	if s != nil {
		w.stmt(s)
	}
}

// find returns what break leaves.
func (w *walker) find(label *ast.Ident) *target {
	for i := len(w.targets) - 1; i >= 0; i-- {
		if t := w.targets[i]; label == nil || t.label == label.Name {
			return t
		}
	}
	return nil
}

// loop follows a loop's body once. What it does not hold at its end is not held at its beginning either the next time.
func (w *walker) loop(label string, endless bool, body func()) {
	t := &target{label: label, loop: true}
	w.targets = append(w.targets, t)
	before := w.copy()
	body()
	w.targets = w.targets[:len(w.targets)-1]
	var after state
	if !endless {
		after = join(before, w.held)
	}
	for _, b := range t.broken {
		after = join(after, b)
	}
	w.held = after
}

func (w *walker) ifStmt(s *ast.IfStmt) {
	w.init(s.Init)
	w.expr(s.Cond)
	lock, negated := w.tried(s.Cond)
	before := w.copy()
	if lock != nil && !negated {
		w.held[lock] = writing
	}
	w.block(s.Body.List)
	then := w.held
	w.held = before
	if lock != nil && negated {
		w.held[lock] = writing
	}
	if s.Else != nil {
		w.stmt(s.Else)
	}
	w.held = join(then, w.held)
}

// tried returns the lock of a condition that is x.TryLock() or its negation.
func (w *walker) tried(e ast.Expr) (types.Object, bool) {
	negated := false
	if u, ok := e.(*ast.UnaryExpr); ok && u.Op == token.NOT {
		e, negated = u.X, true
	}
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return nil, false
	}
	lock, method := w.lockCall(call)
	if method != "TryLock" {
		return nil, false
	}
	return lock, negated
}

func (w *walker) cases(label string, list []ast.Stmt) {
	t := &target{label: label}
	w.targets = append(w.targets, t)
	before := w.copy()
	var after state
	complete := false
	for _, s := range list {
		w.held = maps.Clone(before)
		switch s := s.(type) {
		case *ast.CaseClause:
			for _, e := range s.List {
				w.expr(e)
			}
			complete = complete || s.List == nil
			w.block(s.Body)
		case *ast.CommClause:
			complete = true
			w.init(s.Comm)
			w.block(s.Body)
		}
		after = join(after, w.held)
	}
	w.targets = w.targets[:len(w.targets)-1]
	for _, b := range t.broken {
		after = join(after, b)
	}
	if !complete {
		after = join(after, before)
	}
	w.held = after
}

// expr follows the calls in an expression or simple statement, arguments first.
func (w *walker) expr(n ast.Node) {
	if n == nil || w.held == nil {
		return
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			inner := *w
			inner.held, inner.targets = w.copy(), nil
			inner.block(n.Body.List)
			return false
		case *ast.CallExpr:
			w.expr(n.Fun)
			for _, a := range n.Args {
				w.expr(a)
			}
			w.call(n)
			return false
		}
		return true
	})
}

// call applies a call to the state, or checks it.
func (w *walker) call(call *ast.CallExpr) {
	if w.held == nil {
		return
	}
	if lock, method := w.lockCall(call); lock != nil {
		switch {
		case takes[method] != 0:
			w.held[lock] = takes[method]
		case drops[method]:
			delete(w.held, lock)
		case method == "AssertHeld":
			w.held[lock] = writing
		}
		return
	}
	if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "panic" {
		w.held = nil
		return
	}
	k := w.c.contracts[w.callee(call)]
	if k == nil {
		return
	}
	w.c.Calls++
	for o, m := range k.needs {
		if w.held[o] < m && !w.forced[w.c.fset.Position(call.Pos()).Line] {
			how := "without"
			if w.held[o] == reading {
				how = "with only a reader's"
			}
			w.c.report(call.Pos(), "%s calls %s %s %s", w.name, types.ExprString(call.Fun), how, o.Name())
		}
	}
	for o, m := range k.acquire {
		w.held[o] = m
	}
	for _, o := range k.release {
		delete(w.held, o)
	}
}
