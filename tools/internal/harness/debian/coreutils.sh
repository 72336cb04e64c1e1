# programs: dash ls cat cp mv rm ln mkdir rmdir touch chmod stat wc head tail sort uniq cut tr tee seq od md5sum sha1sum cksum basename dirname du date dd df env expr factor fold join nl paste printf pwd readlink realpath shuf split stty sum sync tac test timeout truncate tsort uname unexpand yes comm csplit expand fmt id install link mkfifo mktemp nice nproc numfmt pr ptx sleep
# Debian's coreutils as they are.
umask 022
mkdir -p d/e/f; seq 100 >d/numbers; cp -a d d2; ls -1 d d2; ls -l d | cut -c1-10,11-12
stat -c '%s %a %F %h' d/numbers d; ln -s numbers d/link; ln d/numbers d/hard; readlink d/link; stat -c %h d/numbers; realpath --relative-to=. d/link
wc d/numbers; head -3 d/numbers | tac; tail -n +98 d/numbers; sort -n -r d/numbers | head -2; seq 3 | paste -s -d+
printf 'b 2\na 1\nb 3\n' >t; sort t | uniq -c -w1; cut -d' ' -f2 t | sort -n | tr '\n' ,; echo
od -A d -t x1z -N 16 d/numbers; md5sum d/numbers; sha1sum <d/numbers; cksum d/numbers; sum d/numbers
dd if=d/numbers of=part bs=10 skip=2 count=3 2>/dev/null; cat part; echo; truncate -s 5000000 sparse; du -k sparse; stat -c %s sparse
split -n 3 d/numbers piece.; cat piece.* | cmp - d/numbers 2>/dev/null; ls piece.*; csplit -s d/numbers 50; wc -l xx00 xx01
date -u -d '2024-02-29 12:00 +1 year' +%F; date -u -d @86400 '+%a %j'; expr 6 \* 7; factor 1000003; numfmt --to=iec 123456789
join -j1 <<END - t2 2>/dev/null
a x
END
echo one two three four five six | fold -w 10 -s; nl -ba t; pr -h x -l 12 t | head -3 | tail -1 | tr -d ' ' | cut -c11-; fmt -w 12 <<END
some words that are too many for a line
END
printf 'c a\nb a\nc b\n' | tsort; comm -12 <(echo) t 2>/dev/null; env -i A=1 env; timeout 1 sleep 5; echo $?; test d/numbers -nt /nowhere && echo newer
touch -d '2001-02-03 04:05:06' t; date -u -r t '+%F %T'; chmod 4751 t; stat -c %A t; install -m 640 t t3; stat -c %a t3; mktemp -u XXXX | wc -c
yes | head -2; seq 5 | shuf | sort | tr -d '\n'; echo; tee a b <t >/dev/null; cat a b | wc -l; basename /x/y.z .z; dirname /x/y; uname -m; nproc >/dev/null; id -u
mkfifo p; cat <t >p & cat p; wait; mv d2 d3; rm -r d3; ls d3 2>&1; rmdir d 2>&1; df . >/dev/null && echo df; sync; printf '%q\n' "a b"
