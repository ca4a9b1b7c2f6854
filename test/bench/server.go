package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/bulwarksec/bulwark/content"
)

// server is a running program.
type server struct {
	cmd    *exec.Cmd
	url    string
	ready  time.Duration // from its start until /readyz says so
	used   time.Duration // of processors until then
	cancel context.CancelFunc
}

const startTime = time.Minute

// startServer runs bin, which prints its address, and waits until it is ready.
func startServer(bin string, args ...string) (*server, error) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{cmd: exec.CommandContext(ctx, bin, args...), cancel: cancel}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for s.url == "" && lines.Scan() {
		if _, after, ok := strings.Cut(lines.Text(), " on http://"); ok {
			s.url = "http://" + after
		}
	}
	for s.url != "" && time.Since(began) < startTime {
		if r, err := http.Get(s.url + "/readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				s.ready = time.Since(began)
				s.used, err = cpuOf(s.cmd.Process.Pid)
				return s, err
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	_, err = s.end()
	return nil, fmt.Errorf("%s %s: not ready in %v (%v)", bin, strings.Join(args, " "), startTime, err)
}

// rss is the memory that it holds now, in bytes.
func (s *server) rss() (int64, error) { return memoryOf(s.cmd.Process.Pid, "VmRSS") }

// cpuOf is the processor time that a process has taken, in steps of 10 ms.
func cpuOf(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:])) // a name may hold spaces
	if len(fields) < 13 {
		return 0, fmt.Errorf("stat of process %d has %d fields", pid, len(fields))
	}
	var ticks int64
	for _, text := range fields[11:13] { // utime and stime; Linux has 100 ticks a second
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("stat of process %d: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// end ends it and returns the memory that it held last.
func (s *server) end() (int64, error) {
	rss, err := s.rss()
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	_ = s.cmd.Wait()
	s.cancel()
	return rss, err
}

// fillChecks writes checks of a user into dir, copies of the product's own, so
// that with these it is total. It returns how many the product has.
func fillChecks(dir string, total int) (own int, err error) {
	var files []string
	embedded := content.Embedded().FS
	err = fs.WalkDir(embedded, "checks", func(name string, d fs.DirEntry, err error) error {
		if err == nil && path.Ext(name) == ".yaml" {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	for i := range max(0, total-len(files)) {
		name := files[i%len(files)]
		data, err := fs.ReadFile(embedded, name)
		if err != nil {
			return 0, err
		}
		file := filepath.Join(dir, "checks", fmt.Sprintf("copy%d", i/len(files)), strings.TrimPrefix(name, "checks/"))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return 0, err
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return 0, err
		}
	}
	return len(files), nil
}
