//go:build galago

package sysv

import (
	"galago/kernel/errno"
	"galago/kernel/fs/procfs"
)

// Init tells the package how to learn who attaches and detaches, and makes /proc/sysvipc.
func Init(pid func() int) {
	currentPID = pid
	procfs.RegisterIn("sysvipc", "shm", genShm)
	procfs.RegisterIn("sysvipc", "sem", genSem)
	procfs.RegisterIn("sysvipc", "msg", genMsg)
}

// owner writes the columns that all three files have.
func (p *Perm) owner(b *procfs.Buffer) {
	b.Printf(" %5d %5d %5d %5d", p.UID, p.GID, p.CUID, p.CGID)
}

func genShm(b *procfs.Buffer) errno.Errno {
	b.WriteString("       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n")
	segments.each(func(o object) {
		g := o.(*segment)
		g.mu.Lock()
		b.Printf("%10d %10d  %4o %21d %5d %5d  %5d", g.Key, g.ID, g.Mode, g.size, g.creator, g.last, g.attached.Load())
		g.owner(b)
		b.Printf(" %10d %10d %10d %21d %21d\n", g.attachTime, g.detachTime, g.changed, 0, 0)
		g.mu.Unlock()
	})
	return errno.OK
}

func genSem(b *procfs.Buffer) errno.Errno {
	b.WriteString("       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n")
	sets.each(func(o object) {
		s := o.(*semSet)
		s.mu.Lock()
		b.Printf("%10d %10d  %4o %10d", s.Key, s.ID, s.Mode, len(s.sems))
		s.owner(b)
		b.Printf(" %10d %10d\n", s.opTime, s.changed)
		s.mu.Unlock()
	})
	return errno.OK
}

func genMsg(b *procfs.Buffer) errno.Errno {
	b.WriteString("       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n")
	queues.each(func(o object) {
		q := o.(*msgQueue)
		q.mu.Lock()
		b.Printf("%10d %10d  %4o  %10d %10d %5d %5d", q.Key, q.ID, q.Mode, q.bytes, q.num, q.sender, q.receiver)
		q.owner(b)
		b.Printf(" %10d %10d %10d\n", q.sent, q.received, q.changed)
		q.mu.Unlock()
	})
	return errno.OK
}
