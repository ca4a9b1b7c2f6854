package main

import (
	"fmt"
	"runtime"
	"slices"

	"github.com/spf13/cobra"
)

// versionCommand prints one line that a report of a fault can quote.
func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, and what it was built with and for",
		Example: "  bulwark version",
		Args:    cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprintf(cmd.OutOrStdout(), "bulwark %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}

// commands lists the commands in the order that help shows them.
func commands(args []string) []*cobra.Command {
	return []*cobra.Command{
		serveCommand(),
		scanCommand(),
		connectCommand(),
		explainCommand(),
		ctlCommand(slices.Contains(args, "ctl")),
		checkCommand(),
		replayCommand(),
		backupCommand(),
		restoreCommand(),
		versionCommand(),
	}
}
