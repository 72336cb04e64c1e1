# The virtual dynamic shared object (boot/vdso), as built beforehand, within the kernel's read-only data.
	.section .rodata.entry, "a"
	.balign	8
	.globl	vdso_start, vdso_end
vdso_start:
	.incbin	"vdso.so"
vdso_end:
