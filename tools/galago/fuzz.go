package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"galago/tools/internal/harness"
	"galago/tools/internal/repo"
)

// fuzzCommand is `galago fuzz-syscalls`: runs of the system-call fuzzer (user/fuzz), one after the other, each with its own seed.
func fuzzCommand() *cobra.Command {
	var seed int64
	var count, uid, smp, failEvery int
	var verbose, trace bool
	limit := seconds{30 * time.Second}
	c := &cobra.Command{
		Use:   "fuzz-syscalls [flags]",
		Short: "Make random system calls on the test kernel; fails at a panic, a checker's report, a leak or a damaged disk",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ctx, err := abuseContext()
			if err != nil {
				return err
			}
			var log io.Writer
			if verbose {
				log = os.Stderr
			}
			for i := range count {
				fmt.Printf("seed %d, uid %d, %d CPUs, %v\n", seed+int64(i), uid, smp, limit.Duration)
				a := harness.FuzzSyscalls(seed+int64(i), int(limit.Seconds()), uid, smp, failEvery, trace, os.Stdout, log)
				if err := a.Run(ctx); err != nil {
					return exit(1, fmt.Sprintf("fuzz-syscalls: seed %d: %v", seed+int64(i), err))
				}
			}
			return nil
		},
	}
	f := c.Flags()
	f.Int64Var(&seed, "seed", 1, "what to begin with; the same seed makes the same calls")
	f.IntVar(&count, "count", 1, "number of runs, each in a machine of its own with the next seed")
	f.Var(&limit, "seconds", "length of a run")
	f.IntVar(&uid, "uid", 0, "user to make the calls as")
	f.IntVar(&smp, "smp", 4, "number of CPUs")
	f.IntVar(&failEvery, "fail", 0, "let each so manieth memory allocation of the callers fail")
	f.BoolVarP(&verbose, "verbose", "v", false, "show the kernel's log")
	f.BoolVar(&trace, "trace", false, "write every call before it is made")
	return c
}

// soakCommand is `galago soak`: one run of the soak test (user/soak).
func soakCommand() *cobra.Command {
	var seed int64
	var smp int
	var verbose bool
	limit := seconds{10 * time.Minute}
	c := &cobra.Command{
		Use:   "soak [flags] [ACTOR...]",
		Short: "Wear the test kernel out: fork bombs, signal storms, floods, threads killed at random; fails as fuzz-syscalls does",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, actors []string) error {
			ctx, err := abuseContext()
			if err != nil {
				return err
			}
			var log io.Writer
			if verbose {
				log = os.Stderr
			}
			if err := harness.Soak(seed, int(limit.Seconds()), smp, actors, os.Stdout, log).Run(ctx); err != nil {
				return exit(1, "soak: "+err.Error())
			}
			return nil
		},
	}
	f := c.Flags()
	f.Int64Var(&seed, "seed", 1, "what to begin with")
	f.Var(&limit, "seconds", "length of the run")
	f.IntVar(&smp, "smp", 4, "number of CPUs")
	f.BoolVarP(&verbose, "verbose", "v", false, "show the kernel's log")
	return c
}

// abuseContext is what the abusing programs need to know.
func abuseContext() (*harness.Context, error) {
	root, err := repo.Root()
	if err != nil {
		return nil, err
	}
	return harness.NewContext(root, repo.Kernel(), repo.TestKernel(), repo.Image()), nil
}
