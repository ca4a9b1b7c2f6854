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
	"strconv"
	"strings"
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
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	peak := watchPeak(cmd.Process.Pid)
	err := cmd.Wait()
	wall, rss := time.Since(began), peak()
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
	return usage{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall, rss}, nil
}

// watchPeak watches a process until the function returned is called, which
// returns the most memory that it was seen to hold, in bytes. The kernel's own
// account of a child, ru_maxrss, begins at what its parent held.
func watchPeak(pid int) func() int64 {
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		var most int64
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			if now, err := memoryOf(pid, "VmHWM"); err == nil {
				most = max(most, now)
			}
			select {
			case <-tick.C:
			case <-stop:
				done <- most
				return
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-done
	}
}

// memoryOf reads a field of /proc/PID/status in bytes: VmRSS is what a process
// holds now, VmHWM the most that it has held.
func memoryOf(pid int, field string) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(data), field+":")
	words := strings.Fields(after)
	if len(words) == 0 {
		return 0, fmt.Errorf("no %s of process %d", field, pid)
	}
	kb, err := strconv.ParseInt(words[0], 10, 64)
	return kb << 10, err
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
	n, err := memoryOf(os.Getpid(), "VmHWM")
	if err != nil {
		return 0
	}
	return n
}
