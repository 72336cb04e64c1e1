//go:build galago_user

package main

import (
	"runtime"
	"unsafe"

	"galago/libc/sys"
)

// Shell variables, functions and other state that outlives a command. The language's own memory is released after each
// command, so what stays here is copied into blocks of its own.

// keep copies a string into memory that stays until drop.
func keep(s string) string {
	if len(s) == 0 {
		return ""
	}
	p := (*byte)(runtime.Alloc(uintptr(len(s))))
	copy(unsafe.Slice(p, len(s)), s)
	return unsafe.String(p, len(s))
}

func drop(s string) {
	if len(s) > 0 {
		runtime.Free(unsafe.Pointer(unsafe.StringData(s)))
	}
}

type variable struct {
	next     *variable
	name     string
	value    string
	set      bool
	exported bool
	readonly bool
}

const buckets = 64

var table [buckets]*variable

func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h % buckets
}

func lookup(name string) *variable {
	for v := table[hash(name)]; v != nil; v = v.next {
		if v.name == name {
			return v
		}
	}
	return nil
}

// entry finds or makes a variable, unset when new.
func entry(name string) *variable {
	if v := lookup(name); v != nil {
		return v
	}
	v := (*variable)(runtime.Alloc(unsafe.Sizeof(variable{})))
	v.name = keep(name)
	h := hash(name)
	v.next = table[h]
	table[h] = v
	return v
}

// setVar assigns; false and a message when the variable is read-only.
func setVar(name, value string) bool {
	v := entry(name)
	if v.readonly {
		errorf(name + ": is read only")
		return false
	}
	old := v.value
	wasSet := v.set
	v.value, v.set = keep(value), true
	if wasSet {
		drop(old)
	}
	if optAllExport {
		v.exported = true
	}
	return true
}

func unsetVar(name string) bool {
	v := lookup(name)
	if v == nil {
		return true
	}
	if v.readonly {
		errorf(name + ": is read only")
		return false
	}
	drop(v.value)
	v.value, v.set, v.exported = "", false, false
	return true
}

func getVar(name string) (string, bool) {
	v := lookup(name)
	if v == nil || !v.set {
		return "", false
	}
	return v.value, true
}

// importEnvironment takes over the environment.
func importEnvironment() {
	for _, p := range runtime.Environ {
		s := sys.GoString(p)
		if isAssign(s) {
			name, value := splitAssign(s)
			setVar(name, value)
			entry(name).exported = true
		}
	}
}

// environment is what commands get.
func environment() []string {
	var env []string
	for _, v := range table {
		for ; v != nil; v = v.next {
			if v.exported && v.set {
				env = append(env, v.name+"="+v.value)
			}
		}
	}
	return env
}

// sortedVars returns all variables by name.
func sortedVars() []*variable {
	var all []*variable
	for _, v := range table {
		for ; v != nil; v = v.next {
			all = append(all, v)
		}
	}
	for i := 1; i < len(all); i++ {
		for k := i; k > 0 && all[k].name < all[k-1].name; k-- {
			all[k], all[k-1] = all[k-1], all[k]
		}
	}
	return all
}

// function is a defined function. Its tree lives in memory that is never released (see holdMemory).
type function struct {
	next *function
	name string
	body *node
}

var functions *function

func findFunction(name string) *function {
	for f := functions; f != nil; f = f.next {
		if f.name == name && f.body != nil {
			return f
		}
	}
	return nil
}

func defineFunction(name string, body *node) {
	holdMemory = true
	for f := functions; f != nil; f = f.next {
		if f.name == name {
			f.body = body
			return
		}
	}
	f := (*function)(runtime.Alloc(unsafe.Sizeof(function{})))
	f.name, f.body, f.next = keep(name), body, functions
	functions = f
}

// holdMemory tells the enclosing commands not to release what they have allocated: a function definition refers to it.
var holdMemory bool

// inRegion runs fn and releases what it allocated, unless something refers to it.
func inRegion(fn func()) {
	if holdMemory {
		fn()
		return
	}
	m := runtime.Mark()
	fn()
	if !holdMemory {
		runtime.Release(m)
	}
}

// Positional parameters: a block of their own, so that set and shift do not leak.
type params struct {
	list []string
}

var positional params

// setParams replaces the parameters by copies.
func setParams(list []string) {
	old := positional.list
	positional.list = keepList(list)
	dropList(old)
}

func keepList(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	p := (*string)(runtime.Alloc(uintptr(len(list)) * unsafe.Sizeof("")))
	k := unsafe.Slice(p, len(list))
	for i, s := range list {
		k[i] = keep(s)
	}
	return k
}

func dropList(list []string) {
	for _, s := range list {
		drop(s)
	}
	if len(list) > 0 {
		runtime.Free(unsafe.Pointer(&list[0]))
	}
}

// Options of set.
var (
	optErrExit, optNoUnset, optXTrace, optNoGlob, optNoExec, optVerbose, optAllExport, optNoClobber, optMonitor, optPipeFail bool
	interactive                                                                                                              bool
)

var optionLetters = []struct {
	letter byte
	name   string
	on     *bool
}{
	{'a', "allexport", &optAllExport}, {'e', "errexit", &optErrExit}, {'f', "noglob", &optNoGlob}, {'m', "monitor", &optMonitor},
	{'n', "noexec", &optNoExec}, {'u', "nounset", &optNoUnset}, {'v', "verbose", &optVerbose}, {'x', "xtrace", &optXTrace},
	{'C', "noclobber", &optNoClobber}, {0, "pipefail", &optPipeFail},
}
