// Package repo finds the checkout that the host command belongs to, and the files the build leaves in it.
//
// The command is normally build output itself (bin/galago), so the directory of the executable is asked
// first and the working directory second: `galago run` must work from anywhere.
package repo

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// module is the module path that marks the root of a checkout.
const module = "galago"

// ErrNotFound means that no checkout contains the executable or the working directory.
var ErrNotFound = errors.New("not inside a galago checkout (no go.mod of module galago above here)")

// Root returns the absolute path of the checkout: $GALAGO_ROOT if set, else the checkout above the
// executable, else the one above the working directory.
func Root() (string, error) {
	if r := os.Getenv("GALAGO_ROOT"); r != "" {
		if !isRoot(r) {
			return "", fmt.Errorf("GALAGO_ROOT=%s is not a galago checkout", r)
		}
		return filepath.Abs(r)
	}
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		if r, ok := above(filepath.Dir(exe)); ok {
			return r, nil
		}
	}
	if wd, err := os.Getwd(); err == nil {
		if r, ok := above(wd); ok {
			return r, nil
		}
	}
	return "", ErrNotFound
}

// above walks from dir towards the root and returns the first checkout.
func above(dir string) (string, bool) {
	for {
		if isRoot(dir) {
			return dir, true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", false
		}
		dir = up
	}
}

// isRoot reports whether dir holds the go.mod of module galago.
func isRoot(dir string) bool {
	f, err := os.Open(filepath.Join(dir, "go.mod"))
	if err != nil {
		return false
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		if rest, ok := strings.CutPrefix(s.Text(), "module "); ok {
			return strings.TrimSpace(rest) == module
		}
	}
	return false
}

// Path joins the root of the checkout with a relative path; outside a checkout it returns the path as it is,
// so that the error of the file that is then missing names it.
func Path(rel string) string {
	r, err := Root()
	if err != nil {
		return rel
	}
	return filepath.Join(r, rel)
}

// First returns the first of the relative paths that exists below the root, or the first path if none does.
func First(rels ...string) string {
	for _, r := range rels {
		if p := Path(r); exists(p) {
			return p
		}
	}
	return Path(rels[0])
}

func exists(p string) bool {
	_, err := os.Stat(p)
	return err == nil
}

// Kernel is the path of the kernel that `make` builds.
func Kernel() string { return First("build/kernel/kernel.elf", "build/kernel.elf") }

// TestKernel is the path of the kernel built with the test tags (ktest, lockdep, memdebug).
func TestKernel() string { return First("build/ktest/kernel.elf", "build/kernel-test/kernel.elf") }

// Image is the path of the disk image that `make` builds.
func Image() string { return First("build/galago.img", "build/disk.img") }
