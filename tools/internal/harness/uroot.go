package harness

import (
	_ "embed"
	"errors"
	"os"
	"path/filepath"
	"time"

	"galago/tools/internal/store"
)

// The uroot suite: the u-root busybox of the image, a Go program with its own runtime that is many commands. Its shell, gosh, runs a script of its
// commands; the same binary does so on the host first, and the transcripts must be equal.

//go:embed uroot/commands.sh
var urootScript string

const (
	urootHost  = "build/uroot/bin"
	urootGuest = "/u-root"
)

func urootJobs() []Job {
	run := single("uroot", "commands", urootTest)
	return []Job{{Suite: run.Suite, Name: run.Name, Run: func(c *Context, emit func(Result)) {
		if !exists(filepath.Join(c.Root, urootHost, "bb")) {
			emit(Result{Suite: run.Suite, Name: run.Name, Skipped: true, Detail: "the image has no u-root busybox: its modules could not be had (scripts/uroot.sh)"})
			return
		}
		run.Run(c, emit)
	}}}
}

func urootTest(c *Context) error {
	dir, err := os.MkdirTemp("", "galago-uroot-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	script, scratch := filepath.Join(dir, "script"), filepath.Join(dir, "scratch")
	if err := errors.Join(os.Mkdir(scratch, 0o755), os.WriteFile(script, []byte(urootScript), 0o644)); err != nil {
		return err
	}
	const timeout = 120 * time.Second
	command := func(bin string) []string { return []string{bin + "/gosh", "-c", "PATH=" + bin + "; . ../script"} }
	linux, err := runLinux(scratch, timeout, "", command(filepath.Join(c.Root, urootHost)))
	if err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(scratch), os.Mkdir(scratch, 0o755)); err != nil {
		return err
	}
	m := machine{smp: 2, timeout: timeout, cwd: testDir + "/scratch", add: []store.Addition{{Host: dir, Guest: testDir}}}
	o, err := c.boot(m, command(urootGuest)...)
	if err != nil {
		return err
	}
	if got := (transcript{o.stdout, o.Status}); !o.OK() || got != linux {
		return o.explain("the transcripts differ: %s", difference(linux, got))
	}
	return nil
}
