# Redirections, here-documents and descriptors.
echo one >f; echo two >>f; cat <f
{ echo out; echo err >&2; } >o 2>e; cat o; cat e
exec 3>g; echo three >&3; exec 3>&-; cat g
exec 4<f; read a <&4; read b <&4; echo "$a $b"; exec 4<&-
cat <<A; cat <<'B'
x$((1+1))
A
$x
B
echo gone >nosuch/dir/f || echo "status $?"
: >empty; [ -s empty ] || echo empty
(echo sub; exit 3) | cat; echo "$?"
