//go:build !galago

package mem

import "sync"

// localLock guards per-CPU state; hosted, all goroutines share one CPU's.
type localLock struct{ mu sync.Mutex }

func (l *localLock) lock() uintptr {
	l.mu.Lock()
	return 0
}

func (l *localLock) unlock(uintptr) { l.mu.Unlock() }
