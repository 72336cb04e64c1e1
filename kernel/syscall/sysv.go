//go:build galago

package syscall

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/ipc/sysv"
	"galago/kernel/mem"
	"galago/kernel/proc"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

// System V interprocess communication.

func caller() sysv.Caller { return sysv.Caller{Cred: ctx().Cred, PID: current().Proc.PID} }

// ipc64 is or-ed to commands by some C libraries.
const ipc64 = 0x100

func sysShmget(f *arch.Frame) (uintptr, errno.Errno) {
	id, e := sysv.ShmGet(caller(), int32(arg0(f)), uint64(arg1(f)), int2(f))
	return uintptr(id), e
}

func sysShmat(f *arch.Frame) (uintptr, errno.Errno) {
	return sysv.ShmAttach(caller(), current().Proc.Space, int0(f), arg1(f), int2(f))
}

func sysShmdt(f *arch.Frame) (uintptr, errno.Errno) {
	return ok(sysv.ShmDetach(current().Proc.Space, arg0(f)))
}

// shmInfo is struct shminfo64; shmUsage struct shm_info.
type shmInfo struct{ Max, Min, Mni, Seg, All, _, _, _, _ uint64 }
type shmUsage struct {
	Used, _                                      int32
	Total, RSS, Swapped, SwapAttempts, SwapDones uint64
}

func sysShmctl(f *arch.Frame) (uintptr, errno.Errno) {
	id, cmd, user := int0(f), int1(f)&^ipc64, arg2(f)
	if cmd < 0 || id < 0 && cmd != sysv.IPCInfo && cmd != sysv.ShmInfo {
		return 0, errno.EINVAL
	}
	switch cmd {
	case sysv.IPCInfo:
		const unlimited = 1<<64 - 1<<24 - 1 // ULONG_MAX − 2^24
		info := shmInfo{Max: unlimited, Min: sysv.ShmMin, Mni: sysv.ShmMni, Seg: sysv.ShmMni, All: unlimited}
		_, _, highest := sysv.ShmUsage()
		return uintptr(highest), put(user, &info)
	case sysv.ShmInfo:
		n, pages, highest := sysv.ShmUsage()
		info := shmUsage{Used: int32(n), Total: uint64(pages)}
		return uintptr(highest), put(user, &info)
	case sysv.IPCStat, sysv.ShmStat, sysv.ShmStatAny:
		var st sysv.ShmID64
		n, e := sysv.ShmStatus(caller(), id, cmd != sysv.IPCStat, cmd == sysv.ShmStatAny, vfs.NoEscape(&st))
		if e != 0 {
			return 0, e
		}
		if cmd == sysv.IPCStat {
			n = 0
		}
		return uintptr(n), put(user, &st)
	case sysv.IPCSet:
		var st sysv.ShmID64
		if e := get(&st, user); e != 0 {
			return 0, e
		}
		return ok(sysv.ShmSet(caller(), id, vfs.NoEscape(&st)))
	case sysv.IPCRmID:
		return ok(sysv.ShmRemove(caller(), id))
	case sysv.ShmLock, sysv.ShmUnlock:
		return ok(sysv.ShmSetLock(caller(), id, cmd == sysv.ShmLock))
	}
	return 0, errno.EINVAL
}

func sysMsgget(f *arch.Frame) (uintptr, errno.Errno) {
	id, e := sysv.MsgGet(caller(), int32(arg0(f)), int1(f))
	return uintptr(id), e
}

func sysMsgsnd(f *arch.Frame) (uintptr, errno.Errno) {
	var typ int64
	if e := get(&typ, arg1(f)); e != 0 {
		return 0, e
	}
	if int64(arg2(f)) < 0 || arg2(f) > sysv.MsgMax {
		return 0, errno.EINVAL
	}
	text := uio.FromUser(arg1(f)+8, int(arg2(f)))
	return 0, noHandler(sysv.MsgSend(caller(), int0(f), typ, vfs.NoEscape(&text), int3(f)))
}

func sysMsgrcv(f *arch.Frame) (uintptr, errno.Errno) {
	if int64(arg2(f)) < 0 {
		return 0, errno.EINVAL
	}
	user := arg1(f)
	n, e := sysv.MsgReceive(caller(), int0(f), int(arg2(f)), int64(arg3(f)), int4(f), func(typ int64, text []byte) errno.Errno {
		if e := put(user, &typ); e != 0 {
			return e
		}
		it := uio.FromUser(user+8, len(text))
		if k, e := it.CopyOut(text); e != 0 || k < len(text) {
			return errno.EFAULT
		}
		return errno.OK
	})
	return uintptr(n), noHandler(e)
}

// noHandler makes an interrupted call begin again if no handler runs; SA_RESTART does not matter to it.
func noHandler(e errno.Errno) errno.Errno {
	if e == errno.EINTR {
		return errno.ERESTARTNOHAND
	}
	return e
}

// msgInfo is struct msginfo.
type msgInfo struct {
	Pool, Map, Max, Mnb, Mni, Ssz, Tql int32
	Seg, _                             uint16
}

func sysMsgctl(f *arch.Frame) (uintptr, errno.Errno) {
	id, cmd, user := int0(f), int1(f)&^ipc64, arg2(f)
	if cmd < 0 || id < 0 && cmd != sysv.IPCInfo && cmd != sysv.MsgInfo {
		return 0, errno.EINVAL
	}
	switch cmd {
	case sysv.IPCInfo, sysv.MsgInfo:
		n, messages, bytes, highest := sysv.MsgUsage()
		const segments, segmentSize = 0xffff, 16
		info := msgInfo{Max: sysv.MsgMax, Mnb: sysv.MsgMnb, Mni: sysv.MsgMni, Ssz: segmentSize, Seg: segments, Pool: sysv.MsgMni * sysv.MsgMnb / 1024,
			Map: sysv.MsgMnb, Tql: sysv.MsgMnb}
		if cmd == sysv.MsgInfo {
			info.Pool, info.Map, info.Tql = int32(n), int32(messages), int32(bytes)
		}
		return uintptr(highest), put(user, &info)
	case sysv.IPCStat, sysv.MsgStat, sysv.MsgStatAny:
		var st sysv.MsqID64
		n, e := sysv.MsgStatus(caller(), id, cmd != sysv.IPCStat, cmd == sysv.MsgStatAny, vfs.NoEscape(&st))
		if e != 0 {
			return 0, e
		}
		if cmd == sysv.IPCStat {
			n = 0
		}
		return uintptr(n), put(user, &st)
	case sysv.IPCSet:
		var st sysv.MsqID64
		if e := get(&st, user); e != 0 {
			return 0, e
		}
		return ok(sysv.MsgSet(caller(), id, vfs.NoEscape(&st)))
	case sysv.IPCRmID:
		return ok(sysv.MsgRemove(caller(), id))
	}
	return 0, errno.EINVAL
}

func sysSemget(f *arch.Frame) (uintptr, errno.Errno) {
	id, e := sysv.SemGet(caller(), int32(arg0(f)), int1(f), int2(f))
	return uintptr(id), e
}

func sysSemop(f *arch.Frame) (uintptr, errno.Errno) { return semop(f, -1) }

func sysSemtimedop(f *arch.Frame) (uintptr, errno.Errno) {
	if arg3(f) == 0 {
		return semop(f, -1)
	}
	var ts timespec
	if e := get(&ts, arg3(f)); e != 0 {
		return 0, e
	}
	if ts.Sec < 0 || ts.Nsec < 0 || ts.Nsec >= 1e9 {
		return 0, errno.EINVAL
	}
	ns := int64(1<<63 - 1)
	if ts.Sec < 1<<32 {
		ns = ts.Sec*1e9 + ts.Nsec
	}
	return semop(f, ns)
}

func semop(f *arch.Frame, ns int64) (uintptr, errno.Errno) {
	n := arg2(f)
	if n < 1 || int0(f) < 0 {
		return 0, errno.EINVAL
	}
	if n > sysv.SemOpm {
		return 0, errno.E2BIG
	}
	p := mem.Alloc(n * unsafe.Sizeof(sysv.SemOp{}))
	if p == nil {
		return 0, errno.ENOMEM
	}
	defer mem.Free(p)
	if arch.CopyFromUser(p, arg1(f), n*unsafe.Sizeof(sysv.SemOp{})) != 0 {
		return 0, errno.EFAULT
	}
	undos := undoList()
	if undos == nil {
		return 0, errno.ENOMEM
	}
	return ok(sysv.SemOperate(caller(), int0(f), unsafe.Slice((*sysv.SemOp)(p), n), undos, ns))
}

var undoCache = mem.Cache[sysv.UndoList]{Name: "sem_undo_list"}

// undoList returns the process's record of what its end undoes; nil: no memory.
func undoList() *sysv.UndoList {
	at := &current().Proc.SemUndo
	if u := at.Load(); u != nil {
		return (*sysv.UndoList)(unsafe.Pointer(u))
	}
	u := undoCache.Alloc()
	if u == nil {
		return nil
	}
	if !at.CompareAndSwap(nil, (*byte)(unsafe.Pointer(u))) {
		undoCache.Free(u) // another thread was first
	}
	return (*sysv.UndoList)(unsafe.Pointer(at.Load()))
}

// runUndo is called at the end of a process.
func runUndo(p *proc.Process) {
	if u := (*sysv.UndoList)(unsafe.Pointer(p.SemUndo.Swap(nil))); u != nil {
		u.Run(p.PID)
		undoCache.Free(u)
	}
}

// InitSysV connects System V objects with the life of processes.
func InitSysV() {
	proc.OnProcessEnd = runUndo
	sysv.Init(func() int {
		if t := proc.Current(); t != nil {
			return t.Proc.PID
		}
		return 0
	})
}

// semInfo is struct seminfo.
type semInfo struct{ Map, Mni, Mns, Mnu, Msl, Opm, Ume, Usz, Vmx, Aem int32 }

func sysSemctl(f *arch.Frame) (uintptr, errno.Errno) {
	id, num, cmd, user := int0(f), int1(f), int2(f)&^ipc64, arg3(f)
	if id < 0 && cmd != sysv.IPCInfo && cmd != sysv.SemInfo {
		return 0, errno.EINVAL
	}
	switch cmd {
	case sysv.IPCInfo, sysv.SemInfo:
		n, semaphores, highest := sysv.SemUsage()
		info := semInfo{Map: sysv.SemMns, Mni: sysv.SemMni, Mns: sysv.SemMns, Mnu: sysv.SemMns, Msl: sysv.SemMsl, Opm: sysv.SemOpm,
			Ume: sysv.SemOpm, Usz: 20, Vmx: sysv.SemVmx, Aem: sysv.SemVmx}
		if cmd == sysv.SemInfo {
			info.Usz, info.Aem = int32(n), int32(semaphores)
		}
		return uintptr(highest), put(user, &info)
	case sysv.IPCStat, sysv.SemStat, sysv.SemStatAny:
		var st sysv.SemID64
		n, e := sysv.SemStatus(caller(), id, cmd != sysv.IPCStat, cmd == sysv.SemStatAny, vfs.NoEscape(&st))
		if e != 0 {
			return 0, e
		}
		if cmd == sysv.IPCStat {
			n = 0
		}
		return uintptr(n), put(user, &st)
	case sysv.IPCSet:
		var st sysv.SemID64
		if e := get(&st, user); e != 0 {
			return 0, e
		}
		return ok(sysv.SemSet(caller(), id, vfs.NoEscape(&st)))
	case sysv.IPCRmID:
		return ok(sysv.SemRemove(caller(), id))
	case sysv.SemGetVal, sysv.SemGetPID, sysv.SemGetNCnt, sysv.SemGetZCnt:
		n, e := sysv.SemLook(caller(), id, num, cmd)
		return uintptr(n), e
	case sysv.SemSetVal:
		return ok(sysv.SemSetValue(caller(), id, num, int(int32(user))))
	case sysv.SemGetAll, sysv.SemSetAll:
		return ok(semAll(id, user, cmd == sysv.SemSetAll))
	}
	return 0, errno.EINVAL
}

// semAll is GETALL and SETALL.
func semAll(id int, user uintptr, set bool) errno.Errno {
	n, e := sysv.SemCount(id)
	if e != 0 {
		return e
	}
	size := uintptr(n) * 2
	p := mem.Alloc(size)
	if p == nil {
		return errno.ENOMEM
	}
	defer mem.Free(p)
	values := unsafe.Slice((*uint16)(p), n)
	if set {
		if arch.CopyFromUser(p, user, size) != 0 {
			return errno.EFAULT
		}
		return sysv.SemSetValues(caller(), id, values)
	}
	if e := sysv.SemGetValues(caller(), id, values); e != 0 {
		return e
	}
	if arch.CopyToUser(user, p, size) != 0 {
		return errno.EFAULT
	}
	return errno.OK
}
