# programs: dash ps free vmstat uptime lsof pmap pgrep cat sed grep wc sort tail cut sleep lsblk
# What looks at processes and the machine through /proc and /sys.
sleep 50 & p=$!
ps -o stat=,comm=,args= -p $p; ps -o ppid= -p $p | grep -c "^ *$$\$"; ps -o ni=,pri=,nlwp=,cls=,user= -p $$; ps -L -o comm= -p $p
ps -e -o pid= | grep -c "^ *$$\$"; pgrep -P $$ sleep | wc -l; ps -o pgid=,sid= -p $p | wc -w
kill -STOP $p; sleep 0.2; ps -o state= -p $p; kill -CONT $p; sleep 0.2; ps -o state= -p $p
free -k | cut -c1-6; free | sed -n 2p | wc -w; vmstat | tail -1 | wc -w; uptime | grep -c 'load average:'
echo x >'an open file'; exec 3<'an open file'; lsof -a -p $$ -d 3 -F ft 2>/dev/null | sed 1d; lsof -a -p $$ -d cwd -F t 2>/dev/null | tail -1
pmap $p | tail -1 | grep -c 'total *[0-9]*K'; pmap $p | grep -c 'sleep$' | sed 's/[1-9][0-9]*/some/'
kill $p; wait $p; echo $?; ps -p $p -o pid=; echo $?
