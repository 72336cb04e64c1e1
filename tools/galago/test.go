package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"

	"galago/tools/internal/harness"
	"galago/tools/internal/repo"
)

type testFlags struct {
	c       harness.Context
	only    string
	list    bool
	junit   string
	workers int
	verbose bool
}

// testCommand runs all tests. Its last line is "N passed, N failed"; its exit status is 1 if any failed.
func testCommand() *cobra.Command {
	var t testFlags
	c := &cobra.Command{
		Use:   "test [flags]",
		Short: "Run the tests: host, in-kernel, user programs on Linux and Galago, boots, power cuts",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			syscall.Umask(0o022) // what init has in the guest
			return t.run()
		},
	}
	f := c.Flags()
	f.StringVar(&t.only, "only", "", "run the tests whose name SUITE/NAME matches this regular expression")
	f.BoolVar(&t.list, "list", false, "list the jobs and do nothing")
	f.BoolVar(&t.c.Quick, "quick", false, "leave out slow tests and shorten loops")
	f.StringVar(&t.junit, "junit", "", "also write the results as JUnit XML to this file")
	f.IntVarP(&t.workers, "jobs", "j", runtime.NumCPU(), "machines at a time")
	f.BoolVarP(&t.verbose, "verbose", "v", false, "show passed host tests too")
	f.StringVar(&t.c.Image, "image", repo.Image(), "disk image")
	f.StringVar(&t.c.Kernel, "kernel", repo.Kernel(), "kernel")
	f.StringVar(&t.c.TestKernel, "test-kernel", repo.TestKernel(), "kernel with in-kernel tests")
	return c
}

func (t *testFlags) run() error {
	root, err := repo.Root()
	if err != nil {
		return err
	}
	t.c.Root = root
	inheritDefaultSignals()
	if t.c.Galago, err = os.Executable(); err != nil {
		return err
	}
	all, err := harness.Jobs(&t.c)
	if err != nil {
		return err
	}
	jobs, match, err := harness.Select(all, t.only, t.c.Quick)
	if err != nil {
		return err
	}
	if t.list {
		for _, j := range jobs {
			fmt.Println(j.FullName())
		}
		return nil
	}
	if len(jobs) == 0 {
		return exit(2, fmt.Sprintf("test: nothing matches %q", t.only))
	}
	t.c.Match = match
	report := harness.NewReport(os.Stdout)
	report.Verbose = t.verbose
	harness.Run(&t.c, jobs, t.workers, report.Add)
	if t.junit != "" {
		if err := report.WriteJUnit(t.junit); err != nil {
			fmt.Fprintln(os.Stderr, "galago:", err) // the summary matters more
		}
	}
	report.Summary()
	if report.Failed > 0 {
		return exit(1, "")
	}
	return nil
}
