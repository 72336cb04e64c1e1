//go:build galago_user

package thread

import (
	"runtime"
	"sync/atomic"

	"galago/libc/sys"
)

// OneToOne gives each thread a kernel thread: the kernel schedules, and blocks one without the others.
type OneToOne struct{}

// Name implements Library.
func (OneToOne) Name() string { return "1:1" }

func (l OneToOne) begin(_ int, first *Thread) sys.Errno {
	if e := l.create(first); e != 0 {
		return e
	}
	first.rt.Wait()
	return 0
}

func (OneToOne) create(t *Thread) sys.Errno {
	t.rt.Held = 0
	return sys.Errno(-t.rt.Start())
}

func (OneToOne) exit(t *Thread) {
	t.finished()
	t.rt.ExitThread(false)
}

// reap waits until the kernel is through with the stack.
func (OneToOne) reap(t *Thread) { t.rt.Wait() }

func (OneToOne) yield() { sys.Yield() }

func (OneToOne) park(t *Thread) {
	for !atomic.CompareAndSwapUint32(&t.token, 1, 0) {
		runtime.FutexWait(&t.token, 0, 0)
	}
}

func (OneToOne) unpark(t *Thread) {
	if atomic.SwapUint32(&t.token, 1) == 0 {
		runtime.FutexWake(&t.token, 1)
	}
}

func (OneToOne) sleep(_ *Thread, ns int64) {
	sys.Nanosleep(sys.Timespec{Sec: ns / 1e9, Nsec: ns % 1e9})
}
