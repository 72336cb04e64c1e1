//go:build galago_user

#include "textflag.h"

// Process entry (System V psABI AMD64 §3.4.1): RSP points to argc, argv…, 0, envp…, 0, auxv.
TEXT _rt0_amd64_linux(SB),NOSPLIT|NOFRAME,$0
	MOVQ	SP, AX
	LEAQ	·mainThread(SB), R14	// its stack bound is 0: no prologue's check fires
	XORPS	X15, X15
	XORL	BP, BP
	ANDQ	$~15, SP
	SUBQ	$16, SP
	LEAQ	·keeptypes(SB), BX
	CALL	·start<ABIInternal>(SB)
	CALL	main·main<ABIInternal>(SB)
	XORL	AX, AX
	CALL	·exit0<ABIInternal>(SB)
	UD2

// func Syscall(nr, a1, a2, a3, a4, a5, a6 uintptr) (r uintptr): AX BX CX DI SI R8 R9 to AX DI SI DX R10 R8 R9
TEXT ·Syscall<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	DI, DX
	MOVQ	BX, DI
	MOVQ	SI, R10
	MOVQ	CX, SI
	SYSCALL
	RET

// func Vfork() (pid uintptr): the child runs on the parent's stack, so the return address is kept in a register while
// the child may overwrite it.
TEXT ·Vfork<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	POPQ	R12
	MOVL	$58, AX
	SYSCALL
	PUSHQ	R12
	RET

TEXT ·halt<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	UD2
	RET

// sigtramp is every signal's handler: registers of the C convention (DI signal, SI info, DX context) become Go's. R14 is the
// interrupted thread's.
TEXT ·sigtramp(SB),NOSPLIT|NOFRAME,$0
	PUSHQ	BP
	MOVQ	SP, BP
	ANDQ	$~15, SP
	SUBQ	$32, SP
	XORPS	X15, X15
	CLD
	MOVQ	DI, AX
	MOVQ	SI, BX
	MOVQ	DX, CX
	CALL	·sighandler<ABIInternal>(SB)
	MOVQ	BP, SP
	POPQ	BP
	RET

// sigrestore is the restorer: rt_sigreturn.
TEXT ·sigrestore(SB),NOSPLIT|NOFRAME,$0
	MOVL	$15, AX
	SYSCALL
	UD2

// func sigAddrs() (tramp, restore uintptr)
TEXT ·sigAddrs<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	LEAQ	·sigtramp(SB), AX
	LEAQ	·sigrestore(SB), BX
	RET

// func Cycles() uint64
TEXT ·Cycles<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	RDTSC
	SHLQ	$32, DX
	ORQ	DX, AX
	RET

// func switchStack(save *uintptr, sp uintptr, t *Thread): compiled code expects nothing but BP, SP and R14 to be kept over a call.
TEXT ·switchStack<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	PUSHQ	BP
	MOVQ	SP, (AX)
	MOVQ	BX, SP
	MOVQ	CX, R14
	POPQ	BP
	XORPS	X15, X15
	RET

// func cloneThread(flags, sp uintptr, t *Thread, tid *uint32) (r uintptr): the new kernel thread begins where sp, made by prepare,
// says; its number is put to tid and cleared at its end.
TEXT ·cloneThread<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	CX, R13
	MOVQ	DI, DX
	MOVQ	DI, R10
	MOVQ	AX, DI
	MOVQ	BX, SI
	MOVL	$56, AX
	SYSCALL
	TESTQ	AX, AX
	JNZ	parent
	MOVQ	R13, R14
	XORPS	X15, X15
	MOVQ	(SP), BP
	ADDQ	$8, SP
parent:
	RET

// threadEntry is the return address at the bottom of every new thread's stack.
TEXT ·threadEntry(SB),NOSPLIT|NOFRAME,$0
	XORL	BP, BP
	CALL	·threadMain<ABIInternal>(SB)
	UD2

// func threadEntryAddr() uintptr
TEXT ·threadEntryAddr<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	LEAQ	·threadEntry(SB), AX
	RET

// func exitThread(stack, size uintptr): munmap(2) of the stack it runs on, then exit(2): no stack is used in between.
TEXT ·exitThread<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	AX, DI
	MOVQ	BX, SI
	TESTQ	SI, SI
	JZ	gone
	MOVL	$11, AX
	SYSCALL
gone:
	XORL	DI, DI
	MOVL	$60, AX
	SYSCALL
	UD2

// func pause(): a hint for spinning.
TEXT ·pause<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	PAUSE
	RET

// func CallC(fn, a, b uintptr): R14 is one of the registers that C keeps; X15 is not.
TEXT ·CallC<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	PUSHQ	BP
	MOVQ	SP, BP
	ANDQ	$~15, SP
	MOVQ	BX, DI
	MOVQ	CX, SI
	CALL	AX
	MOVQ	BP, SP
	POPQ	BP
	XORPS	X15, X15
	RET
