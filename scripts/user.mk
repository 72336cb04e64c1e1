# How native user programs are built: as static Linux/amd64 executables with the runtime of kernel/rt (what is common)
# and libc/rt (user mode), linked by the toolchain's own linker. "make user" builds all of them, "make tests" all test programs.
UROOT := build/goroot-user
UGO   := env GOROOT=$(CURDIR)/$(UROOT) CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS= GOEXPERIMENT=nodwarf5 GOAMD64=v1 $(UROOT)/bin/go
UBIN  := build/user/bin

UDIRS  := $(patsubst %/,%,$(sort $(dir $(wildcard user/bin/*/*.go user/init/*.go user/sh/*.go user/bench/*.go user/lab/*/*.go))))
# Programs that the host's command adds to an image when it needs them.
UTOOLS := build/user/tools
XDIRS  := $(patsubst %/,%,$(sort $(dir $(wildcard user/fuzz/*.go user/soak/*.go user/bench/linuxinit/*.go))))
# Test programs: native ones, and Go ones.
TBIN   := build/test/bin
TDIRS  := $(patsubst %/,%,$(sort $(dir $(wildcard user/test/*/*.go))))
GDIRS  := $(patsubst %/,%,$(sort $(dir $(wildcard user/test/go/*/*.go))))
# Programs that look at the name they are called by, as NAME=PROGRAM.
ULINKS := reboot=poweroff halt=poweroff chgrp=chown sha256sum=md5sum egrep=grep fgrep=grep
UNAMES := $(notdir $(UDIRS)) $(foreach l,$(ULINKS),$(firstword $(subst =, ,$(l))))

$(UROOT)/VERSION: scripts/shadow-goroot.sh $(wildcard kernel/rt/*.go kernel/rt/*.s kernel/rt/*/*.go libc/rt/*.go libc/rt/*.s)
	@mkdir -p build
	@scripts/shadow-goroot.sh $(UROOT) runtime=kernel/rt,libc/rt internal/runtime/maps=kernel/rt/maps iter=kernel/rt/iter
	@touch -h $@

# go build decides what is stale; one call builds all programs. What is no program any more goes away.
user: $(UROOT)/VERSION
	@mkdir -p $(UBIN)
	@echo "  GO    $(words $(UDIRS)) user programs"
	@$(UGO) build -tags galago_user '-gcflags=all=-wb=false -std' '-ldflags=-s -w' -o $(UBIN)/ $(addprefix ./,$(UDIRS))
	@mkdir -p $(UTOOLS) && $(UGO) build -tags galago_user '-gcflags=all=-wb=false -std' '-ldflags=-s -w' -o $(UTOOLS)/ $(addprefix ./,$(XDIRS))
	@mkdir -p $(TBIN)
	@[ -z "$(TDIRS)" ] || $(UGO) build -tags galago_user '-gcflags=all=-wb=false -std' '-ldflags=-s -w' -o $(TBIN)/ $(addprefix ./,$(TDIRS))
	@cd $(UBIN) && for l in $(ULINKS); do [ "$$(readlink $${l%=*})" = $${l#*=} ] || ln -sfn $${l#*=} $${l%=*}; done
	@cd $(UBIN) && for f in *; do case " $(UNAMES) " in *" $$f "*) ;; *) rm -f "$$f" ;; esac; done

# Tests that are ordinary Go programs, with Go's own runtime: built by the host's toolchain, static.
gotests: setup
	@[ -z "$(GDIRS)" ] || { mkdir -p $(TBIN) && echo "  GO    $(words $(GDIRS)) Go test programs" && \
		env CGO_ENABLED=0 GOOS=linux GOARCH=amd64 GOFLAGS= go build -trimpath '-ldflags=-s -w' -o $(TBIN)/ $(addprefix ./,$(GDIRS)); }

# Both kinds of test programs lie in one directory, so that names must be unique; what is no test any more goes away.
$(foreach n,$(filter $(notdir $(TDIRS)),$(notdir $(GDIRS))),$(error user/test/$(n) and user/test/go/$(n) have the same name))
tests: user gotests
	@cd $(TBIN) && for f in *; do case " $(notdir $(TDIRS) $(GDIRS)) " in *" $$f "*) ;; *) rm -f "$$f" ;; esac; done

.PHONY: user gotests tests
