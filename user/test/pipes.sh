# Pipelines, exit statuses, SIGPIPE and background jobs.
echo abc | cat | cat | cat | wc -c
i=0; while [ $i -lt 200 ]; do echo line$i; i=$((i+1)); done | while read l; do last=$l; echo "$last"; done | wc -l
(while :; do echo y; done) | head -n 2
false | true; echo $?; true | false; echo $?
(sleep 0.1; echo late) & echo early; wait; echo done
(exit 5) & wait $!; echo $?
sh -c 'kill -TERM $$'; echo $?
sh -c 'kill -9 $$'; echo $?
