# Entry from the loader: PVH (qemu -kernel, Xen's ELF note) or multiboot2 (GRUB), both in 32-bit protected mode
# with paging off; then page tables, long mode, the higher half, and Go's main.
#
# References: Xen, docs/misc/pvh.pandoc (register state at entry); Multiboot2 specification 2.0 §3.1, §3.3;
# Intel SDM 3A §10.8.5 (initialising IA-32e mode), §4.5 (4-level paging).
#
# The first page tables already keep W^X: image text is R-X, read-only data R--, data RW-; the identity map holds
# only this file's pages, its code R-X and its data RW-; the direct map of low memory is RW-.
#
# Invariant: nothing here uses a stack deeper than one page.
	.include "boot/defs.inc"

	.section .note.Xen, "a", @note
	.align	4
	.long	4, 4, 18		# namesz, descsz, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz	"Xen"
	.align	4
	.long	pvh_start

	.section .boot.header, "a"
	.align	8
mb2_header:
	.long	0xe85250d6, 0, mb2_end - mb2_header
	.long	-(0xe85250d6 + (mb2_end - mb2_header))
	# information request (optional): command line, modules, memory map, old and new ACPI RSDP
	.align	8
1:	.short	1, 1
	.long	2f - 1b
	.long	1, 3, 6, 14, 15
2:	.align	8
	# page-align modules
	.short	6, 0
	.long	8
	.align	8
	.short	0, 0
	.long	8
mb2_end:

	.section .boot.text, "ax"
	.code32
	.globl	pvh_start, mb2_start
pvh_start:
	movl	$BOOT_PVH, %ebp
	jmp	1f
mb2_start:				# the image's ELF entry point; EAX holds the loader's magic
	movl	$BOOT_MB2, %ebp
	cmpl	$0x36d76289, %eax
	je	1f
	xorl	%ebp, %ebp		# an unknown loader: Go says so
1:	cli
	cld
	movl	$boot_stack_top, %esp
	movl	%ebx, boot_info
	movl	%ebp, boot_protocol

	# Clear the image's bss here would need paging; ELF loaders have zeroed it.

	# pml4: [0] identity, [273] direct map, [511] image
	movl	$boot_pml4, %edi
	movl	$boot_id_pdpt + PTE_RW, (%edi)
	movl	$boot_dm_pdpt + PTE_RW, 273*8(%edi)
	movl	$boot_hi_pdpt + PTE_RW, 511*8(%edi)
	movl	$boot_id_pd + PTE_RW, boot_id_pdpt
	movl	$boot_id_pt + PTE_RW, boot_id_pd
	movl	$boot_dm_pd + PTE_RW, boot_dm_pdpt
	movl	$boot_hi_pd + PTE_RW, boot_hi_pdpt + 510*8

	# direct map of the first GiB: 512 pages of 2 MiB, RW, NX
	movl	$boot_dm_pd, %edi
	movl	$PTE_RW | PTE_LARGE, %eax
	movl	$512, %ecx
1:	movl	%eax, (%edi)
	movl	$PTE_NX_HI, 4(%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	1b

	# image: BOOT_PTS tables of 4 KiB pages from physical 0; only the image's own pages are present
	movl	$boot_hi_pt, %eax
	orl	$PTE_RW, %eax
	movl	$boot_hi_pd, %edi
	movl	$BOOT_PTS, %ecx
1:	movl	%eax, (%edi)
	addl	$4096, %eax
	addl	$8, %edi
	loop	1b
	movl	$image_text_start_pa, %esi
	movl	$image_text_end_pa, %edx
	movl	$PTE_RO, %ebx
	xorl	%ebp, %ebp
	call	map_image
	movl	$image_rodata_start_pa, %esi
	movl	$image_rodata_end_pa, %edx
	movl	$PTE_NX_HI, %ebp
	call	map_image
	movl	$image_data_start_pa, %esi
	movl	$image_data_end_pa, %edx
	movl	$PTE_RW, %ebx
	call	map_image

	# identity: the boot pages (below 2 MiB)
	movl	$boot_text_start, %esi
	movl	$boot_text_end, %edx
	movl	$PTE_RO, %ebx
	xorl	%ebp, %ebp
	call	map_identity
	movl	$boot_data_start, %esi
	movl	$boot_data_end, %edx
	movl	$PTE_RW, %ebx
	movl	$PTE_NX_HI, %ebp
	call	map_identity
	# the application processors' start page, R-X (see smp.S)
	movl	$AP_PAGE, %esi
	movl	$AP_PAGE + 4096, %edx
	movl	$PTE_RO, %ebx
	xorl	%ebp, %ebp
	call	map_identity

	call	enter_long_mode
	lgdt	boot_gdt_ptr
	ljmp	$KERNEL_CS, $1f
	.code64
1:	movabsq	$start64, %rax
	jmp	*%rax

	.code32
# map_image: pages [esi, edx) of the image with flags ebx (low) and ebp (high)
map_image:
	movl	%esi, %edi
	shrl	$12, %edi
	leal	boot_hi_pt(,%edi,8), %edi
	jmp	map_pages
map_identity:
	movl	%esi, %edi
	shrl	$12, %edi
	leal	boot_id_pt(,%edi,8), %edi
map_pages:
	cmpl	%edx, %esi
	jae	1f
	movl	%esi, %eax
	orl	%ebx, %eax
	movl	%eax, (%edi)
	movl	%ebp, 4(%edi)
	addl	$4096, %esi
	addl	$8, %edi
	jmp	map_pages
1:	ret

# enter_long_mode: PAE and SSE on, CR3 = boot_pml4, EFER.LME|NXE|SCE, paging and write protection on.
	.globl	enter_long_mode
enter_long_mode:
	movl	%cr4, %eax
	orl	$CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT, %eax
	movl	%eax, %cr4
	movl	$boot_pml4, %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_SCE | EFER_LME | EFER_NXE, %eax
	wrmsr
	movl	%cr0, %eax
	andl	$~(CR0_EM | CR0_TS | CR0_CD | CR0_NW), %eax
	orl	$CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE, %eax
	movl	%eax, %cr0
	ret

	.section .boot.data, "aw"
	.align	16
	.globl	boot_gdt_ptr
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	# 0x08 kernel code
	.quad	0x00cf93000000ffff	# 0x10 kernel data
boot_gdt_end:
boot_gdt_ptr:
	.word	boot_gdt_end - boot_gdt - 1
	.long	boot_gdt
	.align	8
	.globl	boot_info, boot_protocol
boot_info:
	.quad	0
boot_protocol:
	.quad	0

	.section .boot.bss, "aw", @nobits
	.align	4096
	.globl	boot_pml4
boot_pml4:	.skip	4096
boot_id_pdpt:	.skip	4096
boot_id_pd:	.skip	4096
boot_id_pt:	.skip	4096
boot_dm_pdpt:	.skip	4096
boot_dm_pd:	.skip	4096
boot_hi_pdpt:	.skip	4096
boot_hi_pd:	.skip	4096
boot_hi_pt:	.skip	4096 * BOOT_PTS
		.skip	4096
boot_stack_top:

	.section .text.entry, "ax"
	.code64
	.globl	start64
start64:
	movl	$KERNEL_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	leaq	boot_cpu_stack_top(%rip), %rsp
	xorl	%ebp, %ebp
	leaq	go_boot_g(%rip), %r14
	leaq	boot_cpu_stack(%rip), %rax
	movq	%rax, (%r14)			# StackLo
	movq	%rsp, 8(%r14)			# StackHi
	addq	$STACK_RESERVE, %rax
	movq	%rax, 16(%r14)			# StackGuard0
	movq	%rax, 24(%r14)
	movups	zero16(%rip), %xmm15
	call	main
	ud2

	.section .rodata.entry, "a"
	.align	16
	.globl	zero16
zero16:	.quad	0, 0

	.section .bss.entry, "aw", @nobits
	.align	4096
boot_cpu_stack:
	.skip	16384
	.globl	boot_cpu_stack_top
boot_cpu_stack_top:
