# programs: dash strace cat echo grep true sed false
# test: smp=2
# Debian's strace: calls with their arguments, results and signals; children; counts.
strace -e trace=openat,read,close -P /etc/passwd-not-there cat /etc/passwd-not-there 2>&1 | grep -c 'openat(AT_FDCWD, "/etc/passwd-not-there", O_RDONLY) = -1 ENOENT (No such file or directory)'
strace -e trace=write echo hello 2>&1 >/dev/null | sed 1q; strace -e trace=exit_group false 2>&1; echo $?
strace -f -qq -e trace=kill -e signal=USR1 dash -c 'trap "echo caught" USR1; kill -USR1 $$' 2>&1 | sed 's/[0-9][0-9]*/N/g; s/  *= / = /'
strace -f -c -o counts dash -c 'cat /dev/null; true'; grep -c execve counts; strace -o log -f dash -c 'echo in; (exit 3)'; echo $?; grep -c '+++ exited with 3 +++' log
