package main

import (
	"os"
	"os/signal"
	"syscall"
)

// inheritDefaultSignals makes the programs this one starts begin with default dispositions of the keyboard's and hang-up
// signals. Started in the background of a script, this process has some of them ignored, which exec(2) would pass on, and a
// shell under test cannot trap what was ignored on its entry (POSIX.1-2017, XCU §2.14 trap). Caught signals are reset by
// exec, so catching them is enough. What was ignored stays without effect here; the others end the process.
func inheritDefaultSignals() {
	arrived := make(chan os.Signal, 1)
	ignored := map[os.Signal]bool{}
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		ignored[s] = signal.Ignored(s)
		signal.Notify(arrived, s)
	}
	go func() {
		for s := range arrived {
			if !ignored[s] {
				os.Exit(128 + int(s.(syscall.Signal)))
			}
		}
	}()
}
