//go:build galago

package syscall

import (
	"galago/arch"
	"galago/kernel/errno"
)

// membarrier(2). The barrier is an interrupt that each CPU answers; it serialises the CPU, too, by the return from it (IRET).

const (
	barrierQuery            = 0
	barrierGlobal           = 1 << 0
	barrierGlobalExpedited  = 1 << 1
	barrierGlobalRegister   = 1 << 2
	barrierPrivate          = 1 << 3
	barrierPrivateRegister  = 1 << 4
	barrierSyncCore         = 1 << 5
	barrierSyncCoreRegister = 1 << 6
	barrierRSeq             = 1 << 7
	barrierRSeqRegister     = 1 << 8
	barrierRegistrations    = 1 << 9
	barrierAll              = 1<<10 - 1
	barrierFlagCPU          = 1
	barrierAllCPUs          = ^uint64(0)
)

func sysMembarrier(f *arch.Frame) (uintptr, errno.Errno) {
	cmd, flags := int0(f), uint32(arg1(f))
	if flags != 0 && (cmd != barrierRSeq || flags != barrierFlagCPU) {
		return 0, errno.EINVAL
	}
	s := current().Proc.Space
	switch cmd {
	case barrierQuery:
		return barrierAll, 0
	case barrierGlobal, barrierGlobalExpedited:
		barrier(barrierAllCPUs)
	case barrierGlobalRegister, barrierPrivateRegister, barrierSyncCoreRegister, barrierRSeqRegister:
		s.Barriers.Or(uint32(cmd))
	case barrierPrivate, barrierSyncCore, barrierRSeq:
		if s.Barriers.Load()&uint32(cmd<<1) == 0 {
			return 0, errno.EPERM
		}
		if cmd == barrierRSeq {
			current().Proc.RestartSequences()
		}
		barrier(s.CPUs())
	case barrierRegistrations:
		return uintptr(s.Barriers.Load()), 0
	default:
		return 0, errno.EINVAL
	}
	return 0, 0
}

// barrier has every CPU of a set pass through a memory barrier.
func barrier(cpus uint64) {
	arch.Mb()
	arch.FlushRange(0, arch.PageSize, cpus)
	arch.Mb()
}

func sysRseq(f *arch.Frame) (uintptr, errno.Errno) {
	return ok(current().RSeq(arg0(f), uint32(arg1(f)), uint32(arg2(f)), uint32(arg3(f))))
}
