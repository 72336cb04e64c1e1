//go:build galago_user

package main

// Options of set (XCU set).
var opt struct {
	allexport, errexit, noglob, monitor, noexec, nounset, verbose, xtrace, noclobber, pipefail, ignoreeof, notify, emacs bool
}

var optionTable = [...]struct {
	letter byte
	name   string
	on     *bool
}{{'a', "allexport", &opt.allexport}, {'b', "notify", &opt.notify}, {'C', "noclobber", &opt.noclobber}, {'e', "errexit", &opt.errexit},
	{'f', "noglob", &opt.noglob}, {'I', "ignoreeof", &opt.ignoreeof}, {'m', "monitor", &opt.monitor}, {'n', "noexec", &opt.noexec},
	{'u', "nounset", &opt.nounset}, {'v', "verbose", &opt.verbose}, {'x', "xtrace", &opt.xtrace}, {0, "pipefail", &opt.pipefail},
	{0, "emacs", &opt.emacs}}

// setOption switches an option by its letter, setOptionNamed by its name; false if there is none.
func setOption(letter byte, on bool) bool {
	for i := range optionTable {
		if o := &optionTable[i]; o.letter == letter && letter != 0 {
			switchOption(o.on, on)
			return true
		}
	}
	return letter == 'h'
}

func setOptionNamed(name string, on bool) bool {
	for i := range optionTable {
		if o := &optionTable[i]; o.name == name {
			switchOption(o.on, on)
			return true
		}
	}
	return name == "vi" || name == "nolog" // without effect
}

func switchOption(o *bool, on bool) {
	was := *o
	*o = on
	if o == &opt.monitor && on != was {
		switchMonitor(on)
	}
	if o == &opt.noexec && interactive {
		*o = false
	}
}

// optionLetters is $-.
func optionLetters() string {
	var b []byte
	for i := range optionTable {
		if o := &optionTable[i]; *o.on && o.letter != 0 {
			b = append(b, o.letter)
		}
	}
	if interactive {
		b = append(b, 'i')
	}
	return string(b)
}

// setCommand is the built-in set.
func setCommand(args []string) int {
	if len(args) == 1 {
		for _, v := range sortedVars() {
			if v.set {
				puts(v.name + "=" + quote(v.value) + "\n")
			}
		}
		return 0
	}
	args = args[1:]
	for len(args) > 0 {
		a := args[0]
		if a == "--" {
			setParams(args[1:])
			return 0
		}
		if a == "-" {
			opt.xtrace, opt.verbose = false, false
			args = args[1:]
			break
		}
		if a == "" || a[0] != '-' && a[0] != '+' {
			break
		}
		args = args[1:]
		for _, c := range []byte(a[1:]) {
			if c == 'o' {
				if len(args) == 0 {
					showOptions(a[0] == '+')
					return 0
				}
				if !setOptionNamed(args[0], a[0] == '-') {
					abort("set: Illegal option -o " + args[0])
					return 2
				}
				args = args[1:]
			} else if !setOption(c, a[0] == '-') {
				abort("set: Illegal option -" + string([]byte{c}))
				return 2
			}
		}
		if len(args) == 0 {
			return 0
		}
	}
	setParams(args)
	return 0
}

// showOptions lists the options, with asCommands as input for the shell.
func showOptions(asCommands bool) {
	if !asCommands {
		puts("Current option settings\n")
	}
	for i := range optionTable {
		o := &optionTable[i]
		switch {
		case asCommands && *o.on:
			puts("set -o " + o.name + "\n")
		case asCommands:
			puts("set +o " + o.name + "\n")
		default:
			name := o.name
			for len(name) < 16 {
				name += " "
			}
			state := "off"
			if *o.on {
				state = "on"
			}
			puts(name + state + "\n")
		}
	}
}
