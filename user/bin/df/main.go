//go:build galago_user

// Command df shows the free space of file systems (POSIX.1-2017 XCU df).
package main

import (
	"galago/libc/cmd"
	"galago/libc/mounts"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

var human, posix, types, inodes, all bool

var unit = uint64(1024)

// row is a line of the table.
type row [7]string

func main() {
	o := cmd.Options("[-ahikmPT] [-t type] [file...]", "ahikmPTt:l", "all=a", "human-readable=h", "inodes=i", "portability=P",
		"print-type=T", "type:=t", "local=l")
	only := ""
	for o.Next() {
		switch o.Opt {
		case 'a':
			all = true
		case 'h':
			human = true
		case 'i':
			inodes = true
		case 'k':
			unit = 1024
		case 'm':
			unit = 1 << 20
		case 'P':
			posix = true
		case 'T':
			types = true
		case 't':
			only = o.Arg
		}
	}
	list, e := mounts.Read()
	if e != 0 {
		stdio.Fatal(1, "cannot read table of mounted file systems", e)
	}
	rows := []row{heading()}
	if len(o.Ops) == 0 {
		for i, m := range list {
			if only == "" && m.Type == "rootfs" || only != "" && m.Type != only || hidden(list[i+1:], m.Target) {
				continue
			}
			if r, ok := describe(m, false); ok {
				rows = append(rows, r)
			}
		}
	}
	for _, p := range o.Ops {
		m, e := holding(list, p)
		if e != 0 {
			cmd.Fail(p, e)
			continue
		}
		if r, ok := describe(m, true); ok {
			rows = append(rows, r)
		}
	}
	if len(rows) == 1 && cmd.Status == 0 {
		cmd.Fail("no file systems processed", 0)
	} else if len(rows) > 1 {
		print(rows)
	}
	cmd.Done()
}

// hidden reports whether a later mount covers target.
func hidden(later []mounts.Entry, target string) bool {
	for _, m := range later {
		if m.Target == target {
			return true
		}
	}
	return false
}

// holding finds the mount that a file lies on: the last one with its device number.
func holding(list []mounts.Entry, path string) (found mounts.Entry, e sys.Errno) {
	var st, root sys.Stat
	if e = sys.StatPath(path, &st); e != 0 {
		return found, e
	}
	for _, m := range list {
		isDevice := st.Mode&sys.S_IFMT == sys.S_IFBLK && m.Source == path
		if isDevice || sys.StatPath(m.Target, &root) == 0 && root.Dev == st.Dev {
			found = m
		}
	}
	if found.Target == "" {
		found = mounts.Entry{Source: "-", Target: path, Type: "-"}
	}
	return found, 0
}

func heading() row {
	r := row{"Filesystem", "Type", "1K-blocks", "Used", "Available", "Use%", "Mounted on"}
	switch {
	case inodes:
		r[2], r[3], r[4], r[5] = "Inodes", "IUsed", "IFree", "IUse%"
	case human:
		r[2], r[4] = "Size", "Avail"
	case unit == 1<<20:
		r[2] = "1M-blocks"
	case posix:
		r[2], r[5] = "1024-blocks", "Capacity"
	}
	return r
}

func amount(blocks, size uint64) string {
	if inodes {
		return str.Utoa(blocks, 10)
	}
	if human {
		return str.Human(blocks * size)
	}
	return str.Utoa((blocks*size+unit-1)/unit, 10)
}

func describe(m mounts.Entry, named bool) (r row, ok bool) {
	var st sys.StatFS
	if e := sys.Statfs(m.Target, &st); e != 0 {
		if named {
			cmd.Fail(m.Target, e)
		}
		return r, false
	}
	total, free, avail := st.Blocks, st.Bfree, st.Bavail
	if inodes {
		total, free, avail = st.Files, st.Ffree, st.Ffree
	}
	if st.Blocks == 0 && !all && !named {
		return r, false
	}
	used, percent := total-free, "-"
	if used+avail > 0 {
		percent = str.Utoa((used*100+used+avail-1)/(used+avail), 10) + "%"
	}
	size := uint64(st.Frsize)
	if size == 0 {
		size = uint64(st.Bsize)
	}
	return row{m.Source, m.Type, amount(total, size), amount(used, size), amount(avail, size), percent, m.Target}, true
}

func print(rows []row) {
	var width [7]int
	for _, r := range rows {
		for i, s := range r {
			width[i] = max(width[i], len(s))
		}
	}
	width[0] = max(width[0], 14)
	for _, r := range rows {
		stdio.Puts(str.PadRight(r[0], width[0]))
		if types {
			stdio.Puts(" " + str.PadRight(r[1], width[1]))
		}
		for i := 2; i < 6; i++ {
			w := width[i]
			if i < 5 {
				w = max(w, 5)
			}
			stdio.Puts(" " + str.PadLeft(r[i], w))
		}
		stdio.Puts(" " + r[6] + "\n")
	}
}
