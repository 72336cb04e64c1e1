package harness

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"galago/tools/internal/store"
)

// The busybox suite: a program nobody here wrote. Scripts for Debian's static busybox run on the host's Linux and in the
// guest, with the same binary, and the transcripts must be equal.

//go:embed busybox/*.sh
var busyboxScripts embed.FS

const busyboxSuite = "busybox"

// busyboxPaths is where distributions put the static binary.
var busyboxPaths = []string{"/bin/busybox", "/usr/bin/busybox", "/bin/busybox.static", "/usr/bin/busybox.static"}

func busyboxJobs() (list []Job) {
	files, err := busyboxScripts.ReadDir("busybox")
	if err != nil {
		panic(err) // the directory is part of this binary
	}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".sh")
		text, err := busyboxScripts.ReadFile(path.Join("busybox", f.Name()))
		if err != nil {
			panic(err)
		}
		list = append(list, single(busyboxSuite, name, func(c *Context) error { return busyboxTest(c, string(text)) }))
	}
	return list
}

// busyboxTest lays out a directory with busybox (which goes by its name), script and scratch, and runs the script from scratch on both systems.
func busyboxTest(c *Context, script string) error {
	n, err := parseNeeds(script)
	if err != nil {
		return err
	}
	bb, err := findBusybox()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "galago-busybox-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	scratch := filepath.Join(dir, "scratch")
	if err := errors.Join(os.Mkdir(scratch, 0o755), os.WriteFile(filepath.Join(dir, "busybox"), bb, 0o755),
		os.WriteFile(filepath.Join(dir, "script"), []byte(script), 0o644)); err != nil {
		return err
	}
	// The tree goes into the guest before the script runs here, so that both begin with the same files.
	image, err := c.copyImage()
	if err != nil {
		return err
	}
	defer image.Close()
	if err := store.Add(image, []store.Addition{{Host: dir, Guest: testDir}}, store.Observer{}); err != nil {
		return err
	}
	args := []string{"../busybox", "ash", "../script"}
	linux, err := runLinux(scratch, n.timeout, "", args)
	if err != nil {
		return err
	}
	o, err := c.boot(machine{smp: n.smp, mem: n.mem, disk: n.disk, timeout: n.timeout, image: image, cwd: testDir + "/scratch"}, args...)
	if err != nil {
		return err
	}
	if got := (transcript{o.stdout, o.Status}); !o.OK() || got != linux {
		return o.explain("the transcripts differ: %s", difference(linux, got))
	}
	return nil
}

// findBusybox reads the static binary.
func findBusybox() ([]byte, error) {
	for _, p := range busyboxPaths {
		if b, err := os.ReadFile(p); err == nil {
			return b, nil
		}
	}
	return nil, fmt.Errorf("busybox-static is not installed (scripts/setup.sh installs it)")
}
