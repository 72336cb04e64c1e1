#include "textflag.h"

#define LOAD(n, r) VMOVDQU (n*32)(R12), r
#define STORE(n, r) VMOVDQU r, (n*32)(R13)

// func sysKeep(in, out *[16][32]byte, nr, a, b, c uintptr) uintptr
TEXT ·sysKeep(SB), NOSPLIT, $0-56
	MOVQ in+0(FP), R12
	MOVQ out+8(FP), R13
	MOVQ nr+16(FP), AX
	MOVQ a+24(FP), DI
	MOVQ b+32(FP), SI
	MOVQ c+40(FP), DX
	LOAD(0, Y0)
	LOAD(1, Y1)
	LOAD(2, Y2)
	LOAD(3, Y3)
	LOAD(4, Y4)
	LOAD(5, Y5)
	LOAD(6, Y6)
	LOAD(7, Y7)
	LOAD(8, Y8)
	LOAD(9, Y9)
	LOAD(10, Y10)
	LOAD(11, Y11)
	LOAD(12, Y12)
	LOAD(13, Y13)
	LOAD(14, Y14)
	LOAD(15, Y15)
	SYSCALL
	STORE(0, Y0)
	STORE(1, Y1)
	STORE(2, Y2)
	STORE(3, Y3)
	STORE(4, Y4)
	STORE(5, Y5)
	STORE(6, Y6)
	STORE(7, Y7)
	STORE(8, Y8)
	STORE(9, Y9)
	STORE(10, Y10)
	STORE(11, Y11)
	STORE(12, Y12)
	STORE(13, Y13)
	STORE(14, Y14)
	STORE(15, Y15)
	VZEROUPPER
	MOVQ AX, ret+48(FP)
	RET
