package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what the scripts in testdata/script compare with")

// TestMain makes the test binary the program bulwark for the scripts, which
// start it by that name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bulwark": func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScript runs testdata/script, the specification of the command line. Each
// script has a folder of its own with the files that it ends with; $ROOT is the
// root of the repository.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			root, err := filepath.Abs("../..")
			env.Setenv("ROOT", root)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs bulwark and demands an exit code, which the built-in exec cannot:
//
//	exits 2 scan iac nowhere
//
// What it prints is kept for stdout, stderr and cmp.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args[0]) != 1 || args[0] < "0" || args[0] > "9" {
		ts.Fatalf("usage: exits CODE [ARGUMENT...]")
	}
	want := int(args[0][0] - '0')
	err := ts.Exec("bulwark", args[1:]...)
	got := 0
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("bulwark %v: %v", args[1:], err)
	}
	if got != want {
		ts.Fatalf("bulwark %v: exit code %d, want %d", args[1:], got, want)
	}
}
