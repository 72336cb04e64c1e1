//go:build galago

package main

import "galago/arch"

func puts(s string) {
	for i := range len(s) {
		arch.Outb(0x3f8, s[i])
	}
}

//go:cgo_export_static main.sys go_syscall
func sys(f *arch.Frame) {}

func main() {
	puts("hello\n")
	arch.InitBootCPU()
	puts("cpu\n")
	arch.DebugExit(0x10)
	arch.Halt()
}
