//go:build galago_user

// Command grep prints the lines that match (POSIX.1-2017 XCU grep), with the usual GNU options. search.go looks through one input.
package main

import (
	"galago/kernel/errno"
	"galago/libc/cmd"
	"galago/libc/dir"
	"galago/libc/match"
	"galago/libc/re"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
	"galago/libc/walk"
)

// The options.
var (
	invert, countOnly, number, onlyMatch, quiet, silent bool
	byteOffset, words, nulName, text                    bool
	list                                                byte // 'l' or 'L': names only
	names                                               byte // 'H' or 'h': with or without names, always
	maxCount                                            = int64(-1)
	before, after                                       int64
	color                                               bool
	recursive                                           bool
	skipDirs                                            bool
	include, exclude, excludeDir                        []string
)

// digits are those of -12, read so far.
var digits string

// pattern is what is looked for; nil never matches.
var pattern *re.Regexp

// matched tells whether any line was selected anywhere.
var matched bool

const usage = "[-EFGabcHhiLlnoqrRsvwxz] [-A n] [-B n] [-C n] [-m n] [-e pattern]... [-f file]... [pattern] [file...]"

func main() {
	cmd.UsageStatus = 2
	o := cmd.Options(usage, "EFGPabcHhiyLlnoqrRsUvwxzZA:B:C:m:e:f:d:0123456789", "extended-regexp=E",
		"fixed-strings=F", "basic-regexp=G", "text=a", "byte-offset=b", "count=c", "with-filename=H", "no-filename=h",
		"ignore-case=i", "files-without-match=L", "files-with-matches=l", "line-number=n", "only-matching=o", "quiet=q",
		"silent=q", "recursive=r", "dereference-recursive=R", "no-messages=s", "invert-match=v", "word-regexp=w",
		"line-regexp=x", "null=Z", "after-context:=A", "before-context:=B", "context:=C", "max-count:=m", "regexp:=e", "file:=f",
		"color?=\x01", "colour?=\x01", "include:=\x02", "exclude:=\x03", "exclude-dir:=\x04", "directories:=d")
	flags, fixed := re.Flags(0), stdio.Name == "fgrep"
	if stdio.Name == "egrep" {
		flags = re.Extended
	}
	var pats []string
	given := false
	for o.Next() {
		switch o.Opt {
		case 'E':
			flags |= re.Extended
			fixed = false
		case 'G':
			flags &^= re.Extended
			fixed = false
		case 'F':
			fixed = true
		case 'i', 'y':
			flags |= re.IgnoreCase
		case 'x':
			flags |= re.WholeLine
		case 'e':
			pats, given = append(pats, str.Split(o.Arg, '\n')...), true
		case 'f':
			pats, given = append(pats, patternFile(o.Arg)...), true
		case 'P':
			cmd.Die("-P is not supported")
		default:
			option(o)
		}
	}
	ops := o.Ops
	if !given {
		o.Need(1, -1)
		pats, ops = str.Split(ops[0], '\n'), ops[1:]
	}
	if fixed {
		for i := range pats {
			pats[i] = quote(pats[i], flags)
		}
	}
	if len(pats) > 0 {
		var msg string
		if pattern, msg = re.CompileList(pats, flags); msg != "" {
			cmd.Die(msg)
		}
	}
	searchAll(ops)
	finish()
}

// option handles the options that are not about patterns.
func option(o *cmd.Opts) {
	switch o.Opt {
	case 'a', 'U', 'z':
		text = true
		if o.Opt == 'z' {
			delimiter = 0
		}
	case 'b':
		byteOffset = true
	case 'c':
		countOnly = true
	case 'H', 'h':
		names = o.Opt
	case 'L', 'l':
		list = o.Opt
	case 'n':
		number = true
	case 'o':
		onlyMatch = true
	case 'q':
		quiet = true
	case 'r', 'R':
		recursive = true
	case 's':
		silent = true
	case 'v':
		invert = true
	case 'w':
		words = true
	case 'Z':
		nulName = true
	case 'm':
		maxCount = count(o.Arg)
	case 'A':
		after = count(o.Arg)
	case 'B':
		before = count(o.Arg)
	case 'C':
		before = count(o.Arg)
		after = before
	case 'd':
		recursive, skipDirs = o.Arg == "recurse", o.Arg == "skip"
	case 1:
		color = o.Arg == "always"
	case 2:
		include = append(include, o.Arg)
	case 3:
		exclude = append(exclude, o.Arg)
	case 4:
		excludeDir = append(excludeDir, o.Arg)
	default: // grep -3
		digits += string([]byte{o.Opt})
		before = count(digits)
		after = before
	}
}

func count(s string) int64 {
	v, ok := str.Atoi(s)
	if !ok || v < 0 {
		cmd.Die(s + ": invalid context length argument")
	}
	return v
}

func patternFile(name string) []string {
	fd := 0
	if name != "-" {
		var e sys.Errno
		if fd, e = sys.Open(name, sys.O_RDONLY, 0); e != 0 {
			stdio.Fatal(2, name, e)
		}
	}
	b, e := stdio.ReadAll(fd)
	if e != 0 {
		stdio.Fatal(2, name, e)
	}
	if len(b) == 0 {
		return nil
	}
	if b[len(b)-1] == '\n' {
		b = b[:len(b)-1]
	}
	return str.Split(string(b), '\n')
}

// quote makes a regular expression that matches just s.
func quote(s string, flags re.Flags) string {
	special := "\\.[*^$"
	if flags&re.Extended != 0 {
		special += "+?{|()"
	}
	var b []byte
	for _, c := range []byte(s) {
		if str.IndexByte(special, c) >= 0 {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return string(b)
}

func searchAll(ops []string) {
	withName := names == 'H' || names != 'h' && (len(ops) > 1 || recursive)
	if len(ops) == 0 && recursive {
		walk.Dir(".", func(path string, e *dir.Entry) { tree(path[2:], true, withName) })
		return
	}
	if len(ops) == 0 {
		ops = []string{"-"}
	}
	for _, name := range ops {
		if name == "-" {
			search("(standard input)", 0, withName)
		} else {
			tree(name, false, withName)
		}
	}
}

// tree searches a file or, with -r, everything below a directory. Symbolic links found on the way are not followed.
func tree(path string, below, withName bool) {
	var st sys.Stat
	look := sys.StatPath
	if below {
		look = sys.Lstat
	}
	if e := look(path, &st); e != 0 {
		complain(path, e)
		return
	}
	isDir := st.Mode&sys.S_IFMT == sys.S_IFDIR
	switch {
	case isDir && recursive:
		if below && any(excludeDir, cmd.Base(path)) {
			return
		}
		if e := walk.Dir(path, func(p string, e *dir.Entry) { tree(p, true, withName) }); e != 0 {
			complain(path, e)
		}
		return
	case isDir && skipDirs:
		return
	case isDir:
		if !silent {
			stdio.Warn(path+": Is a directory", 0)
		}
		cmd.Status = 2
		return
	case below && st.Mode&sys.S_IFMT != sys.S_IFREG:
		return
	case len(include) > 0 && !any(include, cmd.Base(path)) || any(exclude, cmd.Base(path)):
		return
	}
	fd, e := sys.Open(path, sys.O_RDONLY|sys.O_CLOEXEC, 0)
	if e != 0 {
		complain(path, e)
		return
	}
	search(path, fd, withName)
	sys.Close(fd)
}

func any(globs []string, name string) bool {
	for _, g := range globs {
		if match.Glob(g, name) {
			return true
		}
	}
	return false
}

func complain(name string, e sys.Errno) {
	if !silent {
		stdio.Warn(name, e)
	}
	cmd.Status = 2
}

// finish exits: 0 if a line was selected, 1 if not, 2 after an error (but 0 if -q found one all the same).
func finish() {
	if matched && (cmd.Status == 0 || quiet) {
		if e := stdio.Out.Flush(); e != 0 && e != errno.EPIPE {
			stdio.Fatal(2, "write error", e)
		}
		sys.ExitNow(0)
	}
	cmd.Status = max(cmd.Status, 1)
	cmd.Done()
}
