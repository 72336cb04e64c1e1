package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"galago/tools/internal/gate"
	"galago/tools/internal/ksym"
)

// gateCommand checks a linked kernel, or explains why it did not link.
func gateCommand() *cobra.Command {
	var o gate.Options
	var ldLog string
	var verbose bool
	c := &cobra.Command{
		Use:   "gate [--ld-log FILE] [KERNEL.elf [KERNEL.go.o]]",
		Short: "Check a linked kernel: registers, stack frames, thread-local references, hidden allocation",
		Args:  cobra.MaximumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			if ldLog == "" && len(args) == 0 {
				return exit(2, "gate: nothing to check: give KERNEL.elf or --ld-log FILE")
			}
			return runGate(ldLog, args, o, verbose)
		},
	}
	f := c.Flags()
	f.StringVar(&ldLog, "ld-log", "", "explain the undefined symbols in this standard error of ld")
	f.IntVar(&o.FrameLimit, "frame-limit", gate.DefaultFrameLimit, "largest stack frame of a function, in bytes")
	f.StringSliceVar(&o.VectorAllow, "vector-allow", nil, "prefixes of functions that may use vector and x87 registers")
	f.StringSliceVar(&o.Skip, "skip", gate.DefaultSkip, "labels in .text that are not 64-bit code")
	f.BoolVarP(&verbose, "verbose", "v", false, "say how much was checked")
	return c
}

func runGate(ldLog string, args []string, o gate.Options, verbose bool) error {
	var found []gate.Finding
	if ldLog != "" {
		log, err := os.ReadFile(ldLog)
		if err != nil {
			return err
		}
		undefined, rest := gate.LdLog(string(log))
		for _, line := range rest {
			fmt.Fprintln(os.Stderr, line)
		}
		found = undefined
	}
	if len(args) > 0 {
		im, err := ksym.Open(args[0])
		if err != nil {
			return err
		}
		defer im.Close()
		list, st := gate.Kernel(im, o)
		found = append(found, list...)
		if verbose {
			fmt.Printf("%d functions, %d bytes; largest frame %d bytes (%s)\n", st.Funcs, st.Bytes, st.MaxFrame, st.MaxFrameFunc)
		}
	}
	if len(args) > 1 {
		list, err := gate.Relocations(args[1])
		if err != nil {
			return err
		}
		found = append(found, list...)
	}
	for _, f := range found {
		fmt.Fprintln(os.Stderr, f)
	}
	if len(found) > 0 {
		return exit(1, fmt.Sprintf("gate: %d problem(s)", len(found)))
	}
	return nil
}
