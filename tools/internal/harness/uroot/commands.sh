echo hello from gosh
for i in $(seq 1 3); do echo line $i; done | tee f | wc -l
cat f; head -n 1 f; tail -n 1 f; sort -r f; cp f g; cmp f g && echo same
mkdir -p a/b; mv g a/b/moved; ls a/b; find a; ln -s b a/link; ls -l a/link | wc -l; touch new; ls
grep -n 'line [23]' f; grep -v 2 f; echo abcabc | tr a-b x-y; printf 'b\na\nb\n' | sort | uniq -c
comm f a/b/moved; shasum f; seq 1 1000 | shasum; basename /x/y.z .z; echo a b c | xargs echo got
tar -c -f t.tar a f; mkdir out; tar -x -f t.tar out; cat out/a/b/moved; find out; rm -r out; ls
gzip -f -c f >f.gz; gzip -d f.gz; cat f; dd if=f of=part bs=4 count=2; cat part; echo; strings -n 3 f
seq 200000 | gzip -f -c | gzip -f -d -c | shasum
(echo in a subshell; exit 4) || echo status $?
false | true && echo pipe; x=5; while [ $x -gt 0 ]; do x=$((x - 1)); done; echo $x
f() { echo "function $1"; }; f call; case abc in a*) echo case;; esac; echo "$(pwd | xargs basename)"
for i in 1 2 3 4 5 6 7 8; do seq 1 500 | sort -r | head -n 1 & done; wait; echo all done
rm nothing-there 2>/dev/null || echo rm fails; id -u; uname -m; exit 6
