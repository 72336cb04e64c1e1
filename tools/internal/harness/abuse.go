package harness

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"galago/tools/internal/guest"
	"galago/tools/internal/qemu"
	"galago/tools/internal/runproto"
	"galago/tools/internal/store"
)

// The abuse suite: programs that do their worst to the kernel, for a while here and for as long as one likes with the commands
// `galago fuzz-syscalls` and `galago soak`. They run on the test kernel. The kernel must be alive at the end, its checkers silent,
// what it has in use back to what an idle machine has, and the file system on the disk consistent.

const abuseSuite = "abuse"

// Abuse is one run of such a program.
type Abuse struct {
	Program string   // under build/user/tools
	Args    []string // without the name
	SMP     int
	Mem     string
	Seconds int // how long it runs by itself; the machine is given three times that and a minute
	Out     io.Writer
	Log     io.Writer // the kernel's console; may be nil
	Kernel  string    // "" for the test kernel
}

// Run runs the program in a machine of its own and judges.
func (a *Abuse) Run(c *Context) error {
	image, err := c.copyImage()
	if err != nil {
		return err
	}
	defer image.Close()
	const inGuest = "/abuse"
	program := c.Root + "/build/user/tools/" + a.Program
	if err := store.Add(image, []store.Addition{{Host: program, Guest: inGuest}}, store.Observer{}); err != nil {
		return err
	}
	m := machine{kernel: a.Kernel, smp: a.SMP, mem: a.Mem}
	if m.kernel == "" {
		m.kernel = c.TestKernel
	}
	q := qemu.Config{Kernel: m.kernel, SMP: m.smp, Mem: m.mem, Image: image}
	q.Fill()
	q.Append = guest.KernelCommandLine(q.Disk, "", "run "+q.Transport.GuestPath())
	var o outcome
	var text strings.Builder
	o.Result = guest.Run(guest.Options{
		Machine: q, Timeout: time.Duration(3*a.Seconds+60) * time.Second, Stdout: io.MultiWriter(&text, a.Out), Stderr: a.Out, Log: a.Log,
		Cmd: runproto.Cmd{Dir: "/", Args: append([]string{inGuest}, a.Args...), Env: testEnv("/bin:/sbin")},
	})
	o.stdout = text.String()
	if !o.OK() || o.Status != 0 {
		return o.explain("%s %s failed", a.Program, strings.Join(a.Args, " "))
	}
	report := parseAudit(o.Log)
	if m.kernel == c.TestKernel {
		idle, err := c.idleAudit(machine{kernel: m.kernel, smp: m.smp, mem: m.mem})
		if err != nil {
			return err
		}
		if err := report.leaks(&idle); err != nil {
			return err
		}
		fmt.Fprintf(a.Out, "in use at the end: frames %d (idle: %d), threads %d (%d), files %d (%d), objects %d (%d)\n", report.left["frames"], idle.left["frames"],
			report.left["threads"], idle.left["threads"], report.left["file"], idle.left["file"], report.objects(), idle.objects())
	}
	return clean(image)
}

// objects is the number of slab objects left.
func (a *audit) objects() (n int) {
	for name, k := range a.left {
		if name != "frames" && name != "threads" {
			n += k
		}
	}
	return n
}

// abuseSeed is that of the runs in the whole test, which are to be the same from run to run; `galago fuzz-syscalls` and `galago soak` take others.
const abuseSeed = 7

// abuseJobs are short runs, as root, as a user, and with allocations that fail.
func abuseJobs() (list []Job) {
	const seconds, smp = 12, 4
	for _, r := range []struct {
		name           string
		uid, failEvery int
	}{{"syscalls-root", 0, 0}, {"syscalls-user", 1000, 0}, {"syscalls-no-memory", 0, 40}} {
		j := single(abuseSuite, r.name, func(c *Context) error {
			a := FuzzSyscalls(abuseSeed, seconds, r.uid, smp, r.failEvery, false, io.Discard, nil)
			return a.Run(c)
		})
		j.Slow = true
		list = append(list, j)
	}
	soak := single(abuseSuite, "soak", func(c *Context) error { return Soak(abuseSeed, 15, smp, nil, io.Discard, nil).Run(c) })
	soak.Slow = true
	return append(list, soak)
}

// Soak is a run of the soak test, with the named actors, or all.
func Soak(seed int64, seconds, smp int, actors []string, out, log io.Writer) *Abuse {
	return &Abuse{Program: "soak", Args: append([]string{strconv.Itoa(seconds), strconv.FormatInt(seed, 10)}, actors...), SMP: smp, Mem: "512M", Seconds: seconds, Out: out, Log: log}
}

// FuzzSyscalls is a run of the system-call fuzzer.
func FuzzSyscalls(seed int64, seconds, uid, smp, failEvery int, trace bool, out, log io.Writer) *Abuse {
	args := []string{strconv.FormatInt(seed, 10), strconv.Itoa(seconds), strconv.Itoa(uid), strconv.Itoa(failEvery)}
	if trace {
		args = append(args, "trace")
	}
	return &Abuse{Program: "fuzz", Args: args, SMP: smp, Mem: "512M", Seconds: seconds, Out: out, Log: log}
}

// NewContext is a Context for what is built in the checkout at root.
func NewContext(root, kernel, testKernel, image string) *Context {
	galago, _ := os.Executable() // only tests that start this command again need it
	return &Context{Root: root, Kernel: kernel, TestKernel: testKernel, Image: image, Galago: galago}
}
