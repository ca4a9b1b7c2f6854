package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// children are measurements that want a process of their own, so that its
// memory is theirs: functions from arguments to something that JSON can hold.
var children = map[string]func(args []string) (any, error){}

func child(name string, f func(args []string) (any, error)) struct{} {
	children[name] = f
	return struct{}{}
}

// runChild is the main of such a process.
func runChild(args []string) error {
	if len(args) == 0 || children[args[0]] == nil {
		return fmt.Errorf("child %q is not known", args)
	}
	out, err := children[args[0]](args[1:])
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// usage is what a process took: of time its processors' and the clock's, and
// the most memory that it held at once.
type usage struct {
	CPU, Wall time.Duration
	RSSBytes  int64
}

func (u usage) String() string {
	return fmt.Sprintf("%.1f s CPU, %.1f s, %d MB at most", u.CPU.Seconds(), u.Wall.Seconds(), u.RSSBytes>>20)
}

// runProcess runs a command to its end; exit codes in ok are none of failure.
func runProcess(cmd *exec.Cmd, ok ...int) (usage, error) {
	var stderr bytes.Buffer
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	began := time.Now()
	err := cmd.Run()
	wall := time.Since(began)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		for _, code := range ok {
			if exit.ExitCode() == code {
				err = nil
			}
		}
	}
	if err != nil {
		return usage{}, fmt.Errorf("%s: %w: %s", cmd.Path, err, stderr.Bytes())
	}
	r := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return usage{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall, r.Maxrss << 10}, nil
}

// inChild runs a measurement in a process of its own and reads what it found
// into out.
func inChild(log io.Writer, out any, name string, args ...string) (usage, error) {
	self, err := os.Executable()
	if err != nil {
		return usage{}, err
	}
	var stdout bytes.Buffer
	cmd := exec.Command(self, append([]string{"-child", name}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, log
	u, err := runProcess(cmd)
	if err != nil {
		return u, fmt.Errorf("%s: %w", name, err)
	}
	return u, json.Unmarshal(stdout.Bytes(), out)
}

// product is the built program.
func product() (string, error) {
	bin, err := filepath.Abs(filepath.Join("bin", "bulwark"))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(bin); err != nil {
		return "", fmt.Errorf("build the program first (make build): %w", err)
	}
	return bin, nil
}

// peakRSS is the most memory that this process has held, in bytes.
func peakRSS() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Maxrss << 10
}
