package main

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"galago/tools/internal/bench"
	"galago/tools/internal/guest"
	"galago/tools/internal/qemu"
	"galago/tools/internal/repo"
	"galago/tools/internal/runproto"
	"galago/tools/internal/store"
)

// budget is what the hot paths may cost, in guest instructions.
var budget = bench.Budget{
	"null_getppid":       150,
	"pf_anon_4k_perpage": 2500,
	"fork_exit_wait":     120000,
	"pipe_rtt":           8000,
	"open_close_ext4":    3000, // the baseline's name; here the file is on galfs
}

type benchFlags struct {
	machine  machineFlags
	program  string
	baseline string
	column   string
	timeout  seconds
	strict   bool
}

// benchCommand runs the benchmark program in a machine that counts instructions.
func benchCommand() *cobra.Command {
	var b benchFlags
	c := &cobra.Command{
		Use:   "bench [flags] [-- ARG...]",
		Short: "Run the benchmarks and print them beside Linux's figures",
		RunE:  func(_ *cobra.Command, args []string) error { return b.run(args) },
	}
	f := c.Flags()
	b.machine.register(f)
	b.machine.config.ICount = true
	_ = f.Set("cpu", "max,-erms") // TCG counts rep movsb as one instruction a byte, on both systems
	_ = f.Set("mem", "1G")
	f.StringVar(&b.program, "program", repo.Path("build/user/bin/bench"), "benchmark program (static Linux binary)")
	f.StringVar(&b.baseline, "baseline", repo.Path("docs/linux-baseline.tsv"), "table of figures to compare with")
	f.StringVar(&b.column, "column", "tuned_no_erms", "column of the table")
	b.timeout.Duration = 15 * time.Minute
	f.Var(&b.timeout, "timeout", "time limit")
	f.BoolVar(&b.strict, "strict", false, "fail if an operation is over its budget")
	return c
}

func (b *benchFlags) run(args []string) error {
	file, err := os.Open(b.baseline)
	if err != nil {
		return err
	}
	defer file.Close()
	base, err := bench.ReadBaseline(file, b.column)
	if err != nil {
		return fmt.Errorf("%s: %w", b.baseline, err)
	}
	out, err := b.measure(args)
	if err != nil {
		return err
	}
	results, rest, err := bench.Parse(bytes.NewReader(out))
	if err != nil {
		return err
	}
	for _, line := range rest {
		fmt.Println(line)
	}
	if len(results) == 0 {
		return exit(1, "bench: no results")
	}
	over, err := bench.Table(os.Stdout, results, base, b.column, budget)
	if err != nil {
		return err
	}
	if b.strict && len(over) > 0 {
		return exit(1, fmt.Sprintf("bench: over budget: %v", over))
	}
	return nil
}

// measure runs the program in the guest and returns its output.
func (b *benchFlags) measure(args []string) ([]byte, error) {
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
		Cmd: runproto.Cmd{Dir: "/", Args: append([]string{inGuest}, args...), Env: []string{"PATH=" + guestPath}},
	})
	if res.Status != 0 {
		os.Stderr.Write(res.Log)
		return nil, exit(1, fmt.Sprintf("bench: status %d %s", res.Status, res.Problem))
	}
	return out.Bytes(), nil
}
