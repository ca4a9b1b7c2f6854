package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what the scripts in testdata/script compare with")

// TestMain makes the test binary the program bulwark for the scripts, which
// start it by that name; with BULWARK_TEST_LAB it knows a provider more.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bulwark": func() {
			if os.Getenv("BULWARK_TEST_LAB") != "" {
				providers = append(providers, provider("lab", labKind))
			}
			os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
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
			r := running{}
			env.Values[runningKey{}] = r
			env.Defer(func() {
				if err := errors.Join(r.stop("serve"), r.stop("replay")); err != nil {
					env.T().Fatal(err)
				}
			})
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"clouds": clouds, "eventually": eventually, "exits": exits, "replaying": replaying, "serving": serving, "sums": sums},
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

// running are a script's servers, by their command.
type running map[string]*server

type server struct {
	cmd *exec.Cmd
	log strings.Builder
}

type runningKey struct{}

// stop ends a server as a person would, and demands that it ends well.
func (r running) stop(command string) error {
	s := r[command]
	if s == nil {
		return nil
	}
	delete(r, command)
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", command, err, s.log.String())
	}
	return nil
}

// start runs a command of bulwark in the background, which prints to OUT, and
// waits until OUT has a text; it returns what follows that.
func (r running) start(ts *testscript.TestScript, out, until string, args ...string) string {
	program, err := exec.LookPath("bulwark")
	ts.Check(err)
	file, err := os.Create(ts.MkAbs(out))
	ts.Check(err)
	defer file.Close()
	s := &server{cmd: exec.Command(program, args...)}
	s.cmd.Env = append(os.Environ(), "BULWARK_TEST_LAB="+ts.Getenv("BULWARK_TEST_LAB"))
	for name := range cloudEnv("") {
		s.cmd.Env = append(s.cmd.Env, name+"="+ts.Getenv(name))
	}
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = ts.MkAbs("."), file, &s.log
	ts.Check(s.cmd.Start())
	r[args[0]] = s
	for range 1200 {
		if _, after, ok := strings.Cut(ts.ReadFile(out), until); ok && strings.Contains(after, "\n") {
			return after
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s does not begin\n%s", args[0], s.log.String())
	return ""
}

// serving starts a server in the background, which prints to serving.out, and
// waits until it says where it is, which $URL then is:
//
//	serving --data d --scan-iac infra
//
// It is stopped at the end of the script, or by "serving stop", and must then
// end without an error.
func serving(ts *testscript.TestScript, neg bool, args []string) {
	r := ts.Value(runningKey{}).(running)
	if neg || len(args) == 0 {
		ts.Fatalf("usage: serving stop | serving FLAG...")
	}
	if args[0] == "stop" {
		ts.Check(r.stop("serve"))
		return
	}
	url, _, _ := strings.Cut(r.start(ts, "serving.out", " on http", append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...), "\n")
	ts.Setenv("URL", "http"+url)
}

// replaying starts the servers of the made-up company in the background, with
// their settings in the folder replay, until the end of the script; the
// AWS SDK is led there:
//
//	replaying --deny s3:GetBucketPolicy
func replaying(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: replaying FLAG...")
	}
	r := ts.Value(runningKey{}).(running)
	r.start(ts, "replaying.out", "gke-analytics-secret.json", append([]string{"replay", "--listen", "127.0.0.1:0", "--dir", "replay"}, args...)...)
	_, url, _ := strings.Cut(ts.ReadFile("replaying.out"), "AWS_ENDPOINT_URL=")
	url, _, _ = strings.Cut(url, " ")
	ts.Setenv("AWS_ENDPOINT_URL", url)
}

var pointsOf = regexp.MustCompile(`[0-9]+\.[0-9]{4}`)

// sums holds the account in stdout that `explain score` printed to itself: MAX,
// POINTS and TO GAIN add up to the last line, and it to the score above.
func sums(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile("stdout")
	_, table, ok := strings.Cut(text, "CONTROL ")
	if neg || len(args) > 0 || !ok {
		ts.Fatalf("sums: stdout holds no account of a score")
	}
	var total [3]int
	for line := range strings.Lines(table) {
		all := pointsOf.FindAllString(line, -1)
		if len(all) < 3 {
			continue
		}
		row := [3]int{}
		for i, p := range []string{all[0], all[len(all)-2], all[len(all)-1]} {
			n, err := strconv.Atoi(strings.Replace(p, ".", "", 1))
			ts.Check(err)
			row[i] = n
		}
		if row[0] != row[1]+row[2] {
			ts.Fatalf("points and what is to gain are not the most: %s", line)
		}
		if !strings.HasPrefix(line, "Sum ") {
			for i := range total {
				total[i] += row[i]
			}
			continue
		}
		if row != total {
			ts.Fatalf("columns add up to %v: %s", total, line)
		}
		if want := fmt.Sprintf(": %s of %s points\n", all[len(all)-2], all[0]); !strings.Contains(text, want) {
			ts.Fatalf("the score is not the sum%s%s", want, text)
		}
		return
	}
	ts.Fatalf("sums: the account has no sum")
}
