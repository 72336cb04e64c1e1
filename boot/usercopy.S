# Copies to and from user memory. A fault at a listed instruction continues at its fix-up with the count of
# bytes left in AX (arch/extable_amd64.go looks the table up).
#
# Arguments in RAX RBX RCX (Go's ABIInternal). SMAP: user memory is reachable only between STAC and CLAC; both are NOPs,
# patched in by arch at boot, on CPUs without it (the bytes are 3-byte NOPs until then).
	.include "boot/defs.inc"

	.macro	extable from to
	.pushsection .extable, "a"
	.quad	\from, \to
	.popsection
	.endm
	.macro	smap_on
	.pushsection .smapsites, "a"
	.quad	771f, 0xca010f		# address, the instruction CLAC
	.popsection
771:	.byte	0x0f, 0x1f, 0x00
	.endm
	.macro	smap_off
	.pushsection .smapsites, "a"
	.quad	772f, 0xcb010f		# STAC
	.popsection
772:	.byte	0x0f, 0x1f, 0x00
	.endm

	.section .text.entry, "ax"
	.code64
# func copyUser(dst, src, n uintptr) (left uintptr): the caller has checked that the user side is user space
	.globl	"galago/arch.copyUser"
	.align	16
"galago/arch.copyUser":
	movq	%rax, %rdi
	movq	%rbx, %rsi
	smap_off
	cmpq	$64, %rcx
	jae	2f
1:	cmpq	$8, %rcx
	jb	3f
10:	movq	(%rsi), %rax
11:	movq	%rax, (%rdi)
	addq	$8, %rsi
	addq	$8, %rdi
	subq	$8, %rcx
	jmp	1b
3:	testq	%rcx, %rcx
	jz	5f
12:	movb	(%rsi), %al
13:	movb	%al, (%rdi)
	incq	%rsi
	incq	%rdi
	decq	%rcx
	jnz	12b
5:	smap_on
	xorl	%eax, %eax
	ret
	# 64 bytes at a time through X14
2:
20:	movups	(%rsi), %xmm14
21:	movups	%xmm14, (%rdi)
22:	movups	16(%rsi), %xmm14
23:	movups	%xmm14, 16(%rdi)
24:	movups	32(%rsi), %xmm14
25:	movups	%xmm14, 32(%rdi)
26:	movups	48(%rsi), %xmm14
27:	movups	%xmm14, 48(%rdi)
	addq	$64, %rsi
	addq	$64, %rdi
	subq	$64, %rcx
	cmpq	$64, %rcx
	jae	2b
	jmp	1b
	# A wide access that faults is retried byte by byte, so that the count is exact to the page boundary.
copy_fixup_wide:
	jmp	3b
copy_fixup:
	smap_on
	movq	%rcx, %rax
	ret
	extable	10b, copy_fixup_wide
	extable	11b, copy_fixup_wide
	extable	12b, copy_fixup
	extable	13b, copy_fixup
	extable	20b, copy_fixup_wide
	extable	21b, copy_fixup_wide
	extable	22b, copy_fixup_wide
	extable	23b, copy_fixup_wide
	extable	24b, copy_fixup_wide
	extable	25b, copy_fixup_wide
	extable	26b, copy_fixup_wide
	extable	27b, copy_fixup_wide

# func zeroUser(dst, n uintptr) (left uintptr)
	.globl	"galago/arch.zeroUser"
	.align	16
"galago/arch.zeroUser":
	movq	%rbx, %rcx
	smap_off
1:	cmpq	$64, %rcx
	jb	2f
30:	movups	%xmm15, (%rax)
31:	movups	%xmm15, 16(%rax)
32:	movups	%xmm15, 32(%rax)
33:	movups	%xmm15, 48(%rax)
	addq	$64, %rax
	subq	$64, %rcx
	jmp	1b
2:	testq	%rcx, %rcx		# the rest, or what a wide store could not reach, byte by byte
	jz	3f
34:	movb	$0, (%rax)
	incq	%rax
	decq	%rcx
	jnz	34b
3:	smap_on
	xorl	%eax, %eax
	ret
zero_fixup:
	smap_on
	movq	%rcx, %rax
	ret
	extable	30b, 2b
	extable	31b, 2b
	extable	32b, 2b
	extable	33b, 2b
	extable	34b, zero_fixup

# func loadUser32(src uintptr) (v uint32, ok bool); func casUser32(addr uintptr, old, new uint32) (prev uint32, ok bool)
	.globl	"galago/arch.loadUser32", "galago/arch.casUser32"
"galago/arch.loadUser32":
	smap_off
40:	movl	(%rax), %eax
	smap_on
	movl	$1, %ebx
	ret
"galago/arch.casUser32":
	movq	%rax, %rdi
	movl	%ebx, %eax
	smap_off
41:	lock cmpxchgl %ecx, (%rdi)
	smap_on
	movl	$1, %ebx
	ret
word_fixup:
	smap_on
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	ret
	extable	40b, word_fixup
	extable	41b, word_fixup

# The FPU state of user mode, straight to and from a signal frame (SDM 1 §13.7, §13.8). X14 and X15 are the kernel's at this point: the user's
# lie in the thread's register frame.
#
# func saveUserFPU(area uintptr, f *Frame, components uint64) (ok bool): area is 64-byte aligned. x87 and SSE count as in use
# whatever they hold, as a handler may change them without telling the header.
	.globl	"galago/arch.saveUserFPU"
	.align	16
"galago/arch.saveUserFPU":
	movq	%rax, %rdi
	movups	F_X14(%rbx), %xmm14
	movups	F_X15(%rbx), %xmm15
	movl	%ecx, %eax
	movq	%rcx, %rdx
	shrq	$32, %rdx
	xorl	%esi, %esi
	smap_off
50:	movq	%rsi, 512(%rdi)
51:	movq	%rsi, 520(%rdi)
52:	movq	%rsi, 528(%rdi)
53:	movq	%rsi, 536(%rdi)
54:	movq	%rsi, 544(%rdi)
55:	movq	%rsi, 552(%rdi)
56:	movq	%rsi, 560(%rdi)
57:	movq	%rsi, 568(%rdi)
58:	xsave64	(%rdi)
59:	orq	$3, 512(%rdi)
	smap_on
	movl	$1, %eax
	movups	zero16(%rip), %xmm15
	ret
# func loadUserFPU(area uintptr, f *Frame, components uint64) (ok bool): a bad area may leave part of it loaded
	.globl	"galago/arch.loadUserFPU"
	.align	16
"galago/arch.loadUserFPU":
	movq	%rax, %rdi
	movl	%ecx, %eax
	movq	%rcx, %rdx
	shrq	$32, %rdx
	smap_off
60:	xrstor64 (%rdi)
	smap_on
	movl	$1, %eax
	movups	%xmm14, F_X14(%rbx)
	movups	%xmm15, F_X15(%rbx)
	movups	zero16(%rip), %xmm15
	ret
fpu_fixup:
	smap_on
	xorl	%eax, %eax
	movups	zero16(%rip), %xmm15
	ret
	extable	50b, fpu_fixup
	extable	51b, fpu_fixup
	extable	52b, fpu_fixup
	extable	53b, fpu_fixup
	extable	54b, fpu_fixup
	extable	55b, fpu_fixup
	extable	56b, fpu_fixup
	extable	57b, fpu_fixup
	extable	58b, fpu_fixup
	extable	59b, fpu_fixup
	extable	60b, fpu_fixup
