# Pipelines of five commands.
seq 1 2000 | grep 7 | sed 's/7/seven/' | sort -r | tail -n 5
yes abc | head -n 10000 | tr a-c A-C | uniq -c | awk '{ print $1, $2 }'
printf 'b 2\na 1\nc 3\n' | sort | awk '{ s += $2; print $1 s }' | rev | cat -n
