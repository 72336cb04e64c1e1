// Package push copies result files to another host over scp.
//
// The host's key must be in the known_hosts file: nothing is trusted on first use. Authentication is by private key
// files or the agent. Remote names are checked before they get near the remote shell, because the scp library
// puts them into double quotes only, where a shell still expands $ and `.
package push

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"strings"
	"time"

	scp "github.com/bramvdbogaerde/go-scp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Options of Push.
type Options struct {
	Port       int
	User       string   // default: the destination's, else the local user's name
	Identities []string // private key files; empty: the usual ones that exist, and the agent
	KnownHosts string   // default ~/.ssh/known_hosts
	Timeout    time.Duration
	Done       func(file, remote string, size int64) // called after each file; may be nil
}

// Destination is [USER@]HOST:DIR.
type Destination struct{ User, Host, Dir string }

// ParseDestination reads [USER@]HOST:DIR; an IPv6 address stands in brackets.
func ParseDestination(s string) (d Destination, err error) {
	rest := s
	if u, r, ok := strings.Cut(s, "@"); ok && !strings.ContainsAny(u, ":/") {
		d.User, rest = u, r
	}
	if strings.HasPrefix(rest, "[") {
		host, dir, ok := strings.Cut(rest[1:], "]:")
		if !ok {
			return d, fmt.Errorf("%q: want [ADDRESS]:DIR", s)
		}
		d.Host, d.Dir = host, dir
	} else {
		host, dir, ok := strings.Cut(rest, ":")
		if !ok {
			return d, fmt.Errorf("%q: want HOST:DIR", s)
		}
		d.Host, d.Dir = host, dir
	}
	if d.Dir == "" {
		d.Dir = "."
	}
	if d.Host == "" {
		return d, fmt.Errorf("%q: no host", s)
	}
	return d, checkName(d.Dir)
}

// checkName refuses what a remote shell would interpret within double quotes, and what would break the protocol's lines.
func checkName(name string) error {
	for _, r := range name {
		if r < ' ' || r == 0x7f || strings.ContainsRune("$`\"\\!", r) {
			return fmt.Errorf("the remote name %q contains %q, which cannot be sent safely", name, r)
		}
	}
	if strings.HasPrefix(name, "-") {
		return fmt.Errorf("the remote name %q looks like an option", name)
	}
	return nil
}

// Push copies files into a directory of the destination.
func Push(ctx context.Context, d Destination, files []string, o Options) error {
	for _, f := range files { // before anything is sent
		if err := checkName(filepath.Base(f)); err != nil {
			return err
		}
		if st, err := os.Stat(f); err != nil {
			return err
		} else if !st.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", f)
		}
	}
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Timeout)
		defer cancel()
	}
	conn, err := connect(ctx, d, o)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, f := range files {
		remote := path.Join(d.Dir, filepath.Base(f))
		n, err := copyFile(ctx, conn, f, remote)
		if err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
		if o.Done != nil {
			o.Done(f, remote, n)
		}
	}
	return nil
}

// copyFile sends one file.
func copyFile(ctx context.Context, conn *ssh.Client, name, remote string) (int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	client, err := scp.NewClientBySSH(conn)
	if err != nil {
		return 0, err
	}
	mode := fmt.Sprintf("%04o", st.Mode().Perm())
	// A file that grows while it is sent must not run into the protocol.
	return st.Size(), client.Copy(ctx, io.LimitReader(f, st.Size()), remote, mode, st.Size())
}

// connect dials, checks the host's key and authenticates.
func connect(ctx context.Context, d Destination, o Options) (*ssh.Client, error) {
	if o.Port == 0 {
		o.Port = 22
	}
	addr := net.JoinHostPort(d.Host, fmt.Sprint(o.Port))
	check, algorithms, err := hostKeys(o.KnownHosts, addr)
	if err != nil {
		return nil, err
	}
	methods, err := authMethods(o.Identities)
	if err != nil {
		return nil, err
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() }) // ends the handshake too
	c, channels, requests, err := ssh.NewClientConn(raw, addr, &ssh.ClientConfig{
		User: userName(d, o), Auth: methods, HostKeyCallback: check, HostKeyAlgorithms: algorithms,
	})
	if err != nil {
		stop()
		raw.Close()
		return nil, fmt.Errorf("%s: %w", addr, explain(err, addr))
	}
	return ssh.NewClient(c, channels, requests), nil
}

func userName(d Destination, o Options) string {
	switch {
	case d.User != "":
		return d.User
	case o.User != "":
		return o.User
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}

// hostKeys loads the known hosts and asks them which kinds of key they hold for addr: the server must be asked for one of
// those, or it may offer another kind and look like a stranger.
func hostKeys(file, addr string) (ssh.HostKeyCallback, []string, error) {
	if file == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, nil, err
		}
		file = filepath.Join(home, ".ssh", "known_hosts")
	}
	check, err := knownhosts.New(file)
	if err != nil {
		return nil, nil, fmt.Errorf("known hosts: %w", err)
	}
	var unknown *knownhosts.KeyError
	err = check(addr, &net.TCPAddr{}, placeholder{})
	if !errors.As(err, &unknown) {
		return nil, nil, fmt.Errorf("known hosts: %w", err)
	}
	var algorithms []string
	for _, k := range unknown.Want {
		if t := k.Key.Type(); t == ssh.KeyAlgoRSA {
			algorithms = append(algorithms, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		} else {
			algorithms = append(algorithms, t)
		}
	}
	if len(algorithms) == 0 {
		return nil, nil, fmt.Errorf("the key of %s is not in %s; add it after checking it (ssh-keyscan)", addr, file)
	}
	return check, algorithms, nil
}

// placeholder is a key that no host has.
type placeholder struct{}

func (placeholder) Type() string                        { return "none" }
func (placeholder) Marshal() []byte                     { return nil }
func (placeholder) Verify([]byte, *ssh.Signature) error { return errors.New("not a key") }

// explain puts the one dangerous failure into plain words.
func explain(err error, addr string) error {
	var k *knownhosts.KeyError
	if errors.As(err, &k) && len(k.Want) > 0 {
		return fmt.Errorf("the host's key is not the known one (%s:%d); someone may be listening in: %w", k.Want[0].Filename, k.Want[0].Line, err)
	}
	return err
}

// authMethods collects private keys: those named, or the usual files and the agent's.
func authMethods(files []string) ([]ssh.AuthMethod, error) {
	named := len(files) > 0
	if home, err := os.UserHomeDir(); err == nil && !named {
		for _, n := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			files = append(files, filepath.Join(home, ".ssh", n))
		}
	}
	var signers []ssh.Signer
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			if named {
				return nil, err
			}
			continue
		}
		s, err := ssh.ParsePrivateKey(text)
		if err != nil {
			if named {
				return nil, fmt.Errorf("%s: %w", f, err)
			}
			continue // with a passphrase: the agent may have it
		}
		signers = append(signers, s)
	}
	methods := []ssh.AuthMethod{ssh.PublicKeys(signers...)}
	if sock := os.Getenv("SSH_AUTH_SOCK"); sock != "" && !named {
		if c, err := net.Dial("unix", sock); err == nil {
			methods = append(methods, ssh.PublicKeysCallback(agent.NewClient(c).Signers))
		}
	}
	return methods, nil
}
