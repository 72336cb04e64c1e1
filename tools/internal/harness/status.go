package harness

import (
	"os"
	"syscall"
)

// shellStatus is a process's status as a shell reports it.
func shellStatus(p *os.ProcessState) int {
	if w, ok := p.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return p.ExitCode()
}
