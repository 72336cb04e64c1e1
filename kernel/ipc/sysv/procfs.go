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
	for i := range limits {
		l := &limits[i]
		procfs.RegisterSysctl("kernel", l.name, l.gen, nil)
	}
}

// unlimited is what Linux gives as shmmax and shmall by default.
const unlimited = uint64(1<<64 - 1<<24 - 1)

// limits are the files of proc_sys_kernel(5) that tell of the package's limits.
var limits = [...]struct {
	name string
	gen  func(b *procfs.Buffer) errno.Errno
}{
	{"shmmax", func(b *procfs.Buffer) errno.Errno { return number(b, unlimited) }},
	{"shmall", func(b *procfs.Buffer) errno.Errno { return number(b, unlimited) }},
	{"shmmni", func(b *procfs.Buffer) errno.Errno { return number(b, ShmMni) }},
	{"msgmax", func(b *procfs.Buffer) errno.Errno { return number(b, MsgMax) }},
	{"msgmnb", func(b *procfs.Buffer) errno.Errno { return number(b, MsgMnb) }},
	{"msgmni", func(b *procfs.Buffer) errno.Errno { return number(b, MsgMni) }},
	{"sem", func(b *procfs.Buffer) errno.Errno {
		b.Printf("%d\t%d\t%d\t%d\n", SemMsl, SemMns, SemOpm, SemMni)
		return errno.OK
	}},
}

func number(b *procfs.Buffer, n uint64) errno.Errno {
	b.Printf("%d\n", n)
	return errno.OK
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
