//go:build galago_user

// Command find walks trees and evaluates an expression on each file (POSIX.1-2017 XCU find). parse.go builds the expression, eval.go
// evaluates it.
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/dir"
	"galago/libc/stdio"
	"galago/libc/sys"
	"galago/libc/walk"
)

var (
	follow             byte // 'L', 'H' or 'P'
	depthFirst         bool
	oneDevice          bool
	minDepth, maxDepth = 0, 1 << 30
	hasAction          bool
	now                sys.Timespec
	tree               *expr
)

func main() {
	args := cmd.Args()
	follow = 'P'
	for len(args) > 0 && (args[0] == "-L" || args[0] == "-H" || args[0] == "-P") {
		follow = args[0][1]
		args = args[1:]
	}
	var paths []string
	for len(args) > 0 && args[0] != "!" && args[0] != "(" && (args[0] == "" || args[0][0] != '-' || args[0] == "-") {
		paths = append(paths, args[0])
		args = args[1:]
	}
	if len(paths) == 0 {
		paths = []string{"."}
	}
	now = sys.ClockGettime(0)
	tree = parse(args)
	for _, p := range paths {
		var root file
		root.path = p
		if e := root.stat(); e != 0 {
			cmd.Fail("'"+p+"'", e)
			continue
		}
		visit(&root, root.st.Dev)
	}
	finishExec(tree)
	cmd.Done()
}

// file is what is being looked at.
type file struct {
	path   string
	depth  int
	st     sys.Stat
	full   bool // st is filled, not only its type
	prune  bool
	parent *file
}

// stat fills in all that is known about a file.
func (f *file) stat() sys.Errno {
	if f.full {
		return 0
	}
	through := follow == 'L' || follow == 'H' && f.depth == 0
	if through && sys.StatPath(f.path, &f.st) == 0 {
		f.full = true
		return 0
	}
	e := sys.Lstat(f.path, &f.st)
	f.full = e == 0
	return e
}

func (f *file) isDir() bool { return f.st.Mode&sys.S_IFMT == sys.S_IFDIR }

func visit(f *file, device uint64) {
	if f.isDir() && f.loops() {
		return
	}
	if !depthFirst && f.depth >= minDepth {
		tree.eval(f)
	}
	if f.isDir() && !f.prune && f.depth < maxDepth && (!oneDevice || f.onDevice(device)) {
		e := walk.Dir(f.path, func(path string, n *dir.Entry) {
			child := file{path: path, depth: f.depth + 1, parent: f}
			child.st.Mode = uint32(n.Type) << 12 // DT_* are the type bits of the mode
			child.st.Ino = n.Ino
			if n.Type == 0 || follow == 'L' && n.Type == dir.DT_LNK || follow == 'L' && n.Type == dir.DT_DIR {
				if e := child.stat(); e != 0 {
					if e != errno.ENOENT {
						cmd.Fail("'"+path+"'", e)
					}
					return
				}
			}
			visit(&child, device)
		})
		if e != 0 {
			cmd.Fail("'"+f.path+"'", e)
		}
	}
	if depthFirst && f.depth >= minDepth {
		tree.eval(f)
	}
}

func (f *file) onDevice(device uint64) bool { return f.stat() == 0 && f.st.Dev == device }

// loops reports whether a directory is one of those above it, which links can bring about.
func (f *file) loops() bool {
	if follow != 'L' {
		return false
	}
	for p := f.parent; p != nil; p = p.parent {
		if p.st.Dev == f.st.Dev && p.st.Ino == f.st.Ino {
			cmd.Fail("file system loop detected: '"+f.path+"'", 0)
			return true
		}
	}
	return false
}

// fail reports a wrong command line.
func fail(msg string) { stdio.Fatal(1, msg, 0) }
