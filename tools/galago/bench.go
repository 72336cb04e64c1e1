package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"galago/tools/internal/bench"
	"galago/tools/internal/guest"
	"galago/tools/internal/linux"
	"galago/tools/internal/qemu"
	"galago/tools/internal/repo"
	"galago/tools/internal/runproto"
	"galago/tools/internal/store"
)

type benchFlags struct {
	machine  machineFlags
	program  string
	baseline string
	column   string
	timeout  seconds
	strict   bool
	linux    bool
	write    bool
}

// benchCommand runs the benchmark program in a machine that counts instructions.
func benchCommand() *cobra.Command {
	var b benchFlags
	c := &cobra.Command{
		Use:   "bench [flags] [-- NAME...]",
		Short: "Run the benchmarks and print them beside Linux's figures; names (NAME or PREFIX*) select lines",
		RunE:  func(_ *cobra.Command, args []string) error { return b.run(args) },
	}
	f := c.Flags()
	b.machine.register(f)
	b.machine.config.ICount = true
	_ = f.Set("cpu", "max,-erms") // TCG counts rep movsb as one instruction a byte, on both systems
	_ = f.Set("mem", "1G")
	f.StringVar(&b.program, "program", repo.Path("build/user/bin/bench"), "benchmark program (static Linux binary)")
	f.BoolVar(&b.linux, "linux", false, "run Linux too (Debian's kernel, downloaded once), instead of reading the table")
	f.StringVar(&b.baseline, "baseline", repo.Path("docs/linux-baseline.tsv"), "table of figures to compare with")
	f.StringVar(&b.column, "column", "tuned_no_erms", "column of the table")
	b.timeout.Duration = 15 * time.Minute
	f.Var(&b.timeout, "timeout", "time limit of each machine")
	f.BoolVar(&b.write, "write", false, "write docs/bench.md and docs/bench.svg")
	f.BoolVar(&b.strict, "strict", false, "fail if a line is slower than Linux, or the geometric mean is above 0.6")
	return c
}

func (b *benchFlags) run(args []string) error {
	out, err := b.onGalago(args)
	if err != nil {
		return err
	}
	results, err := parseBench(out)
	if err != nil {
		return err
	}
	base, title, err := b.yardstick(args)
	if err != nil {
		return err
	}
	list := bench.Compare(results, base)
	if err := bench.Text(os.Stdout, list, "linux"); err != nil {
		return err
	}
	summary := bench.Summarise(list)
	fmt.Println(summary.Sentence())
	if b.write {
		if err := writeReport(list, title); err != nil {
			return err
		}
	}
	const goal = 0.6
	if b.strict && (len(summary.Slower) > 0 || summary.Mean > goal) {
		return exit(1, "bench: slower than it may be")
	}
	return nil
}

// parseBench reads results and passes the commentary on.
func parseBench(out []byte) ([]bench.Result, error) {
	results, rest, err := bench.Parse(bytes.NewReader(out))
	if err != nil {
		return nil, err
	}
	for _, line := range rest {
		if !strings.HasPrefix(line, "linuxinit: status") && !strings.HasPrefix(line, "[") { // nor Linux's own log
			fmt.Println(line)
		}
	}
	if len(results) == 0 {
		return nil, exit(1, "bench: no results")
	}
	return results, nil
}

// yardstick returns Linux's figures, measured or from the table, and what to call them.
func (b *benchFlags) yardstick(args []string) (bench.Baseline, string, error) {
	if !b.linux {
		file, err := os.Open(b.baseline)
		if err != nil {
			return nil, "", err
		}
		defer file.Close()
		base, err := bench.ReadBaseline(file, b.column)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", b.baseline, err)
		}
		return base, "Linux (docs/linux-baseline.tsv)", nil
	}
	kernel, err := linux.Fetch(repo.Path("build/linux"))
	if err != nil {
		return nil, "", err
	}
	m := linux.Machine{
		Kernel: kernel, Init: repo.Path("build/user/tools/linuxinit"), Program: b.program, Args: args,
		CPU: b.machine.config.CPU, Mem: b.machine.config.Mem, Dir: repo.Path("build"), Timeout: b.timeout.Duration,
	}
	out, err := m.Run()
	if err != nil {
		return nil, "", exit(1, "bench: "+err.Error())
	}
	results, err := parseBench(out)
	return bench.Of(results), "Linux " + kernel.Version, err
}

// writeReport writes the page and the picture.
func writeReport(list []bench.Comparison, title string) error {
	var page, plot bytes.Buffer
	if err := bench.Markdown(&page, list, title, "bench.svg"); err != nil {
		return err
	}
	bench.SVG(&plot, list, title)
	return errors.Join(os.WriteFile(repo.Path("docs/bench.md"), page.Bytes(), 0o666), os.WriteFile(repo.Path("docs/bench.svg"), plot.Bytes(), 0o666))
}

// onGalago runs the program in the guest and returns its output.
func (b *benchFlags) onGalago(args []string) ([]byte, error) {
	disk, err := b.machine.openDisk()
	if err != nil {
		return nil, err
	}
	defer disk.Close()
	const inGuest = "/bench"
	if err := store.Add(disk, []store.Addition{{Host: b.program, Guest: inGuest}}, store.Observer{}); err != nil {
		return nil, err
	}
	b.machine.transport = string(qemu.VirtConsole)
	m := b.machine.finish()
	m.ICount = true
	m.Image = disk
	m.Append = guest.KernelCommandLine(m.Disk, b.machine.append, "run "+m.Transport.GuestPath())
	var out bytes.Buffer
	res := guest.Run(guest.Options{
		Machine: *m, Timeout: b.timeout.Duration, Stdout: &out, Stderr: os.Stderr,
		Cmd: runproto.Cmd{Dir: "/", Args: append([]string{inGuest, "/root", "/tmp"}, args...), Env: []string{"PATH=" + guestPath}},
	})
	if res.Status != 0 {
		os.Stderr.Write(res.Log)
		os.Stdout.Write(out.Bytes())
		return nil, exit(1, fmt.Sprintf("bench: status %d %s", res.Status, res.Problem))
	}
	return out.Bytes(), nil
}
