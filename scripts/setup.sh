#!/bin/bash
# setup.sh [--check]: have what building and testing needs. Installs what is missing on Debian and Ubuntu, when
# apt-get is there and this is root or sudo asks no password; else says in one line what to install. --check never
# installs. Also checks the Go toolchain against the version that go.mod pins. Prints nothing when all is well.
set -u
cd "$(dirname "$0")/.."

fail() { echo "setup: $*" >&2; exit 1; }

# What is needed, as COMMAND:PACKAGE. gcc is only for the race detector of `go test`; the kernel has no C in it. From strace on they are
# programs that the tests run in the guest.
tools=(
	qemu-system-x86_64:qemu-system-x86
	as:binutils
	ld:binutils
	make:make
	gdb:gdb
	gcc:gcc
	git:git
	tar:tar
	busybox:busybox-static
	strace:strace
	ps:procps
	lsof:lsof
	gawk:gawk
	xz:xz-utils
)

check_go() {
	local want have
	want=$(sed -n 's/^toolchain go//p' go.mod)
	command -v go >/dev/null || fail "Go $want is not installed: see https://go.dev/dl/"
	have=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null)
	[ "$have" = "go$want" ] || fail "the kernel is built by Go $want exactly, but 'go' is ${have#go}: install go$want and put it first in PATH"
}

# missing prints the packages of the commands that are not there, each once.
missing() {
	local t
	for t in "${tools[@]}"; do
		command -v "${t%%:*}" >/dev/null || echo "${t#*:}"
	done
	# gcc without the C library's headers cannot link the race detector.
	[ -e /usr/include/stdlib.h ] || echo libc6-dev
}

install() {
	local sudo=
	[ "$(id -u)" = 0 ] || sudo="sudo -n"
	echo "setup: installing $*" >&2
	export DEBIAN_FRONTEND=noninteractive
	$sudo apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@" >/dev/null 2>&1 && return
	# The package lists of a fresh machine are empty or old.
	$sudo apt-get -qq update >&2 && $sudo apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@" >&2
}

check_go
mapfile -t packages < <(missing | sort -u)
[ ${#packages[@]} -gt 0 ] || exit 0
if [ "${1-}" != --check ] && command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
	install "${packages[@]}" || fail "apt-get could not install: ${packages[*]}"
	mapfile -t packages < <(missing | sort -u)
	[ ${#packages[@]} -gt 0 ] || exit 0
fi
fail "please install: ${packages[*]} (Debian's names)"
