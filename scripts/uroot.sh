#!/bin/bash
# uroot.sh DIR: makes DIR, the image's /u-root: the u-root busybox as bb, and a link for each of its commands. What goes in are the
# tools that tools/uroot/go.mod names; the busybox is built by gobusybox. Without a network and with an empty module cache this says so and leaves DIR
# empty: the image is made without it. DIR/../done is the sign of success. The busybox is kept in the user's cache too, by what it was made of, for
# other checkouts and after "make clean".
set -u
dir=$(realpath -m "$1")
stamp=$(dirname "$dir")/done
cd "$(dirname "$0")/../tools/uroot" || exit 1
export GOTOOLCHAIN=local GOFLAGS= CGO_ENABLED=0 GOOS=linux GOARCH=amd64 GOAMD64=v1

key=$( (go env GOVERSION; cat go.mod go.sum ../../scripts/uroot.sh) | sha256sum | cut -c1-32)
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/galago
rm -rf "$dir" "$stamp"
mkdir -p "$dir"
mapfile -t commands < <(sed -n 's|^\t\(github.com/u-root/u-root/cmds/[^ ]*\)$|\1|p' go.mod)
if ! cp "$cache/uroot-$key" "$dir/bb" 2>/dev/null; then
	log=$(go mod download 2>&1) || {
		echo "  (no u-root busybox in the image: its modules cannot be had, $(tail -n 1 <<<"$log"))" >&2
		exit 0
	}
	log=$(go tool makebb -o "$dir/bb" "${commands[@]}" 2>&1) || { echo "$log" >&2; exit 1; }
	mkdir -p "$cache" && cp "$dir/bb" "$cache/$key.$$" && mv "$cache/$key.$$" "$cache/uroot-$key"
fi
for c in "${commands[@]}"; do ln -s bb "$dir/${c##*/}"; done
touch "$stamp"
