//go:build galago

package proc

import (
	"sync/atomic"

	"galago/kernel/lock"
	"galago/kernel/mem"
)

// Users: what is counted for all processes of a real user ID together (RLIMIT_NPROC). Every task refers to its user. A user
// exists as long as somebody refers to it.

// user is one real user ID.
type user struct {
	uid  uint32
	refs atomic.Int32 // falls to 0 under users.lock only
	// tasks is the number of tasks, of which a zombie counts as one until its parent has waited.
	tasks atomic.Int64
	next  *user // guarded by users.lock
}

const userBuckets = 64

// users is the table of users by number.
var users struct {
	lock    lock.Spin
	buckets [userBuckets]*user
}

var (
	userCache = mem.Cache[user]{Name: "user"}
	rootUser  user // never freed
)

func init() {
	users.lock.Init(lock.RankProcMisc)
	rootUser.refs.Store(1)
	users.buckets[0] = &rootUser
}

// findUser returns the user of a number, with a reference; nil: no memory.
func findUser(uid uint32) *user {
	spare := (*user)(nil)
	bucket := &users.buckets[uid%userBuckets]
	for {
		users.lock.Lock()
		u := *bucket
		for u != nil && u.uid != uid {
			u = u.next
		}
		if u == nil && spare != nil {
			u, spare = spare, nil
			u.uid, u.next = uid, *bucket
			*bucket = u
		}
		if u != nil {
			u.refs.Add(1)
		}
		users.lock.Unlock()
		if u != nil {
			if spare != nil {
				userCache.Free(spare)
			}
			return u
		}
		if spare = userCache.Alloc(); spare == nil {
			return nil
		}
	}
}

// get takes another reference.
func (u *user) get() *user {
	u.refs.Add(1)
	return u
}

// put gives a reference up.
func (u *user) put() {
	for {
		n := u.refs.Load()
		if n == 1 {
			break
		}
		if u.refs.CompareAndSwap(n, n-1) {
			return
		}
	}
	users.lock.Lock()
	last := u.refs.Add(-1) == 0
	if last {
		at := &users.buckets[u.uid%userBuckets]
		for *at != u {
			at = &(*at).next
		}
		*at = u.next
	}
	users.lock.Unlock()
	if last {
		userCache.Free(u)
	}
}

// overNProc reports whether the task's user would have too many tasks with extra more. Root and those with
// CAP_SYS_RESOURCE or CAP_SYS_ADMIN have no limit.
func (t *Task) overNProc(extra int64) bool {
	u, c := t.user, t.Ctx.Cred
	if u == &rootUser || c.Capable(capSysResource) || c.Capable(capSysAdmin) {
		return false
	}
	limit := t.Proc.Limits[LimitNProc].Cur
	return limit != Infinity && uint64(u.tasks.Load()+extra) > limit
}

// countIn makes u the user of a new task.
func (t *Task) countIn(u *user) {
	t.user = u.get()
	u.tasks.Add(1)
}

// countOut ends that: of a task that ends, or of a zombie that has been waited for.
func (u *user) countOut() {
	u.tasks.Add(-1)
	u.put()
}

// setUser makes u, whose reference it takes over, the running task's user. Whoever changes to a user with too many
// tasks may go on, but not execute a program (setuid(2), execve(2): EAGAIN).
func (t *Task) setUser(u *user) {
	old := t.user
	u.tasks.Add(1)
	t.user = u
	old.countOut()
	t.tooMany = t.overNProc(0)
}
