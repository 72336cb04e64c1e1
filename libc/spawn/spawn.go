//go:build galago_user

// Package spawn starts other programs: with vfork, so that the parent's size does not matter, and with the search of PATH that
// execvp(3) does.
package spawn

import (
	"runtime"
	"unsafe"

	"galago/kernel/errno"
	"galago/libc/str"
	"galago/libc/sys"
)

const defaultPath = "/bin:/sbin:/usr/bin:/usr/sbin"

// Candidates returns the paths to try for a command: itself if it has a slash, else one for each directory of path.
func Candidates(name, path string) []string {
	if str.IndexByte(name, '/') >= 0 {
		return []string{name}
	}
	var list []string
	for _, dir := range str.Split(path, ':') {
		if dir == "" {
			dir = "."
		}
		list = append(list, dir+"/"+name)
	}
	return list
}

// SearchPath returns the PATH of an environment.
func SearchPath(env []string) string {
	for _, v := range env {
		if str.HasPrefix(v, "PATH=") {
			return v[5:]
		}
	}
	return defaultPath
}

// Exec replaces the program by a command; it returns only on failure, with the error to report.
func Exec(argv, env []string) sys.Errno {
	result := errno.ENOENT
	for _, c := range Candidates(argv[0], SearchPath(env)) {
		if e := sys.Execve(c, argv, env); e != errno.ENOENT && e != errno.ENOTDIR {
			result = e
			if e != errno.EACCES {
				break
			}
		}
	}
	return result
}

// Status is the exit status for a command that Exec could not start: 127 not found, 126 otherwise.
func Status(e sys.Errno) int {
	if e == errno.ENOENT {
		return 127
	}
	return 126
}

// Start runs a command as a child with the parent's descriptors, except that fds[i], if it is not negative, becomes the
// child's descriptor i. The error of a failed execve is returned, and no child is left then.
func Start(argv, env []string, fds ...int) (pid int, e sys.Errno) {
	paths := Candidates(argv[0], SearchPath(env))
	c := child{argv: vector(argv), env: vector(env), paths: make([]*byte, len(paths)), fds: fds, err: errno.ENOENT}
	for i, p := range paths {
		c.paths[i] = sys.CString(p)
	}
	pid = vfork(&c)
	if pid < 0 {
		return 0, sys.Errno(-pid)
	}
	if c.failed {
		sys.WaitFor(pid)
		return 0, c.err
	}
	return pid, 0
}

// Run starts a command and waits for it.
func Run(argv, env []string) (sys.WaitStatus, sys.Errno) {
	pid, e := Start(argv, env)
	if e != 0 {
		return 0, e
	}
	return sys.WaitFor(pid), 0
}

func vector(list []string) []*byte {
	v := make([]*byte, len(list)+1)
	for i, s := range list {
		v[i] = sys.CString(s)
	}
	return v
}

// child is what parent and child share; the child reports through it, as they have one memory until execve.
type child struct {
	argv, env, paths []*byte
	fds              []int
	err              sys.Errno
	failed           bool
}

const (
	sysDup2   = 33
	sysExecve = 59
	sysExit   = 60
)

// vfork runs the child in a frame of its own, which the parent does not use after the child has started.
//
//go:noinline
func vfork(c *child) int {
	pid := int(runtime.Vfork())
	if pid == 0 {
		c.run()
	}
	return pid
}

//go:noinline
func (c *child) run() {
	for i, fd := range c.fds {
		if fd >= 0 {
			runtime.Syscall(sysDup2, uintptr(fd), uintptr(i), 0, 0, 0, 0)
		}
	}
	for _, p := range c.paths {
		r := runtime.Syscall(sysExecve, uintptr(unsafe.Pointer(p)), uintptr(unsafe.Pointer(&c.argv[0])),
			uintptr(unsafe.Pointer(&c.env[0])), 0, 0, 0)
		if e := sys.Errno(-r); e != errno.ENOENT && e != errno.ENOTDIR {
			c.err = e
			if e != errno.EACCES {
				break
			}
		}
	}
	c.failed = true
	runtime.Syscall(sysExit, 127, 0, 0, 0, 0, 0)
}
