# The virtual dynamic shared object (vdso(7)): system calls that need no kernel. It is mapped into every process, one page behind a
# page of data that the kernel keeps (kernel/time/vvar.go), from which the time is computed as in kernel/time:
#
#	ns since boot = (TSC - base) * mult >> 32
#
# Arguments and results are those of the C functions (System V psABI AMD64). What is not answered here is asked of the kernel.
	.set	VV_SEQ, 0		# odd while the kernel writes
	.set	VV_BASE, 8
	.set	VV_MULT, 16
	.set	VV_WALL, 24		# wall clock minus time since boot, ns

	.set	SYS_CLOCK_GETTIME, 228
	.set	SYS_CLOCK_GETRES, 229
	.set	MAX_CLOCK, 11
	.set	KNOWN_CLOCKS, 1<<0|1<<1|1<<4|1<<5|1<<6|1<<7|1<<11	# REALTIME MONOTONIC RAW both COARSE BOOTTIME TAI
	.set	WALL_CLOCKS, 1<<0|1<<5|1<<11
	.set	NS, 1000000000
	.set	CPU_SEGMENT, 15<<3|3	# its limit is the CPU's number (arch/percpu_amd64.go)

	.hidden	__ehdr_start
	.text
	.code64

# since_boot: RAX = ns since boot, R9D = VV_SEQ, R8 = the data; RCX, RDX destroyed
	.macro	since_boot
	leaq	__ehdr_start-4096(%rip), %r8
771:	movl	VV_SEQ(%r8), %r9d
	testb	$1, %r9b
	jnz	773f
	lfence				# no reading of the counter ahead of time
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	subq	VV_BASE(%r8), %rax
	jb	774f			# a CPU whose counter is behind, in the first moments
772:	mulq	VV_MULT(%r8)
	shrdq	$32, %rdx, %rax
	.subsection 1
773:	pause
	jmp	771b
774:	xorl	%eax, %eax
	jmp	772b
	.previous
	.endm
# consistent: back to since_boot if the kernel wrote meanwhile
	.macro	consistent
	cmpl	VV_SEQ(%r8), %r9d
	jne	771b
	.endm
	.macro	function name
	.globl	__vdso_\name
	.type	__vdso_\name, @function
	.weak	\name
	.type	\name, @function
	.balign	16
__vdso_\name:
\name:
	.cfi_startproc
	.endm
	.macro	end name
	.cfi_endproc
	.size	__vdso_\name, .-__vdso_\name
	.size	\name, .-\name
	.endm

# int clock_gettime(clockid_t clock, struct timespec *ts)
	function clock_gettime
	cmpl	$MAX_CLOCK, %edi
	ja	ask_gettime
	movl	$KNOWN_CLOCKS, %eax
	btl	%edi, %eax
	jnc	ask_gettime
	since_boot
	movl	$WALL_CLOCKS, %ecx
	btl	%edi, %ecx
	jnc	1f
	addq	VV_WALL(%r8), %rax
1:	consistent
	xorl	%edx, %edx
	movl	$NS, %ecx
	divq	%rcx
	movq	%rax, (%rsi)
	movq	%rdx, 8(%rsi)
	xorl	%eax, %eax
	ret
ask_gettime:
	movl	$SYS_CLOCK_GETTIME, %eax
	syscall
	ret
	end	clock_gettime

# int gettimeofday(struct timeval *tv, struct timezone *tz)
	function gettimeofday
	testq	%rdi, %rdi
	jz	1f
	since_boot
	addq	VV_WALL(%r8), %rax
	consistent
	xorl	%edx, %edx
	movl	$NS, %ecx
	divq	%rcx
	movq	%rax, (%rdi)
	movl	%edx, %eax
	xorl	%edx, %edx
	movl	$1000, %ecx
	divl	%ecx
	movq	%rax, 8(%rdi)
1:	xorl	%eax, %eax
	testq	%rsi, %rsi
	jnz	2f
	ret
2:	movq	%rax, (%rsi)		# the kernel knows no time zone
	ret
	end	gettimeofday

# time_t time(time_t *t)
	function time
	since_boot
	addq	VV_WALL(%r8), %rax
	consistent
	xorl	%edx, %edx
	movl	$NS, %ecx
	divq	%rcx
	testq	%rdi, %rdi
	jz	1f
	movq	%rax, (%rdi)
1:	ret
	end	time

# int clock_getres(clockid_t clock, struct timespec *ts)
	function clock_getres
	cmpl	$MAX_CLOCK, %edi
	ja	ask_getres
	movl	$KNOWN_CLOCKS, %eax
	btl	%edi, %eax
	jnc	ask_getres
	xorl	%eax, %eax
	testq	%rsi, %rsi
	jz	1f
	movq	%rax, (%rsi)
	movq	$1, 8(%rsi)
1:	ret
ask_getres:
	movl	$SYS_CLOCK_GETRES, %eax
	syscall
	ret
	end	clock_getres

# long getcpu(unsigned *cpu, unsigned *node, void *unused)
	function getcpu
	movl	$CPU_SEGMENT, %eax
	lsll	%eax, %ecx
	xorl	%eax, %eax
	testq	%rdi, %rdi
	jz	1f
	movl	%ecx, (%rdi)
1:	testq	%rsi, %rsi
	jz	2f
	movl	%eax, (%rsi)
2:	ret
	end	getcpu

	.section .note.GNU-stack, "", @progbits
