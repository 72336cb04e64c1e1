//go:build galago

#include "textflag.h"

// Arguments in AX BX CX DI, results in the same (ABIInternal); R14 = current thread, X15 = 0.

TEXT galago∕arch·Outb<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	AX, DX
	MOVL	BX, AX
	OUTB
	RET
TEXT galago∕arch·Outw<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	AX, DX
	MOVL	BX, AX
	OUTW
	RET
TEXT galago∕arch·Outl<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	AX, DX
	MOVL	BX, AX
	OUTL
	RET
TEXT galago∕arch·Inb<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	AX, DX
	INB
	MOVBLZX	AL, AX
	RET
TEXT galago∕arch·Inw<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	AX, DX
	INW
	MOVWLZX	AX, AX
	RET
TEXT galago∕arch·Inl<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	AX, DX
	INL
	RET
TEXT galago∕arch·Rdmsr<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	AX, CX
	RDMSR
	SHLQ	$32, DX
	MOVL	AX, AX
	ORQ	DX, AX
	RET
TEXT galago∕arch·Wrmsr<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	AX, CX
	MOVL	BX, AX
	MOVQ	BX, DX
	SHRQ	$32, DX
	WRMSR
	RET
TEXT galago∕arch·Cpuid<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	BX, CX
	CPUID
	MOVL	DX, DI
	RET
TEXT galago∕arch·Cycles<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	RDTSC
	SHLQ	$32, DX
	ORQ	DX, AX
	RET
TEXT galago∕arch·IRQDisable<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	PUSHFQ
	POPQ	AX
	CLI
	RET
TEXT galago∕arch·IRQRestore<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	TESTQ	$0x200, AX
	JEQ	off
	STI
off:
	RET
TEXT galago∕arch·IRQOn<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	STI
	RET
TEXT galago∕arch·IRQOff<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	CLI
	RET
TEXT galago∕arch·IdleWait<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	STI
	HLT
	RET
TEXT galago∕arch·Halt<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
stop:
	CLI
	HLT
	JMP	stop
TEXT galago∕arch·Pause<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	PAUSE
	RET
TEXT galago∕arch·Mb<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MFENCE
	RET
TEXT galago∕arch·Breakpoint<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	INT	$3
	RET
TEXT galago∕arch·FramePointer<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	BP, AX
	RET
TEXT galago∕arch·rdrand<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	BYTE	$0x48; BYTE $0x0f; BYTE $0xc7; BYTE $0xf0	// RDRAND RAX
	SETCS	BX
	RET
TEXT galago∕arch·readFlags<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	PUSHFQ
	POPQ	AX
	RET
TEXT galago∕arch·readCR0<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	CR0, AX
	RET
TEXT galago∕arch·readCR2<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	CR2, AX
	RET
TEXT galago∕arch·readCR3<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	CR3, AX
	RET
TEXT galago∕arch·readCR4<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	CR4, AX
	RET
TEXT galago∕arch·writeCR0<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	AX, CR0
	RET
TEXT galago∕arch·writeCR3<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	AX, CR3
	RET
TEXT galago∕arch·writeCR4<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	AX, CR4
	RET
TEXT galago∕arch·invlpg<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	INVLPG	(AX)
	RET
TEXT galago∕arch·lgdt<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	LGDT	(AX)
	RET
TEXT galago∕arch·lidt<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	LIDT	(AX)
	RET
TEXT galago∕arch·ltr<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	BYTE	$0x0f; BYTE $0x00; BYTE $0xd8	// LTR AX
	RET
TEXT galago∕arch·xsetbv<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	AX, DX
	SHRQ	$32, DX
	XORL	CX, CX
	BYTE	$0x0f; BYTE $0x01; BYTE $0xd1	// XSETBV
	RET
TEXT galago∕arch·xsave<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	AX, DI
	MOVL	$-1, AX
	MOVL	$-1, DX
	BYTE	$0x48; BYTE $0x0f; BYTE $0xae; BYTE $0x27	// XSAVE64 (DI)
	RET
TEXT galago∕arch·xrstor<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	AX, DI
	MOVL	$-1, AX
	MOVL	$-1, DX
	BYTE	$0x48; BYTE $0x0f; BYTE $0xae; BYTE $0x2f	// XRSTOR64 (DI)
	MOVUPS	galago∕arch·zero16(SB), X15
	RET
TEXT galago∕arch·fxsave<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	FXSAVE64	(AX)
	RET
TEXT galago∕arch·fxrstor<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	FXRSTOR64	(AX)
	MOVUPS	galago∕arch·zero16(SB), X15
	RET

// The wide loops use Y15 and Y14, whose upper halves still are the user's: they are kept on the stack. A kernel thread's are saved by no
// switch, so interrupts are off meanwhile.
TEXT galago∕arch·ClearPage<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	CMPB	galago∕arch·wideMoves(SB), $0
	JEQ	narrow
	PUSHFQ
	CLI
	SUBQ	$16, SP
	VEXTRACTF128	$1, Y15, (SP)
	VXORPS	Y15, Y15, Y15
	MOVL	$(4096/256), CX
wide:
	VMOVDQU	Y15, (AX)
	VMOVDQU	Y15, 32(AX)
	VMOVDQU	Y15, 64(AX)
	VMOVDQU	Y15, 96(AX)
	VMOVDQU	Y15, 128(AX)
	VMOVDQU	Y15, 160(AX)
	VMOVDQU	Y15, 192(AX)
	VMOVDQU	Y15, 224(AX)
	ADDQ	$256, AX
	DECL	CX
	JNE	wide
	VINSERTF128	$1, (SP), Y15, Y15
	ADDQ	$16, SP
	POPFQ
	RET
narrow:
	MOVL	$(4096/128), CX
clear:
	MOVUPS	X15, (AX)
	MOVUPS	X15, 16(AX)
	MOVUPS	X15, 32(AX)
	MOVUPS	X15, 48(AX)
	MOVUPS	X15, 64(AX)
	MOVUPS	X15, 80(AX)
	MOVUPS	X15, 96(AX)
	MOVUPS	X15, 112(AX)
	ADDQ	$128, AX
	DECL	CX
	JNE	clear
	RET
TEXT galago∕arch·CopyPage<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	CMPB	galago∕arch·wideMoves(SB), $0
	JEQ	narrow
	PUSHFQ
	CLI
	SUBQ	$16, SP
	VEXTRACTF128	$1, Y14, (SP)
	MOVL	$(4096/256), CX
wide:
	VMOVDQU	(BX), Y14
	VMOVDQU	Y14, (AX)
	VMOVDQU	32(BX), Y14
	VMOVDQU	Y14, 32(AX)
	VMOVDQU	64(BX), Y14
	VMOVDQU	Y14, 64(AX)
	VMOVDQU	96(BX), Y14
	VMOVDQU	Y14, 96(AX)
	VMOVDQU	128(BX), Y14
	VMOVDQU	Y14, 128(AX)
	VMOVDQU	160(BX), Y14
	VMOVDQU	Y14, 160(AX)
	VMOVDQU	192(BX), Y14
	VMOVDQU	Y14, 192(AX)
	VMOVDQU	224(BX), Y14
	VMOVDQU	Y14, 224(AX)
	ADDQ	$256, AX
	ADDQ	$256, BX
	DECL	CX
	JNE	wide
	VINSERTF128	$1, (SP), Y14, Y14
	ADDQ	$16, SP
	POPFQ
	RET
narrow:
	MOVL	$(4096/128), CX
copy:
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
	ADDQ	$128, AX
	ADDQ	$128, BX
	DECL	CX
	JNE	copy
	RET

DATA galago∕arch·zero16+0(SB)/8, $0
DATA galago∕arch·zero16+8(SB)/8, $0
GLOBL galago∕arch·zero16(SB), RODATA|NOPTR, $16

TEXT galago∕arch·Write8<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVB	BX, (AX)
	RET
TEXT galago∕arch·Write16<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVW	BX, (AX)
	RET
TEXT galago∕arch·Write32<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	BX, (AX)
	RET
TEXT galago∕arch·Write64<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	BX, (AX)
	RET
TEXT galago∕arch·Read8<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVBLZX	(AX), AX
	RET
TEXT galago∕arch·Read16<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVWLZX	(AX), AX
	RET
TEXT galago∕arch·Read32<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVL	(AX), AX
	RET
TEXT galago∕arch·Read64<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	(AX), AX
	RET

TEXT galago∕arch·readDR6<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	DR6, AX
	RET
TEXT galago∕arch·writeDR6<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	AX, DR6
	RET
TEXT galago∕arch·writeDR7<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	AX, DR7
	RET
TEXT galago∕arch·writeDR<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	AX, DR0
	BYTE	$0x0f; BYTE $0x23; BYTE $0xcb	// MOVQ BX, DR1
	MOVQ	CX, DR2
	MOVQ	DI, DR3
	RET
