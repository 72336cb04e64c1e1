package lockcheck

import (
	"go/ast"
	"go/types"
)

// Methods of locks, by what they do.
var (
	takes  = map[string]mode{"Lock": writing, "LockIRQ": writing, "LockInterruptible": writing, "LockKillable": writing, "RLock": reading, "RLockIRQ": reading}
	drops  = map[string]bool{"Unlock": true, "UnlockIRQ": true, "RUnlock": true, "RUnlockIRQ": true}
	others = map[string]bool{"TryLock": true, "AssertHeld": true}
)

// callee returns the function or method called, if it is known at compile time.
func (w *walker) callee(call *ast.CallExpr) types.Object {
	fun := ast.Unparen(call.Fun)
	if i, ok := fun.(*ast.IndexExpr); ok {
		fun = i.X
	}
	var o types.Object
	switch fun := fun.(type) {
	case *ast.Ident:
		o = w.info.Uses[fun]
	case *ast.SelectorExpr:
		o = w.info.Uses[fun.Sel]
	}
	if f, ok := o.(*types.Func); ok {
		return f.Origin()
	}
	return nil
}

// lockCall returns the lock's class and the method, if the call is one of a lock's methods.
func (w *walker) lockCall(call *ast.CallExpr) (types.Object, string) {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || takes[sel.Sel.Name] == 0 && !drops[sel.Sel.Name] && !others[sel.Sel.Name] {
		return nil, ""
	}
	s := w.info.Selections[sel]
	if s == nil || !isLock(s.Obj()) {
		return nil, ""
	}
	if index := s.Index(); len(index) > 1 { // promoted from an embedded lock
		t := s.Recv()
		var f *types.Var
		for _, i := range index[:len(index)-1] {
			f = fieldsOf(t).Field(i)
			t = f.Type()
		}
		return f.Origin(), sel.Sel.Name
	}
	return w.class(sel.X), sel.Sel.Name
}

// fieldsOf returns a struct type, through a pointer.
func fieldsOf(t types.Type) *types.Struct {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	return t.Underlying().(*types.Struct)
}

// class returns the field or variable that an expression ends in.
func (w *walker) class(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if v, ok := w.info.Uses[e].(*types.Var); ok {
			if class := w.c.aliases[v]; class != nil {
				return class
			}
			return v.Origin()
		}
	case *ast.SelectorExpr:
		if v, ok := w.info.Uses[e.Sel].(*types.Var); ok {
			return v.Origin()
		}
	case *ast.IndexExpr:
		return w.class(e.X)
	case *ast.StarExpr:
		return w.class(e.X)
	case *ast.UnaryExpr:
		return w.class(e.X)
	}
	return nil
}

// isLock tells whether a method belongs to one of the kernel's lock types.
func isLock(m types.Object) bool {
	f, ok := m.(*types.Func)
	if !ok || f.Pkg() == nil {
		return false
	}
	switch f.Pkg().Path() {
	case "galago/kernel/lock", "galago/kernel/sched", "sync":
		return true
	}
	return false
}
