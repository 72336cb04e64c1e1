# test: timeout=180
# A thousand forks and executions, and as many command substitutions.
i=0
while [ $i -lt 1000 ]; do
	../busybox true || echo failed at $i
	i=$((i + 1))
done
echo $i
n=0
for x in $(seq 1 200); do
	n=$((n + $(echo $x)))
done
echo $n
(exit 3) & wait $!; echo $?
