#!/bin/bash
# shadow-goroot.sh DEST PKG=DIR[,DIR]...: make DEST a GOROOT that is the installed one, file by file through
# symbolic links, except that each standard package PKG is replaced by the files of the directories DIR.
#
# A real directory tree (rather than go build's -overlay) keeps true source paths in DWARF, gdb and gopls.
# Only the directories on the way to a replaced package become real directories; everything beside them stays
# one link. DEST is rebuilt from scratch in a temporary place and renamed, so an interrupted run leaves no half.
set -euo pipefail
dest=$1; shift
real=$(GOTOOLCHAIN=local go env GOROOT)
tmp=$dest.tmp.$$
rm -rf "$tmp"; mkdir -p "$tmp"

# expand DIR: turn the link DIR (relative to the root) into a real directory of links.
expand() {
	local rel=$1 f
	[ -L "$tmp/$rel" ] || [ ! -e "$tmp/$rel" ] || return 0
	rm -f "$tmp/$rel"; mkdir -p "$tmp/$rel"
	for f in "$real/$rel"/*; do ln -s "$f" "$tmp/$rel/${f##*/}"; done
}

for f in "$real"/*; do ln -s "$f" "$tmp/${f##*/}"; done
expand src
for arg in "$@"; do
	pkg=${arg%%=*}
	path=src part=
	while part=${pkg%%/*}; [ "$part" != "$pkg" ]; do
		path=$path/$part; expand "$path"; pkg=${pkg#*/}
	done
	path=$path/$part
	# Sub-packages of the replaced package (runtime/debug, …) stay; its own files do not.
	rm -rf "${tmp:?}/$path"; mkdir "$tmp/$path"
	for f in "$real/$path"/*; do [ -d "$f" ] && ln -s "$f" "$tmp/$path/${f##*/}"; done
	IFS=, read -ra dirs <<<"${arg#*=}"
	for dir in "${dirs[@]}"; do
		for f in "$(realpath "$dir")"/*; do
			if [ -f "$f" ]; then ln -sf "$f" "$tmp/$path/${f##*/}"; fi
		done
	done
done
rm -rf "$dest"; mv "$tmp" "$dest"
