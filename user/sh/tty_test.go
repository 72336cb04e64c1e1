package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// The interactive shell on a pseudo-terminal: prompts, ^C, ^Z, job control, end of input.

// terminal is a shell on a pseudo-terminal.
type terminal struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	seen   strings.Builder
	bytes  chan []byte
}

func ioctl(t *testing.T, f *os.File, req uintptr, arg unsafe.Pointer) {
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), req, uintptr(arg)); e != 0 {
		t.Fatalf("ioctl %#x: %v", req, e)
	}
}

func openTerminal(t *testing.T, env ...string) *terminal {
	bin := shell(t)
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var unlock, number int32
	ioctl(t, master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	ioctl(t, master, syscall.TIOCGPTN, unsafe.Pointer(&number))
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	cmd := exec.Command(bin)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "PS1=READY> "}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, master: master, cmd: cmd, bytes: make(chan []byte, 64)}
	go func() {
		for {
			b := make([]byte, 1024)
			n, err := master.Read(b)
			if n > 0 {
				term.bytes <- b[:n]
			}
			if err != nil {
				close(term.bytes)
				return
			}
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		master.Close()
	})
	return term
}

func (x *terminal) send(s string) {
	x.t.Helper()
	if _, err := x.master.WriteString(s); err != nil {
		x.t.Fatal(err)
	}
}

// expect waits until the output contains s, and returns and consumes what came up to its end.
func (x *terminal) expect(s string) string {
	x.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		text := x.seen.String()
		if i := strings.Index(text, s); i >= 0 {
			x.seen.Reset()
			x.seen.WriteString(text[i+len(s):])
			return text[:i+len(s)]
		}
		select {
		case b, ok := <-x.bytes:
			if !ok {
				x.t.Fatalf("the shell has ended; waiting for %q in %q", s, text)
			}
			x.seen.Write(b)
		case <-deadline:
			ps, _ := exec.Command("ps", "-o", "pid,ppid,pgid,tpgid,stat,wchan,cmd", "-s", fmt.Sprint(x.cmd.Process.Pid)).Output()
			x.t.Logf("processes:\n%s", ps)
			x.t.Fatalf("no %q in %q", s, text)
		}
	}
}

// wait waits for the shell's end.
func (x *terminal) wait() error {
	timer := time.AfterFunc(10*time.Second, func() { x.cmd.Process.Kill() })
	defer timer.Stop()
	return x.cmd.Wait()
}

// run types a command and returns what it prints before the next prompt.
func (x *terminal) run(cmd string) string {
	x.t.Helper()
	x.send(cmd + "\n")
	x.expect(cmd + "\r\n") // the echo
	out := x.expect("READY> ")
	return strings.ReplaceAll(strings.TrimSuffix(out, "READY> "), "\r\n", "\n")
}

func TestPrompt(t *testing.T) {
	x := openTerminal(t)
	x.expect("READY> ")
	if got := x.run("echo a $((1+1)) $-"); !strings.HasPrefix(got, "a 2 ") || !strings.Contains(got, "i") || !strings.Contains(got, "m") {
		t.Errorf("%q", got)
	}
	x.send("for i in 1 2\n")
	x.expect("> ")
	x.send("do echo x$i; done\n")
	x.expect("x1\r\nx2\r\n")
	x.expect("READY> ")
	if got := x.run("fi"); !strings.Contains(got, "Syntax error") {
		t.Errorf("%q", got)
	}
	if got := x.run("echo $?"); got != "2\n" {
		t.Errorf("%q", got)
	}
	if got := x.run("exit() { echo no; }; unset -f exit; cat <&9; echo $?"); !strings.HasSuffix(got, "2\n") {
		t.Errorf("%q", got)
	}
	x.send("\x04")
	x.expect("\r\n")
	if err := x.wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
}

func TestPromptText(t *testing.T) {
	x := openTerminal(t, "PS1=\\w:$x:\\$ ")
	end := "$ "
	if os.Geteuid() == 0 {
		end = "# "
	}
	x.expect("::" + end)
	x.send("x=5; cd /usr\n")
	x.expect("/usr:5:" + end)
	x.send("exit 3\n")
	err := x.wait()
	if x.cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("exit: %v", err)
	}
}

func TestInterrupt(t *testing.T) {
	x := openTerminal(t)
	x.expect("READY> ")
	x.send("sleep 100\n")
	x.expect("sleep 100\r\n")
	time.Sleep(200 * time.Millisecond)
	x.send("\x03")
	x.expect("READY> ")
	if got := x.run("echo $?"); got != "130\n" {
		t.Errorf("%q", got)
	}
	// The whole list is given up, not only the program.
	x.send("while :; do sleep 50; done; echo not-reached\n")
	x.expect("not-reached\r\n")
	time.Sleep(200 * time.Millisecond)
	x.send("\x03")
	if got := x.expect("READY> "); strings.Contains(got, "not-reached") {
		t.Errorf("%q", got)
	}
	// A loop of built-ins too.
	x.send("while :; do :; done\n")
	x.expect("done\r\n")
	time.Sleep(200 * time.Millisecond)
	x.send("\x03")
	x.expect("READY> ")
	// A line being typed is forgotten, and an unfinished command.
	x.send("echo wrong")
	x.expect("wrong")
	x.send("\x03")
	x.expect("READY> ")
	x.send("if true\n")
	x.expect("> ")
	x.send("\x03")
	x.expect("READY> ")
	if got := x.run("echo fine"); got != "fine\n" {
		t.Errorf("%q", got)
	}
}

func TestJobControl(t *testing.T) {
	x := openTerminal(t)
	x.expect("READY> ")
	x.send("sleep 100 | cat\n")
	x.expect("cat\r\n")
	time.Sleep(300 * time.Millisecond)
	x.send("\x1a")
	if got := x.expect("READY> "); !strings.Contains(got, "Stopped") || !strings.Contains(got, "sleep 100 | cat") {
		t.Errorf("%q", got)
	}
	if got := x.run("jobs"); !strings.Contains(got, "[1] + Stopped") {
		t.Errorf("%q", got)
	}
	if got := x.run("bg"); !strings.Contains(got, "sleep 100 | cat") {
		t.Errorf("%q", got)
	}
	if got := x.run("jobs"); !strings.Contains(got, "Running") {
		t.Errorf("%q", got)
	}
	x.send("fg %1\n")
	x.expect("sleep 100 | cat\r\n")
	time.Sleep(200 * time.Millisecond)
	x.send("\x03")
	x.expect("READY> ")
	if got := x.run("jobs"); got != "" {
		t.Errorf("%q", got)
	}
	got := x.run("sleep 0.1 & sleep 0.5; kill -0 $! 2>/dev/null || echo gone")
	if !strings.Contains(got, "gone") || !strings.Contains(got, "Done") {
		t.Errorf("%q", got)
	}
	if got := x.run("sleep 100 & kill %%; wait %%; echo $?"); !strings.Contains(got, "143") {
		t.Errorf("%q", got)
	}
	// A stopped and resumed job gives the terminal back each time; vi-like programs see their own group in the foreground.
	if got := x.run("sh -c 'ps -o stat= -p $$'"); !strings.Contains(got, "+") {
		t.Errorf("not in the foreground: %q", got)
	}
}

// TestBackgroundRead: a background job that reads the terminal stops, the shell does not.
func TestBackgroundRead(t *testing.T) {
	x := openTerminal(t)
	x.expect("READY> ")
	x.run("cat & sleep 0.3")
	if got := x.run("jobs"); !strings.Contains(got, "Stopped") {
		t.Errorf("%q", got)
	}
	x.run("kill -KILL %1; sleep 0.2")
	if got := x.run("echo alive"); !strings.Contains(got, "alive") {
		t.Errorf("%q", got)
	}
}

// TestMemory: loops give back what their rounds have used.
func TestMemory(t *testing.T) {
	ours := []string{shell(t)}
	got := runScript(t, ours, &script{text: `
rss() { while read k v u; do [ "$k" = VmRSS: ] && echo $v; done < /proc/$$/status; }
f() { local a=$1 b; b=$a; [ $a -gt 5 ] && f $((a-5)); return 0; }
work() {
	i=0
	while [ $i -lt $1 ]; do
		i=$((i+1)); x="$i-$i"
		case $x in *5) y=${x%-*};; *) y=${x#*-};; esac
		set -- $1 $y z; f 10
		eval "g() { echo \$1; }; h=\$i"; trap "echo $i" USR1; alias q=$i
		for q in *; do :; done
		: <<E
$x
E
	done
}
work 2000; rss; work 30000; rss
i=0; while [ $i -lt 300 ]; do i=$((i+1)); z=$(echo $i); /bin/true; : & done; wait; rss
`})
	var a, b, c int
	if _, err := fmt.Sscan(got.stdout, &a, &b, &c); err != nil {
		t.Fatalf("%v: %q %q", err, got.stdout, got.stderr)
	}
	if b > a+200 || c > b+400 {
		t.Errorf("resident set: %d, %d, %d KiB", a, b, c)
	}
}

// TestEditor: keys of the line editor, by what the edited commands print.
func TestEditor(t *testing.T) {
	x := openTerminal(t, "TERM=xterm")
	x.expect("READY> ")
	for _, c := range []struct{ keys, want string }{
		{"echo plain", "plain"},
		{"echo bd\x1b[D\x1b[Dabc\x1b[C\x1b[Cx", "abcbdx"},
		{"cho hi\x01e", "hi"},
		{"xecho del\x1b[H\x1b[3~", "del"},
		{"echo one two\x17three", "one three"},
		{"echo cut\x15echo fresh", "fresh"},
		{"echo keep drop\x1bb\x0b", "keep"},
		{"echo abcd\x7f\x7fx", "abx"},
		{"\x1b[A", "abx"},
		{"\x1b[A\x1b[A\x1b[B", "abx"},
		{"echo new\x1b[A\x1b[B er", "new er"},
		{"echo \xc3\xa4\xc3\xb6\x1b[D\x7fu", "u\xc3\xb6"},
		{"echo end\x1b[D\x1b[D\x1bOF.", "end."},
		{"echo a b\x1bb\x1bb\x1bf-", "a- b"},
		{"ec\t tab", "tab"},
	} {
		x.send(c.keys + "\n")
		got := x.expect("\r\n" + c.want + "\r\n")
		x.expect("READY> ")
		if strings.Count(got, "\r\n") > 2 {
			t.Errorf("%q: %q", c.keys, got)
		}
	}
	x.send("mkdir uniquedir; : > uniquedir/file1; : > uniquedir/file2; : > alone\n")
	x.expect("READY> ")
	x.send("ls uni\tf\t\t")
	x.expect("file1  file2\r\n")
	x.send("1\n")
	x.expect("\r\nuniquedir/file1\r\n")
	x.expect("READY> ")
	x.send("echo al\t.\n")
	x.expect("\r\nalone .\r\n")
	x.expect("READY> ")
	x.send("echo " + strings.Repeat("long ", 60) + "\x01\x05 end\n")
	x.expect(strings.Repeat("long ", 60) + "end\r\n")
	x.expect("READY> ")
	x.send("echo forgotten\x03")
	x.expect("READY> ")
	x.send("cat\n")
	time.Sleep(200 * time.Millisecond)
	x.send("through the terminal\n")
	x.expect("terminal\r\nthrough the terminal\r\n")
	x.send("\x04")
	x.expect("READY> ")
	x.send("stty -a | grep -c -w -e icanon -e echo; set +o emacs\n")
	x.expect("READY> ")
	x.send("echo plain again\n")
	x.expect("\r\nplain again\r\n")
	x.expect("READY> ")
	x.send("set -o emacs\n")
	x.expect("READY> ")
	x.send("\x04")
	if err := x.wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
}
