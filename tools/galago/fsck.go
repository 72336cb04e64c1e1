package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"galago/tools/internal/store"
)

// fsckCommand checks a file system. It never changes the image. Exit status: 0 clean, 1 problems, 2 could not check.
func fsckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "fsck IMAGE",
		Short: "Check the galfs file system of a disk image",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			list, err := store.Check(args[0])
			if err != nil {
				return exit(2, fmt.Sprintf("fsck: %s: %v", args[0], err))
			}
			for _, p := range list {
				fmt.Printf("%s: %s\n", p.Where, p.What)
			}
			if len(list) > 0 {
				return exit(1, fmt.Sprintf("fsck: %s: %d problem(s)", args[0], len(list)))
			}
			fmt.Printf("%s: clean\n", args[0])
			return nil
		},
	}
}
