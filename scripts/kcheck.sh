#!/bin/bash
# kcheck.sh PKG...: compile packages with the kernel's flags and list what would allocate implicitly.
# Prints one line a finding (file:line: what); prints nothing and exits 0 when the packages are clean.
set -euo pipefail
cd "$(dirname "$0")/.."
root=build/goroot-kcheck
[ -e $root/VERSION ] && [ $root -nt kernel/rt ] || { mkdir -p build; scripts/shadow-goroot.sh $root \
	runtime=kernel/rt internal/runtime/maps=kernel/rt/maps iter=kernel/rt/iter; }
flags='-wb=false -linkshared'
out=$(GOROOT=$PWD/$root CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS= GOEXPERIMENT=nodwarf5 GOAMD64=v1 $root/bin/go build -tags "galago ${KTAGS:-}" \
	"-gcflags=all=$flags" "-gcflags=galago/...=$flags -std -d=softfloat=1 -m" "-asmflags=galago/...=-p=runtime" "$@" 2>&1) || { echo "$out" | grep -v 'inlin\|does not escape\|leaking\|escapes to heap$' ; exit 1; }
! echo "$out" | grep -E 'escapes to heap|moved to heap|append escapes' | grep -vE 'arch/.*_test'
