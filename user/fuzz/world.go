//go:build galago_user

package main

import (
	"runtime"

	"galago/libc/mounts"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
	"galago/user/abuse"
)

// The children's world: /fuzz, which becomes their root, with a directory for each child, a tmpfs, a few devices, and /proc. What
// could end or damage the machine in legal ways is not in it: no disks, no sysrq.

const (
	world  = "/fuzz"
	queues = "/fuzzqueues" // where the master sees the message queues
)

func buildWorld() {
	for _, d := range [...]string{"", "/tmp", "/proc", "/dev", "/bin"} {
		sys.Mkdir(world+d, 0o755)
	}
	sys.Mount("tmpfs", world+"/tmp", "tmpfs", 0, "size=8m")
	sys.Chmod(world+"/tmp", 0o1777)
	sys.Mount("proc", world+"/proc", "proc", 0, "")
	sys.Mkdir(queues, 0o755)
	sys.Mount("mqueue", queues, "mqueue", 0, "")
	const chr, fifo = 0o020666, 0o010666
	sys.Mknod(world+"/dev/null", chr, sys.Makedev(1, 3))
	sys.Mknod(world+"/dev/zero", chr, sys.Makedev(1, 5))
	sys.Mknod(world+"/dev/full", chr, sys.Makedev(1, 7))
	sys.Mknod(world+"/dev/urandom", chr, sys.Makedev(1, 9))
	sys.Mknod(world+"/dev/tty", chr, sys.Makedev(5, 0))
	abuse.Run("/bin/cp", "/bin/true", world+"/bin/true")
	put(world+"/bin/script", "#!/bin/true\n", 0o755)
	put(world+"/bin/broken", "\x7fELF\x02\x01\x01 that is not all", 0o755)
	for i := range children {
		dir := workDir(i)
		sys.Mkdir(dir, 0o777)
		sys.Chmod(dir, 0o777)
		sys.Mknod(dir+"/fifo", fifo, 0)
	}
}

func workDir(i int) string { return world + "/w" + string([]byte{byte('0' + i)}) }

// put writes a file.
func put(path, text string, mode uint32) {
	if fd, e := sys.Open(path, sys.O_WRONLY|sys.O_CREAT|sys.O_TRUNC, mode); e == 0 {
		sys.WriteAll(fd, []byte(text))
		sys.Close(fd)
	}
}

// ofChildren tells whether a mount is none of ours.
func ofChildren(at string) bool {
	return at == world || str.HasPrefix(at, world+"/") && at != world+"/tmp" && at != world+"/proc"
}

// calm undoes what a round has left: mounts, and files that grew.
func calm() {
	region := runtime.Mark()
	defer runtime.Release(region)
	const passes = 4 // a mount on the world itself hides those below it
	for pass := 1; pass <= passes; pass++ {
		list, e := mounts.Read()
		if e != 0 {
			abuse.Complain("fuzz: /proc/mounts: %s\n", e.Name())
			return
		}
		for i := len(list) - 1; i >= 0; i-- {
			at := list[i].Target
			if !ofChildren(at) {
				continue
			}
			const detach = 2
			if e := sys.Umount2(at, detach); e != 0 && pass == passes {
				stdio.Puts("fuzz: still mounted: " + list[i].Source + " on " + at + " type " + list[i].Type + ": " + e.Name() + "\n")
			}
		}
	}
	removeObjects()
	sweep := [...]string{"/bin/sh", "-c", "cd /fuzz; rm -rf w?/* w?/.[!.]* w?/..?* tmp/* tmp/.[!.]* tmp/..?* " + queues + "/* " + queues + "/.[!.]* " + queues + "/..?*"}
	abuse.Run(sweep[:]...)
	for i := range children {
		sys.Mkdir(workDir(i), 0o777)
		sys.Chmod(workDir(i), 0o777)
		sys.Mknod(workDir(i)+"/fifo", 0o010666, 0)
	}
	sys.Chmod(world+"/tmp", 0o1777)
	sys.Sethostname("galago")
}

func removeWorld() {
	sys.Umount2(world+"/tmp", 2)
	sys.Umount2(world+"/proc", 2)
	sys.Umount2(queues, 0)
	sys.Rmdir(queues)
	abuse.Run("/bin/rm", "-rf", world)
	var st sys.Stat
	if sys.Lstat(world, &st) == 0 {
		stdio.Puts("fuzz: " + world + " cannot be removed\n")
	}
}
