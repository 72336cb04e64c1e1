# programs: dash grep seq mkdir sort head od
mkdir g; seq 1000 >g/n; printf 'Alpha\nbeta\nGAMMA\n\n' >g/w; printf 'bin\0ary alpha\n' >g/b
grep -c 7 g/n; grep -n '^9\{3\}$' g/n; grep -i alpha g/w; grep -v a g/w; grep -rl -i alpha g | LC_ALL=C sort; grep -E '^(1|2)00$' g/n; grep -o 'am.*' -i g/w
grep -A1 -B1 -n '^500$' g/n; grep -w 10 g/n; grep -x 1000 g/n; grep -P '^(\d)\1\1$' g/n | head -3; grep -q zzz g/n; echo $?; grep x /nowhere 2>/dev/null; echo $?; grep -m2 5 g/n; grep -F -e 99 -e 77 -c g/n; grep -a ary g/b | od -c | head -1; grep alpha g/b
