package tty

import (
	"sync"

	"galago/kernel/errno"
)

// fakeDriver records what is transmitted.
type fakeDriver struct {
	mu      sync.Mutex
	out     []byte
	room    int
	pending int
	held    bool
	resumed int
	now     []byte
	breaks  int
	cflag   uint32
	opens   int
	tty     *TTY
}

func (d *fakeDriver) Put(p []byte) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := min(len(p), d.room-len(d.out))
	d.out = append(d.out, p[:n]...)
	return n
}
func (d *fakeDriver) Room() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.room - len(d.out)
}
func (d *fakeDriver) Pending() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pending
}
func (d *fakeDriver) Discard() {
	d.mu.Lock()
	d.out = append(d.out, "<flush>"...)
	d.mu.Unlock()
}
func (d *fakeDriver) Hold(stop bool) {
	d.mu.Lock()
	d.held = stop
	d.mu.Unlock()
}
func (d *fakeDriver) SendNow(c byte)       { d.now = append(d.now, c) }
func (d *fakeDriver) Resume()              { d.resumed++ }
func (d *fakeDriver) Configure(t *Termios) { d.cflag = t.Cflag }
func (d *fakeDriver) Break(on bool) {
	if on {
		d.breaks++
	}
}
func (d *fakeDriver) Open()  { d.opens++ }
func (d *fakeDriver) Close() { d.opens-- }

// take returns what has been transmitted since the last call.
func (d *fakeDriver) take() string {
	d.mu.Lock()
	s := string(d.out)
	d.out = nil
	d.mu.Unlock()
	if d.tty != nil {
		d.tty.OutputReady()
	}
	return s
}

// fakeJobs plays the process floor: one caller, whose identity the test sets.
type fakeJobs struct {
	mu        sync.Mutex
	sid, pgid int
	leader    bool
	terminal  *TTY
	orphaned  bool
	ignored   int
	groups    map[int]int // group → session
	sent      []sent
}

type sent struct{ pgid, sig int }

var jobs fakeJobs

func (j *fakeJobs) Caller() (sid, pgid int, leader bool) { return j.sid, j.pgid, j.leader }
func (j *fakeJobs) Terminal() *TTY {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.terminal
}
func (j *fakeJobs) Take(t *TTY) errno.Errno {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.terminal = t
	return 0
}
func (j *fakeJobs) Drop(sid int, t *TTY) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if sid == j.sid && j.terminal == t {
		j.terminal = nil
	}
}
func (j *fakeJobs) Lose()                { j.Drop(j.sid, j.terminal) }
func (j *fakeJobs) Orphaned() bool       { return j.orphaned }
func (j *fakeJobs) Ignores(sig int) bool { return j.ignored == sig }
func (j *fakeJobs) CheckGroup(pgid int) errno.Errno {
	s, ok := j.groups[pgid]
	switch {
	case !ok:
		return errno.ESRCH
	case s != j.sid:
		return errno.EPERM
	}
	return 0
}
func (j *fakeJobs) SignalGroup(pgid, sig int) {
	j.mu.Lock()
	j.sent = append(j.sent, sent{pgid, sig})
	j.mu.Unlock()
}
func (j *fakeJobs) take() []sent {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.sent
	j.sent = nil
	return s
}
