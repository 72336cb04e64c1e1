# How native user programs are built: as static Linux/amd64 executables with the runtime of kernel/rt (what is common)
# and libc/rt (user mode), linked by the toolchain's own linker. "make user" builds all of them.
UROOT := build/goroot-user
UGO   := env GOROOT=$(CURDIR)/$(UROOT) CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS= GOEXPERIMENT=nodwarf5 GOAMD64=v1 $(UROOT)/bin/go
UBIN  := build/user/bin

UPROGS := $(notdir $(wildcard user/bin/*)) $(if $(wildcard user/init/*.go),init) $(if $(wildcard user/sh/*.go),sh)

$(UROOT)/VERSION: scripts/shadow-goroot.sh $(wildcard kernel/rt/*.go kernel/rt/*.s kernel/rt/*/*.go libc/rt/*.go libc/rt/*.s)
	@mkdir -p build
	@scripts/shadow-goroot.sh $(UROOT) runtime=kernel/rt,libc/rt internal/runtime/maps=kernel/rt/maps iter=kernel/rt/iter
	@touch -h $@

# go build decides what is stale; one call builds all programs.
user: $(UROOT)/VERSION
	@mkdir -p $(UBIN)
	@echo "  GO    $(words $(UPROGS)) user programs"
	@$(UGO) build -tags galago_user '-gcflags=all=-wb=false -std' '-ldflags=-s -w' -o $(UBIN)/ \
		$(if $(wildcard user/bin/*),./user/bin/...) $(if $(wildcard user/init/*.go),./user/init) $(if $(wildcard user/sh/*.go),./user/sh)

.PHONY: user
