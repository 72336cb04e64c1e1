package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"galago/tools/internal/push"
)

// pushCommand copies results to another host.
func pushCommand() *cobra.Command {
	var o push.Options
	timeout := seconds{5 * time.Minute}
	c := &cobra.Command{
		Use:   "push [USER@]HOST:DIR FILE...",
		Short: "Copy test results into a directory of another host over scp",
		Args:  cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := push.ParseDestination(args[0])
			if err != nil {
				return err
			}
			o.Timeout = timeout.Duration
			o.Done = func(file, remote string, n int64) { fmt.Printf("%s -> %s:%s (%d bytes)\n", file, d.Host, remote, n) }
			if err := push.Push(context.Background(), d, args[1:], o); err != nil {
				return exit(1, "push: "+err.Error())
			}
			return nil
		},
	}
	f := c.Flags()
	f.IntVarP(&o.Port, "port", "P", 22, "port of the ssh server")
	f.StringVarP(&o.User, "user", "l", "", "user name on the other host")
	f.StringArrayVarP(&o.Identities, "identity", "i", nil, "private key file (repeatable); default the usual ones and the agent")
	f.StringVar(&o.KnownHosts, "known-hosts", "", "file of known host keys; default ~/.ssh/known_hosts")
	f.Var(&timeout, "timeout", "time limit")
	return c
}
