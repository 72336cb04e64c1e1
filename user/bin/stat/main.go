//go:build galago_user

// Command stat shows what the file system knows about files (-f: about itself). -c takes a format with GNU stat's letters.
package main

import (
	"galago/libc/cmd"
	"galago/libc/date"
	"galago/libc/escape"
	"galago/libc/mode"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
	"galago/libc/users"
)

const long = `  File: %N
  Size: %-10s	Blocks: %-10b IO Block: %-6o %F
Device: %Hd,%Ld	Inode: %-11i Links: %h
Access: (%04a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)
Access: %x
Modify: %y
Change: %z
 Birth: -
`

const longDevice = `  File: %N
  Size: %-10s	Blocks: %-10b IO Block: %-6o %F
Device: %Hd,%Ld	Inode: %-11i Links: %-5h Device type: %Hr,%Lr
Access: (%04a/%A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)
Access: %x
Modify: %y
Change: %z
 Birth: -
`

const terse = "%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z 0 %o\n"

const longFS = `  File: "%n"
    ID: %-8i Namelen: %-7l Type: %T
Block size: %-10s Fundamental block size: %S
Blocks: Total: %-10b Free: %-10f Available: %a
Inodes: Total: %-10c Free: %d
`

var zone date.Zone

func main() {
	o := cmd.Options("[-fLt] [-c format] file...", "c:fLt", "format:=c", "file-system=f", "dereference=L", "terse=t",
		"printf:=p")
	format, follow, fs, short := "", false, false, false
	for o.Next() {
		switch o.Opt {
		case 'c':
			format = o.Arg + "\n"
		case 'p':
			text, _ := escape.Expand(o.Arg, escape.Printf)
			format = string(text)
		case 'f':
			fs = true
		case 'L':
			follow = true
		case 't':
			short = true
		}
	}
	o.Need(1, -1)
	tz, _ := cmd.Getenv("TZ")
	zone = date.ParseZone(tz)
	for _, p := range o.Ops {
		if fs {
			fileSystem(p, format)
		} else {
			file(p, format, follow, short)
		}
	}
	cmd.Done()
}

func file(path, format string, follow, short bool) {
	var st sys.Stat
	look := sys.Lstat
	if follow {
		look = sys.StatPath
	}
	if e := look(path, &st); e != 0 {
		cmd.Fail("cannot stat '"+path+"'", e)
		return
	}
	switch t := st.Mode & sys.S_IFMT; {
	case format != "":
	case short:
		format = terse
	case t == sys.S_IFBLK || t == sys.S_IFCHR:
		format = longDevice
	default:
		format = long
	}
	expand(format, func(c, modifier byte) (string, bool) { return field(path, &st, c, modifier) })
}

// expand prints a format: % flags width letter, where H or L before d and r choose major and minor numbers.
func expand(format string, value func(c, modifier byte) (string, bool)) {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			stdio.Out.Putc(format[i])
			continue
		}
		start := i
		i++
		left, zero, sharp, width := false, false, false, 0
		for ; i < len(format) && str.IndexByte("-0#+ ", format[i]) >= 0; i++ {
			left, zero, sharp = left || format[i] == '-', zero || format[i] == '0', sharp || format[i] == '#'
		}
		for ; i < len(format) && str.IsDigit(format[i]); i++ {
			width = min(width*10+int(format[i]-'0'), 1000)
		}
		modifier := byte(0)
		if i+1 < len(format) && (format[i] == 'H' || format[i] == 'L') && (format[i+1] == 'd' || format[i+1] == 'r') {
			modifier = format[i]
			i++
		}
		if i == len(format) {
			stdio.Puts(format[start:])
			return
		}
		text, ok := value(format[i], modifier)
		if !ok {
			text = format[start : i+1]
		}
		if sharp && format[i] == 'a' {
			text = "0" + text
		}
		switch {
		case left:
			text = str.PadRight(text, width)
		case zero:
			for len(text) < width {
				text = "0" + text
			}
		default:
			text = str.PadLeft(text, width)
		}
		stdio.Puts(text)
	}
}

func field(path string, st *sys.Stat, c, modifier byte) (string, bool) {
	number := func(v uint64) (string, bool) { return str.Utoa(v, 10), true }
	hex := func(v uint64) (string, bool) { return str.Utoa(v, 16), true }
	device := func(v uint64) (string, bool) {
		switch modifier {
		case 'H':
			v = uint64(sys.Major(v))
		case 'L':
			v = uint64(sys.Minor(v))
		}
		return number(v)
	}
	switch c {
	case 'a':
		return str.Utoa(uint64(st.Mode&0o7777), 8), true
	case 'A':
		return mode.String(st.Mode), true
	case 'b':
		return number(uint64(st.Blocks))
	case 'B':
		return "512", true
	case 'd':
		return device(st.Dev)
	case 'D':
		return hex(st.Dev)
	case 'f':
		return hex(uint64(st.Mode))
	case 'F':
		return kind(st), true
	case 'g':
		return number(uint64(st.GID))
	case 'G':
		return users.GroupName(int(st.GID)), true
	case 'h':
		return number(st.Nlink)
	case 'i':
		return number(st.Ino)
	case 'n':
		return path, true
	case 'N':
		return quoted(path, st), true
	case 'o':
		return number(uint64(st.Blksize))
	case 'r':
		return device(st.Rdev)
	case 's':
		return str.Itoa(st.Size), true
	case 't':
		return hex(uint64(sys.Major(st.Rdev)))
	case 'T':
		return hex(uint64(sys.Minor(st.Rdev)))
	case 'u':
		return number(uint64(st.UID))
	case 'U':
		return users.UserName(int(st.UID)), true
	case 'w':
		return "-", true
	case 'W':
		return "0", true
	case 'x':
		return when(st.ATime), true
	case 'X':
		return str.Itoa(st.ATime.Sec), true
	case 'y':
		return when(st.MTime), true
	case 'Y':
		return str.Itoa(st.MTime.Sec), true
	case 'z':
		return when(st.CTime), true
	case 'Z':
		return str.Itoa(st.CTime.Sec), true
	case '%':
		return "%", true
	}
	return "", false
}

func quoted(path string, st *sys.Stat) string {
	if st.Mode&sys.S_IFMT != sys.S_IFLNK {
		return path
	}
	target, _ := sys.Readlink(path)
	return path + " -> " + target
}

func when(t sys.Timespec) string {
	c := date.Civil(t.Sec, t.Nsec, zone)
	return date.Format("%Y-%m-%d %H:%M:%S.%N %z", &c)
}

func kind(st *sys.Stat) string {
	switch st.Mode & sys.S_IFMT {
	case sys.S_IFDIR:
		return "directory"
	case sys.S_IFLNK:
		return "symbolic link"
	case sys.S_IFBLK:
		return "block special file"
	case sys.S_IFCHR:
		return "character special file"
	case sys.S_IFIFO:
		return "fifo"
	case sys.S_IFSOCK:
		return "socket"
	case sys.S_IFREG:
		if st.Size == 0 {
			return "regular empty file"
		}
		return "regular file"
	}
	return "weird file"
}

func fileSystem(path, format string) {
	var st sys.StatFS
	if e := sys.Statfs(path, &st); e != 0 {
		cmd.Fail("cannot read file system information for '"+path+"'", e)
		return
	}
	if format == "" {
		format = longFS
	}
	expand(format, func(c, _ byte) (string, bool) {
		switch c {
		case 'a':
			return str.Utoa(st.Bavail, 10), true
		case 'b':
			return str.Utoa(st.Blocks, 10), true
		case 'c':
			return str.Utoa(st.Files, 10), true
		case 'd':
			return str.Utoa(st.Ffree, 10), true
		case 'f':
			return str.Utoa(st.Bfree, 10), true
		case 'i':
			return str.Utoa(uint64(uint32(st.FSID[0]))<<32|uint64(uint32(st.FSID[1])), 16), true
		case 'l':
			return str.Itoa(st.Namelen), true
		case 'n':
			return path, true
		case 's':
			return str.Itoa(st.Bsize), true
		case 'S':
			return str.Itoa(st.Frsize), true
		case 't', 'T':
			return str.Utoa(uint64(st.Type), 16), true
		case '%':
			return "%", true
		}
		return "", false
	})
}
