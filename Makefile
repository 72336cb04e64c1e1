# Galago. "make qemu" builds everything and boots to a shell; "make test" tests everything.
SHELL := /bin/bash
.DELETE_ON_ERROR:

all: kernel

include scripts/kernel.mk

kernel: $(K)/kernel.elf

.PHONY: all kernel
