// Command bulwark is the whole product in one binary: the server with its
// pages, one-shot scans, and the tools for those who write checks.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/bulwarksec/bulwark"
)

// version is set by the linker: -X main.version=v0.1.0.
var version = "dev"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// Exit codes: nothing found, something found, the job could not be done.
const (
	exitOK    = 0
	exitFound = 1
	exitError = 2
)

// errFound says that a scan or test found something at or over its threshold,
// which is an answer and no failure.
var errFound = errors.New("findings at or over the threshold")

// run executes one command line and returns the exit code. It is the whole
// program, so that scripts in tests call it in-process.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cmd := rootCommand(args)
	cmd.SetArgs(args)
	cmd.SetIn(stdin)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFound):
		return exitFound
	}
	fmt.Fprintf(stderr, "bulwark: %v\n", err)
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(stderr, "  %s\n", hint)
	}
	return exitError
}

// hintOf says what to do next about a kind of error.
func hintOf(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted; nothing is left half-written"
	case errors.Is(err, bulwark.ErrDenied):
		return "check the permissions that the command needs"
	case errors.Is(err, bulwark.ErrNotFound):
		return "check the name, or list what there is"
	}
	return ""
}

func rootCommand(args []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:           "bulwark",
		Short:         "Find what is wrong with what you run, prove it, and mend what matters first",
		Long:          "Bulwark finds everything an organisation runs, judges it against standards, scores it,\nand says what to mend first, with the evidence for every verdict.\n\n" + configLong,
		Example:       "  bulwark scan iac .            # judge infrastructure code in this folder\n  bulwark scan host             # judge this machine\n  bulwark serve                 # pages and API on http://127.0.0.1:8080\n  bulwark check test            # run the tests inside every check",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version,
	}
	cmd.PersistentFlags().String("config", "", "YAML file of flags")
	cmd.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return configure(cmd) }
	cmd.CompletionOptions.HiddenDefaultCmd = true
	cmd.AddCommand(commands(args)...)
	return cmd
}
