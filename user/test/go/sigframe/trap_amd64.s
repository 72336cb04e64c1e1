#include "textflag.h"

// handler notes what a signal handler gets: siginfo, ucontext, its stack pointer, and the MXCSR and x87 control word in force. It continues behind the
// instruction that trapped (skip bytes on), changes RAX and XMM0 of the interrupted code if told to, and asks for the alternate stack.
TEXT ·handler(SB), NOSPLIT|NOFRAME, $0
	MOVQ	DI, R8
	MOVQ	SI, R9
	MOVQ	DX, R10
	MOVQ	·count(SB), AX
	INCQ	·count(SB)
	ANDQ	$7, AX
	IMULQ	$1024, AX
	LEAQ	·records(SB), R11
	ADDQ	AX, R11
	MOVQ	R8, 0(R11)
	MOVQ	SP, 8(R11)
	MOVQ	0(SP), AX
	MOVQ	AX, 16(R11)
	PUSHFQ
	POPQ	AX
	MOVQ	AX, 24(R11)
	LEAQ	64(R11), DI
	MOVQ	R9, SI
	MOVQ	$128, CX
	CLD
	REP; MOVSB
	MOVQ	R10, SI
	MOVQ	$304, CX
	REP; MOVSB
	MOVQ	224(R10), R8 // fpstate
	LEAQ	544(R11), DI
	MOVQ	R8, SI
	MOVQ	$32, CX
	REP; MOVSB
	LEAQ	464(R8), SI
	MOVQ	$56, CX
	REP; MOVSB
	MOVL	480(R8), AX
	MOVL	(R8)(AX*1), AX
	MOVL	AX, 632(R11)
	MOVQ	·skip(SB), AX
	ADDQ	AX, 168(R10) // sigcontext.rip
	MOVQ	·change(SB), AX
	TESTQ	AX, AX
	JZ	same
	ADDQ	AX, 144(R10) // rax
	MOVQ	224(R10), CX // fpstate
	ADDQ	AX, 160(CX)  // xmm0
same:
	MOVQ	224(R10), CX
	TESTQ	CX, CX
	JZ	nofpu
	MOVQ	·mxcsr(SB), AX
	TESTQ	AX, AX
	JZ	nofpu
	MOVL	AX, 24(CX)
	MOVW	$0x37f, 0(CX)
	MOVW	$0, 2(CX)
nofpu:
	PUSHQ	R11
	MOVQ	$131, AX // sigaltstack
	MOVQ	$0, DI
	LEAQ	512(R11), SI
	SYSCALL
	POPQ	R11
	MOVQ	AX, 536(R11)
	RET

TEXT ·restorer(SB), NOSPLIT|NOFRAME, $0
	MOVQ	$15, AX
	SYSCALL
	INT	$3

TEXT ·addresses(SB), NOSPLIT, $0-16
	LEAQ	·handler(SB), AX
	MOVQ	AX, h+0(FP)
	LEAQ	·restorer(SB), AX
	MOVQ	AX, r+8(FP)
	RET

TEXT ·load(SB), NOSPLIT, $0-8
	MOVQ	a+0(FP), AX
	MOVQ	$2, ·skip(SB)
	BYTE	$0x8a; BYTE $0x00 // MOVB (AX), AL
	RET

TEXT ·store(SB), NOSPLIT, $0-8
	MOVQ	a+0(FP), AX
	MOVQ	$2, ·skip(SB)
	BYTE	$0x88; BYTE $0x00 // MOVB AL, (AX)
	RET

TEXT ·jump(SB), NOSPLIT, $0-8
	MOVQ	a+0(FP), AX
	LEAQ	landing<>(SB), CX
	SUBQ	AX, CX
	MOVQ	CX, ·skip(SB)
	CALL	AX
	RET
TEXT landing<>(SB), NOSPLIT|NOFRAME, $0
	RET

TEXT ·divide(SB), NOSPLIT, $0
	XORL	CX, CX
	MOVQ	$2, ·skip(SB)
	BYTE	$0xf7; BYTE $0xf1 // DIV CX
	RET

TEXT ·breakpoint(SB), NOSPLIT, $0
	MOVQ	$0, ·skip(SB)
	BYTE	$0xcc
	RET

TEXT ·undefined(SB), NOSPLIT, $0
	MOVQ	$2, ·skip(SB)
	BYTE	$0x0f; BYTE $0x0b
	RET

TEXT ·privileged(SB), NOSPLIT, $0
	MOVQ	$1, ·skip(SB)
	BYTE	$0xf4 // HLT
	RET

// x87 divides 1 by 0 with the division exception enabled.
TEXT ·x87(SB), NOSPLIT, $8-0
	MOVW	$0x37b, 0(SP)
	MOVQ	$0x1f80, CX
	MOVQ	CX, ·mxcsr(SB)
	BYTE	$0xdb; BYTE $0xe3 // FNINIT
	FLDCW	0(SP)
	BYTE	$0xd9; BYTE $0xe8 // FLD1
	BYTE	$0xd9; BYTE $0xee // FLDZ
	BYTE	$0xde; BYTE $0xf9 // FDIVP
	MOVQ	$0, ·skip(SB)
	BYTE	$0x9b // FWAIT
	MOVQ	$0, ·mxcsr(SB)
	BYTE	$0xdb; BYTE $0xe3 // FNINIT
	RET

// raise sends itself sig by tgkill with RAX.. known; it returns RAX and the low half of X0 as the handler left them.
TEXT ·raise(SB), NOSPLIT, $0-56
	MOVQ	pid+0(FP), DI
	MOVQ	tid+8(FP), SI
	MOVQ	sig+16(FP), DX
	MOVQ	x+24(FP), X0
	MOVQ	$0, ·skip(SB)
	MOVQ	$234, AX
	MOVQ	$0x1111, R8
	MOVQ	$0x2222, R9
	MOVQ	$0x3333, R12
	SYSCALL
	MOVQ	AX, ax+32(FP)
	MOVQ	X0, x0+40(FP)
	MOVQ	R12, r12+48(FP)
	RET
