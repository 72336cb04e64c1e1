// Command galago is the host side of the system: it builds disk images, boots the kernel in QEMU and runs programs
// in it, runs the tests and benchmarks, checks file systems and kernels, and decodes panics.
//
// This package only parses command lines; each subcommand is one file here and one package under tools/internal.
// Exit status: 0 for success, 1 for "the thing you asked about failed", 2 for a usage or system error; `run` has
// its own contract (see run.go).
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// exitError carries an exit status up to main; nothing more is printed unless it has a message.
type exitError struct {
	status int
	msg    string
}

func (e *exitError) Error() string { return e.msg }

// exit makes the error that ends the process with a status and, if msg is not empty, a message.
func exit(status int, msg string) error { return &exitError{status, msg} }

func main() {
	err := rootCommand().Execute()
	if err == nil {
		return
	}
	var e *exitError
	if errors.As(err, &e) {
		if e.msg != "" {
			fmt.Fprintln(os.Stderr, "galago:", e.msg)
		}
		os.Exit(e.status)
	}
	fmt.Fprintln(os.Stderr, "galago:", err)
	os.Exit(2)
}

// rootCommand assembles the command tree.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "galago",
		Short:         "Build, boot, test and inspect the Galago kernel",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(runCommand(), qemuCommand(), testCommand(), gdbCommand(), imageCommand(), fsckCommand(), gateCommand(), floorsCommand(), locksCommand(), benchCommand(), oopsCommand(), pushCommand(), fuzzCommand(), soakCommand())
	return root
}
