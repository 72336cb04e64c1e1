# Signals as the shell sees them.
trap 'echo usr1' USR1; kill -USR1 $$; echo after
trap '' TERM; kill -TERM $$; echo survived; trap - TERM
trap 'echo int' INT; kill -INT $$; echo on
(trap 'echo inner; exit 4' TERM; kill -TERM $(sh -c 'echo $PPID'); sleep 1; echo no); echo $?
trap 'echo bye' EXIT
