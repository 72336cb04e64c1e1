//go:build galago_user

package main

import (
	"unsafe"

	"galago/libc/sys"
)

// What outlives its makers: objects of System V IPC. (Message queues of POSIX are files: calm.)

var statRoom [1024]byte

// removeObjects removes all of them.
func removeObjects() {
	const (
		remove                   = 0
		shmInfo, shmStat, shmctl = 14, 13, 31
		msgInfo, msgStat, msgctl = 12, 11, 71
		semInfo, semStat, semctl = 19, 18, 66
	)
	room := uintptr(unsafe.Pointer(&statRoom))
	for _, k := range [...]struct{ ctl, info, stat int }{{shmctl, shmInfo, shmStat}, {msgctl, msgInfo, msgStat}} {
		last, e := sys.Call(k.ctl, 0, uintptr(k.info), room)
		for i := uintptr(0); e == 0 && i <= last; i++ {
			if id, e := sys.Call(k.ctl, i, uintptr(k.stat), room); e == 0 {
				sys.Call(k.ctl, id, remove, 0)
			}
		}
	}
	last, e := sys.Call(semctl, 0, 0, semInfo, room)
	for i := uintptr(0); e == 0 && i <= last; i++ {
		if id, e := sys.Call(semctl, i, 0, semStat, room); e == 0 {
			sys.Call(semctl, id, 0, remove, 0)
		}
	}
}
