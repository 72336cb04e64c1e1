// Package linux runs a program on Debian's Linux kernel in the same QEMU as Galago: the yardstick of the benchmarks. The kernel is a
// Debian package, downloaded and unpacked once; the machine boots into an initramfs that holds the program, a small init and the
// modules the disk needs, and has a fresh ext4 file system on its disk.
package linux

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"galago/tools/internal/guest"
	"galago/tools/internal/qemu"
)

// metaPackage is the package that depends on the newest kernel of its kind.
const metaPackage = "linux-image-cloud-amd64"

// Options turn off what Galago has no counterpart of, or what costs time for safety against speculation: Linux at its best.
const Options = "mitigations=off init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off lsm=capability audit=0 nowatchdog"

// Kernel is an unpacked kernel package.
type Kernel struct {
	Image   string // vmlinuz
	Modules string // lib/modules/VERSION
	Version string
}

// ErrNoPackage means that there is no way to the package here.
var ErrNoPackage = errors.New("Debian's kernel package cannot be had here (needs apt-get and dpkg-deb)")

// Fetch returns the kernel in dir, downloading it if it is not there.
func Fetch(dir string) (*Kernel, error) {
	if k := find(dir); k != nil {
		return k, nil
	}
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, ErrNoPackage
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	name, err := packageName()
	if err != nil {
		return nil, err
	}
	if err := run(dir, "apt-get", "-q", "download", name); err != nil {
		return nil, err
	}
	debs, err := filepath.Glob(filepath.Join(dir, name+"_*.deb"))
	if err != nil || len(debs) == 0 {
		return nil, fmt.Errorf("apt-get left no %s", name)
	}
	if err := run(dir, "dpkg-deb", "-x", debs[len(debs)-1], "."); err != nil {
		return nil, err
	}
	if k := find(dir); k != nil {
		return k, nil
	}
	return nil, fmt.Errorf("%s holds no kernel", debs[len(debs)-1])
}

// find looks for an unpacked kernel.
func find(dir string) *Kernel {
	images, err := filepath.Glob(filepath.Join(dir, "boot/vmlinuz-*"))
	if err != nil || len(images) == 0 {
		return nil
	}
	image := images[len(images)-1]
	version := strings.TrimPrefix(filepath.Base(image), "vmlinuz-")
	return &Kernel{Image: image, Modules: filepath.Join(dir, "lib/modules", version), Version: version}
}

var imageDependency = regexp.MustCompile(`Depends: (linux-image-\S+)`)

// packageName asks apt for the kernel that the meta-package stands for, after an update if it knows none.
func packageName() (string, error) {
	for range 2 {
		out, err := exec.Command("apt-cache", "depends", metaPackage).Output()
		if m := imageDependency.FindSubmatch(out); err == nil && m != nil {
			return string(m[1]), nil
		}
		if err := run("", "apt-get", "-q", "update"); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("apt knows no %s", metaPackage)
}

func run(dir string, args ...string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// Machine is one run.
type Machine struct {
	Kernel  *Kernel
	Init    string   // process 1: user/bench/linuxinit
	Program string   // becomes /bench
	Args    []string // of the program, after the two directories
	CPU     string
	Mem     string
	Dir     string // for temporary files
	Timeout time.Duration
	Log     io.Writer // the console; may be nil
}

// diskSize is that of the ext4 file system.
const diskSize = 1 << 30

// Run boots the machine under -icount and returns what it wrote on its console.
func (m *Machine) Run() ([]byte, error) {
	initrd, err := os.CreateTemp(m.Dir, "initramfs-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(initrd.Name())
	err = m.initramfs(initrd)
	if err = errors.Join(err, initrd.Close()); err != nil {
		return nil, err
	}
	disk, err := m.newDisk()
	if err != nil {
		return nil, err
	}
	defer disk.Close()
	q := qemu.Config{
		Kernel: m.Kernel.Image, SMP: 1, Mem: m.Mem, CPU: m.CPU, Disk: qemu.Virtio, Image: disk, ICount: true,
		Append: "console=ttyS0 quiet loglevel=0 panic=-1 " + Options, Extra: []string{"-initrd", initrd.Name()},
	}
	r, err := guest.Console(q, m.Timeout, m.Log)
	switch {
	case err != nil:
		return nil, err
	case r.TimedOut:
		return nil, fmt.Errorf("Linux did not finish in %v\n%s", m.Timeout, r.Log)
	case !bytes.Contains(r.Log, []byte("linuxinit: status 0")):
		return nil, fmt.Errorf("the program failed on Linux\n%s", r.Log)
	}
	return bytes.ReplaceAll(r.Log, []byte("\r"), nil), nil
}

// newDisk makes an unnamed file with an empty ext4 file system.
func (m *Machine) newDisk() (*os.File, error) {
	f, err := os.CreateTemp(m.Dir, "ext4-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	if err := f.Truncate(diskSize); err == nil {
		err = run("", "mkfs.ext4", "-q", "-F", f.Name())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
