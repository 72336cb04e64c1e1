# How the kernel is built: standard runtime replaced by kernel/rt through a shadow GOROOT, compiled by the
# unmodified toolchain, linked by GNU ld with linker.ld, then the gates. Variables:
#   K      output directory           (build/kernel)
#   KTAGS  extra build tags           ("ktest lockdep memdebug" for the test kernel)
K      ?= build/kernel
KTAGS  ?=
KROOT  := build/goroot
KFLAGS := -wb=false -linkshared
KGO    := env GOROOT=$(CURDIR)/$(KROOT) CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS= GOEXPERIMENT=nodwarf5 GOAMD64=v1 $(KROOT)/bin/go

.PHONY: kernel.go.o
$(KROOT)/VERSION: scripts/shadow-goroot.sh $(wildcard kernel/rt/*.go kernel/rt/*.s kernel/rt/*/*.go)
	@mkdir -p build
	@scripts/shadow-goroot.sh $(KROOT) runtime=kernel/rt internal/runtime/maps=kernel/rt/maps iter=kernel/rt/iter
	@touch -h $@

# go build knows best what changed, so it always runs; the object's date moves only when its content does.
$(K)/kernel.go.o: $(KROOT)/VERSION FORCE
	@mkdir -p $(K)
	@$(KGO) build -tags "galago $(KTAGS)" '-gcflags=all=$(KFLAGS)' \
		'-gcflags=galago/...=$(KFLAGS) -std -d=softfloat=1' '-asmflags=galago/...=-p=runtime' \
		'-ldflags=--linkmode=external -extld=$(CURDIR)/scripts/go2o.sh -compressdwarf=false' \
		-o $@.new ./kernel 2>&1 | { grep -v 'loadinternal: cannot find runtime/cgo\|^# ' || true; }; test $${PIPESTATUS[0]} -eq 0
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

FORCE:

# The virtual dynamic shared object, which the kernel contains as data.
$(K)/vdso.so: boot/vdso/vdso.S boot/vdso/vdso.ld
	@mkdir -p $(K)
	@as --64 -o $(K)/vdso.so.o $<
	@ld -shared -soname linux-vdso.so.1 --hash-style=both -Bsymbolic -z max-page-size=4096 --build-id=none --eh-frame-hdr -s \
		-T boot/vdso/vdso.ld -o $@ $(K)/vdso.so.o
$(K)/vdsoimage.o: $(K)/vdso.so

BOOTOBJS := $(patsubst boot/%.S,$(K)/%.o,$(wildcard boot/*.S))
$(K)/%.o: boot/%.S boot/defs.inc
	@mkdir -p $(K)
	@as --64 -g -I $(K) -I . $< -o $@

$(K)/kernel.elf: $(BOOTOBJS) $(K)/kernel.go.o linker.ld $(GATE)
	@echo "  LD    $@"
	@ld -nostdlib -static -z max-page-size=4096 -z noexecstack -T linker.ld $(BOOTOBJS) $(K)/kernel.go.o -o $@.tmp 2>$(K)/ld.log || \
		{ $(if $(GATE),$(GATE) gate --ld-log $(K)/ld.log,cat $(K)/ld.log) >&2; exit 1; }
	$(if $(GATE),@$(GATE) gate --vector-allow copy_user_ymm --vector-allow galago/arch.ClearPage --vector-allow galago/arch.CopyPage $@.tmp $(K)/kernel.go.o)
	@mv $@.tmp $@
