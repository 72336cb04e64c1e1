//go:build galago || galago_user

#include "textflag.h"
#include "funcdata.h"

TEXT ·mapinitnoop<ABIInternal>(SB),NOSPLIT,$0-0
	RET

// FAIL: a panic entry that compiled code calls. It hands on its return address and the caller's frame
// pointer, with a frame record of its own so that the chain stays whole.
#define FAIL(name, target) \
TEXT name<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0; \
	MOVQ	0(SP), AX; \
	MOVQ	BP, BX; \
	PUSHQ	BP; \
	MOVQ	SP, BP; \
	SUBQ	$16, SP; \
	CALL	target<ABIInternal>(SB); \
	UD2

FAIL(·panicdivide, ·failDivide)
FAIL(·panicoverflow, ·failDivide)
FAIL(·panicshift, ·failShift)
FAIL(·panicwrap, ·failWrap)
FAIL(·panicunsafeslicelen, ·failSlice)
FAIL(·panicunsafeslicenilptr, ·failSlice)
FAIL(·panicunsafestringlen, ·failSlice)
FAIL(·panicunsafestringnilptr, ·failSlice)
FAIL(·panicnildottype, ·failNilType)
FAIL(·panicdottypeE, ·failType)
FAIL(·panicdottypeI, ·failType)
FAIL(·unreachableMethod, ·failUnreachable)

TEXT ·gopanic<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	AX, CX
	MOVQ	BX, DI
	MOVQ	0(SP), AX
	MOVQ	BP, BX
	PUSHQ	BP
	MOVQ	SP, BP
	SUBQ	$32, SP
	CALL	·failPanic<ABIInternal>(SB)
	UD2

// morestack: a function prologue found SP at or below the stack bound. The names are ABI0 by convention; the
// function's arguments are still in registers. The bound is dropped so that the report itself may run
// on the reserve below it.
TEXT runtime·morestack(SB),NOSPLIT|NOFRAME,$0-0
	MOVQ	0(SP), AX
	MOVQ	BP, BX
	MOVQ	$0, 16(R14)
	SUBQ	$24, SP
	CALL	·failStack<ABIInternal>(SB)
	UD2
TEXT runtime·morestack_noctxt(SB),NOSPLIT|NOFRAME,$0-0
	JMP	runtime·morestack(SB)

// panicBounds: the failing operands are in registers that the pc's PCDATA names; save them all, in the
// encoding order of internal/abi/bounds.go (AX CX DX BX SP BP SI DI R8…R15).
TEXT runtime·panicBounds<ABIInternal>(SB),NOSPLIT,$168-0
	NO_LOCAL_POINTERS
	MOVQ	AX, 32(SP)
	MOVQ	CX, 40(SP)
	MOVQ	DX, 48(SP)
	MOVQ	BX, 56(SP)
	MOVQ	BP, 72(SP)
	MOVQ	SI, 80(SP)
	MOVQ	DI, 88(SP)
	MOVQ	R8, 96(SP)
	MOVQ	R9, 104(SP)
	MOVQ	R10, 112(SP)
	MOVQ	R11, 120(SP)
	MOVQ	R12, 128(SP)
	MOVQ	R13, 136(SP)
	MOVQ	R15, 152(SP)
	MOVQ	176(SP), AX	// the return address, above the frame and the saved BP
	LEAQ	32(SP), BX
	MOVQ	0(BP), CX	// the caller's frame pointer
	CALL	·boundsFailed<ABIInternal>(SB)
	RET
