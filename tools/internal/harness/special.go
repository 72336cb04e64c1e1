package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"galago/kernel/fs/galfs/galhost"
	"galago/tools/internal/disk"
	"galago/tools/internal/sparse"
	"galago/tools/internal/store"
)

// The special suite: tests that need more than one machine, or no machine at all.

const specialSuite = "special"

func specialJobs() []Job {
	return []Job{
		single(specialSuite, "power-cut-writing", func(c *Context) error { return powerCut(c, 300*time.Millisecond) }),
		single(specialSuite, "power-cut-synced", func(c *Context) error { return powerCut(c, 0) }),
		single(specialSuite, "power-cut-repeated", powerCutRepeated),
		single(specialSuite, "clean-shutdown", cleanShutdown),
		single(specialSuite, "hidden-allocation", hiddenAllocation),
		single(specialSuite, "debugger", debugger),
		single(specialSuite, "activations", activations),
		single(specialSuite, "stacks", stacks),
		single(specialSuite, "mount-below-proc", mountBelowProc),
	}
}

// mountBelowProc checks that nothing is mounted where nobody could find it again, which Linux allows, but is on the file systems themselves.
func mountBelowProc(c *Context) error {
	const script = `before=$(wc -l </proc/mounts)
for at in /proc/self/task /proc/sys/vm /dev/pts/0; do mount -t tmpfs x $at 2>/dev/null && echo mounted on $at; done
mount -t tmpfs x /proc/sys/fs; mount -t tmpfs x /proc && umount /proc && mount -t tmpfs x /dev/pts && umount /dev/pts && echo $(($(wc -l </proc/mounts) - before)) left`
	o, err := c.boot(machine{smp: 2}, "/bin/sh", "-c", script)
	if err != nil {
		return err
	}
	if err := o.expect(0, "0 left\n"); err != nil {
		return err
	}
	if !strings.Contains(o.stderr, "No such file or directory") {
		return o.explain("not ENOENT")
	}
	return nil
}

// stacks has the kernel show again and again what its CPUs do and where its threads wait, while there is much to interrupt.
func stacks(c *Context) error {
	const script = `(while :; do :; done) & (while :; do /bin/true; done) & cat /dev/zero >/dev/null & dd if=/dev/zero of=/f bs=4k count=100000 2>/dev/null & sleep 100 &
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo l >/proc/sysrq-trigger; done
dmesg -C; echo l >/proc/sysrq-trigger; echo t >/proc/sysrq-trigger; dmesg; exit 3`
	for _, kernel := range []string{"", c.TestKernel} {
		o, err := c.boot(machine{kernel: kernel, smp: 4, timeout: time.Minute}, "/bin/sh", "-c", script)
		if err != nil {
			return err
		}
		if !o.OK() || o.Status != 3 {
			return o.explain("the machine did not survive")
		}
		for _, want := range []string{`CPU 0: `, `CPU 3: `, `in user mode|vfs\.\(\*File\)`, `thread \d+ \(sleep\)[^\n]*\n[^\n]* galago/kernel/sched`, `syscall\.nanosleep`} {
			if !regexp.MustCompile(want).MatchString(o.stdout) {
				return o.explain("%q is missing", want)
			}
		}
	}
	return nil
}

// activations runs the workload of user/test/threads on scheduler activations, which Linux does not have.
func activations(c *Context) error {
	const program = "/threads"
	for smp := 1; smp <= 4; smp *= 2 {
		o, err := c.boot(machine{smp: smp, add: []store.Addition{{Host: filepath.Join(c.Root, "build/test/bin/threads"), Guest: program}}}, program, "activations")
		if err != nil {
			return err
		}
		if err := o.expect(0, "activations: OK, sum 80000, turns 4000, preempted true\n"); err != nil {
			return err
		}
	}
	return nil
}

// writeFiles is the victim of power cuts: batches of small files, each batch made durable before it is announced. File n
// of batch b says so 20 times, so that a torn file shows. The first argument is the number of batches.
const writeFiles = `
b=0
while [ $b -lt $1 ]; do
	mkdir -p /data/$b
	n=0
	while [ $n -lt 20 ]; do
		for k in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
			echo "batch $b file $n"
		done >/data/$b/$n.tmp
		mv /data/$b/$n.tmp /data/$b/$n
		n=$((n + 1))
	done
	sync
	echo synced $b
	b=$((b + 1))
done
echo finished
`

// checkFiles looks at the first $1 batches, which were announced: every file must be whole.
const checkFiles = `
b=0
bad=0
while [ $b -lt $1 ]; do
	n=0
	while [ $n -lt 20 ]; do
		c=$(grep -c "^batch $b file $n\$" /data/$b/$n)
		if [ "$c" != 20 ]; then
			echo "batch $b file $n: $c lines"
			bad=$((bad + 1))
		fi
		n=$((n + 1))
	done
	b=$((b + 1))
done
echo checked $b, bad $bad
`

// cut is the power switch: it pulls the plug some time after the guest has announced enough batches.
type cut struct {
	mu     sync.Mutex
	text   strings.Builder // guarded by mu
	batch  int             // announced; guarded by mu
	kill   func()
	after  int
	delay  time.Duration
	pulled bool
}

func (p *cut) see(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text.Write(b)
	p.batch = strings.Count(p.text.String(), "synced ")
	if p.batch >= p.after && !p.pulled {
		p.pulled = true
		if p.delay == 0 {
			p.kill()
		} else {
			time.AfterFunc(p.delay, p.kill)
		}
	}
}

// powerCut kills the machine while it writes, or right after a sync, and looks at what is left: by the checker on the
// host, by the next boot, and by the checker once more.
func powerCut(c *Context, delay time.Duration) error {
	batches := 50
	if c.Quick {
		batches = 10
	}
	image, err := c.copyImage()
	if err != nil {
		return err
	}
	defer image.Close()
	return powerCutOn(c, image, batches, delay)
}

// powerCutOn does one cut on an open image.
func powerCutOn(c *Context, image *os.File, after int, delay time.Duration) error {
	p := &cut{after: after, delay: delay}
	o, err := c.boot(machine{
		image: image, timeout: 4 * time.Minute, stdout: p.see,
		onStart: func(kill func(), _ int) { p.kill = kill },
	}, "/bin/sh", "-c", writeFiles, "sh", "1000000")
	if err != nil {
		return err
	}
	if !p.pulled || o.QEMU != -1 {
		return o.explain("the machine ended before the power was cut")
	}
	if err := clean(image); err != nil {
		return fmt.Errorf("after the cut: %w", err)
	}
	o, err = c.boot(machine{image: image, timeout: 4 * time.Minute}, "/bin/sh", "-c", checkFiles, "sh", fmt.Sprint(p.batch))
	if err != nil {
		return err
	}
	if err := o.expect(0, fmt.Sprintf("checked %d, bad 0\n", p.batch)); err != nil {
		return fmt.Errorf("after the next boot: %w", err)
	}
	if err := clean(image); err != nil {
		return fmt.Errorf("after the next boot: %w", err)
	}
	return nil
}

// powerCutRepeated cuts the power of one machine again and again at different moments, so that recovery meets the
// traces of earlier recoveries.
func powerCutRepeated(c *Context) error {
	image, err := c.copyImage()
	if err != nil {
		return err
	}
	defer image.Close()
	rounds := 6
	if c.Quick {
		rounds = 2
	}
	for i := range rounds {
		if err := powerCutOn(c, image, 1+i*2, time.Duration(i*37)*time.Millisecond); err != nil {
			return fmt.Errorf("round %d: %w", i+1, err)
		}
	}
	return nil
}

// clean checks the file system of an open image.
func clean(image *os.File) error {
	p, err := disk.Open(image)
	if err != nil {
		return err
	}
	list, err := galhost.Check(p)
	if err != nil {
		return fmt.Errorf("fsck: %w", err)
	}
	if len(list) == 0 {
		return nil
	}
	var b strings.Builder
	for _, q := range list[:min(len(list), 20)] {
		fmt.Fprintf(&b, "\n%s: %s", q.Where, q.What)
	}
	return fmt.Errorf("fsck: %d problem(s)%s", len(list), b.String())
}

// cleanShutdown writes a little, powers off, and finds everything on the disk without a replay.
func cleanShutdown(c *Context) error {
	image, err := c.copyImage()
	if err != nil {
		return err
	}
	defer image.Close()
	o, err := c.boot(machine{image: image}, "/bin/sh", "-c", "echo kept >/kept; mkdir /d; ln -s kept /link")
	if err != nil {
		return err
	}
	if err := o.expect(0, ""); err != nil {
		return err
	}
	if err := clean(image); err != nil {
		return err
	}
	again, err := sparse.Temp(filepath.Dir(c.Image))
	if err != nil {
		return err
	}
	defer again.Close()
	if err := sparse.Clone(again, image); err != nil {
		return err
	}
	o, err = c.boot(machine{image: again}, "/bin/cat", "/link")
	if err != nil {
		return err
	}
	return o.expect(0, "kept\n")
}

// hidden is kernel code that allocates without saying so.
const hidden = `//go:build galago

package errno

type hiddenNode struct{ next *hiddenNode }

var hiddenList *hiddenNode

// HiddenAllocation takes an object from nowhere.
//
//go:noinline
func HiddenAllocation() { hiddenList = &hiddenNode{hiddenList} }

func init() { HiddenAllocation() }
`

// hiddenAllocation builds a copy of the source with that code in it: the build must fail and name file and line.
func hiddenAllocation(c *Context) error {
	dir, err := os.MkdirTemp("", "galago-source-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	src := exec.Command("sh", "-c", `tar -C "$0" --exclude=./build --exclude=./bin --exclude=./.git -cf - . | tar -C "$1" -xf -`, c.Root, dir)
	if out, err := src.CombinedOutput(); err != nil {
		return fmt.Errorf("copying the source: %w\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "kernel/errno/hidden.go"), []byte(hidden), 0o644); err != nil {
		return err
	}
	cmd := exec.Command("make", "--no-print-directory", "GATE="+c.Galago, "build/kernel/kernel.elf")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return fmt.Errorf("the build went through\n%s", out)
	}
	for _, want := range []string{"kernel/errno/hidden.go:12", "newobject"} {
		if !strings.Contains(string(out), want) {
			return fmt.Errorf("the build failed without %q\n%s", want, tail(string(out), 4000))
		}
	}
	return nil
}

// debugger stops the kernel at a Go function, inside a system call, and looks around with our gdb commands.
func debugger(c *Context) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	args := []string{"gdb", "--image", c.Image, "--kernel", c.Kernel, "--", "-batch"}
	for _, command := range []string{"hbreak galago/kernel/syscall.sysOpenat", "continue", "backtrace", "galago-threads -q", "galago-ps", "galago-mounts", "galago-pt $rip"} {
		args = append(args, "-ex", command)
	}
	cmd := exec.CommandContext(ctx, c.Galago, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	text := string(out)
	if err != nil {
		return fmt.Errorf("galago gdb: %w\n%s", err, tail(text, 6000))
	}
	for _, want := range []string{
		"galago/kernel/syscall.sysOpenat (", // the frame it stopped in
		"galago/kernel/syscall.entry (",     // below it in the back trace
		"on CPU",                            // the current thread
		"COMMAND",                           // processes
		" galfs ",                           // the root
		"read-only, executable",             // the page of the code
	} {
		if !strings.Contains(text, want) {
			return fmt.Errorf("%q is missing\n%s", want, tail(text, 6000))
		}
	}
	return nil
}
