# programs: dash gdb xz sed grep seq rm
# trees: /usr/share/gdb /usr/lib/python3.11 /lib/x86_64-linux-gnu/libthread_db.so.1
# test: mem=512M timeout=120 smp=2
# Debian's gdb and a program with threads: breakpoints that one of them reaches, the registers of each.
seq 20000 >n
gdb -q -batch -iex 'set debug-file-directory /nowhere' -iex 'set breakpoint pending on' -ex 'break pthread_create' -ex 'ignore 1 2' -ex run -ex 'print $_thread' -ex 'thread apply all -q print $_thread' -ex 'thread 2' -ex 'print $rsp != 0' \
	-ex 'delete' -ex 'tbreak exit' -ex cont -ex 'print $rdi' -ex kill --args xz -T3 --block-size=20KiB -k n 2>&1 | grep -v 'warning\|^\[.*Thread' | sed 's/0x[0-9a-f]*/ADDR/g; s/process [0-9]* */process N /; /^#0/d'
rm n.xz
