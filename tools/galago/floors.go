package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"galago/tools/internal/floors"
	"galago/tools/internal/repo"
)

// floorsCommand checks the kernel's imports against the floor plan, for `make check`.
func floorsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "floors",
		Short: "Check that no kernel package imports upward",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			root, err := repo.Root()
			if err != nil {
				return err
			}
			found, packages, err := floors.CheckTree(root)
			if err != nil {
				return err
			}
			for _, v := range found {
				fmt.Fprintln(os.Stderr, v)
			}
			if len(found) > 0 {
				return exit(1, fmt.Sprintf("floors: %d import(s) against the floor plan", len(found)))
			}
			fmt.Printf("%d packages stand on their floors\n", packages)
			return nil
		},
	}
}
