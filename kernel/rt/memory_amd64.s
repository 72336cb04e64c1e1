//go:build galago || galago_user

#include "textflag.h"

// Memory primitives with general registers and X14/X15 only. Arguments are in AX BX CX (ABIInternal).
// Sixteen bytes a pair of instructions; rep-string instructions are avoided because an emulator counts
// (and runs) each repetition, and because their start-up dominates short copies on hardware.

// func memmove(to, from unsafe.Pointer, n uintptr)
TEXT ·memmove<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	CMPQ	CX, $16
	JA	over16
	CMPQ	CX, $8
	JAE	copy8to16
	CMPQ	CX, $4
	JAE	copy4to7
	TESTQ	CX, CX
	JEQ	done
	MOVBLZX	(BX), SI
	MOVBLZX	-1(BX)(CX*1), DI
	CMPQ	CX, $3
	JEQ	copy3
	MOVB	SI, (AX)
	MOVB	DI, -1(AX)(CX*1)
done:
	RET
copy3:
	MOVBLZX	1(BX), DX
	MOVB	SI, (AX)
	MOVB	DX, 1(AX)
	MOVB	DI, 2(AX)
	RET
copy4to7:
	MOVL	(BX), SI
	MOVL	-4(BX)(CX*1), DI
	MOVL	SI, (AX)
	MOVL	DI, -4(AX)(CX*1)
	RET
copy8to16:
	MOVQ	(BX), SI
	MOVQ	-8(BX)(CX*1), DI
	MOVQ	SI, (AX)
	MOVQ	DI, -8(AX)(CX*1)
	RET
over16:
	CMPQ	CX, $32
	JA	over32
	MOVQ	(BX), SI
	MOVQ	8(BX), DI
	MOVQ	-16(BX)(CX*1), R8
	MOVQ	-8(BX)(CX*1), R9
	MOVQ	SI, (AX)
	MOVQ	DI, 8(AX)
	MOVQ	R8, -16(AX)(CX*1)
	MOVQ	R9, -8(AX)(CX*1)
	RET
over32:
	MOVQ	AX, R8
	SUBQ	BX, R8
	CMPQ	R8, CX
	JCS	backward	// 0 <= to-from < n
	// Forward. The last 16 bytes are loaded first: stores may reach them when the areas overlap.
	MOVQ	-16(BX)(CX*1), R8
	MOVQ	-8(BX)(CX*1), R9
	LEAQ	-16(AX)(CX*1), R10	// where the last 16 go
	SUBQ	$128, CX
	JCS	tail
loop128:
	MOVUPS	(BX), X14
	MOVUPS	X14, (AX)
	MOVUPS	16(BX), X14
	MOVUPS	X14, 16(AX)
	MOVUPS	32(BX), X14
	MOVUPS	X14, 32(AX)
	MOVUPS	48(BX), X14
	MOVUPS	X14, 48(AX)
	MOVUPS	64(BX), X14
	MOVUPS	X14, 64(AX)
	MOVUPS	80(BX), X14
	MOVUPS	X14, 80(AX)
	MOVUPS	96(BX), X14
	MOVUPS	X14, 96(AX)
	MOVUPS	112(BX), X14
	MOVUPS	X14, 112(AX)
	ADDQ	$128, BX
	ADDQ	$128, AX
	SUBQ	$128, CX
	JCC	loop128
tail:
	ADDQ	$(128-16), CX	// bytes left, less the last 16
	JLE	last
loop16:
	MOVUPS	(BX), X14
	MOVUPS	X14, (AX)
	ADDQ	$16, BX
	ADDQ	$16, AX
	SUBQ	$16, CX
	JG	loop16
last:
	MOVQ	R8, (R10)
	MOVQ	R9, 8(R10)
	RET
backward:
	TESTQ	R8, R8
	JEQ	done
	MOVQ	(BX), R8	// the first 16 bytes, stored last
	MOVQ	8(BX), R9
	SUBQ	$16, CX
back16:
	MOVUPS	(BX)(CX*1), X14
	MOVUPS	X14, (AX)(CX*1)
	SUBQ	$16, CX
	JG	back16
	MOVQ	R8, (AX)
	MOVQ	R9, 8(AX)
	RET

// func memclrNoHeapPointers(ptr unsafe.Pointer, n uintptr): n in BX
TEXT ·memclrNoHeapPointers<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	CMPQ	BX, $16
	JB	small
	MOVUPS	X15, -16(AX)(BX*1)
	SUBQ	$128, BX
	JCS	clrtail
clr128:
	MOVUPS	X15, (AX)
	MOVUPS	X15, 16(AX)
	MOVUPS	X15, 32(AX)
	MOVUPS	X15, 48(AX)
	MOVUPS	X15, 64(AX)
	MOVUPS	X15, 80(AX)
	MOVUPS	X15, 96(AX)
	MOVUPS	X15, 112(AX)
	ADDQ	$128, AX
	SUBQ	$128, BX
	JCC	clr128
clrtail:
	ADDQ	$(128-16), BX
	JLE	clrdone
clr16:
	MOVUPS	X15, (AX)
	ADDQ	$16, AX
	SUBQ	$16, BX
	JG	clr16
clrdone:
	RET
small:
	XORL	CX, CX
	CMPQ	BX, $8
	JAE	clr8
	CMPQ	BX, $4
	JAE	clr4
	TESTQ	BX, BX
	JEQ	clrdone
clr1:
	MOVB	CX, -1(AX)(BX*1)
	SUBQ	$1, BX
	JNE	clr1
	RET
clr4:
	MOVL	CX, (AX)
	MOVL	CX, -4(AX)(BX*1)
	RET
clr8:
	MOVQ	CX, (AX)
	MOVQ	CX, -8(AX)(BX*1)
	RET

// func memequal(x, y unsafe.Pointer, size uintptr) bool
TEXT ·memequal<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	CMPQ	CX, $8
	JB	bytes
	MOVQ	-8(AX)(CX*1), SI
	CMPQ	SI, -8(BX)(CX*1)
	JNE	differ
	SUBQ	$8, CX
	JEQ	same
words:
	MOVQ	(AX), SI
	CMPQ	SI, (BX)
	JNE	differ
	ADDQ	$8, AX
	ADDQ	$8, BX
	SUBQ	$8, CX
	JG	words
same:
	MOVL	$1, AX
	RET
bytes:
	SUBQ	$1, CX
	JCS	same
	MOVBLZX	(AX)(CX*1), SI
	CMPB	SI, (BX)(CX*1)
	JEQ	bytes
differ:
	XORL	AX, AX
	RET

// memequal_varlen is called through a closure that holds the size at 8(DX).
TEXT ·memequal_varlen<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	8(DX), CX
	JMP	·memequal<ABIInternal>(SB)
