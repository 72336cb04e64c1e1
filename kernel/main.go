//go:build galago

// Command kernel is Galago. main brings the machine up in order; each step needs only those above it.
package main

import (
	"galago/arch"
	"galago/drivers/uart"
	"galago/kernel/klog"
	"galago/kernel/oops"
	"galago/kernel/sched"
)

func main() {
	uart.EarlyInit()
	klog.AddSink(consoleSink)
	arch.InitBootCPU()
	oops.Init()
	readBootInfo()
	initMemory()
	initInterrupts()
	initClock()
	sched.Init(option("sched"))
	startCPUs()
	if _, e := sched.Go("init", initThread, nil); e != 0 {
		panic("no memory for the first thread")
	}
	sched.StartIdle()
}
