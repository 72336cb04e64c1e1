//go:build galago

#include "textflag.h"

// main is the root symbol cmd/link keeps in external mode. boot/ jumps here with R14 = BootG, X15 = 0 and
// a stack.
TEXT main(SB),NOSPLIT|NOFRAME,$0
	LEAQ	·keeptypes(SB), AX
	CALL	·RunInits<ABIInternal>(SB)
	CALL	main·main<ABIInternal>(SB)
	UD2

TEXT ·halt<ABIInternal>(SB),NOSPLIT|NOFRAME,$0-0
	CLI
	HLT
	RET
