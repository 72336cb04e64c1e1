//go:build galago

package main

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/klog"
	"galago/kernel/sched"
)

//go:cgo_export_static main.sys go_syscall
func sys(f *arch.Frame) {}

func initThread(unsafe.Pointer) {
	for i := range 5 {
		klog.Printf("init thread %d on CPU %d", i, arch.CPUID())
		sched.Sleep(10_000_000)
	}
	powerOff()
	arch.DebugExit(0x10)
}
