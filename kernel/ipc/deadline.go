package ipc

import "galago/kernel/time"

// deadlineIn turns a relative time in nanoseconds into a point in time; negative: never.
func deadlineIn(ns int64) int64 {
	if ns < 0 {
		return -1
	}
	d := int64(time.Now()) + ns
	if d < 0 {
		return -1 // further off than the clock counts
	}
	return d
}

// timeLeft is the reverse.
func timeLeft(deadline int64) int64 {
	if deadline < 0 {
		return -1
	}
	return max(deadline-int64(time.Now()), 0)
}
