//go:build galago

package proc

import "galago/arch"

func (t *Task) traced() bool { return false }
func (t *Task) seized() bool { return false }
func (t *Task) trapNotify()  {}

func (t *Task) traceSignal(sig int, info *Siginfo) int { return sig }
func (t *Task) traceStops() bool                       { return false }

func (t *Task) stepping(f *arch.Frame) bool { return false }
func (t *Task) steppedIntoHandler()         {}

func (t *Task) debugTrap(f *arch.Frame, dr6 uint64) int32 {
	f.Flags &^= arch.FlagTF
	return TRAP_TRACE
}

func (t *Task) dumpCore(sig int, info *Siginfo) bool { return false }
