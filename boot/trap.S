# Exceptions, interrupts and system calls: user or kernel registers into a Frame on the kernel stack, then Go.
#
# Go code clobbers every general register but SP, BP and R14 (the current thread), and of the vector registers X14
# and X15, so a Frame holds all of the former and those two of the latter; the rest of the FPU state stays in
# the CPU until a context switch (arch/fpu_amd64.go).
#
# Each entry leaves a (BP, IP) record below the frame, so that frame-pointer chains run through traps.
#
# References: Intel SDM 3A §6.12–6.14 (exceptions in 64-bit mode, IST), AMD APM 2 §6.1.1 (SYSCALL, SYSRET).
	.include "boot/defs.inc"

	.section .text.entry, "ax"
	.code64

# One stub of 16 bytes for each vector; the IDT is computed from trap_stubs (arch/idt_amd64.go).
	.align	16
	.globl	trap_stubs
trap_stubs:
	.set	i, 0
	.rept	256
	.align	16
	.if	(i == 2) || (i == 18) || (i == 1)
	pushq	$0
	pushq	$i
	jmp	paranoid_entry		# NMI, #MC, #DB: may strike anywhere
	.elseif	i == 8
	pushq	$i			# #DF: error code present
	jmp	paranoid_entry
	.else
	.if	(i == 10) || (i == 11) || (i == 12) || (i == 13) || (i == 14) || (i == 17) || (i == 21) || (i == 29) || (i == 30)
	.else
	pushq	$0
	.endif
	pushq	$i
	jmp	trap_entry
	.endif
	.set	i, i+1
	.endr

# save_regs: AX … R15, X14 and X15 below the vector and error code
	.macro	save_regs
	pushq	%rax
	pushq	%rbx
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbp
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	subq	$32, %rsp
	movups	%xmm14, (%rsp)
	movups	%xmm15, 16(%rsp)
	.endm

	.macro	restore_regs
	movups	(%rsp), %xmm14
	movups	16(%rsp), %xmm15
	addq	$32, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rbp
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rbx
	popq	%rax
	.endm

# cycles: the cycle counter in RAX; clobbers RDX
	.macro	cycles
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	.endm

# Time in the kernel: its end is added at the exit, its beginning subtracted at the entry. R14 = the thread; clobbers RAX, RDX
	.macro	enter_kernel_time
	cycles
	subq	%rax, TH_KERNEL_TIME(%r14)
	.endm

	.macro	leave_kernel_time
	cycles
	addq	%rax, TH_KERNEL_TIME(%r14)
	.endm

# call_go FN: argument 0 = the frame at SP; a frame-pointer record; 16 bytes of spill area
	.macro	call_go fn
	movq	%rsp, %rax
	pushq	F_IP(%rax)
	pushq	%rbp
	movq	%rsp, %rbp
	subq	$16, %rsp
	call	\fn
	addq	$32, %rsp
	.endm

trap_entry:
	cld
	testb	$3, 24(%rsp)		# CS of the interrupted code
	jz	kernel_trap
	swapgs
	lfence				# no speculation past a wrong GS (CVE-2019-1125)
	save_regs
	movq	%gs:PC_CURRENT, %r14
	movq	%rsp, TH_USER_FRAME(%r14)
	movups	zero16(%rip), %xmm15
	enter_kernel_time
	call_go	go_user_trap
	# go_user_trap returns with interrupts off and no work left
	.globl	return_to_user
return_to_user:				# SP at a Frame
	leave_kernel_time
	restore_regs
	swapgs
	addq	$16, %rsp
	.globl	user_iret
user_iret:
	iretq

kernel_trap:
	save_regs
	movups	zero16(%rip), %xmm15
	call_go	go_kernel_trap
	restore_regs
	addq	$16, %rsp
	iretq

# NMI, #MC, #DB and #DF run on stacks of their own (IST), whose topmost word is this CPU's PerCPU address: user mode
# may load any GS base (FSGSBASE), so its sign says nothing. The old GS base is kept below the frame.
paranoid_entry:
	cld
	cmpq	$1, (%rsp)
	je	debug_entry
1:	save_regs
	movl	$MSR_GS_BASE, %ecx
	rdmsr
	shlq	$32, %rdx
	orq	%rdx, %rax
	pushq	%rax			# the interrupted GS base
	movq	%rsp, %rbx
	orq	$4095, %rbx		# the stack's last byte
	movq	-7(%rbx), %rax		# PerCPU
	movq	%rax, %rdi
	movq	%rax, %rdx
	shrq	$32, %rdx
	wrmsr
	movq	PC_CURRENT(%rdi), %r14
	pushq	TH_GUARD0(%r14)		# functions compare SP with this thread's limit: make it this stack's
	subq	$(IST_SIZE - 1 - STACK_GUARD), %rbx
	movq	%rbx, TH_GUARD0(%r14)
	movups	zero16(%rip), %xmm15
	leaq	16(%rsp), %rax
	pushq	F_IP(%rax)
	pushq	%rbp
	movq	%rsp, %rbp
	subq	$16, %rsp
	call	go_paranoid_trap
	addq	$32, %rsp
	movq	%gs:PC_CURRENT, %r14
	popq	TH_GUARD0(%r14)
	popq	%rax
	movq	%rax, %rdx
	shrq	$32, %rdx
	movl	$MSR_GS_BASE, %ecx
	wrmsr
	restore_regs
	addq	$16, %rsp
	iretq

# A #DB from user mode moves to the thread's own stack, where it may sleep and deliver SIGTRAP as any other
# exception; from the kernel it stays paranoid.
debug_entry:
	testb	$3, 24(%rsp)
	jz	1b
	swapgs
	lfence
	movq	%rax, %gs:PC_USER_SP	# scratch
	movq	%rsp, %rax
	movq	%gs:PC_KSTACK, %rsp
	pushq	48(%rax)		# SS
	pushq	40(%rax)		# SP
	pushq	32(%rax)		# FLAGS
	pushq	24(%rax)		# CS
	pushq	16(%rax)		# IP
	pushq	8(%rax)			# error
	pushq	(%rax)			# vector
	movq	%gs:PC_USER_SP, %rax
	swapgs				# trap_entry swaps again
	jmp	trap_entry

# SYSCALL: RCX = user IP, R11 = user flags, SP still the user's, interrupts off (SFMASK). The frame is that of a trap, so
# that signals, fork and debuggers know one layout.
	.globl	syscall_entry
	.align	16
syscall_entry:
	swapgs
	movq	%rsp, %gs:PC_USER_SP
	movq	%gs:PC_KSTACK, %rsp
	pushq	$USER_DS
	pushq	%gs:PC_USER_SP
	pushq	%r11
	pushq	$USER_CS
	pushq	%rcx
	pushq	%rax			# error slot: the call's number, for restarts
	pushq	$-1			# vector slot: a system call
	save_regs
	movq	%gs:PC_CURRENT, %r14
	movq	%rsp, TH_USER_FRAME(%r14)
	movups	zero16(%rip), %xmm15
	enter_kernel_time
	sti
	call_go	go_syscall
	cli
	movl	TH_NEED_RESCHED(%r14), %eax
	orl	TH_WORK(%r14), %eax
	jnz	syscall_work
syscall_exit:
	leave_kernel_time
	movups	(%rsp), %xmm14
	movups	16(%rsp), %xmm15
	movq	F_R15(%rsp), %r15
	movq	F_R14(%rsp), %r14
	movq	F_R13(%rsp), %r13
	movq	F_R12(%rsp), %r12
	movq	F_R10(%rsp), %r10
	movq	F_R9(%rsp), %r9
	movq	F_R8(%rsp), %r8
	movq	F_BP(%rsp), %rbp
	movq	F_DI(%rsp), %rdi
	movq	F_SI(%rsp), %rsi
	movq	F_DX(%rsp), %rdx
	movq	F_BX(%rsp), %rbx
	movq	F_AX(%rsp), %rax
	movq	F_IP(%rsp), %rcx
	movq	F_FLAGS(%rsp), %r11
	movq	F_SP(%rsp), %rsp
	swapgs
	sysretq

# Signals to deliver or a reschedule: afterwards the frame may be any state, so leave by IRET.
syscall_work:
	call_go	go_user_work
	jmp	return_to_user

# func enterUser(f *Frame): leave the kernel for the registers in f, after due work, abandoning the current kernel stack's content
	.globl	"galago/arch.enterUser"
"galago/arch.enterUser":
	cli
	movq	%rax, %rsp
	movl	TH_NEED_RESCHED(%r14), %eax
	orl	TH_WORK(%r14), %eax
	jnz	syscall_work
	jmp	return_to_user
