package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ReplaceFile puts a closed SQLite file in the place of another, which nobody
// may have open, with its write-ahead log: what the old one's log holds must
// not be replayed over the new one. It may be repeated after it was
// interrupted; a new file that is gone was put in place already.
func ReplaceFile(from, to string) error {
	if _, err := os.Stat(from); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("store: replace %s: %w", to, err)
	}
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if err := os.Remove(to + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("store: replace %s: %w", to, err)
		}
	}
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("store: replace %s: %w", to, err)
	}
	return SyncFolder(filepath.Dir(to))
}

// SyncFolder makes the names in a folder outlive the power.
func SyncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("store: sync %s: %w", dir, err)
	}
	return errors.Join(f.Sync(), f.Close())
}
