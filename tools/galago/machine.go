package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"galago/tools/internal/imagefs"
	"galago/tools/internal/qemu"
	"galago/tools/internal/repo"
	"galago/tools/internal/sparse"
	"galago/tools/internal/store"
)

// machineFlags are the flags that `run` and `qemu` share.
type machineFlags struct {
	config    qemu.Config
	append    string
	image     string
	keepImage string
	add       []string
	programs  []string
	disk      string
	transport string
}

// register declares the flags.
func (m *machineFlags) register(f *pflag.FlagSet) {
	f.SortFlags = false
	f.IntVar(&m.config.SMP, "smp", 1, "number of CPUs")
	f.StringVar(&m.config.Mem, "mem", "256M", "memory of the machine")
	f.StringVar(&m.disk, "disk", "virtio", "controller of the root disk: virtio or ahci")
	f.StringVar(&m.config.CPU, "cpu", "max", "CPU model, as QEMU's -cpu")
	f.StringVar(&m.config.Machine, "machine", "q35", "machine: q35 or microvm")
	f.StringVar(&m.append, "append", "", "words for the kernel's command line")
	f.BoolVar(&m.config.ICount, "icount", false, "one instruction is one nanosecond of guest time")
	f.StringArrayVar(&m.add, "add", nil, "copy a host file or tree into the image: HOSTPATH:GUESTPATH (repeatable)")
	f.StringArrayVar(&m.programs, "add-program", nil, "copy a program of the host into the image, under its own path, with the shared libraries it needs (repeatable)")
	f.StringVar(&m.keepImage, "keep-image", "", "use this file for the disk and keep it (the same as --image: change it in place)")
	f.StringVar(&m.image, "image", repo.Image(), "disk image to start from")
	f.StringArrayVar(&m.config.Extra, "qemu-arg", nil, "one more argument for QEMU (repeatable)")
	f.StringVar(&m.config.Kernel, "kernel", repo.Kernel(), "kernel to boot")
}

// openDisk makes the machine's disk: an unnamed copy of the image, or the file to keep, with the additions in it.
func (m *machineFlags) openDisk() (*os.File, error) {
	list := make([]store.Addition, 0, len(m.add))
	for _, spec := range m.add {
		host, guest, err := imagefs.SplitSpec(spec)
		if err != nil {
			return nil, fmt.Errorf("--add %w", err)
		}
		list = append(list, store.Addition{Host: host, Guest: guest})
	}
	programs, err := store.Programs(m.programs...)
	if err != nil {
		return nil, fmt.Errorf("--add-program: %w", err)
	}
	list = append(list, programs...)
	disk, err := m.copyImage()
	if err != nil {
		return nil, err
	}
	p := newProgress("adding files")
	defer p.clear()
	if err := store.Add(disk, list, store.Observer{Warn: p.warn, Progress: p.files}); err != nil {
		disk.Close()
		return nil, err
	}
	return disk, nil
}

// copyImage copies the image, or opens it if it is to be changed in place.
func (m *machineFlags) copyImage() (*os.File, error) {
	base, err := os.Open(m.image)
	if err != nil {
		return nil, fmt.Errorf("no disk image (run make first): %w", err)
	}
	defer base.Close()
	var disk *os.File
	if m.keepImage == "" {
		disk, err = sparse.Temp(filepath.Dir(m.image))
	} else {
		if sameFile(m.image, m.keepImage) {
			return os.OpenFile(m.image, os.O_RDWR, 0)
		}
		disk, err = os.Create(m.keepImage)
	}
	if err != nil {
		return nil, err
	}
	if err := sparse.Clone(disk, base); err != nil {
		disk.Close()
		return nil, fmt.Errorf("copying the image: %w", err)
	}
	return disk, nil
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// finish copies the flags that have types of their own into the machine's configuration.
func (m *machineFlags) finish() *qemu.Config {
	m.config.Disk, m.config.Transport = qemu.Disk(m.disk), qemu.Transport(m.transport)
	return &m.config
}

// seconds is a flag value: a number of seconds, or a Go duration such as 1m30s.
type seconds struct{ time.Duration }

// Set implements pflag.Value.
func (s *seconds) Set(text string) error {
	if n, err := strconv.ParseFloat(text, 64); err == nil && n >= 0 && n < 1e9 {
		s.Duration = time.Duration(n * float64(time.Second))
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a number of seconds", text)
	}
	s.Duration = d
	return nil
}

// Type implements pflag.Value.
func (s *seconds) Type() string { return "seconds" }

// progress shows a counter on a terminal while something takes long.
type progress struct {
	what  string
	shown bool
	next  time.Time
}

func newProgress(what string) *progress {
	p := &progress{what: what}
	if isTerminal(os.Stderr) {
		p.next = time.Now().Add(500 * time.Millisecond)
	}
	return p
}

func (p *progress) files(files, bytes int64) {
	if p.next.IsZero() || time.Now().Before(p.next) {
		return
	}
	p.next, p.shown = time.Now().Add(100*time.Millisecond), true
	fmt.Fprintf(os.Stderr, "\r%s: %d files, %d MB", p.what, files, bytes>>20)
}

func (p *progress) warn(msg string) {
	p.clear()
	fmt.Fprintln(os.Stderr, "galago:", msg)
}

// clear removes the counter from the terminal.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(os.Stderr, "\r"+strings.Repeat(" ", 60)+"\r")
		p.shown = false
	}
}

// isTerminal reports whether a file is a terminal.
func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
