# programs: dash seq cat sort sleep
# Debian's shell with its own arithmetic, traps, jobs and here-documents.
x=5; while [ $x -gt 0 ]; do printf '%d ' $x; x=$((x - 1)); done; echo
f() { local a=$1; echo "f $a ${2:-none} $#"; return 3; }
f one; echo $?; f one two
case abc in a*) echo starts;; *) echo no;; esac
trap 'echo caught' USR1; kill -USR1 $$; echo after
(exit 7) & wait $!; echo $?
cat <<END | sort -r
b $x
a $((6 * 7))
END
echo "${x:+set}" "${HOME%/*}" "$(seq 3 | cat)"
set -- a 'b c' d; for i in "$@"; do echo "<$i>"; done; shift 2; echo $*
sleep 100 & p=$!; kill $p; wait $p; echo $?
{ echo out; echo err >&2; } 2>&1 >/dev/null | cat
