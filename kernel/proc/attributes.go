//go:build galago

package proc

// Attributes of tasks and processes that prctl(2) and its like set.

const defaultTimerSlack = 50_000 // ns

// Dumpable reports whether the process may be inspected by its owner (prctl(2), PR_SET_DUMPABLE).
func (p *Process) Dumpable() bool { return p.dumpable.Load() }

// SetDumpable changes that.
func (p *Process) SetDumpable(on bool) { p.dumpable.Store(on) }

// Name copies the task's short name to buf and returns its length.
func (t *Task) Name(buf []byte) int { return t.Thread.Name(buf) }
