# programs: dash gdb true sed grep
# trees: /usr/share/gdb /usr/lib/python3.11 /lib/x86_64-linux-gnu/libthread_db.so.1
# test: mem=512M timeout=120
# Debian's gdb: a program run to its last call, its registers, memory and stack.
gdb -q -batch -iex 'set debug-file-directory /nowhere' -ex 'set disable-randomization on' -ex 'catch syscall exit_group' -ex run -ex 'print $rax' -ex 'print (int)$rdi' -ex 'x/i $pc - 2' -ex 'info inferiors' -ex cont /usr/bin/true 2>&1 |
	grep -v 'warning' | sed 's/0x[0-9a-f]*/ADDR/g; s/process [0-9]* */process N /'
