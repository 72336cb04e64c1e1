package push

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// server is a real sshd on loopback with keys of its own.
type server struct {
	port       int
	dir        string
	identity   string
	knownHosts string
}

func keygen(t *testing.T, kind, file string) (public string) {
	t.Helper()
	if out, err := exec.Command("ssh-keygen", "-q", "-t", kind, "-N", "", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	b, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(b))[:2], " ")
}

// start runs sshd on a free port with an RSA and an Ed25519 host key, and ends it with the test.
func start(t *testing.T) *server {
	t.Helper()
	sshd := "/usr/sbin/sshd"
	if _, err := os.Stat(sshd); err != nil {
		t.Skip("sshd is not installed")
	}
	if _, err := exec.LookPath("scp"); err != nil {
		t.Skip("scp is not installed")
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		t.Skipf("sshd needs /run/sshd: %v", err)
	}
	s := &server{dir: t.TempDir()}
	s.identity, s.knownHosts = filepath.Join(s.dir, "id"), filepath.Join(s.dir, "known_hosts")
	rsa := keygen(t, "rsa", filepath.Join(s.dir, "host_rsa"))
	keygen(t, "ed25519", filepath.Join(s.dir, "host_ed25519"))
	authorized := keygen(t, "ed25519", s.identity)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	config := fmt.Sprintf("Port %d\nListenAddress 127.0.0.1\nHostKey %s/host_ed25519\nHostKey %s/host_rsa\nAuthorizedKeysFile %s/authorized\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPidFile none\n",
		s.port, s.dir, s.dir, s.dir)
	write(t, filepath.Join(s.dir, "config"), config)
	write(t, filepath.Join(s.dir, "authorized"), authorized+"\n")
	// Only the RSA key is known, though the server would rather show the other.
	write(t, s.knownHosts, fmt.Sprintf("[127.0.0.1]:%d %s\n", s.port, rsa))
	cmd := exec.Command(sshd, "-D", "-e", "-f", filepath.Join(s.dir, "config"))
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for range 100 {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port)); err == nil {
			c.Close()
			return s
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("sshd does not listen")
	return nil
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *server) options() Options {
	return Options{Port: s.port, Identities: []string{s.identity}, KnownHosts: s.knownHosts, Timeout: 20 * time.Second}
}

func TestPush(t *testing.T) {
	s := start(t)
	t.Setenv("SSH_AUTH_SOCK", "")
	target := filepath.Join(s.dir, "results of today")
	if err := os.Mkdir(target, 0o755); err != nil {
		t.Fatal(err)
	}
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for name, data := range map[string][]byte{"a.xml": []byte("<x/>"), "empty": nil, "big one": big} {
		write(t, filepath.Join(s.dir, name), string(data))
	}
	if err := os.Chmod(filepath.Join(s.dir, "a.xml"), 0o755); err != nil {
		t.Fatal(err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	d, err := ParseDestination(me.Username + "@127.0.0.1:" + target)
	if err != nil {
		t.Fatal(err)
	}
	var done []string
	o := s.options()
	o.Done = func(file, remote string, n int64) { done = append(done, fmt.Sprint(filepath.Base(remote), n)) }
	files := []string{filepath.Join(s.dir, "a.xml"), filepath.Join(s.dir, "empty"), filepath.Join(s.dir, "big one")}
	if err := Push(context.Background(), d, files, o); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(done); got != fmt.Sprintf("[a.xml4 empty0 big one%d]", len(big)) {
		t.Errorf("progress: %s", got)
	}
	if b, err := os.ReadFile(filepath.Join(target, "big one")); err != nil || !bytes.Equal(b, big) {
		t.Errorf("big one: %d bytes, %v", len(b), err)
	}
	if st, err := os.Stat(filepath.Join(target, "a.xml")); err != nil || st.Mode().Perm() != 0o755 || st.Size() != 4 {
		t.Errorf("a.xml: %v, %v", st, err)
	}
}

func TestPushFails(t *testing.T) {
	s := start(t)
	t.Setenv("SSH_AUTH_SOCK", "")
	file := filepath.Join(s.dir, "f")
	write(t, file, "x")
	stranger := filepath.Join(s.dir, "stranger")
	keygen(t, "ed25519", stranger)
	otherHost := keygen(t, "rsa", filepath.Join(s.dir, "other"))
	wrong, none := filepath.Join(s.dir, "wrong"), filepath.Join(s.dir, "none")
	write(t, wrong, fmt.Sprintf("[127.0.0.1]:%d %s\n", s.port, otherHost))
	write(t, none, "")
	for _, c := range []struct {
		name   string
		change func(*Options)
		dir    string
		part   string
	}{
		{"changed host key", func(o *Options) { o.KnownHosts = wrong }, s.dir, "not the known one"},
		{"unknown host", func(o *Options) { o.KnownHosts = none }, s.dir, "not in"},
		{"no known_hosts", func(o *Options) { o.KnownHosts = none + "x" }, s.dir, "known hosts"},
		{"stranger", func(o *Options) { o.Identities = []string{stranger} }, s.dir, "unable to authenticate"},
		{"missing key", func(o *Options) { o.Identities = []string{stranger + "x"} }, s.dir, "no such file"},
		{"no directory", func(*Options) {}, s.dir + "/nowhere", ""},
		{"nobody listens", func(o *Options) { o.Port = 1; o.KnownHosts = s.knownHosts }, s.dir, ""},
	} {
		o := s.options()
		c.change(&o)
		err := Push(context.Background(), Destination{Host: "127.0.0.1", Dir: c.dir}, []string{file}, o)
		if err == nil || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := Push(context.Background(), Destination{Host: "127.0.0.1", Dir: s.dir}, []string{s.dir}, s.options()); err == nil {
		t.Error("a directory was sent")
	}
}

func TestParseDestination(t *testing.T) {
	for text, want := range map[string]Destination{
		"host:/a/b":      {"", "host", "/a/b"},
		"me@host:dir":    {"me", "host", "dir"},
		"host:":          {"", "host", "."},
		"me@[::1]:/x":    {"me", "::1", "/x"},
		"host:/a@b":      {"", "host", "/a@b"},
		"host":           {},
		":/x":            {},
		"[::1]":          {},
		"host:$(reboot)": {},
		"host:`reboot`":  {},
		"host:a\nb":      {},
		"host:-oProxy":   {},
	} {
		got, err := ParseDestination(text)
		if (err != nil) != (want == Destination{}) || err == nil && got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}
