//go:build galago_user

package main

import (
	"galago/libc/cmd"
	"galago/libc/date"
	"galago/libc/dir"
	"galago/libc/escape"
	"galago/libc/match"
	"galago/libc/mode"
	"galago/libc/spawn"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
	"galago/libc/users"
	"galago/libc/walk"
)

func (e *expr) eval(f *file) bool {
	switch e.op {
	case opTrue:
		return true
	case opFalse:
		return false
	case opAnd:
		return e.a.eval(f) && e.b.eval(f)
	case opOr:
		return e.a.eval(f) || e.b.eval(f)
	case opComma:
		e.a.eval(f)
		return e.b.eval(f)
	case opNot:
		return !e.a.eval(f)
	case opName:
		return match.Glob(e.text, cmd.Base(f.path))
	case opIName:
		return match.Glob(e.text, lower(cmd.Base(f.path)))
	case opPath:
		return match.Glob(e.text, f.path)
	case opIPath:
		return match.Glob(e.text, lower(f.path))
	case opRegex:
		return e.regexp.Match([]byte(f.path))
	case opType:
		return str.IndexByte(e.types, typeLetter(f.st.Mode)) >= 0
	case opPrint:
		stdio.Puts(f.path)
		stdio.Out.Putc('\n')
		return true
	case opPrint0:
		stdio.Puts(f.path)
		stdio.Out.Putc(0)
		return true
	case opPrune:
		f.prune = true
		return true
	}
	if no := f.stat(); no != 0 {
		cmd.Fail("'"+f.path+"'", no)
		return false
	}
	if e.op >= opLs {
		return e.act(f)
	}
	return e.testStat(f)
}

func typeLetter(m uint32) byte {
	switch m & sys.S_IFMT {
	case sys.S_IFREG:
		return 'f'
	case sys.S_IFDIR:
		return 'd'
	case sys.S_IFLNK:
		return 'l'
	case sys.S_IFCHR:
		return 'c'
	case sys.S_IFBLK:
		return 'b'
	case sys.S_IFIFO:
		return 'p'
	case sys.S_IFSOCK:
		return 's'
	}
	return '?'
}

func timeOf(st *sys.Stat, which byte) sys.Timespec {
	switch which {
	case 'a':
		return st.ATime
	case 'c':
		return st.CTime
	}
	return st.MTime
}

// testStat evaluates the tests that need more than name and type.
func (e *expr) testStat(f *file) bool {
	st := &f.st
	switch e.op {
	case opSize:
		return e.number.matches((st.Size + e.unit - 1) / e.unit)
	case opTime:
		return e.number.matches(age(timeOf(st, e.time)) / 86400)
	case opMinutes:
		a := age(timeOf(st, e.time))
		if e.number.cmp == 0 {
			return (a+59)/60 == e.number.n
		}
		return e.number.cmp == '+' && a > e.number.n*60 || e.number.cmp == '-' && a < e.number.n*60
	case opNewer:
		t := timeOf(st, e.time)
		return t.Sec > e.ref.MTime.Sec || t.Sec == e.ref.MTime.Sec && t.Nsec > e.ref.MTime.Nsec
	case opPerm:
		m := st.Mode & 0o7777
		switch e.number.cmp {
		case '-':
			return m&e.bits == e.bits
		case '/':
			return e.bits == 0 || m&e.bits != 0
		}
		return m == e.bits
	case opUser:
		return e.number.matches(int64(st.UID))
	case opGroup:
		return e.number.matches(int64(st.GID))
	case opNoUser:
		return !users.HasUser(int(st.UID))
	case opNoGroup:
		return !users.HasGroup(int(st.GID))
	case opLinks:
		return e.number.matches(int64(st.Nlink))
	case opInum:
		return e.number.matches(int64(st.Ino))
	case opAccess:
		return sys.Access(f.path, int(e.unit)) == 0
	case opSameFile:
		return st.Dev == e.ref.Dev && st.Ino == e.ref.Ino
	case opLinkName:
		target, no := sys.Readlink(f.path)
		return no == 0 && match.Glob(e.text, target)
	}
	return empty(f) // opEmpty
}

// age is the time since t in seconds, rounded down.
func age(t sys.Timespec) int64 {
	a := now.Sec - t.Sec
	if now.Nsec < t.Nsec {
		a--
	}
	return a
}

func empty(f *file) bool {
	switch f.st.Mode & sys.S_IFMT {
	case sys.S_IFREG:
		return f.st.Size == 0
	case sys.S_IFDIR:
		none := true
		return walk.Dir(f.path, func(string, *dir.Entry) { none = false }) == 0 && none
	}
	return false
}

// act performs an action.
func (e *expr) act(f *file) bool {
	switch e.op {
	case opLs:
		list(f)
	case opPrintf:
		e.printf(f)
	case opQuit:
		finishExec(tree)
		cmd.Done()
	case opDelete:
		return remove(f)
	case opExec, opOk:
		return e.exec(f)
	case opExecPlus:
		const limit = 100 << 10 // bytes of arguments for one command
		path := string([]byte(f.path))
		e.batch = append(e.batch, path)
		if e.size += len(path) + 9; e.size > limit {
			e.flush()
		}
	}
	return true
}

func remove(f *file) bool {
	if f.path == "." {
		return true
	}
	e := sys.Errno(0)
	if f.isDir() {
		e = sys.Rmdir(f.path)
	} else {
		e = sys.Unlink(f.path)
	}
	if e != 0 {
		cmd.Fail("cannot delete '"+f.path+"'", e)
	}
	return e == 0
}

// exec runs the command with {} replaced wherever it stands.
func (e *expr) exec(f *file) bool {
	argv := make([]string, len(e.cmd))
	for i, a := range e.cmd {
		var b []byte
		for {
			k := str.Index(a, "{}")
			if k < 0 {
				break
			}
			b = append(append(b, a[:k]...), f.path...)
			a = a[k+2:]
		}
		argv[i] = string(append(b, a...))
	}
	if e.op == opOk && !cmd.Confirm("< "+e.cmd[0]+" ... "+f.path+" >") {
		return false
	}
	return runCommand(argv)
}

func runCommand(argv []string) bool {
	stdio.Out.Flush()
	st, no := spawn.Run(argv, cmd.Environ())
	if no != 0 {
		stdio.Warn("'"+argv[0]+"'", no)
		return false
	}
	return st.Exited() && st.ExitCode() == 0
}

func (e *expr) flush() {
	if len(e.batch) == 0 {
		return
	}
	if !runCommand(append(append([]string(nil), e.cmd...), e.batch...)) {
		cmd.Status = 1
	}
	e.batch, e.size = e.batch[:0], 0
}

// finishExec runs the commands of -exec … + for what is left.
func finishExec(e *expr) {
	if e == nil {
		return
	}
	finishExec(e.a)
	finishExec(e.b)
	if e.op == opExecPlus {
		e.flush()
	}
}

func list(f *file) {
	st := &f.st
	c := date.Civil(st.MTime.Sec, st.MTime.Nsec, date.UTC)
	stdio.Printf("%9d %6d %s %3d %-8s %-8s %8d %s %s", st.Ino, (st.Blocks+1)/2, mode.String(st.Mode), st.Nlink,
		users.UserName(int(st.UID)), users.GroupName(int(st.GID)), st.Size, date.Format("%b %e %H:%M", &c), f.path)
	if st.Mode&sys.S_IFMT == sys.S_IFLNK {
		target, _ := sys.Readlink(f.path)
		stdio.Puts(" -> " + target)
	}
	stdio.Out.Putc('\n')
}

// printf prints the directives that are most used.
func (e *expr) printf(f *file) {
	text, stop := escape.Expand(e.text, escape.Printf)
	for i := 0; i < len(text); i++ {
		if text[i] != '%' || i+1 == len(text) {
			stdio.Out.Putc(text[i])
			continue
		}
		i++
		if c := text[i]; (c == 'T' || c == 'A' || c == 'C') && i+1 < len(text) {
			i++
			stdio.Puts(timeText(timeOf(&f.st, str.Lower(c)), text[i]))
			continue
		}
		stdio.Puts(f.directive(text[i]))
	}
	if stop {
		stdio.Out.Flush()
	}
}

// timeText is %Tk and its kin: @ is seconds with a fraction, + date and time, any other letter strftime's.
func timeText(t sys.Timespec, letter byte) string {
	switch letter {
	case '@':
		return str.Itoa(t.Sec) + "." + str.Itoa(1e9 + t.Nsec)[1:] + "0"
	case '+':
		c := date.Civil(t.Sec, t.Nsec, date.UTC)
		return date.Format("%F+%T.%N0", &c)
	}
	c := date.Civil(t.Sec, t.Nsec, date.UTC)
	return date.Format(string([]byte{'%', letter}), &c)
}

func (f *file) directive(c byte) string {
	st := &f.st
	switch c {
	case 'p':
		return f.path
	case 'f':
		return cmd.Base(f.path)
	case 'h':
		if i := str.LastByte(f.path, '/'); i >= 0 {
			return f.path[:i]
		}
		return "."
	case 'P':
		top := f
		for top.parent != nil {
			top = top.parent
		}
		rest := f.path[len(top.path):]
		if str.HasPrefix(rest, "/") {
			rest = rest[1:]
		}
		return rest
	case 'd':
		return str.Itoa(int64(f.depth))
	case 's':
		return str.Itoa(st.Size)
	case 'b':
		return str.Itoa(st.Blocks)
	case 'k':
		return str.Itoa((st.Blocks + 1) / 2)
	case 'm':
		return str.Utoa(uint64(st.Mode&0o7777), 8)
	case 'M':
		return mode.String(st.Mode)
	case 'n':
		return str.Utoa(st.Nlink, 10)
	case 'i':
		return str.Utoa(st.Ino, 10)
	case 'u':
		return users.UserName(int(st.UID))
	case 'g':
		return users.GroupName(int(st.GID))
	case 'U':
		return str.Utoa(uint64(st.UID), 10)
	case 'G':
		return str.Utoa(uint64(st.GID), 10)
	case 'l':
		if st.Mode&sys.S_IFMT != sys.S_IFLNK {
			return ""
		}
		target, _ := sys.Readlink(f.path)
		return target
	case 'y':
		return string([]byte{typeLetter(st.Mode)})
	case '%':
		return "%"
	}
	return string([]byte{'%', c})
}
