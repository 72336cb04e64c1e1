# The context switch, and addresses of linker and entry symbols for Go.
	.include "boot/defs.inc"

	.section .text.entry, "ax"
	.code64

# func Switch(from, to *ThreadHeader): the Go ABI has no callee-saved register but SP, BP and R14, so a thread is
# its stack pointer and frame pointer. RSP0 and the system-call stack follow the thread. Interrupts are off.
	.globl	"galago/arch.Switch"
	.align	16
"galago/arch.Switch":
	movq	%rsp, TH_SP(%rax)
	movq	%rbp, TH_BP(%rax)
	movq	%rbx, %r14
	movq	TH_STACK_HI(%rbx), %rcx
	movq	%rbx, %gs:PC_CURRENT
	movq	%rcx, %gs:PC_KSTACK
	movq	%rcx, %gs:PC_TSS_RSP0
	movq	TH_SP(%rbx), %rsp
	movq	TH_BP(%rbx), %rbp
	ret

# func linkAddr(i int) uintptr: the i-th symbol of the table (arch/symbols_amd64.go names them)
	.globl	"galago/arch.linkAddr"
"galago/arch.linkAddr":
	leaq	link_addrs(%rip), %rbx
	movq	(%rbx,%rax,8), %rax
	ret

	.section .rodata.entry, "a"
	.align	8
link_addrs:
	.quad	image_start, image_text_end, image_rodata_end, image_end
	.quad	boot_text_start, boot_data_end, boot_info, boot_protocol
	.quad	trap_stubs, syscall_entry, user_iret, boot_pml4
	.quad	ap_start, ap_end, ap_args
	.quad	extable_start, extable_end, smapsites_start, smapsites_end
	.quad	go_boot_g, copyWide, boot_text_end
	.quad	vdso_start, vdso_end
