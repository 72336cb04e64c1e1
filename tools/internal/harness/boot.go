package harness

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"galago/tools/internal/manifest"
	"galago/tools/internal/qemu"
)

// The boot suite: every kind of machine comes up, sees the CPUs and the memory it has, and powers off.

const bootSuite = "boot"

// bootJobs makes the matrix and the loop.
func bootJobs(c *Context) (list []Job) {
	for _, smp := range []int{1, 2, 4} {
		for _, mem := range []string{"64M", "4G"} {
			for _, disk := range []qemu.Disk{qemu.Virtio, qemu.AHCI} {
				m := machine{smp: smp, mem: mem, disk: disk}
				j := single(bootSuite, fmt.Sprintf("smp%d-%s-%s", smp, mem, disk), func(c *Context) error { return bootOnce(c, m) })
				j.Slow = smp != 2
				list = append(list, j)
			}
		}
	}
	serial := machine{smp: 2, mem: "256M", transport: qemu.SecondSerial}
	list = append(list, single(bootSuite, "serial-transport", func(c *Context) error { return bootOnce(c, serial) }))
	for _, smp := range []int{1, 4} {
		m := machine{smp: smp, mem: "512M", model: "microvm"}
		list = append(list, single(bootSuite, fmt.Sprintf("smp%d-microvm", smp), func(c *Context) error { return bootOnce(c, m) }))
	}
	return append(list, single(bootSuite, "loop", bootLoop))
}

var memTotal = regexp.MustCompile(`(?m)^MemTotal:\s+(\d+) kB`)

// bootOnce boots a machine and asks it what it has. The kernel may keep an eighth of the memory, and 24 MiB, for itself.
func bootOnce(c *Context, m machine) error {
	o, err := c.boot(m, "/bin/cat", "/proc/cpuinfo", "/proc/meminfo", "/proc/mounts")
	if err != nil {
		return err
	}
	if !o.OK() || o.Status != 0 {
		return o.explain("the machine did not come up")
	}
	if n := strings.Count("\n"+o.stdout, "\nprocessor"); n != m.smp {
		return o.explain("%d processors in /proc/cpuinfo, want %d", n, m.smp)
	}
	total := memTotal.FindStringSubmatch(o.stdout)
	if total == nil {
		return o.explain("no MemTotal in /proc/meminfo")
	}
	have, err := strconv.ParseInt(total[1], 10, 64)
	if err != nil {
		return err
	}
	want, err := manifest.ParseSize(m.mem)
	if err != nil {
		return err
	}
	if have <<= 10; have > want || have < want-want/8-(24<<20) {
		return o.explain("MemTotal is %d MiB of %d", have>>20, want>>20)
	}
	if !regexp.MustCompile(`(?m)^\S+ / galfs `).MatchString(o.stdout) {
		return o.explain("the root is not galfs")
	}
	return nil
}

// bootLoop boots again and again: what fails once in fifty boots fails for somebody every day.
func bootLoop(c *Context) error {
	n := 50
	if c.Quick {
		n = 5
	}
	for i := range n {
		o, err := c.boot(machine{smp: 1 + i%4, timeout: 30 * time.Second}, "/bin/sh", "-c", "exit 42")
		if err != nil {
			return err
		}
		if err := o.expect(42, ""); err != nil {
			return fmt.Errorf("boot %d of %d: %w", i+1, n, err)
		}
	}
	return nil
}
