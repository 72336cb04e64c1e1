//go:build galago_user

package main

import (
	"runtime"

	"galago/libc/sys"
)

// Files: names and contents, on the disk's file system and on tmpfs.

const many = 200

// names are many paths in a directory.
func names(dir, prefix string) (list [many]uintptr) {
	for i := range list {
		list[i] = path(dir, prefix+string([]byte{byte('a' + i/26), byte('a' + i%26)}))
	}
	return list
}

func files(suffix, dir string) []bench {
	list, i := names(dir, "bench.n"), 0
	again := func() { i = 0 }
	a, b, onDisk := path(dir, "bench.a"), path(dir, "bench.b"), suffix == "ext4"
	target, big := uintptr(0), path(dir, "bench.big")
	lines := []bench{
		{name: "create1k_" + suffix, n: many, warm: -1, prepare: again, op: func() {
			f := call(2, list[i], sys.O_CREAT|sys.O_WRONLY, 0o644)
			call(1, f, bufAt, 1024)
			call(3, f, 0, 0)
			i++
		}},
		{name: "readdir_perentry_" + suffix, n: 20, per: many, prepare: func() { // fills up with names if they are not there
			for _, name := range list {
				call(3, call(2, name, sys.O_CREAT|sys.O_WRONLY, 0o644), 0, 0)
			}
			target = path(dir, ".")
		}, op: func() {
			f := call(2, target, sys.O_RDONLY|sys.O_DIRECTORY, 0)
			for call(217, f, bufAt, 32768) > 0 {
			}
			call(3, f, 0, 0)
		}},
		{name: "unlink1k_" + suffix, n: many, warm: -1, prepare: func() {
			again()
			for _, name := range list {
				f := call(2, name, sys.O_CREAT|sys.O_WRONLY, 0o644)
				call(1, f, bufAt, 1024)
				call(3, f, 0, 0)
			}
		}, op: func() {
			call(87, list[i], 0, 0)
			i++
		}},
		{name: "rename_" + suffix, n: 100, per: 2, prepare: func() { call(3, call(2, a, sys.O_CREAT|sys.O_WRONLY, 0o644), 0, 0) }, op: func() {
			call(82, a, b, 0)
			call(82, b, a, 0)
		}, finish: func() { call(87, a, 0, 0) }},
		{name: "mkdir_rmdir_" + suffix, n: 100, warm: 300, op: func() {
			call(83, a, 0o755, 0)
			call(84, a, 0, 0)
		}},
		{name: seqWriteName(onDisk), n: 64, each: func() {
			if i++; i%64 == 0 {
				call(77, target, 0, 0)
				call(8, target, 0, 0)
			}
		}, prepare: func() { again(); target = must(call(2, big, sys.O_CREAT|sys.O_RDWR|sys.O_TRUNC, 0o644), "create") }, op: func() {
			call(1, target, bufAt, 65536)
		}, finish: func() { call(3, target, 0, 0); call(87, big, 0, 0) }},
	}
	if onDisk {
		lines = append(lines, durable(&target, a)...)
	}
	return lines
}

func seqWriteName(onDisk bool) string {
	if onDisk {
		return "seqwrite64k_cache_ext4"
	}
	return "seqwrite64k_ram"
}

// durable is writing that waits for the disk.
func durable(target *uintptr, name uintptr) []bench {
	openNew := func() { *target = must(call(2, name, sys.O_CREAT|sys.O_RDWR|sys.O_TRUNC, 0o644), "create") }
	remove := func() { call(3, *target, 0, 0); call(87, name, 0, 0) }
	return []bench{
		{name: "write4k_fsync_ext4", n: 100, waits: true, prepare: openNew, op: func() {
			call(1, *target, bufAt, page)
			call(74, *target, 0, 0)
		}, finish: remove},
		{name: "overwrite4k_fdatasync_ext4", n: 200, waits: true, prepare: openNew, op: func() {
			runtime.Syscall(18, *target, bufAt, page, 0, 0, 0)
			call(75, *target, 0, 0)
		}, finish: remove},
		{name: "seqwrite64k_fsync_part_ext4", n: 4, per: 64, waits: true, prepare: openNew, each: func() {
			call(77, *target, 0, 0)
			call(8, *target, 0, 0)
			for range 64 {
				call(1, *target, bufAt, 65536)
			}
		}, op: func() { call(74, *target, 0, 0) }, finish: remove},
	}
}

// bigFile opens a file on the disk with n bytes, all of which are cached.
func bigFile(n uintptr) uintptr {
	f := open(disk, "bench.big", sys.O_RDWR|sys.O_CREAT|sys.O_TRUNC)
	for at := uintptr(0); at < n; at += 65536 {
		call(1, f, bufAt, 65536)
	}
	call(74, f, 0, 0)
	return f
}

// reads are of a file of 8 MiB, in order and at random, from the cache and from the disk.
func reads() []bench {
	const size = 8 << 20
	f, rnd := uintptr(0), uint64(1)
	begin := func() { f = bigFile(size); call(8, f, 0, 0) }
	end := func() { call(3, f, 0, 0) }
	cold := func() {
		begin()
		dropCaches()
	}
	sequential := func() {
		if call(0, f, bufAt, 65536) != 65536 {
			call(8, f, 0, 0)
		}
	}
	random := func() {
		rnd = rnd*6364136223846793005 + 1442695040888963407
		runtime.Syscall(17, f, bufAt, page, uintptr(rnd>>33%(size/page))*page, 0, 0)
	}
	return []bench{
		{name: "seqread64k_warm_ext4", n: 120, prepare: begin, op: sequential, finish: end},
		{name: "seqread64k_cold_ext4", n: 120, warm: -1, waits: true, prepare: cold, op: sequential, finish: end},
		{name: "rand4k_warm_ext4", n: 500, prepare: begin, op: random, finish: end},
		{name: "rand4k_cold_ext4", n: 300, warm: -1, waits: true, prepare: cold, op: random, finish: end},
	}
}

// dropCaches forgets what the system has cached of disks.
func dropCaches() {
	call(162, 0, 0, 0)
	if f, e := sys.Open("/proc/sys/vm/drop_caches", sys.O_WRONLY, 0); e == 0 {
		sys.WriteAll(f, []byte("1"))
		sys.Close(f)
	}
}
