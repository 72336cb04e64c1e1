package qemu

import (
	"os"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	t.Setenv("QEMU", "")
	t.Setenv("KVM", "")
	kernel, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := os.Stdin
	for _, c := range []struct {
		config Config
		has    []string
		hasNot []string
	}{
		{
			Config{Kernel: kernel, Append: "console=ttyS0 -- run /dev/hvc0", Image: f, Port: f, Console: f},
			[]string{"qemu-system-x86_64 -nodefaults ", "-accel tcg", "-M q35", "-cpu max", "-smp 1 ", "-m 256M", "'console=ttyS0 -- run /dev/hvc0'",
				"isa-debug-exit,iobase=0xf4,iosize=4", "-no-reboot", "file,id=console,append=on,path=/dev/fdset/3", "socket,id=run,fd=4",
				"virtio-serial-pci,max_ports=1", "virtconsole,chardev=run", "virtio-blk-pci,drive=root,num-queues=1", "cache.no-flush=on"},
			[]string{"-icount", "-gdb"},
		},
		{
			Config{Kernel: kernel, Image: f, Port: f, Console: f, Disk: AHCI, Transport: SecondSerial, SMP: 4, Mem: "4G", CPU: "max,-erms", ICount: true, Durable: true},
			[]string{"ide-hd,drive=root,bus=ide.0", "-serial chardev:console -chardev socket,id=run,fd=4 -serial chardev:run", "-smp 4", "-m 4G",
				"-cpu max,-erms", "-icount shift=0,sleep=off", "cache.no-flush=off"},
			[]string{"virtio"},
		},
		{
			Config{Kernel: kernel, Console: f, Duplex: true, Disk: NoDisk, Machine: "microvm", GDB: "/tmp/a,b"},
			[]string{"-M microvm,", "socket,id=console,fd=3", "path=/tmp/a,,b -gdb chardev:gdb -S"},
			[]string{"drive", "fdset"},
		},
	} {
		line := c.config.String() + " "
		for _, w := range c.has {
			if !strings.Contains(line, w) {
				t.Errorf("%q is missing from\n%s", w, line)
			}
		}
		for _, w := range c.hasNot {
			if strings.Contains(line, w) {
				t.Errorf("%q should not be in\n%s", w, line)
			}
		}
		if err := c.config.Check(); err != nil {
			t.Errorf("Check: %v", err)
		}
	}
}

func TestCheck(t *testing.T) {
	kernel, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := os.Stdin
	for _, c := range []Config{
		{Kernel: kernel, Console: f},
		{Kernel: kernel, Image: f},
		{Kernel: "/nonexistent", Image: f, Console: f},
		{Kernel: kernel, Image: f, Console: f, Machine: "pc"},
		{Kernel: kernel, Image: f, Console: f, Disk: "floppy"},
		{Kernel: kernel, Image: f, Console: f, Disk: AHCI, Machine: "microvm"},
		{Kernel: kernel, Image: f, Console: f, Transport: "pigeon"},
		{Kernel: kernel, Image: f, Console: f, SMP: -1},
	} {
		if c.Check() == nil {
			t.Errorf("accepted: %+v", c)
		}
	}
}

func TestAccelerator(t *testing.T) {
	t.Setenv("KVM", "1")
	c := Config{Console: os.Stdin, Disk: NoDisk}
	if line := c.String(); !strings.Contains(line, "-accel kvm") {
		t.Errorf("KVM=1 is not heeded: %s", line)
	}
}

func TestTail(t *testing.T) {
	var b tail
	_, _ = b.Write([]byte(strings.Repeat("x", 2*tailSize)))
	_, _ = b.Write([]byte("end\n"))
	if s := b.String(); len(s) > tailSize || !strings.HasSuffix(s, "xend") {
		t.Errorf("%d bytes kept", len(s))
	}
}
