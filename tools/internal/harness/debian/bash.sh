# programs: dash bash seq sort cat sleep
# What bash has beyond POSIX: arrays, process substitution, [[ ]], coprocesses, job control, here-strings.
exec bash <<'END'
a=(one two "three four"); echo ${#a[@]} "${a[2]}" "${!a[@]}"
declare -A m=([x]=1 [y]=2); for k in $(printf '%s\n' "${!m[@]}" | sort); do echo $k=${m[$k]}; done
[[ foobar =~ ^foo(.*)$ ]] && echo "${BASH_REMATCH[1]}"
sort <(seq 3 -1 1) <(echo 9)
read -r first rest <<<"one two three"; echo "$rest / $first"
for ((i = 0; i < 3; i++)); do printf '%s,' $((i ** 2)); done; echo
coproc { while read -r l; do echo "got $l"; done; }
echo hello >&"${COPROC[1]}"; read -r answer <&"${COPROC[0]}"; echo "$answer"
s=abcdef; echo "${s:2:3} ${s^^} ${s/cd/X}"
set -o pipefail; false | true; echo $?
trap 'echo exit trap' EXIT
f() { local -n ref=$1; ref+=(more); }; f a; echo "${a[-1]}"
printf -v out '%05.2f' 3.14159; echo "$out"
mapfile -t lines < <(seq 4); echo "${lines[*]}"
sleep 50 & jobs %1 | cat >/dev/null; kill %1; wait %1 2>/dev/null; echo "status $?"
END
