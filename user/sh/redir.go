//go:build galago_user

package main

import (
	"galago/kernel/errno"
	"galago/libc/stdio"
	"galago/libc/sys"
	"galago/user/sh/syntax"
)

// Redirections (XCU 2.7). They are expanded first, in the shell, and then carried out: in the shell itself for what runs there, in
// the child for programs.

// opened is an expanded redirection.
type opened struct {
	fd     int
	op     syntax.RedirOp
	target string // file name, descriptor number or -, or the text of a here-document
}

// prepare expands redirections.
func prepare(list []*syntax.Redirect) ([]opened, bool) {
	if len(list) == 0 {
		return nil, true
	}
	out := make([]opened, len(list))
	for i, r := range list {
		s, ok := expandString(r.Target)
		if !ok {
			return nil, false
		}
		out[i] = opened{r.FD, r.Op, s}
	}
	return out, true
}

// firstPrivate is where the shell's own descriptors begin.
const firstPrivate = 10

// savedFDs remembers what descriptors were.
type savedFDs struct {
	list []savedFD
}

type savedFD struct {
	fd, copy int // copy -1: it was closed
}

func (s *savedFDs) save(fd int) {
	if s == nil {
		return
	}
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

// restore undoes the redirections.
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

// commit makes the redirections permanent.
func (s *savedFDs) commit() {
	for _, x := range s.list {
		if x.copy >= 0 {
			sys.Close(x.copy)
		}
	}
	s.list = nil
}

// apply carries redirections out; without saved for good. On failure it has printed a message.
func apply(list []opened, saved *savedFDs) bool {
	if len(list) > 0 {
		flush()
	}
	for i := range list {
		if !list[i].apply(saved) {
			return false
		}
	}
	return true
}

func (r *opened) apply(saved *savedFDs) bool {
	switch r.op {
	case syntax.HereDoc:
		return r.document(saved)
	case syntax.DupInput, syntax.DupOutput:
		return r.duplicate(saved)
	}
	fd, e := r.open()
	if e != 0 {
		verb, msg := "open", stdio.Message(e)
		creates := r.op != syntax.Input
		if creates {
			verb = "create"
		}
		if e == errno.ENOENT {
			msg = "No such file"
			if creates {
				msg = "Directory nonexistent"
			}
		}
		report("cannot " + verb + " " + r.target + ": " + msg)
		return false
	}
	install(fd, r.fd, saved)
	return true
}

func (r *opened) open() (int, sys.Errno) {
	const create = sys.O_WRONLY | sys.O_CREAT
	switch r.op {
	case syntax.Input:
		return sys.Open(r.target, sys.O_RDONLY, 0)
	case syntax.ReadWrite:
		return sys.Open(r.target, sys.O_RDWR|sys.O_CREAT, 0o666)
	case syntax.Append:
		return sys.Open(r.target, create|sys.O_APPEND, 0o666)
	case syntax.Output:
		if opt.noclobber {
			return r.openNew()
		}
	}
	return sys.Open(r.target, create|sys.O_TRUNC, 0o666)
}

// openNew opens for > under set -C: a regular file must not exist, anything else may.
func (r *opened) openNew() (int, sys.Errno) {
	var st sys.Stat
	if sys.StatPath(r.target, &st) != 0 {
		return sys.Open(r.target, sys.O_WRONLY|sys.O_CREAT|sys.O_EXCL, 0o666)
	}
	if st.Mode&sys.S_IFMT == sys.S_IFREG {
		return -1, errno.EEXIST
	}
	return sys.Open(r.target, sys.O_WRONLY, 0)
}

// install moves fd to where it belongs.
func install(fd, to int, saved *savedFDs) {
	if fd == to { // the descriptor was closed before
		if saved != nil {
			saved.list = append(saved.list, savedFD{to, -1})
		}
		return
	}
	saved.save(to)
	sys.Dup2(fd, to)
	sys.Close(fd)
}

func (r *opened) duplicate(saved *savedFDs) bool {
	if r.target == "-" {
		saved.save(r.fd)
		sys.Close(r.fd)
		return true
	}
	from, ok := number(r.target)
	if !ok {
		report(r.target + ": bad file descriptor")
		return false
	}
	if from == r.fd {
		if _, e := sys.Fcntl(from, sys.F_GETFD, 0); e == 0 {
			return true
		}
	}
	saved.save(r.fd)
	flags, e := sys.Fcntl(from, sys.F_GETFD, 0)
	if e == 0 && from >= firstPrivate && flags&sys.FD_CLOEXEC != 0 { // the shell's own
		e = errno.EBADF
	}
	if e == 0 {
		e = sys.Dup2(from, r.fd)
	}
	if e != 0 {
		report(r.target + ": " + stdio.Message(e))
		return false
	}
	return true
}

// document supplies a here-document through a pipe. What does not fit into it at once is written by a child.
func (r *opened) document(saved *savedFDs) bool {
	const atOnce = 4096 // PIPE_BUF: every pipe takes this much
	rd, w, e := sys.Pipe2(sys.O_CLOEXEC)
	if e != 0 {
		report("here-document: " + stdio.Message(e))
		return false
	}
	if len(r.target) <= atOnce {
		sys.WriteAll(w, []byte(r.target))
	} else {
		pid, e := sys.Fork()
		if pid == 0 && e == 0 {
			sys.Close(rd)
			sys.Signal(sys.SIGPIPE, sys.Default, false)
			sys.WriteAll(w, []byte(r.target))
			sys.ExitNow(0)
		}
		if e != 0 {
			report("here-document: " + stdio.Message(e))
		}
	}
	sys.Close(w)
	if rd == r.fd {
		sys.Fcntl(rd, sys.F_SETFD, 0)
	}
	install(rd, r.fd, saved)
	return true
}
