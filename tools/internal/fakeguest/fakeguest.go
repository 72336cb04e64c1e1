// Package fakeguest is a test double for QEMU with a guest in it. A test binary whose environment says so plays one
// scenario: it finds the descriptors in QEMU's command line, as QEMU would, and speaks the run protocol.
package fakeguest

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"galago/tools/internal/runproto"
)

// Env is the environment variable that holds the scenario.
const Env = "FAKE_QEMU"

// Main plays the scenario and ends the process, if there is one. Call it first in TestMain.
func Main() {
	if mode := os.Getenv(Env); mode != "" {
		os.Exit(play(mode))
	}
}

// inherited finds a descriptor by the pattern that names it in the command line.
func inherited(pattern string) *os.File {
	m := regexp.MustCompile(pattern).FindStringSubmatch(strings.Join(os.Args, " "))
	if m == nil {
		return nil
	}
	n, _ := strconv.Atoi(m[1])
	return os.NewFile(uintptr(n), m[1])
}

type machine struct {
	*runproto.Conn
	console *os.File
	fd      int // of the run channel
	cmd     runproto.Cmd
}

func (g *machine) hello() {
	fmt.Fprintln(g.console, "galago: booting")
	_ = g.Write(runproto.Ready, nil)
	t, p, err := g.Read()
	if err != nil || t != runproto.Command {
		fmt.Fprintf(g.console, "no command: %q %v\n", t, err)
		os.Exit(9)
	}
	g.cmd, _ = runproto.DecodeCommand(p)
}

func (g *machine) exit(status int) int {
	_ = g.Write(runproto.Exit, runproto.EncodeExit(status))
	time.Sleep(20 * time.Millisecond)
	return 0
}

// play plays one scenario and returns QEMU's exit status.
func play(mode string) int {
	port := inherited(`socket,id=run,fd=(\d+)`)
	g := &machine{Conn: runproto.New(port), console: inherited(`path=/dev/fdset/(\d+)`), fd: int(port.Fd())}
	if mode == "console" {
		_ = syscall.SetNonblock(g.fd, true) // as QEMU does
	}
	switch mode {
	case "no-boot":
		fmt.Fprintln(os.Stderr, "qemu: could not load kernel")
		return 1
	case "silent":
		time.Sleep(time.Minute)
	case "triple-fault":
		fmt.Fprintln(g.console, "galago: half way")
		return 0
	case "early-panic":
		fmt.Fprintln(g.console, "panic: no root device")
		return 251
	}
	g.hello()
	switch mode {
	case "echo":
		return g.echo()
	case "late-panic":
		_ = g.Write(runproto.Stdout, []byte("before\n"))
		fmt.Fprintln(g.console, "panic: nil pointer")
		return 251
	case "panic-at-shutdown":
		_ = g.Write(runproto.Exit, runproto.EncodeExit(0))
		return 251
	case "lost":
		return 0
	case "spin":
		return g.spin()
	case "wedged":
		time.Sleep(time.Minute)
	case "garbage":
		_ = g.Write(runproto.Type('?'), nil)
		time.Sleep(time.Minute)
	case "console":
		return g.virtconsole()
	case "flood":
		chunk := make([]byte, 60000)
		for i := range 200 {
			binary.LittleEndian.PutUint32(chunk, uint32(i))
			if g.Write(runproto.Stdout, chunk) != nil {
				return 3
			}
		}
		return g.exit(0)
	case "yes":
		go func() {
			for g.Write(runproto.Stdout, []byte("y\n")) == nil {
			}
		}()
		return g.spin()
	}
	return 99
}

// virtconsole floods as QEMU's device of that name does: what a full channel does not take is lost.
func (g *machine) virtconsole() int {
	const chunk = 60000
	frame := append([]byte{'O', chunk & 0xff, chunk >> 8 & 0xff, 0, 0}, make([]byte, chunk)...)
	for i := range 200 {
		binary.LittleEndian.PutUint32(frame[5:], uint32(i))
		_, _ = syscall.Write(g.fd, frame)
	}
	return g.exit(0)
}

// echo copies stdin to stdout, says on stderr what it was told to run, and exits with the number of argv[1].
func (g *machine) echo() int {
	_ = g.Write(runproto.Stderr, []byte(fmt.Sprintf("%q %q %q", g.cmd.Dir, g.cmd.Args, g.cmd.Env)))
	for {
		t, p, err := g.Read()
		if err != nil {
			return 8
		}
		switch t {
		case runproto.Stdin:
			_ = g.Write(runproto.Stdout, p)
		case runproto.StdinEOF:
			n, _ := strconv.Atoi(g.cmd.Args[1])
			return g.exit(n)
		}
	}
}

// spin waits for a signal and exits as if killed by it.
func (g *machine) spin() int {
	for {
		t, p, err := g.Read()
		if err == io.EOF {
			return 7
		}
		if t == runproto.Signal {
			return g.exit(128 + int(p[0]))
		}
	}
}
