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
.Lcopy_8:
1:	cmpq	$8, %rcx
	jb	3f
10:	movq	(%rsi), %rax
11:	movq	%rax, (%rdi)
	addq	$8, %rsi
	addq	$8, %rdi
	subq	$8, %rcx
	jnz	1b
	jmp	5f
3:	cmpq	$4, %rcx
	jb	4f
14:	movl	(%rsi), %eax
15:	movl	%eax, (%rdi)
	addq	$4, %rsi
	addq	$4, %rdi
	subq	$4, %rcx
4:	testq	%rcx, %rcx
	jz	5f
12:	movb	(%rsi), %al
13:	movb	%al, (%rdi)
	incq	%rsi
	incq	%rdi
	decq	%rcx
	jnz	12b
.Lcopy_done:
5:	smap_on
	xorl	%eax, %eax
	ret
	# 64 bytes at a time through X14, as all large copies without AVX and the rest of those with it
2:	cmpq	$512, %rcx
	jb	20f
	cmpb	$0, copyWide(%rip)
	jne	copy_user_ymm
.Lcopy_64:
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
	jae	20b
	testq	%rcx, %rcx
	jnz	1b
	jmp	5b
	# A wide access that faults is retried byte by byte, so that the count is exact to the page boundary.
.Lcopy_fixup_wide:
	jmp	4b
copy_fixup:
	smap_on
	movq	%rcx, %rax
	ret
	extable	10b, .Lcopy_fixup_wide
	extable	11b, .Lcopy_fixup_wide
	extable	12b, copy_fixup
	extable	13b, copy_fixup
	extable	14b, .Lcopy_fixup_wide
	extable	15b, .Lcopy_fixup_wide
	extable	20b, .Lcopy_fixup_wide
	extable	21b, .Lcopy_fixup_wide
	extable	22b, .Lcopy_fixup_wide
	extable	23b, .Lcopy_fixup_wide
	extable	24b, .Lcopy_fixup_wide
	extable	25b, .Lcopy_fixup_wide
	extable	26b, .Lcopy_fixup_wide
	extable	27b, .Lcopy_fixup_wide

	# 256 bytes at a time through Y14. Its low half is in the entry frame; the high half, still the user's, is kept on the stack. A
	# fault that sleeps switches it with the thread's other FPU state.
copy_user_ymm:
	movq	%rcx, %rdx
	andq	$-256, %rdx
	andl	$255, %ecx
	addq	%rdx, %rsi
	addq	%rdx, %rdi
	negq	%rdx			# counts up to 0 from the end of the part
	subq	$16, %rsp
	vextractf128 $1, %ymm14, (%rsp)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
6\n\()0:	vmovdqu	32*\n(%rsi,%rdx), %ymm14
6\n\()1:	vmovdqu	%ymm14, 32*\n(%rdi,%rdx)
	.endr
	addq	$256, %rdx
	jnz	600b
	vinsertf128 $1, (%rsp), %ymm14, %ymm14
	addq	$16, %rsp
	cmpl	$64, %ecx
	jae	.Lcopy_64
	testl	%ecx, %ecx
	jnz	.Lcopy_8
	jmp	.Lcopy_done
.Lcopy_fixup_ymm:
	vinsertf128 $1, (%rsp), %ymm14, %ymm14
	addq	$16, %rsp
	addq	%rdx, %rsi
	addq	%rdx, %rdi
	subq	%rdx, %rcx
	jmp	.Lcopy_fixup_wide
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	extable	6\n\()0b, .Lcopy_fixup_ymm
	extable	6\n\()1b, .Lcopy_fixup_ymm
	.endr

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

# Set at boot on CPUs with AVX.
	.data
	.globl	copyWide
copyWide:
	.byte	0
