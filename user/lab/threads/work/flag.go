//go:build galago_user

package work

import "sync/atomic"

// flagWord is a flag that is seen across threads.
type flagWord struct{ word atomic.Uint32 }

func (f *flagWord) set()      { f.word.Store(1) }
func (f *flagWord) get() bool { return f.word.Load() != 0 }
