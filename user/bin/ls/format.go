//go:build galago_user

package main

import (
	"galago/libc/cmd"
	"galago/libc/date"
	"galago/libc/mode"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
	"galago/libc/users"
)

func print(list []*file) {
	switch opt.format {
	case 'l':
		long(list)
	case 'm':
		commas(list)
	case 'C', 'x':
		columns(list)
	default:
		widths := prefixWidths(list)
		for _, f := range list {
			prefix(f, widths)
			name(f)
			stdio.Out.Putc('\n')
		}
	}
}

func blocks(f *file) int64 { return (f.st.Blocks + 1) / 2 }

func blockText(n int64) string {
	if opt.human {
		return str.Human(uint64(n) * 1024)
	}
	return str.Itoa(n)
}

func total(list []*file) {
	n := int64(0)
	for _, f := range list {
		n += f.st.Blocks
	}
	if opt.human {
		stdio.Puts("total " + str.Human(uint64(n)*512) + "\n")
		return
	}
	stdio.Printf("total %d\n", (n+1)/2)
}

// name prints a file's name, with colour and type mark.
func name(f *file) {
	text := f.name
	if isTTY {
		text = printable(text)
	}
	c := ""
	if opt.color {
		c = colorOf(&f.st)
	}
	if c != "" {
		stdio.Puts("\x1b[" + c + "m")
	}
	stdio.Puts(text)
	if c != "" {
		stdio.Puts("\x1b[0m")
	}
	stdio.Puts(mark(f.st.Mode))
}

// printable shows control characters as question marks.
func printable(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' || c == 0x7f {
			b[i] = '?'
		}
	}
	return string(b)
}

func colorOf(st *sys.Stat) string {
	switch st.Mode & sys.S_IFMT {
	case sys.S_IFDIR:
		return "01;34"
	case sys.S_IFLNK:
		return "01;36"
	case sys.S_IFBLK, sys.S_IFCHR:
		return "01;33"
	case sys.S_IFIFO:
		return "33"
	case sys.S_IFSOCK:
		return "01;35"
	}
	if st.Mode&0o111 != 0 {
		return "01;32"
	}
	return ""
}

// mark is what -F or -p puts after a name.
func mark(m uint32) string {
	if m&sys.S_IFMT == sys.S_IFDIR && (opt.classify || opt.slash) {
		return "/"
	}
	if !opt.classify {
		return ""
	}
	switch m & sys.S_IFMT {
	case sys.S_IFLNK:
		if opt.format == 'l' {
			return ""
		}
		return "@"
	case sys.S_IFIFO:
		return "|"
	case sys.S_IFSOCK:
		return "="
	case sys.S_IFREG:
		if m&0o111 != 0 {
			return "*"
		}
	}
	return ""
}

// prefixWidths are the widths of the columns for inode numbers and blocks.
func prefixWidths(list []*file) (w [2]int) {
	for _, f := range list {
		if opt.inode {
			w[0] = max(w[0], len(str.Utoa(f.st.Ino, 10)))
		}
		if opt.blocks {
			w[1] = max(w[1], len(blockText(blocks(f))))
		}
	}
	return w
}

func prefix(f *file, w [2]int) {
	if opt.inode {
		stdio.Puts(str.PadLeft(str.Utoa(f.st.Ino, 10), w[0]))
		stdio.Out.Putc(' ')
	}
	if opt.blocks {
		stdio.Puts(str.PadLeft(blockText(blocks(f)), w[1]))
		stdio.Out.Putc(' ')
	}
}

// row is the texts of a line of ls -l.
type row struct{ links, user, group, size, major, minor string }

func long(list []*file) {
	rows := make([]row, len(list))
	var w row // the longest of each
	widest := func(old *string, s string) {
		if len(s) > len(*old) {
			*old = s
		}
	}
	for i, f := range list {
		r := &rows[i]
		*r = columnsOf(f)
		widest(&w.links, r.links)
		widest(&w.user, r.user)
		widest(&w.group, r.group)
		widest(&w.major, r.major)
		widest(&w.minor, r.minor)
		widest(&w.size, r.size)
	}
	sizeWidth := len(w.size)
	if w.major != "" {
		sizeWidth = max(sizeWidth, len(w.major)+2+len(w.minor))
	}
	widths := prefixWidths(list)
	zone := zone()
	now := sys.ClockGettime(0).Sec
	for i, f := range list {
		r := rows[i]
		prefix(f, widths)
		stdio.Puts(mode.String(f.st.Mode))
		stdio.Puts(" " + str.PadLeft(r.links, len(w.links)))
		if !opt.noOwner {
			stdio.Puts(" " + aligned(r.user, len(w.user)))
		}
		if !opt.noGroup {
			stdio.Puts(" " + aligned(r.group, len(w.group)))
		}
		size := r.size
		if r.major != "" {
			size = r.major + ", " + str.PadLeft(r.minor, len(w.minor))
		}
		stdio.Puts(" " + str.PadLeft(size, sizeWidth) + " " + when(f.time(), now, zone) + " ")
		name(f)
		if f.st.Mode&sys.S_IFMT == sys.S_IFLNK {
			stdio.Puts(" -> " + f.link + targetMark(f))
		}
		stdio.Out.Putc('\n')
	}
}

// targetMark is -F's mark of what a link points to.
func targetMark(f *file) string {
	var st sys.Stat
	if !opt.classify || sys.StatPath(f.path, &st) != 0 {
		return ""
	}
	return mark(st.Mode)
}

// aligned puts names to the left and numbers to the right.
func aligned(s string, width int) string {
	if opt.numeric {
		return str.PadLeft(s, width)
	}
	return str.PadRight(s, width)
}

func columnsOf(f *file) row {
	r := row{links: str.Utoa(f.st.Nlink, 10)}
	if opt.numeric {
		r.user, r.group = str.Utoa(uint64(f.st.UID), 10), str.Utoa(uint64(f.st.GID), 10)
	} else {
		r.user, r.group = users.UserName(int(f.st.UID)), users.GroupName(int(f.st.GID))
	}
	switch t := f.st.Mode & sys.S_IFMT; {
	case t == sys.S_IFBLK || t == sys.S_IFCHR:
		r.major, r.minor = str.Utoa(uint64(sys.Major(f.st.Rdev)), 10), str.Utoa(uint64(sys.Minor(f.st.Rdev)), 10)
	case opt.human:
		r.size = str.Human(uint64(f.st.Size))
	default:
		r.size = str.Itoa(f.st.Size)
	}
	return r
}

func zone() date.Zone {
	tz, _ := cmd.Getenv("TZ")
	return date.ParseZone(tz)
}

// when shows the time of day for the last half year, else the year.
func when(t sys.Timespec, now int64, z date.Zone) string {
	const halfYear = 31556952 / 2
	c := date.Civil(t.Sec, t.Nsec, z)
	switch {
	case opt.fullTime:
		return date.Format("%Y-%m-%d %H:%M:%S.%N %z", &c)
	case t.Sec > now-halfYear && t.Sec <= now:
		return date.Format("%b %e %H:%M", &c)
	}
	return date.Format("%b %e  %Y", &c)
}

// indent moves from one column to another with tabs where they reach.
func indent(from, to int) {
	const tab = 8
	for from < to {
		if to/tab > (from+1)/tab {
			stdio.Out.Putc('\t')
			from += tab - from%tab
		} else {
			stdio.Out.Putc(' ')
			from++
		}
	}
}

func screenWidth() int {
	if v, ok := cmd.Getenv("COLUMNS"); ok {
		if n, ok := str.Atoi(v); ok && n > 0 {
			return int(n)
		}
	}
	if _, cols, e := sys.Winsize(1); e == 0 && cols > 0 {
		return cols
	}
	return 80
}

func commas(list []*file) {
	width, column := screenWidth(), 0
	for i, f := range list {
		n := len(f.name) + len(mark(f.st.Mode))
		if i > 0 {
			if column+n+2 > width {
				stdio.Puts(",\n")
				column = 0
			} else {
				stdio.Puts(", ")
				column += 2
			}
		}
		name(f)
		column += n
	}
	if len(list) > 0 {
		stdio.Out.Putc('\n')
	}
}

// columns prints in as many columns as fit, down (-C) or across (-x).
func columns(list []*file) {
	if len(list) == 0 {
		return
	}
	pre := prefixWidths(list)
	extra := 0
	for _, w := range pre {
		if w > 0 {
			extra += w + 1
		}
	}
	width := func(f *file) int { return extra + len(f.name) + len(mark(f.st.Mode)) }
	line := screenWidth()
	cols, rows := min(len(list), max(line/3, 1)), 0
	var widths []int
	at := func(r, c int) int {
		if opt.format == 'x' {
			return r*cols + c
		}
		return c*rows + r
	}
	for ; cols > 0; cols-- {
		rows = (len(list) + cols - 1) / cols
		if opt.format == 'C' && (len(list)+rows-1)/rows != cols && cols > 1 {
			continue
		}
		widths = widths[:0]
		sum := 0
		for c := range cols {
			w := 0
			for r := range rows {
				if i := at(r, c); i < len(list) {
					w = max(w, width(list[i]))
				}
			}
			if c < cols-1 {
				w += 2
			}
			widths = append(widths, w)
			sum += w
		}
		if sum < line || cols == 1 {
			break
		}
	}
	for r := range rows {
		at0 := 0
		for c := range cols {
			i := at(r, c)
			if i >= len(list) {
				break
			}
			prefix(list[i], pre)
			name(list[i])
			if c < cols-1 && at(r, c+1) < len(list) {
				end := at0 + width(list[i])
				at0 += widths[c]
				indent(end, at0)
			}
		}
		stdio.Out.Putc('\n')
	}
}
