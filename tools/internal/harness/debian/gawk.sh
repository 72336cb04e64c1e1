# programs: dash gawk seq sort date cat
seq 10 | gawk '{ s += $1; p[NR % 3] = $1 } END { print s; n = asorti(p, k); for (i = 1; i <= n; i++) print k[i], p[k[i]] }'
gawk 'BEGIN { while (("seq 3" | getline x) > 0) print "got", x; close("seq 3"); print strftime("%F", 0, 1); print toupper(substr("hello", 2, 3)), length("abc"), index("abc", "c") }'
printf 'a,b\nc,d\n' | gawk -F, -v OFS=- '{ print $2, $1; gsub(/[ac]/, "X"); print }'
gawk 'BEGIN { printf "%.3f %x %s %5d|\n", atan2(0, -1), 255, sprintf("%c", 65), 42; print match("foobar", /o+/), RSTART, RLENGTH; print gensub(/(.)(.)/, "\\2\\1", "g", "abcd") }'
gawk 'BEGIN { cmd = "sort"; print "b" | cmd; print "a" | cmd; close(cmd); "date +%Y" | getline y; print (y > 2000); print ENVIRON["LC_ALL"], PROCINFO["version"] > "/dev/null"; exit 3 }'; echo $?
gawk 'function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } BEGIN { print fib(20); print 2^53 + 1; srand(1); print (rand() < 1) }'
gawk 'BEGIN { c = "cat"; print "to the co-process" |& c; close(c, "to"); c |& getline l; print l }'
