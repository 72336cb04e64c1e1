//go:build galago_user

package main

import (
	"galago/kernel/errno"
	"galago/libc/sys"
)

// The run protocol: frames of a type byte, a 32-bit little-endian length, and the payload.
const (
	frameReady   = 'R' // to the host
	frameOut     = 'O'
	frameErr     = 'E'
	frameExit    = 'X'
	frameCommand = 'C' // from the host
	frameInput   = 'I'
	frameEOF     = 'Z'
	frameSignal  = 'S'
	frameWindow  = 'W'

	maxPayload  = 65536
	frameHeader = 5
)

// server runs one command for the host at the other end of port.
type server struct {
	port         int
	in, out, err int // our ends of the command's pipes; -1 when closed
	pid          int
	status       sys.WaitStatus
	ended        bool
	failed       int    // shell status when the command could not be started
	frame        []byte // bytes of the frame that is being received
	pending      []byte // input not yet taken by the command
	eof          bool   // the host has sent all input
	gone         bool   // the port is closed
	endTime      int64  // ms: when the command ended
	late         int    // bytes of output since
	idle         bool   // the last wait brought no output
	buf          [32768]byte
}

// serve opens the port and runs the command the host names.
func serve(path string) {
	sys.Sigprocmask(sigSetMask, 0) // signals end a poll
	port, e := sys.Open(path, sys.O_RDWR|sys.O_NOCTTY|sys.O_CLOEXEC, 0)
	if e != 0 {
		warn(path, e)
		return
	}
	var t sys.Termios
	if sys.Tcgetattr(port, &t) == 0 {
		t.MakeRaw()
		sys.Tcsetattr(port, &t)
	}
	s := &server{port: port, in: -1, out: -1, err: -1}
	s.send(frameReady, nil)
	for s.pid == 0 && s.failed == 0 {
		if !s.receive() {
			return
		}
	}
	if s.failed == 0 {
		s.run()
	}
	code := s.failed
	switch {
	case code != 0:
	case s.ended:
		code = s.status.ShellStatus()
	default: // the guest is told to stop
		code = 128 + sys.SIGTERM
	}
	s.send(frameExit, []byte{byte(code), byte(code >> 8), byte(code >> 16), byte(code >> 24)})
}

func (s *server) send(typ byte, p []byte) {
	h := [frameHeader]byte{typ, byte(len(p)), byte(len(p) >> 8), byte(len(p) >> 16), byte(len(p) >> 24)}
	sys.WriteAll(s.port, h[:])
	sys.WriteAll(s.port, p)
}

// receive reads once from the port and handles the frames that are complete; false when the host is gone.
func (s *server) receive() bool {
	n, e := sys.Read(s.port, s.buf[:])
	if e == errno.EINTR || e == errno.EAGAIN {
		return true
	}
	if e != 0 || n == 0 {
		return false
	}
	s.frame = append(s.frame, s.buf[:n]...)
	for len(s.frame) >= frameHeader {
		size := int(s.frame[1]) | int(s.frame[2])<<8 | int(s.frame[3])<<16 | int(s.frame[4])<<24
		if size < 0 || size > maxPayload {
			return false
		}
		if len(s.frame) < frameHeader+size {
			break
		}
		s.handle(s.frame[0], s.frame[frameHeader:frameHeader+size])
		rest := copy(s.frame, s.frame[frameHeader+size:])
		s.frame = s.frame[:rest]
	}
	return true
}

func (s *server) handle(typ byte, p []byte) {
	switch typ {
	case frameCommand:
		s.start(p)
	case frameInput:
		if s.in >= 0 && !s.eof {
			s.pending = append(s.pending, p...)
		}
	case frameEOF:
		s.eof = true
	case frameSignal:
		if len(p) == 1 && s.pid > 0 && !s.ended {
			sys.Kill(s.pid, int(p[0]))
		}
	}
}

// command is the decoded 'C' frame.
type command struct {
	cwd       string
	argv, env []string
}

// decode splits a command frame: counts, then NUL-terminated strings.
func decode(p []byte) (c command, ok bool) {
	if len(p) < 4 {
		return c, false
	}
	argc, envc := int(p[0])|int(p[1])<<8, int(p[2])|int(p[3])<<8
	p = p[4:]
	next := func() string {
		for i, b := range p {
			if b == 0 {
				s := string(p[:i])
				p = p[i+1:]
				return s
			}
		}
		s := string(p)
		p = nil
		return s
	}
	c.cwd = next()
	for range argc {
		c.argv = append(c.argv, next())
	}
	for range envc {
		c.env = append(c.env, next())
	}
	return c, argc > 0
}

// start runs the command with pipes as its standard descriptors.
func (s *server) start(p []byte) {
	c, ok := decode(p)
	if !ok || s.pid != 0 {
		s.failed = 127
		return
	}
	var pipes [3][2]int
	for i := range pipes {
		r, w, e := sys.Pipe2(sys.O_CLOEXEC)
		if e != 0 {
			s.failed = 125
			return
		}
		pipes[i] = [2]int{r, w}
	}
	env := c.env
	if len(env) == 0 {
		env = environment
	}
	pid, e := sys.Fork()
	if e != 0 {
		s.failed = 125
		return
	}
	if pid == 0 {
		s.child(&c, env, &pipes)
	}
	s.pid = pid
	sys.Close(pipes[0][0])
	sys.Close(pipes[1][1])
	sys.Close(pipes[2][1])
	s.in, s.out, s.err = pipes[0][1], pipes[1][0], pipes[2][0]
	for _, fd := range [...]int{s.in, s.out, s.err} {
		sys.Fcntl(fd, sys.F_SETFL, sys.O_NONBLOCK)
	}
	sys.Signal(sys.SIGPIPE, sys.Ignore, false)
}

// child becomes the command.
func (s *server) child(c *command, env []string, pipes *[3][2]int) {
	defaultSignals()
	sys.Setsid()
	sys.Dup2(pipes[0][0], 0)
	sys.Dup2(pipes[1][1], 1)
	sys.Dup2(pipes[2][1], 2)
	if c.cwd != "" {
		sys.Chdir(c.cwd)
	}
	e := search(c.argv, env)
	sys.WriteAll(2, []byte(c.argv[0]+": "+message(e)+"\n"))
	if e == errno.ENOENT {
		sys.ExitNow(127)
	}
	sys.ExitNow(126)
}

func message(e sys.Errno) string {
	switch e {
	case errno.ENOENT:
		return "not found"
	case errno.EACCES:
		return "Permission denied"
	}
	return e.Name()
}

// search executes argv[0], looked up in PATH unless it holds a slash.
func search(argv, env []string) sys.Errno {
	name := argv[0]
	for i := range len(name) {
		if name[i] == '/' {
			return sys.Execve(name, argv, env)
		}
	}
	path := "/bin:/sbin:/usr/bin:/usr/sbin"
	for _, v := range env {
		if len(v) > 5 && v[:5] == "PATH=" {
			path = v[5:]
		}
	}
	result := errno.ENOENT
	for len(path) > 0 {
		n := 0
		for n < len(path) && path[n] != ':' {
			n++
		}
		dir := path[:n]
		if n < len(path) {
			n++
		}
		path = path[n:]
		if e := sys.Execve(dir+"/"+name, argv, env); e != errno.ENOENT && e != errno.ENOTDIR {
			result = e
		}
	}
	return result
}

const (
	drainGrace = 200     // ms that open pipes of background children may delay the end
	drainBytes = 2 << 16 // what the command itself can have left in two pipes
	pollStep   = 50
)

// run moves bytes between the port and the command until the command has ended and its output is delivered.
func (s *server) run() {
	for {
		s.reap()
		closed := s.out < 0 && s.err < 0
		if s.ended && (closed || s.drained()) || stopping {
			return
		}
		if s.eof && len(s.pending) == 0 && s.in >= 0 {
			sys.Close(s.in)
			s.in = -1
		}
		step := pollStep
		switch {
		case s.ended:
			step = 10
		case closed: // it is about to end, and its signal may just have come
			step = 2
		}
		s.idle = s.wait(step) == 0
	}
}

// drained reports whether all output of the ended command has been delivered, though others hold its pipes open: the time is
// over, and either nothing more is there or more has come than the pipes hold.
func (s *server) drained() bool {
	return milliseconds()-s.endTime >= drainGrace && (s.idle || s.late >= drainBytes)
}

func milliseconds() int64 {
	t := sys.ClockGettime(monotonic)
	return t.Sec*1000 + t.Nsec/1e6
}

// wait polls once and serves what is ready; it returns the number of ready descriptors but the port.
func (s *server) wait(ms int) int {
	fds := [4]sys.PollFD{{FD: -1}, {FD: int32(s.out), Events: sys.POLLIN}, {FD: int32(s.err), Events: sys.POLLIN}, {FD: -1}}
	if len(s.pending) < maxPayload && !s.gone { // signals come after the end of input too
		fds[0] = sys.PollFD{FD: int32(s.port), Events: sys.POLLIN}
	}
	if len(s.pending) > 0 {
		fds[3] = sys.PollFD{FD: int32(s.in), Events: sys.POLLOUT}
	}
	n, e := sys.Poll(fds[:], ms)
	if e != 0 || n == 0 {
		return 0
	}
	ready := 0
	if fds[1].Revents != 0 {
		ready++
		s.forward(&s.out, frameOut)
	}
	if fds[2].Revents != 0 {
		ready++
		s.forward(&s.err, frameErr)
	}
	if fds[3].Revents != 0 {
		s.feed()
	}
	if fds[0].Revents != 0 && !s.receive() {
		s.eof, s.gone = true, true
	}
	return ready
}

// forward sends what the command has written.
func (s *server) forward(fd *int, typ byte) {
	n, e := sys.Read(*fd, s.buf[:])
	switch {
	case e == errno.EAGAIN || e == errno.EINTR:
	case e != 0 || n == 0:
		sys.Close(*fd)
		*fd = -1
	default:
		s.send(typ, s.buf[:n])
		if s.ended {
			s.late += n
		}
	}
}

// feed gives the command input.
func (s *server) feed() {
	n, e := sys.Write(s.in, s.pending)
	switch {
	case e == errno.EAGAIN || e == errno.EINTR:
	case e != 0: // nobody reads any more
		sys.Close(s.in)
		s.in, s.pending, s.eof = -1, nil, true
	default:
		rest := copy(s.pending, s.pending[n:])
		s.pending = s.pending[:rest]
	}
}

// reap collects ended children.
func (s *server) reap() {
	for {
		pid, st, e := sys.Wait4(-1, sys.WNOHANG)
		if e != 0 || pid == 0 {
			return
		}
		if pid == s.pid {
			s.status, s.ended, s.endTime = st, true, milliseconds()
		}
	}
}
