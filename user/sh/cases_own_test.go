package main

// ownCases are those in which the two other shells are no oracle: they disagree with POSIX, with each other, or lack the feature.
var ownCases = []struct {
	script
	stdout string
	status int
}{
	{script{name: "input is read line by line", text: "read a\ndata line\necho \"got $a\"\n", mode: asInput}, "got data line\n", 0},
	{script{name: "subshell that looks like arithmetic", text: `echo $((echo x); echo y)`}, "x y\n", 0},
	{script{name: "script that does not exist", text: `$SHELLS ./nosuchscript 2>/dev/null; echo $?`}, "127\n", 0},
	{script{name: "pipefail", text: `set -o pipefail; (exit 3) | true; echo $?; (exit 3) | (exit 4) | true; echo $?; set +o pipefail; false | true; echo $?`},
		"3\n4\n0\n", 0},
	{script{name: "increments", text: `x=5; echo $((x++)) $((++x)) $((x--)) $((--x)) $x $((2- -x))`}, "5 7 7 5 5 7\n", 0},
	{script{name: "comma and indirect arithmetic", text: `x=y+1; y=4; echo $((x*2)) $((y=1,y+1))`}, "10 2\n", 0},
	{script{name: "arithmetic recursion ends", text: `x=x; echo $((x)); echo no`}, "", 2},
	{script{name: "home is not set", text: `unset HOME; cd; echo $?`}, "2\n", 0},
	{script{name: "functions nest deeply", text: `f() { f; }; f; echo no`}, "", 2},
	{script{name: "functions nest deeply in little stack",
		text: `ulimit -s 512; $SHELLS -c 'f() { if true; then for i in 1; do case x in x) { (:) || :; eval "{ eval f; }"; } <&0;; esac; done; fi; }; f; echo no'`}, "", 2},
	{script{name: "scripts nest deeply", text: `x='eval "$x"'; eval "$x"; echo no`}, "", 2},
	{script{name: "scripts read themselves", text: `echo '. ./me' > me; . ./me; echo no`}, "", 2},
	{script{name: "recursion of 5000 calls", text: `f() { [ $1 = 0 ] || f $(($1-1)); }; f 5000; echo $?`}, "0\n", 0},
	{script{name: "declarations do not split", text: `v='a b'; export e=$v; readonly r=$v; f() { local l=$v; echo "$l"; }; f; echo "$e,$r"`},
		"a b\na b,a b\n", 0},
	{script{name: "assignments before functions end with them", text: `f() { echo $v; sh -c 'echo $v'; }; v=1; v=2 f; echo $v`}, "2\n2\n1\n", 0},
	{script{name: "errors of a here-document", text: "cat <<E\n${x?gone}\nE\necho no"}, "", 2},
	{script{name: "command lists several names", text: `command -v cd nosuch if`}, "cd\nif\n", 127},
	{script{name: "noclobber", text: `set -C; echo a > f; echo b > f; echo $?; echo c >| f; cat f; echo d > /dev/null; echo $?`}, "2\nc\n0\n", 0},
	{script{name: "login option", text: `$SHELLS -l -c 'echo $0' name`}, "name\n", 0},
	{script{name: "forced interactive", text: `printf 'echo a\nfi\necho b\n' | PS1= $SHELLS -i 2>/dev/null; echo $?`}, "a\nb\n0\n", 0},
	{script{name: "interactive goes on after errors", text: `printf 'echo ${x?}\necho b $?\nreadonly r=1; r=2\necho c\n' | PS1= $SHELLS -i 2>/dev/null`},
		"b 2\nc\n", 0},
	{script{name: "option s", text: `echo 'echo "$1 $#"' | $SHELLS -s x y`}, "x 2\n", 0},
	{script{name: "options of the command line", text: `$SHELLS -euc 'false; echo no'; echo $?; $SHELLS -o noglob -c 'echo *'; $SHELLS +e -c 'echo $-'; $SHELLS -Q; echo $?`},
		"1\n*\n\n2\n", 0},
	{script{name: "redefinition while running", text: `f() { f() { echo second; }; echo first; }; i=0; while [ $i -lt 100 ]; do unset -f f; f() { f() { echo second; }; :; }; f; i=$((i+1)); done; f`},
		"second\n", 0},
	{script{name: "parameters freed while in use", text: `set -- a b c; for i in "$@"; do set -- "$@$i"; done; echo "$1"; f() { set -- x; echo $1; }; f; echo "$1"; eval 'set -- "$1" y'; echo $#`},
		"a\nx\na\n2\n", 0},
	{script{name: "trap that replaces itself", text: `trap 'trap "echo two" USR1; echo one' USR1; kill -USR1 $$; kill -USR1 $$`}, "one\ntwo\n", 0},
	{script{name: "background jobs are remembered", text: `i=0; while [ $i -lt 200 ]; do : & i=$((i+1)); done; (exit 9) & wait $!; echo $?`}, "9\n", 0},
	{script{name: "umask applies", text: `umask 077; > f; ls -l f | cut -c1-10; umask g+r; umask; umask a=; umask`}, "-rw-------\n0037\n0777\n", 0},
	{script{name: "alias of several lines", text: "alias two='echo a\necho b'\ntwo\necho c"}, "a\nb\nc\n", 0},
	{script{name: "alias is not expanded in its own command", text: "alias q='q x'\nq() { echo \"q $*\"; }\n"}, "", 2},
	{script{name: "set -e and negation of a group", text: `set -e; ! { false; true; }; echo a; if { false; true; }; then echo b; fi`}, "a\nb\n", 0},
	{script{name: "null bytes in substitution", text: `x=$(printf 'a\0b'); echo "$x"`}, "ab\n", 0},
	{script{name: "printf formats", text: `printf '%5.1s|%-4d|%04d|%s\n' xyz 7 -5; printf 'a\cb' >/dev/null; printf '%b' 'x\0'  | wc -c`}, "    x|7   |-005|\n2\n", 0},
}
