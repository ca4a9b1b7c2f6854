package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
)

// dataFolder is the folder of an installation, held by this process alone:
//
//	bulwark.db    the state, unless --database names another
//	stream/       messages under way
//	lock          held while a process uses the folder
//	run/socket    where the process that holds it answers others on this machine
//	restored/     a whole restored state that takes the old one's place at the next start
//
// Whoever may enter the folder is its owner: run/ has mode 0700.
type dataFolder struct {
	dir  string
	lock *os.File
}

// errHeld says that another process holds the folder.
var errHeld = fmt.Errorf("%w: another bulwark uses this folder", bulwark.ErrConflict)

// holdFolder makes the folder where it is missing, takes it for this process,
// and ends a restoration that was interrupted after it was complete.
func holdFolder(dir string) (*dataFolder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errHeld
		}
		return nil, errors.Join(fmt.Errorf("data folder %s: %w", dir, err), lock.Close())
	}
	f := &dataFolder{dir, lock}
	if err := f.finishRestore(); err != nil {
		return nil, errors.Join(fmt.Errorf("data folder %s: end restoration: %w", dir, err), f.Close())
	}
	return f, nil
}

// Close gives the folder to others.
func (f *dataFolder) Close() error { return f.lock.Close() } // the lock goes with the file

// database is the address of the folder's own database.
func (f *dataFolder) database() string { return "sqlite:" + filepath.Join(f.dir, "bulwark.db") }

// restoring begins the names of folders in which a state is being restored.
const restoring = "restoring-"

// finishRestore puts a restored state in place of the old one. restored/ is
// made whole under another name first, so that its being there is the decision;
// each step may be repeated. What a killed restoration left unfinished goes: the
// folder is held, so that none is under way.
func (f *dataFolder) finishRestore() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), restoring) {
			if err := os.RemoveAll(filepath.Join(f.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	ready := filepath.Join(f.dir, "restored")
	if _, err := os.Stat(ready); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if err := os.RemoveAll(filepath.Join(f.dir, "stream")); err != nil { // of the old state's changes
		return err
	}
	if err := store.ReplaceFile(filepath.Join(ready, "bulwark.db"), filepath.Join(f.dir, "bulwark.db")); err != nil {
		return err
	}
	return os.RemoveAll(ready)
}

// maxSocket is the longest name of a socket that every system takes.
const maxSocket = 100

// socketName returns a name for the folder's socket that is short enough, and
// what must be closed once the socket is not used any more.
func socketName(dir string) (string, func(), error) {
	name := filepath.Join(dir, "run", "socket")
	if len(name) <= maxSocket {
		return name, func() {}, nil
	}
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, name); err == nil && len(rel) <= maxSocket {
			return rel, func() {}, nil
		}
	}
	run, err := os.Open(filepath.Join(dir, "run"))
	if err != nil {
		return "", nil, err
	}
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		return "", nil, errors.Join(fmt.Errorf("%w: the name of the data folder is too long for a socket", bulwark.ErrInvalid), run.Close())
	}
	return fmt.Sprintf("/proc/self/fd/%d/socket", run.Fd()), func() { _ = run.Close() }, nil // it was only read
}

// listen opens the socket of a folder that is held. Only the folder's owner
// can reach it.
func (f *dataFolder) listen(ctx context.Context) (net.Listener, func(), error) {
	run := filepath.Join(f.dir, "run")
	if err := errors.Join(os.MkdirAll(run, 0o700), os.Chmod(run, 0o700)); err != nil {
		return nil, nil, fmt.Errorf("data folder: %w", err)
	}
	if err := os.Remove(filepath.Join(run, "socket")); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a process that was killed
		return nil, nil, fmt.Errorf("data folder: %w", err)
	}
	name, done, err := socketName(f.dir)
	if err != nil {
		return nil, nil, fmt.Errorf("data folder: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", name)
	if err != nil {
		done()
		return nil, nil, fmt.Errorf("data folder: %w", err)
	}
	return l, done, nil
}
