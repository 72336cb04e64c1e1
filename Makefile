# Galago. "make qemu" builds everything and boots to a shell; "make test" tests everything.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

GALAGO := bin/galago
GATE   := $(GALAGO)
IMAGE  := build/galago.img
export GOTOOLCHAIN := local

all: setup kernel user tests image

include scripts/kernel.mk
include scripts/user.mk

# What is missing on this machine is installed once (Debian and Ubuntu), or named.
setup: build/.setup
build/.setup: scripts/setup.sh
	@scripts/setup.sh
	@mkdir -p build && touch $@

kernel: $(K)/kernel.elf

# The host command. go build knows what is stale.
$(GALAGO): setup FORCE
	@mkdir -p bin
	@new=$@.$$$$; go build -o $$new ./tools/galago && \
	if cmp -s $$new $@; then rm $$new; else echo "  GO    $@"; mv $$new $@; fi

# The kernel with its tests and checkers.
ktest:
	@$(MAKE) --no-print-directory K=build/ktest KTAGS="ktest lockdep memdebug" build/ktest/kernel.elf

image: $(IMAGE)
$(IMAGE): $(GALAGO) user build/uroot/done user/image.manifest $(shell find user/etc -type f)
	@$(GALAGO) image -o $@ user/image.manifest

# The u-root busybox in the image: built once, and again when the module that names its commands changes.
build/uroot/done: tools/uroot/go.mod tools/uroot/go.sum scripts/uroot.sh | setup
	@echo "  BB    build/uroot/bin/bb"
	@scripts/uroot.sh build/uroot/bin

# Boots to a shell on this terminal; ^A x leaves QEMU.
qemu: all
	@$(GALAGO) qemu

gdb: all
	@$(GALAGO) gdb -- $(GDB_ARGS)

test: all ktest
	@$(GALAGO) test

# The benchmark on Galago and on Debian's Linux kernel; writes docs/bench.md.
bench: all
	@$(GALAGO) bench --linux --write

check: all
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	@go vet -unsafeptr=false ./...
	@$(GALAGO) floors
	@$(GALAGO) locks

clean:
	rm -rf build bin

.PHONY: all setup kernel ktest user image qemu gdb test bench check clean

# A GRUB image that boots the kernel by multiboot2 from BIOS or UEFI firmware; the root disk is a second drive.
iso: build/galago.iso
build/galago.iso: $(K)/kernel.elf scripts/grub.cfg
	@command -v grub-mkrescue >/dev/null || { echo "make iso needs grub-mkrescue: apt-get install grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools"; exit 1; }
	@rm -rf build/iso && mkdir -p build/iso/boot/grub
	@cp $(K)/kernel.elf build/iso/boot/ && cp scripts/grub.cfg build/iso/boot/grub/
	@grub-mkrescue -o $@ build/iso >build/iso.log 2>&1 || { cat build/iso.log; exit 1; }

.PHONY: iso

# Fuzzes every parser of foreign data, FUZZTIME each.
fuzz: export FUZZTIME ?= 60s
fuzz: $(GALAGO)
	@$(GALAGO) test --only '^fuzz/'

.PHONY: fuzz
