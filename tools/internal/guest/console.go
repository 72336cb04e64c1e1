package guest

import (
	"fmt"
	"io"
	"os"
	"time"

	"galago/tools/internal/qemu"
)

// ConsoleRun is the outcome of Console.
type ConsoleRun struct {
	Status   int // QEMU's exit status, -1 if it was killed
	Log      []byte
	TimedOut bool
	QEMU     string // what QEMU itself complained about
}

// Console boots a machine that runs no command and ends by itself, such as a kernel that tests itself. What it writes on COM1
// is kept and passed on to log (which may be nil).
func Console(m qemu.Config, limit time.Duration, log io.Writer) (ConsoleRun, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return ConsoleRun{}, err
	}
	m.Console = w
	p, err := qemu.Start(&m)
	w.Close()
	if err != nil {
		r.Close()
		return ConsoleRun{}, fmt.Errorf("starting QEMU: %w", err)
	}
	s := &session{o: &Options{Log: log}, consoleEO: make(chan struct{})}
	go s.readConsole(r)
	t := time.AfterFunc(limit, p.Kill)
	status := p.Status()
	timedOut := !t.Stop()
	<-s.consoleEO
	return ConsoleRun{Status: status, Log: s.console.bytes(), TimedOut: timedOut, QEMU: p.Stderr()}, nil
}
