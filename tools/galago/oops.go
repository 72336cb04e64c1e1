package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"galago/tools/internal/ksym"
	"galago/tools/internal/oops"
	"galago/tools/internal/repo"
)

// oopsCommand decodes a panic log.
func oopsCommand() *cobra.Command {
	var kernel string
	c := &cobra.Command{
		Use:   "oops [LOG]",
		Short: "Decode a kernel panic: names and source lines of addresses, code around the failing instruction",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var log io.Reader = os.Stdin
			if len(args) == 1 {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				log = f
			}
			im, err := ksym.Open(kernel)
			if err != nil {
				return err
			}
			defer im.Close()
			found, err := oops.Decode(os.Stdout, im, log)
			if err != nil {
				return err
			}
			if !found {
				return exit(1, "oops: no address of this kernel in the log")
			}
			return nil
		},
	}
	c.Flags().StringVar(&kernel, "kernel", repo.Kernel(), "the kernel that wrote the log")
	return c
}
