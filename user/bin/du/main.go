//go:build galago_user

// Command du sums up the disk space of trees (POSIX.1-2017 XCU du). A file with several names counts once.
package main

import (
	"galago/libc/cmd"
	"galago/libc/dir"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
	"galago/libc/walk"
)

var (
	all, human, oneDevice, total, apparent, separate bool
	maxDepth                                         = 1 << 30
	unit                                             = int64(1024)
	follow                                           byte
)

// id is a file that has been counted.
type id struct{ dev, ino uint64 }

// seen is an open hash table of the files with several names; ino 0 is free.
var (
	seen     = make([]id, 1024)
	seenUsed int
)

func main() {
	o := cmd.Options("[-abcDhHkLmsSx] [-d depth] [file...]", "abcDhHkLmsSxd:B:P", "all=a", "bytes=b", "total=c",
		"human-readable=h", "summarize=s", "separate-dirs=S", "one-file-system=x", "max-depth:=d", "dereference=L",
		"apparent-size=\x01", "block-size:=B")
	for o.Next() {
		switch o.Opt {
		case 'a':
			all = true
		case 'b':
			apparent, unit = true, 1
		case 'c':
			total = true
		case 'd':
			d, ok := str.ParseUint(o.Arg, 10)
			if !ok {
				cmd.Die("invalid maximum depth '" + o.Arg + "'")
			}
			maxDepth = int(min(d, 1<<30))
		case 'h':
			human = true
		case 'k':
			unit = 1024
		case 'm':
			unit = 1 << 20
		case 's':
			maxDepth = 0
		case 'S':
			separate = true
		case 'x':
			oneDevice = true
		case 'L':
			follow = 'L'
		case 'D', 'H':
			follow = 'H'
		case 1:
			apparent = true
		case 'B':
			v, ok := str.Size(o.Arg)
			if !ok || v == 0 {
				cmd.Die("invalid block size '" + o.Arg + "'")
			}
			unit = v
		}
	}
	ops := o.Ops
	if len(ops) == 0 {
		ops = []string{"."}
	}
	sum := int64(0)
	for _, p := range ops {
		n, _ := size(p, 0, 0)
		sum += n
	}
	if total {
		show(sum, "total")
	}
	cmd.Done()
}

func show(n int64, path string) {
	if human {
		stdio.Puts(str.Human(uint64(n)))
	} else {
		stdio.Printf("%d", (n+unit-1)/unit)
	}
	stdio.Out.Putc('\t')
	stdio.Puts(path)
	stdio.Out.Putc('\n')
}

// size returns the bytes below path; ok is false if there is nothing to count.
func size(path string, depth int, device uint64) (n int64, isDir bool) {
	var st sys.Stat
	look := sys.Lstat
	if follow == 'L' || follow == 'H' && depth == 0 {
		look = sys.StatPath
	}
	if e := look(path, &st); e != 0 {
		cmd.Fail("cannot access '"+path+"'", e)
		return 0, false
	}
	isDir = st.Mode&sys.S_IFMT == sys.S_IFDIR
	if depth == 0 {
		device = st.Dev
	}
	if oneDevice && st.Dev != device || (!isDir && st.Nlink > 1 || follow == 'L') && !first(id{st.Dev, st.Ino}) {
		return 0, isDir
	}
	n = st.Blocks * 512
	if apparent {
		n = st.Size
	}
	shown := n
	if isDir {
		e := walk.Dir(path, func(p string, _ *dir.Entry) {
			k, below := size(p, depth+1, device)
			n += k
			if !separate || !below {
				shown += k
			}
		})
		if e != 0 {
			cmd.Fail("cannot read directory '"+path+"'", e)
		}
	}
	if depth <= maxDepth && (isDir || all || depth == 0) {
		show(shown, path)
	}
	return n, isDir
}

// first reports whether a file has not been counted yet.
func first(f id) bool {
	if 2*seenUsed >= len(seen) {
		old := seen
		seen = make([]id, 2*len(old))
		for _, g := range old {
			if g.ino != 0 {
				insert(g)
			}
		}
	}
	if !insert(f) {
		return false
	}
	seenUsed++
	return true
}

func insert(f id) bool {
	i := int((f.ino*0x9e3779b97f4a7c15 + f.dev) >> 20 % uint64(len(seen)))
	for ; seen[i].ino != 0; i = (i + 1) % len(seen) {
		if seen[i] == f {
			return false
		}
	}
	seen[i] = f
	return true
}
