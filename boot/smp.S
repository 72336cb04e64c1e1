# Application processors: from the SIPI in real mode to Go.
#
# The code between ap_start and ap_end is copied to AP_PAGE (identity mapped R-X in boot_pml4). It runs at
# CS = AP_PAGE>>4, IP = 0, finds its parameters in ap_args (boot data, one processor at a time), takes the boot
# page tables into long mode, then the kernel's own.
#
# References: Intel SDM 3A §8.4.4 (MP initialisation), §10.8.5.
	.include "boot/defs.inc"

	.section .text.entry, "ax"
	.globl	ap_start, ap_end
	.code16
ap_start:
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	$AP_PAGE + (ap_gdt_ptr - ap_start), %si
	lgdtl	(%si)
	movl	%cr0, %eax
	orb	$CR0_PE, %al
	movl	%eax, %cr0
	ljmpl	$0x18, $AP_PAGE + (ap32 - ap_start)
	.code32
ap32:
	movw	$KERNEL_DS, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$ap_stack_top, %esp
	movl	$enter_long_mode, %eax
	call	*%eax
	ljmpl	$KERNEL_CS, $AP_PAGE + (ap64 - ap_start)
	.code64
ap64:
	movabsq	$ap_start64, %rax
	jmp	*%rax
	.align	16
ap_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	# 0x08 code, 64-bit
	.quad	0x00cf93000000ffff	# 0x10 data
	.quad	0x00cf9b000000ffff	# 0x18 code, 32-bit
ap_gdt_ptr:
	.word	4*8 - 1
	.long	AP_PAGE + (ap_gdt - ap_start)
ap_end:

ap_start64:
	movl	$KERNEL_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movq	ap_args + 0, %rax	# the kernel's CR3
	movq	ap_args + 8, %r14	# this processor's idle thread
	movq	%rax, %rcx
	movq	8(%r14), %rsp		# StackHi
	movq	%rcx, %cr3
	xorl	%ebp, %ebp
	movups	zero16(%rip), %xmm15
	subq	$16, %rsp
	call	go_ap_main
	ud2

	.section .boot.data, "aw"
	.align	8
	.globl	ap_args
ap_args:
	.quad	0, 0

	.section .boot.bss, "aw", @nobits
	.align	16
	.skip	256
ap_stack_top:
