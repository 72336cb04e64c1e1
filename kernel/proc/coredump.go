//go:build galago

package proc

func (t *Task) dumpCore(sig int, info *Siginfo) bool { return false }
