# sed, awk, grep, cut, tr, here-documents.
cat >data <<END
alpha:1:one
beta:2:two
gamma:3:three
END
sed -n '2,$s/\([a-z]*\):\([0-9]\).*/\2 \1/p' data
awk -F: '{ sum += $2; n[$3] = length($3) } END { print sum; for (k in n) c++; print c }' data
grep -c a data; grep -v beta data; grep -E '^(al|ga)' data | cut -d: -f1,3
awk 'BEGIN { for (i = 1; i <= 5; i++) printf "%d %.3f %s\n", i, i / 3, sprintf("%05d", i * i) }'
tr a-z A-Z <data | tail -n 1
expr 6 \* 7
printf '%s|%5d|%-5s|%x\n' str 42 ab 255
case abc in a*) echo matched ;; *) echo not ;; esac
f() { local v=$1; echo "in $v $#"; return 4; }
f one two; echo $?
set -- x "y z" w; for a in "$@"; do echo "<$a>"; done
echo ${HOME:-none} ${unset:=assigned} ${#unset} ${unset%ned}
trap 'echo trapped' USR1; kill -USR1 $$; echo after
