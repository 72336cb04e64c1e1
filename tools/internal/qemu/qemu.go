// Package qemu starts the emulator: it turns a Config into a command line, hands over file descriptors instead of
// file names, and makes sure that no emulator outlives its parent.
//
// The machine is always the same: a 16550 on COM1 for the kernel's console, isa-debug-exit for test status, one
// disk, and, for `galago run`, a second byte channel. Everything else is off (-nodefaults).
package qemu

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Exit statuses of QEMU that mean something: isa-debug-exit makes (value<<1)|1 of the value written.
const (
	StatusPanic    = 0x7d<<1 | 1 // kernel panic
	StatusTestPass = 0x10<<1 | 1 // ktest: all passed
	StatusTestFail = 0x11<<1 | 1 // ktest: failures
)

// Disk says what the root disk is attached to.
type Disk string

// Disk controllers. NoDisk boots without any.
const (
	Virtio Disk = "virtio"
	AHCI   Disk = "ahci"
	NoDisk Disk = "none"
)

// RootDevice is the name of the first partition of the disk in the guest.
func (d Disk) RootDevice() string {
	if d == AHCI {
		return "/dev/sda1"
	}
	return "/dev/vda1"
}

// Transport says what carries the run protocol.
type Transport string

// Transports.
const (
	VirtConsole  Transport = "virtconsole"
	SecondSerial Transport = "serial"
)

// GuestPath is the transport's device file in the guest.
func (t Transport) GuestPath() string {
	if t == SecondSerial {
		return "/dev/ttyS1"
	}
	return "/dev/hvc0"
}

// Config describes one machine. The zero value of each field but Kernel is a usable default.
type Config struct {
	Binary    string // default: $QEMU, else qemu-system-x86_64
	Machine   string // q35 (default) or microvm
	CPU       string // default max
	SMP       int    // default 1
	Mem       string // default 256M
	Kernel    string
	Append    string
	Disk      Disk     // default virtio
	Image     *os.File // open read-write; required unless Disk is NoDisk
	Durable   bool     // let the guest's flushes reach the host's disk
	ICount    bool
	Transport Transport
	Port      *os.File // our process's end is elsewhere; nil for no run channel
	Console   *os.File // COM1: a file or pipe to write to, or a socket for both directions
	Duplex    bool     // Console is a socket
	GDB       string   // path of a Unix socket for gdb; the CPUs wait at entry
	Extra     []string // further arguments
	Env       []string // added to the environment of QEMU
}

// setDefaults fills the empty fields.
func (c *Config) setDefaults() {
	def := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	def(&c.Binary, os.Getenv("QEMU"))
	def(&c.Binary, "qemu-system-x86_64")
	def(&c.Machine, "q35")
	def(&c.CPU, "max")
	def(&c.Mem, "256M")
	def((*string)(&c.Disk), string(Virtio))
	def((*string)(&c.Transport), string(VirtConsole))
	if c.SMP == 0 {
		c.SMP = 1
	}
}

// Fill sets the fields that are empty to their defaults. Start does so too; callers need it who look at the fields.
func (c *Config) Fill() { c.setDefaults() }

// Check reports a setting that QEMU would reject less clearly.
func (c *Config) Check() error {
	c.setDefaults()
	switch {
	case c.Machine != "q35" && c.Machine != "microvm":
		return fmt.Errorf("machine %q: want q35 or microvm", c.Machine)
	case c.Disk != Virtio && c.Disk != AHCI && c.Disk != NoDisk:
		return fmt.Errorf("disk %q: want virtio, ahci or none", c.Disk)
	case c.Disk == AHCI && c.Machine == "microvm":
		return fmt.Errorf("machine microvm has no AHCI controller")
	case c.Transport != VirtConsole && c.Transport != SecondSerial:
		return fmt.Errorf("transport %q: want virtconsole or serial", c.Transport)
	case c.SMP < 1:
		return fmt.Errorf("%d CPUs: want at least 1", c.SMP)
	case c.Disk != NoDisk && c.Image == nil:
		return fmt.Errorf("no disk image")
	case c.Console == nil:
		return fmt.Errorf("no console")
	}
	if _, err := os.Stat(c.Kernel); err != nil {
		return fmt.Errorf("no kernel (run make first): %w", err)
	}
	return nil
}

// line is a command line under construction, with the files to be inherited. The first gets descriptor 3.
type line struct {
	args  []string
	files []*os.File
}

func (l *line) add(args ...string) { l.args = append(l.args, args...) }

// fd passes a file on and returns its number in the child.
func (l *line) fd(f *os.File) int {
	l.files = append(l.files, f)
	return 2 + len(l.files)
}

// fdset passes a file on as a path that QEMU can open.
func (l *line) fdset(f *os.File) string {
	n := l.fd(f)
	l.add("-add-fd", fmt.Sprintf("fd=%d,set=%d", n, n))
	return fmt.Sprintf("/dev/fdset/%d", n)
}

// commandLine builds the whole command line after the binary's name.
func (c *Config) commandLine() *line {
	l := new(line)
	accel := "tcg"
	if os.Getenv("KVM") == "1" {
		accel = "kvm"
	}
	machine := c.Machine
	if machine == "microvm" {
		machine = "microvm,acpi=on,pcie=on,pic=on,pit=on,rtc=on,isa-serial=on"
	}
	l.add("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-accel", accel, "-M", machine, "-cpu", c.CPU, "-smp", strconv.Itoa(c.SMP), "-m", c.Mem,
		"-kernel", c.Kernel, "-append", c.Append,
		"-device", "isa-debug-exit,iobase=0xf4,iosize=4")
	if c.ICount {
		l.add("-icount", "shift=0,sleep=off")
	}
	if c.GDB != "" {
		l.add("-chardev", "socket,id=gdb,server=on,wait=off,path="+strings.ReplaceAll(c.GDB, ",", ",,"), "-gdb", "chardev:gdb", "-S")
	}
	c.addConsole(l)
	if c.Port != nil {
		l.add("-chardev", fmt.Sprintf("socket,id=run,fd=%d", l.fd(c.Port)))
		if c.Transport == SecondSerial {
			l.add("-serial", "chardev:run")
		} else {
			l.add("-device", "virtio-serial-pci,max_ports=1", "-device", "virtconsole,chardev=run")
		}
	}
	if c.Disk != NoDisk {
		c.addDisk(l)
	}
	l.add(c.Extra...)
	return l
}

// addConsole connects COM1. It comes first, so that the run channel becomes COM2.
func (c *Config) addConsole(l *line) {
	if c.Duplex {
		l.add("-chardev", fmt.Sprintf("socket,id=console,fd=%d", l.fd(c.Console)))
	} else {
		l.add("-chardev", "file,id=console,append=on,path="+l.fdset(c.Console)) // truncating a pipe fails
	}
	l.add("-serial", "chardev:console")
}

// addDisk attaches the image. Locking is off because the descriptor, not a name, is the only way to the file.
func (c *Config) addDisk(l *line) {
	l.add("-blockdev", fmt.Sprintf("driver=raw,node-name=root,discard=unmap,cache.no-flush=%s,file.driver=file,file.locking=off,file.filename=%s",
		onOff(!c.Durable), l.fdset(c.Image)))
	if c.Disk == AHCI {
		l.add("-device", "ide-hd,drive=root,bus=ide.0")
	} else {
		l.add("-device", fmt.Sprintf("virtio-blk-pci,drive=root,num-queues=%d", min(c.SMP, 8)))
	}
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// String shows the command line, quoted where a shell needs it. The descriptors in it are those of the child.
func (c *Config) String() string {
	d := *c
	d.setDefaults()
	words := append([]string{d.Binary}, d.commandLine().args...)
	for i, w := range words {
		if strings.ContainsAny(w, " \t\"'$&|;<>()*?[]~#`\\") || w == "" {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
