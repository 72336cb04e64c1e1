//go:build galago_user

// Command ls lists directories (POSIX.1-2017 XCU ls). format.go prints the lists.
package main

import (
	"slices"

	"galago/libc/cmd"
	"galago/libc/dir"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

// file is one thing to list.
type file struct {
	name string // as printed
	path string
	st   sys.Stat
	link string // target of a symbolic link, with -l
}

var opt struct {
	all, almost, dirOnly, human, inode, blocks, recursive, reverse bool
	numeric, noOwner, noGroup, slash, classify, quoteOne, kilo     bool
	format                                                         byte // '1' one a line, 'C' down, 'x' across, 'm' commas, 'l' long
	sort                                                           byte // 'n' name, 't' time, 'S' size, 'f' none, 'v' version, 'X' extension
	time                                                           byte // 'm', 'a' or 'c'
	follow                                                         byte // 'L' all, 'H' operands, 0 operands that are directories without -l
	color, fullTime                                                bool
}

var isTTY bool

func main() {
	cmd.UsageStatus = 2
	o := cmd.Options("[-1AaCcdFfghHiklLmnopRrStuxX] [file...]", "1AaCcdFfghHiklLmnoNpqRrSstUuvxX", "all=a", "almost-all=A",
		"directory=d", "classify=F", "human-readable=h", "inode=i", "numeric-uid-gid=n", "no-group=o", "reverse=r",
		"recursive=R", "size=s", "dereference=L", "color?=\x01", "full-time=\x02", "group-directories-first=\x03")
	isTTY = sys.Isatty(1)
	opt.format, opt.sort, opt.time = '1', 'n', 'm'
	if isTTY {
		opt.format, opt.color = 'C', true
	}
	for o.Next() {
		set(o.Opt, o.Arg)
	}
	ops := o.Ops
	if len(ops) == 0 {
		ops = []string{"."}
	}
	var files, dirs []*file
	for _, p := range ops {
		f := &file{name: p, path: p}
		if e := f.stat(true); e != 0 {
			stdio.Warn("cannot access '"+p+"'", e)
			cmd.Status = 2
			continue
		}
		if f.isDir() && !opt.dirOnly {
			dirs = append(dirs, f)
		} else {
			files = append(files, f)
		}
	}
	sortFiles(files)
	sortFiles(dirs)
	if len(files) > 0 {
		print(files)
	}
	title := len(ops) > 1 || opt.recursive
	for i, d := range dirs {
		if i > 0 || len(files) > 0 {
			stdio.Out.Putc('\n')
		}
		list(d.path, title, true)
	}
	cmd.Done()
}

func set(c byte, arg string) {
	switch c {
	case 'a':
		opt.all = true
	case 'A':
		opt.almost = true
	case '1':
		if opt.format != 'l' {
			opt.format = '1'
		}
	case 'C', 'l', 'm', 'x':
		opt.format = c
	case 'g':
		opt.format, opt.noOwner = 'l', true
	case 'o':
		opt.format, opt.noGroup = 'l', true
	case 'n':
		opt.format, opt.numeric = 'l', true
	case 'c':
		opt.time = 'c'
	case 'u':
		opt.time = 'a'
	case 't', 'S', 'v', 'X':
		opt.sort = c
	case 'U':
		opt.sort = 'f'
	case 'f':
		opt.sort, opt.all = 'f', true
	case 'd':
		opt.dirOnly = true
	case 'F':
		opt.classify = true
	case 'p':
		opt.slash = true
	case 'h':
		opt.human = true
	case 'i':
		opt.inode = true
	case 'k':
		opt.kilo = true
	case 's':
		opt.blocks = true
	case 'R':
		opt.recursive = true
	case 'r':
		opt.reverse = true
	case 'L', 'H':
		opt.follow = c
	case 1:
		opt.color = arg == "" || arg == "always" || arg == "auto" && isTTY
	case 2:
		opt.format, opt.fullTime = 'l', true
	case 3:
		dirsFirst = true
	}
}

var dirsFirst bool

func (f *file) isDir() bool { return f.st.Mode&sys.S_IFMT == sys.S_IFDIR }

// stat fills st. Links on the command line are followed when they point to directories, unless it matters what they are.
func (f *file) stat(operand bool) sys.Errno {
	follow := opt.follow == 'L' || operand && (opt.follow == 'H' || opt.format != 'l' && !opt.dirOnly && !opt.classify)
	if follow && sys.StatPath(f.path, &f.st) == 0 && (opt.follow != 0 || f.isDir()) {
		return 0
	}
	e := sys.Lstat(f.path, &f.st)
	if e == 0 && opt.format == 'l' && f.st.Mode&sys.S_IFMT == sys.S_IFLNK {
		f.link, _ = sys.Readlink(f.path)
	}
	return e
}

// needStat reports whether listing needs more than names and types.
func needStat() bool {
	return opt.format == 'l' || opt.sort == 't' || opt.sort == 'S' || opt.blocks || opt.color || opt.follow == 'L' ||
		opt.classify
}

// list lists one directory, and with -R those below it.
func list(path string, title, operand bool) {
	entries, e := dir.Read(path)
	if e != 0 {
		stdio.Warn("cannot open directory '"+path+"'", e)
		cmd.Status = max(cmd.Status, 1)
		if operand {
			cmd.Status = 2
		}
		return
	}
	var files []*file
	for i := range entries {
		n := &entries[i]
		if n.Name[0] == '.' && !opt.all && (!opt.almost || n.Name == "." || n.Name == "..") {
			continue
		}
		f := &file{name: n.Name, path: dir.Join(path, n.Name)}
		f.st.Ino = n.Ino
		f.st.Mode = uint32(n.Type) << 12 // DT_* are the type bits of the mode
		if needStat() || n.Type == 0 {
			if e := f.stat(false); e != 0 {
				stdio.Warn("cannot access '"+f.path+"'", e)
				cmd.Status = max(cmd.Status, 1)
			}
		}
		files = append(files, f)
	}
	sortFiles(files)
	if title {
		stdio.Puts(path)
		stdio.Puts(":\n")
	}
	if opt.format == 'l' || opt.blocks {
		total(files)
	}
	print(files)
	if !opt.recursive {
		return
	}
	for _, f := range files {
		if f.isDir() && f.name != "." && f.name != ".." {
			stdio.Out.Putc('\n')
			list(f.path, true, false)
		}
	}
}

func (f *file) time() sys.Timespec {
	switch opt.time {
	case 'a':
		return f.st.ATime
	case 'c':
		return f.st.CTime
	}
	return f.st.MTime
}

func sortFiles(list []*file) {
	if opt.sort == 'f' {
		return
	}
	slices.SortStableFunc(list, func(a, b *file) int {
		if dirsFirst && a.isDir() != b.isDir() {
			if a.isDir() {
				return -1
			}
			return 1
		}
		c := compare(a, b)
		if opt.reverse {
			return -c
		}
		return c
	})
}

func compare(a, b *file) int {
	c := 0
	switch opt.sort {
	case 't':
		s, t := a.time(), b.time()
		if c = order(t.Sec, s.Sec); c == 0 {
			c = order(t.Nsec, s.Nsec)
		}
	case 'S':
		c = order(b.st.Size, a.st.Size)
	case 'v':
		c = version(a.name, b.name)
	case 'X':
		c = orderText(extension(a.name), extension(b.name))
	}
	if c == 0 {
		c = orderText(a.name, b.name)
	}
	return c
}

func order(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func orderText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func extension(s string) string {
	if i := str.LastByte(s, '.'); i >= 0 {
		return s[i:]
	}
	return ""
}

// version compares names with their runs of digits as numbers.
func version(a, b string) int {
	for a != "" && b != "" {
		if str.IsDigit(a[0]) && str.IsDigit(b[0]) {
			x, restA := digits(a)
			y, restB := digits(b)
			if c := order(x, y); c != 0 {
				return c
			}
			a, b = restA, restB
			continue
		}
		if a[0] != b[0] {
			return order(int64(a[0]), int64(b[0]))
		}
		a, b = a[1:], b[1:]
	}
	return order(int64(len(a)), int64(len(b)))
}

func digits(s string) (v int64, rest string) {
	i := 0
	for i < len(s) && str.IsDigit(s[i]) {
		v = min(v*10+int64(s[i]-'0'), 1<<58)
		i++
	}
	return v, s[i:]
}
