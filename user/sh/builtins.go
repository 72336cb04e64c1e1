//go:build galago_user

package main

import (
	"galago/kernel/errno"
	"galago/libc/stdio"
	"galago/libc/sys"
)

// Built-in utilities. A special one (POSIX.1-2017 XCU 2.14) keeps its assignments, and its errors end a non-interactive shell.

type builtin struct {
	name    string
	special bool
	fn      func(args []string) int
}

var builtins []builtin

func initBuiltins() {
	builtins = []builtin{
		{":", true, func([]string) int { return 0 }}, {"true", false, func([]string) int { return 0 }},
		{"false", false, func([]string) int { return 1 }}, {"echo", false, biEcho}, {"printf", false, biPrintf},
		{"test", false, biTest}, {"[", false, biTest}, {"cd", false, biCd}, {"pwd", false, biPwd}, {"exit", true, biExit},
		{"export", true, biExport}, {"readonly", true, biReadonly}, {"unset", true, biUnset}, {"set", true, biSet},
		{"shift", true, biShift}, {"break", true, biBreak}, {"continue", true, biContinue}, {"return", true, biReturn},
		{"eval", true, biEval}, {".", true, biDot}, {"exec", true, nil}, {"trap", true, biTrap}, {"wait", false, biWait},
		{"read", false, biRead}, {"umask", false, biUmask}, {"ulimit", false, biUlimit}, {"type", false, biType},
		{"command", false, nil}, {"local", false, biLocal}, {"getopts", false, biGetopts}, {"kill", false, biKill},
		{"times", true, biTimes}, {"jobs", false, biJobs}, {"fg", false, biFg}, {"bg", false, biBg}, {"hash", false, func([]string) int { return 0 }},
		{"alias", false, func([]string) int { return 0 }}, {"unalias", false, func([]string) int { return 0 }},
	}
}

func findBuiltin(name string) *builtin {
	for i := range builtins {
		if builtins[i].name == name {
			return &builtins[i]
		}
	}
	return nil
}

// callBuiltin runs a built-in with its redirections and assignments.
func callBuiltin(b *builtin, n *node, words []string) int {
	switch b.name {
	case "exec":
		return doExec(n, words)
	case "command":
		return doCommand(n, words)
	}
	var saved savedFDs
	if !redirect(n.redirs, &saved) {
		saved.restore()
		if b.special && !interactive {
			errorSeen, errorCode = true, 2
		}
		return 1
	}
	var temps *savedVar
	if b.special {
		for _, a := range n.assigns {
			name, raw := splitAssign(a)
			setVar(name, expandString(raw))
		}
	} else {
		temps = assignTemporarily(n.assigns)
	}
	st := b.fn(words)
	stdio.Out.Flush()
	saved.restore()
	restoreLocals(temps)
	return st
}

func usage(msg string) int {
	errorf(msg)
	return 2
}

func doExec(n *node, words []string) int {
	if len(words) > 1 {
		path, e := findProgram(words[1])
		m := *n
		execute(&m, path, e, words[1:])
	}
	var saved savedFDs
	if !redirect(n.redirs, &saved) {
		saved.restore()
		errorSeen, errorCode = true, 2
		return 1
	}
	saved.keepChanges()
	return 0
}

// doCommand is "command": run without functions, or describe (-v, -V).
func doCommand(n *node, words []string) int {
	args := words[1:]
	verbose := byte(0)
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		if args[0] == "--" {
			args = args[1:]
			break
		}
		for _, c := range []byte(args[0][1:]) {
			if c == 'v' || c == 'V' {
				verbose = c
			}
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return 0
	}
	if verbose != 0 {
		var saved savedFDs
		if !redirect(n.redirs, &saved) {
			saved.restore()
			return 1
		}
		st := 0
		for _, a := range args {
			if !describe(a, verbose == 'v') {
				st = 127
			}
		}
		stdio.Out.Flush()
		saved.restore()
		return st
	}
	if b := findBuiltin(args[0]); b != nil {
		return callBuiltin(b, n, args)
	}
	return runExternal(n, args, false)
}

var keywords = []string{"if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "{", "}", "!", "in"}

// describe prints what a name stands for.
func describe(name string, short bool) bool {
	for _, k := range keywords {
		if k == name {
			if short {
				stdio.Puts(name + "\n")
			} else {
				stdio.Puts(name + " is a shell keyword\n")
			}
			return true
		}
	}
	switch {
	case findFunction(name) != nil:
		if short {
			stdio.Puts(name + "\n")
		} else {
			stdio.Puts(name + " is a shell function\n")
		}
		return true
	case findBuiltin(name) != nil:
		switch {
		case short:
			stdio.Puts(name + "\n")
		case findBuiltin(name).special:
			stdio.Puts(name + " is a special shell builtin\n")
		default:
			stdio.Puts(name + " is a shell builtin\n")
		}
		return true
	}
	path, e := findProgram(name)
	if e != 0 || sys.Access(path, 1) != 0 {
		if !short {
			stdio.Puts(name + ": not found\n")
		}
		return false
	}
	if short {
		stdio.Puts(path + "\n")
	} else {
		stdio.Puts(name + " is " + path + "\n")
	}
	return true
}

func biType(args []string) int {
	st := 0
	for _, a := range args[1:] {
		if !describe(a, false) {
			st = 127
		}
	}
	return st
}

func biCd(args []string) int {
	args = skipOptions(args[1:])
	dir := ""
	show := false
	if len(args) == 0 {
		var ok bool
		if dir, ok = getVar("HOME"); !ok || dir == "" {
			return usage("cd: HOME not set")
		}
	} else if dir = args[0]; dir == "-" {
		var ok bool
		if dir, ok = getVar("OLDPWD"); !ok {
			return usage("cd: OLDPWD not set")
		}
		show = true
	}
	target := dir
	if cdpath, ok := getVar("CDPATH"); ok && dir != "" && dir[0] != '/' && dir[0] != '.' {
		for start, i := 0, 0; i <= len(cdpath); i++ {
			if i < len(cdpath) && cdpath[i] != ':' {
				continue
			}
			if p := cdpath[start:i]; p != "" {
				var st sys.Stat
				if sys.StatPath(p+"/"+dir, &st) == 0 && st.Mode&sys.S_IFMT == sys.S_IFDIR {
					target, show = p+"/"+dir, true
					break
				}
			}
			start = i + 1
		}
	}
	old := workingDir()
	next := logical(old, target)
	if e := sys.Chdir(next); e != 0 {
		if e2 := sys.Chdir(target); e2 != 0 {
			return usage("cd: can't cd to " + dir)
		}
		next, _ = sys.Getcwd()
	}
	setVar("OLDPWD", old)
	setVar("PWD", next)
	if show {
		stdio.Puts(next + "\n")
	}
	return 0
}

func skipOptions(args []string) []string {
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		if args[0] == "--" {
			return args[1:]
		}
		args = args[1:]
	}
	return args
}

// workingDir is PWD if that is right, else what the kernel says.
func workingDir() string {
	if v, ok := getVar("PWD"); ok && len(v) > 0 && v[0] == '/' {
		var a, b sys.Stat
		if sys.StatPath(v, &a) == 0 && sys.StatPath(".", &b) == 0 && a.Ino == b.Ino && a.Dev == b.Dev {
			return v
		}
	}
	d, _ := sys.Getcwd()
	return d
}

// logical joins a path to the working directory, resolving . and .. by name.
func logical(base, path string) string {
	full := path
	if path == "" || path[0] != '/' {
		full = base + "/" + path
	}
	var parts []string
	for start, i := 0, 0; i <= len(full); i++ {
		if i < len(full) && full[i] != '/' {
			continue
		}
		switch p := full[start:i]; p {
		case "", ".":
		case "..":
			if len(parts) > 0 {
				parts = parts[:len(parts)-1]
			}
		default:
			parts = append(parts, p)
		}
		start = i + 1
	}
	out := ""
	for _, p := range parts {
		out += "/" + p
	}
	if out == "" {
		return "/"
	}
	return out
}

func biPwd(args []string) int {
	if len(args) > 1 && args[1] == "-P" {
		d, e := sys.Getcwd()
		if e != 0 {
			return usage("pwd: " + stdio.Message(e))
		}
		stdio.Puts(d + "\n")
		return 0
	}
	stdio.Puts(workingDir() + "\n")
	return 0
}

func biExit(args []string) int {
	st := lastStatus
	if len(args) > 1 {
		if !digits(args[1]) {
			errorSeen, errorCode = true, 2
			return usage("exit: Illegal number: " + args[1])
		}
		st = atoi(args[1]) & 0xff
	}
	lastStatus = st
	exiting = true
	return st
}

func assignAll(args []string, mark func(v *variable), show string) int {
	if len(args) == 1 || len(args) == 2 && args[1] == "-p" {
		for _, v := range sortedVars() {
			switch {
			case show == "export" && !v.exported, show == "readonly" && !v.readonly:
			case v.set:
				stdio.Puts(show + " " + v.name + "=" + quote(v.value) + "\n")
			default:
				stdio.Puts(show + " " + v.name + "\n")
			}
		}
		return 0
	}
	for _, a := range skipOptions(args[1:]) {
		name := a
		if isAssign(a) {
			var value string
			name, value = splitAssign(a)
			if !setVar(name, value) {
				errorSeen, errorCode = true, 2
				return 2
			}
		}
		if !isName(name) {
			errorSeen, errorCode = true, 2
			return usage(show + ": " + name + ": bad variable name")
		}
		mark(entry(name))
	}
	return 0
}

func biExport(args []string) int {
	return assignAll(args, func(v *variable) { v.exported = true }, "export")
}

func biReadonly(args []string) int {
	return assignAll(args, func(v *variable) { v.readonly = true }, "readonly")
}

// quote makes a word that reads back as s.
func quote(s string) string {
	b := []byte{'\''}
	for i := range len(s) {
		if s[i] == '\'' {
			b = append(b, "'\\''"...)
		} else {
			b = append(b, s[i])
		}
	}
	return string(append(b, '\''))
}

func biUnset(args []string) int {
	fn := false
	args = args[1:]
	for len(args) > 0 && len(args[0]) == 2 && args[0][0] == '-' {
		fn = args[0][1] == 'f'
		args = args[1:]
	}
	st := 0
	for _, a := range args {
		if fn {
			if f := findFunction(a); f != nil {
				f.body = nil
			}
		} else if !unsetVar(a) {
			st = 2
		}
	}
	return st
}

func biLocal(args []string) int {
	if funcDepth == 0 {
		return usage("local: not in a function")
	}
	for _, a := range args[1:] {
		name := a
		if isAssign(a) {
			var v string
			name, v = splitAssign(a)
			locals = saveVar(locals, name)
			setVar(name, v)
			continue
		}
		locals = saveVar(locals, name)
	}
	// The list must survive the release of this command's memory until the function returns.
	holdMemory = true
	return 0
}

func biSet(args []string) int {
	if len(args) == 1 {
		for _, v := range sortedVars() {
			if v.set {
				stdio.Puts(v.name + "=" + quote(v.value) + "\n")
			}
		}
		return 0
	}
	i := 1
	for ; i < len(args); i++ {
		a := args[i]
		if len(a) < 2 || a[0] != '-' && a[0] != '+' {
			if a == "-" {
				optXTrace, optVerbose = false, false
				i++
			}
			break
		}
		if a == "--" {
			setParams(args[i+1:])
			return 0
		}
		on := a[0] == '-'
		for _, c := range []byte(a[1:]) {
			if c == 'o' {
				if i+1 >= len(args) {
					showOptions()
					return 0
				}
				i++
				if !setOptionName(args[i], on) {
					return usage("set: Illegal option -o " + args[i])
				}
				continue
			}
			if !setOption(c, on) {
				errorSeen, errorCode = true, 2
				return usage("set: Illegal option -" + string(rune(c)))
			}
		}
	}
	if i < len(args) {
		setParams(args[i:])
	}
	return 0
}

func setOption(c byte, on bool) bool {
	for _, o := range optionLetters {
		if o.letter == c && c != 0 {
			*o.on = on
			return true
		}
	}
	return c == 'h' || c == 'b' || c == 'i'
}

func setOptionName(name string, on bool) bool {
	for _, o := range optionLetters {
		if o.name == name {
			*o.on = on
			return true
		}
	}
	return name == "vi" || name == "emacs" || name == "ignoreeof" || name == "notify" || name == "nolog"
}

func showOptions() {
	for _, o := range optionLetters {
		state := "off"
		if *o.on {
			state = "on"
		}
		stdio.Printf("%-15s %s\n", o.name, state)
	}
}

func biShift(args []string) int {
	n := 1
	if len(args) > 1 {
		if !digits(args[1]) {
			return usage("shift: Illegal number: " + args[1])
		}
		n = atoi(args[1])
	}
	if n > len(positional.list) {
		errorSeen, errorCode = true, 2
		return usage("shift: can't shift that many")
	}
	setParams(append([]string(nil), positional.list[n:]...))
	return 0
}

func loopCount(args []string) int {
	n := 1
	if len(args) > 1 {
		n = max(atoi(args[1]), 1)
	}
	return min(n, loopDepth)
}

func biBreak(args []string) int {
	breaking = loopCount(args)
	return 0
}

func biContinue(args []string) int {
	n := loopCount(args)
	if n > 0 {
		breaking = 0
		continuing = n
	}
	return 0
}

func biReturn(args []string) int {
	st := lastStatus
	if len(args) > 1 {
		st = atoi(args[1]) & 0xff
	}
	lastStatus = st
	returning = true
	return st
}

func biEval(args []string) int {
	text := ""
	for i, a := range args[1:] {
		if i > 0 {
			text += " "
		}
		text += a
	}
	lastStatus = 0
	runText(text, false)
	return lastStatus
}

func biDot(args []string) int {
	if len(args) < 2 {
		return usage(".: filename argument required")
	}
	path := args[1]
	slash := false
	for i := range len(path) {
		slash = slash || path[i] == '/'
	}
	if !slash {
		if dirs, ok := getVar("PATH"); ok {
			for start, i := 0, 0; i <= len(dirs); i++ {
				if i < len(dirs) && dirs[i] != ':' {
					continue
				}
				if full := dirs[start:i] + "/" + path; sys.Access(full, 4) == 0 {
					path = full
					break
				}
				start = i + 1
			}
		}
	}
	if e := sys.Access(path, 4); e != 0 {
		errorSeen, errorCode = true, 2
		return usage(".: " + args[1] + ": not found")
	}
	old := positional.list
	if len(args) > 2 {
		positional.list = keepList(args[2:])
	}
	lastStatus = 0
	runText(readFile(path), false)
	if returning {
		returning = false
	}
	if len(args) > 2 {
		dropList(positional.list)
		positional.list = old
	}
	return lastStatus
}

func biUmask(args []string) int {
	if len(args) == 1 {
		m := sys.Umask(0)
		sys.Umask(m)
		stdio.Printf("%04o\n", m)
		return 0
	}
	m := 0
	for _, c := range []byte(args[1]) {
		if c < '0' || c > '7' {
			return usage("umask: Illegal number: " + args[1])
		}
		m = m<<3 | int(c-'0')
	}
	sys.Umask(m)
	return 0
}

var limits = []struct {
	letter byte
	which  int
	unit   uint64
}{{'c', 4, 512}, {'d', 2, 1024}, {'f', 1, 512}, {'n', 7, 1}, {'s', 3, 1024}, {'t', 0, 1}, {'u', 6, 1}, {'v', 9, 1024}}

func biUlimit(args []string) int {
	letter, value := byte('f'), ""
	for _, a := range args[1:] {
		if len(a) > 1 && a[0] == '-' {
			letter = a[len(a)-1]
			if letter == 'S' || letter == 'H' {
				letter = 'f'
			}
		} else {
			value = a
		}
	}
	for _, l := range limits {
		if l.letter != letter {
			continue
		}
		var lim sys.Rlimit
		sys.Prlimit(l.which, nil, &lim)
		switch {
		case value == "" && lim.Cur == ^uint64(0):
			stdio.Puts("unlimited\n")
		case value == "":
			stdio.Printf("%d\n", lim.Cur/l.unit)
		default:
			lim.Cur = ^uint64(0)
			if value != "unlimited" {
				lim.Cur = uint64(atoi(value)) * l.unit
			}
			lim.Max = lim.Cur
			if e := sys.Prlimit(l.which, &lim, nil); e != 0 {
				return usage("ulimit: " + stdio.Message(e))
			}
		}
		return 0
	}
	return usage("ulimit: bad option")
}

func biTimes(args []string) int {
	t := sys.Times()
	show := func(v int64) { stdio.Printf("%dm%d.%02ds", v/6000, v/100%60, v%100) }
	for i, v := range t {
		show(v)
		if i&1 == 0 {
			stdio.Puts(" ")
		} else {
			stdio.Puts("\n")
		}
	}
	return 0
}

// biRead is read: a line from standard input, byte by byte, since what follows belongs to others.
func biRead(args []string) int {
	raw := false
	args = args[1:]
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		switch args[0] {
		case "-r":
			raw = true
		case "-p":
			if len(args) > 1 {
				sys.WriteAll(2, []byte(args[1]))
				args = args[1:]
			}
		default:
			return usage("read: Illegal option " + args[0])
		}
		args = args[1:]
	}
	if len(args) == 0 {
		args = []string{"REPLY"}
	}
	var f field
	ok := false
	var b [1]byte
	for {
		n, e := sys.Read(0, b[:])
		if e == errno.EINTR {
			runTraps()
			if unwinding() {
				return 130
			}
			continue
		}
		if n <= 0 || e != 0 {
			break
		}
		if b[0] == '\n' {
			ok = true
			break
		}
		if b[0] == '\\' && !raw {
			if n, _ := sys.Read(0, b[:]); n <= 0 {
				break
			}
			if b[0] != '\n' {
				f.add(b[0], true)
			}
			continue
		}
		f.add(b[0], false)
	}
	if !assignFields(&f, args) {
		return 2
	}
	if ok {
		return 0
	}
	return 1
}

// assignFields splits a line among variables; the last one takes the rest.
func assignFields(f *field, names []string) bool {
	sep := ifs()
	i := 0
	white := func(k int) bool { return !f.q[k] && ifsKind(sep, f.b[k]) == 1 }
	other := func(k int) bool { return !f.q[k] && ifsKind(sep, f.b[k]) == 2 }
	for i < len(f.b) && white(i) {
		i++
	}
	for n, name := range names {
		start := i
		if n == len(names)-1 {
			end := len(f.b)
			for end > start && white(end-1) {
				end--
			}
			// One trailing separator alone does not belong to the value.
			if end > start && other(end-1) {
				alone := true
				for k := start; k < end-1; k++ {
					alone = alone && !other(k) && !white(k)
				}
				if alone {
					end--
				}
			}
			return setVar(name, string(f.b[start:end]))
		}
		for i < len(f.b) && !white(i) && !other(i) {
			i++
		}
		if !setVar(name, string(f.b[start:i])) {
			return false
		}
		for i < len(f.b) && white(i) {
			i++
		}
		if i < len(f.b) && other(i) {
			i++
			for i < len(f.b) && white(i) {
				i++
			}
		}
	}
	return true
}

// biGetopts is getopts (POSIX XCU getopts).
func biGetopts(args []string) int {
	if len(args) < 3 {
		return usage("getopts: usage: getopts optstring var [arg ...]")
	}
	spec, name := args[1], args[2]
	list := positional.list
	if len(args) > 3 {
		list = args[3:]
	}
	silent := spec != "" && spec[0] == ':'
	s, _ := getVar("OPTIND")
	ind := max(atoi(s), 1)
	if ind != getoptsInd {
		getoptsAt = 0
	}
	unsetVar("OPTARG")
	if getoptsAt == 0 {
		if ind > len(list) || len(list[ind-1]) < 2 || list[ind-1][0] != '-' || list[ind-1] == "--" {
			if ind <= len(list) && list[ind-1] == "--" {
				ind++
			}
			setVar("OPTIND", itoa(int64(ind)))
			getoptsInd = ind
			setVar(name, "?")
			return 1
		}
		getoptsAt = 1
	}
	word := list[ind-1]
	c := word[getoptsAt]
	getoptsAt++
	last := getoptsAt == len(word)
	kind := -1
	for i := range len(spec) {
		if spec[i] == c && c != ':' {
			kind = 0
			if i+1 < len(spec) && spec[i+1] == ':' {
				kind = 1
			}
		}
	}
	result := string([]byte{c})
	if kind == 1 {
		switch {
		case !last:
			setVar("OPTARG", word[getoptsAt:])
		case ind < len(list):
			setVar("OPTARG", list[ind])
			ind++
		case silent:
			setVar("OPTARG", result)
			result = ":"
		default:
			sys.WriteAll(2, []byte("No arg for -"+result+" option\n"))
			result = "?"
		}
		last = true
	} else if kind < 0 {
		if silent {
			setVar("OPTARG", result)
		} else {
			sys.WriteAll(2, []byte("Illegal option -"+result+"\n"))
		}
		result = "?"
	}
	if last {
		ind++
		getoptsAt = 0
	}
	setVar("OPTIND", itoa(int64(ind)))
	getoptsInd = ind
	setVar(name, result)
	return 0
}

var getoptsInd, getoptsAt int
