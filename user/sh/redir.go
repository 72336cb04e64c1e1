//go:build galago_user

package main

import (
	"galago/kernel/errno"
	"galago/libc/stdio"
	"galago/libc/sys"
)

// Redirections (POSIX.1-2017 XCU 2.7).

// savedFDs remembers what descriptors were, to undo redirections of commands that run in the shell itself.
type savedFDs struct {
	list []savedFD
}

type savedFD struct {
	fd, copy int // copy -1: it was closed
}

// firstPrivate is where the shell's own descriptors begin.
const firstPrivate = 10

func (s *savedFDs) save(fd int) {
	for _, x := range s.list {
		if x.fd == fd {
			return
		}
	}
	c, e := sys.Fcntl(fd, sys.F_DUPFD_CLOEXEC, firstPrivate)
	if e != 0 {
		c = -1
	}
	s.list = append(s.list, savedFD{fd, c})
}

func (s *savedFDs) restore() {
	for i := len(s.list) - 1; i >= 0; i-- {
		x := s.list[i]
		if x.copy < 0 {
			sys.Close(x.fd)
		} else {
			sys.Dup2(x.copy, x.fd)
			sys.Close(x.copy)
		}
	}
	s.list = nil
}

// keepChanges makes the redirections permanent (exec).
func (s *savedFDs) keepChanges() {
	for _, x := range s.list {
		if x.copy >= 0 {
			sys.Close(x.copy)
		}
	}
	s.list = nil
}

// redirect carries redirections out; false and a message when one fails.
func redirect(list []redir, saved *savedFDs) bool {
	if len(list) > 0 {
		stdio.Out.Flush()
	}
	for i := range list {
		if !redirectOne(&list[i], saved) {
			return false
		}
	}
	return true
}

func redirectOne(r *redir, saved *savedFDs) bool {
	if r.op == "<<" {
		return hereDocument(r, saved)
	}
	target := expandString(r.target)
	if failed() {
		return false
	}
	if r.op == "<&" || r.op == ">&" {
		return duplicate(r, target, saved)
	}
	flags := 0
	switch r.op {
	case "<":
		flags = sys.O_RDONLY
	case "<>":
		flags = sys.O_RDWR | sys.O_CREAT
	case ">>":
		flags = sys.O_WRONLY | sys.O_CREAT | sys.O_APPEND
	case ">":
		flags = sys.O_WRONLY | sys.O_CREAT | sys.O_TRUNC
		if optNoClobber {
			var st sys.Stat
			if sys.StatPath(target, &st) == 0 && st.Mode&sys.S_IFMT == sys.S_IFREG {
				errorf("cannot create " + target + ": " + stdio.Message(errno.EEXIST))
				return false
			}
		}
	case ">|":
		flags = sys.O_WRONLY | sys.O_CREAT | sys.O_TRUNC
	}
	fd, e := sys.Open(target, flags, 0o666)
	if e != 0 {
		verb := "open "
		if flags&sys.O_CREAT != 0 {
			verb = "create "
		}
		msg := stdio.Message(e)
		if e == errno.ENOENT {
			msg = "No such file"
			if flags&sys.O_CREAT != 0 {
				msg = "Directory nonexistent"
			}
		}
		errorf("cannot " + verb + target + ": " + msg)
		return false
	}
	install(fd, r.fd, saved)
	return true
}

// install moves fd to where it belongs.
func install(fd, to int, saved *savedFDs) {
	if fd == to {
		saved.list = append(saved.list, savedFD{to, -1})
		return
	}
	saved.save(to)
	sys.Dup2(fd, to)
	sys.Close(fd)
}

func duplicate(r *redir, target string, saved *savedFDs) bool {
	if target == "-" {
		saved.save(r.fd)
		sys.Close(r.fd)
		return true
	}
	if !digits(target) {
		errorf(target + ": bad file descriptor")
		return false
	}
	saved.save(r.fd)
	from := atoi(target)
	if _, e := sys.Fcntl(from, sys.F_GETFD, 0); e != 0 || from >= firstPrivate && privateFD(from) {
		errorf(target + ": " + stdio.Message(errno.EBADF))
		return false
	}
	sys.Dup2(from, r.fd)
	return true
}

// hereDocument supplies text through a pipe, or from a child when it is too long for one.
func hereDocument(r *redir, saved *savedFDs) bool {
	text := r.target
	if !r.quoted {
		text = expandDoc(text)
		if failed() {
			return false
		}
	}
	rd, w, e := sys.Pipe2(0)
	if e != 0 {
		errorf("here-document: " + stdio.Message(e))
		return false
	}
	const atomic = 4096
	if len(text) <= atomic {
		sys.WriteAll(w, []byte(text))
	} else {
		pid, e := sys.Fork()
		if e == 0 && pid == 0 {
			sys.Close(rd)
			sys.Signal(sys.SIGPIPE, sys.Default, false)
			sys.WriteAll(w, []byte(text))
			sys.ExitNow(0)
		}
	}
	sys.Close(w)
	install(rd, r.fd, saved)
	return true
}
