package main

import (
	"bufio"
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
				return s, nil
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	_, err = s.end()
	return nil, fmt.Errorf("%s %s: not ready in %v (%v)", bin, strings.Join(args, " "), startTime, err)
}

// rss is the memory that it holds now, in bytes.
func (s *server) rss() (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(data), "VmRSS:")
	field := strings.Fields(after)
	if len(field) == 0 {
		return 0, fmt.Errorf("no VmRSS of process %d", s.cmd.Process.Pid)
	}
	kb, err := strconv.ParseInt(field[0], 10, 64)
	return kb << 10, err
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
