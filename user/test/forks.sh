# test: smp=2 timeout=120
# Many processes: a tree of forks, and 300 in a row.
tree() { [ "$1" -eq 0 ] && { echo leaf; return; }; (tree $(($1-1))) & tree $(($1-1)); wait; }
tree 6 | wc -l
i=0; n=0; while [ $i -lt 300 ]; do (exit $((i % 7))); [ $? -eq $((i % 7)) ] && n=$((n+1)); i=$((i+1)); done; echo $n
x=1; (x=2; echo $x); echo $x
