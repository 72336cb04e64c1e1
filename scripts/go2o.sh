#!/bin/bash
# go2o.sh: stands in for the external linker that cmd/link calls (-extld). It keeps the one relocatable object
# as "the output", so that the real link runs from make with our own linker script.
out= object=
while [ $# -gt 0 ]; do
	case "$1" in
	-o) out=$2; shift ;;
	*/go.o) object=$1 ;;
	esac
	shift
done
[ -n "$object" ] || exit 0 # cmd/link probes for compiler flags
exec cp "$object" "$out"
