package main

import "github.com/spf13/cobra"

// commands lists the commands in the order that help shows them.
func commands() []*cobra.Command {
	return []*cobra.Command{
		serveCommand(),
		scanCommand(),
		checkCommand(),
	}
}
