package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"galago/tools/internal/lockcheck"
	"galago/tools/internal/repo"
)

// locksCommand checks that functions which need a lock are called with it, for `make check`.
func locksCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "locks",
		Short: "Check that functions annotated with +checklocks are called with their locks held",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			root, err := repo.Root()
			if err != nil {
				return err
			}
			c, err := lockcheck.CheckTree(root, []string{"galago/kernel"})
			if err != nil {
				return err
			}
			for _, f := range c.Findings {
				fmt.Fprintln(os.Stderr, f)
			}
			if n := len(c.Findings); n > 0 {
				return exit(1, fmt.Sprintf("locks: %d finding(s)", n))
			}
			fmt.Printf("%d functions say which locks they need, and %d calls have them\n", c.Functions, c.Calls)
			return nil
		},
	}
}
