#!/bin/bash
# kcheck.sh PKG...: compile packages with the kernel's flags and list what would allocate implicitly.
# Prints one line a finding (file:line: what) and fails; prints nothing and succeeds when the packages are clean.
# KTAGS adds build tags.
set -euo pipefail
cd "$(dirname "$0")/.."
root=build/goroot
make -s -f scripts/kernel.mk $root/VERSION
flags='-wb=false -linkshared'
build() {
	GOROOT=$PWD/$root CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS= GOEXPERIMENT=nodwarf5 GOAMD64=v1 $root/bin/go build -o /dev/null \
		-tags "galago ${KTAGS:-}" "-gcflags=all=$flags" "-gcflags=galago/...=$flags -std -d=softfloat=1 $1" \
		'-asmflags=galago/...=-p=runtime' "${@:2}" 2>&1
}
build '' "$@"
! build -m "$@" | grep -E 'escapes to heap|moved to heap|append escapes' | grep -v '" escapes to heap'
