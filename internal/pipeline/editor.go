package pipeline

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/bulwarksec/bulwark"
)

// Editor reads, tries and keeps checks while the server runs. It is safe for
// concurrent use; one check is tried at a time, and one kept.
type Editor struct {
	engine *Engine
	folder string // where checks are kept; "" keeps none

	trying chan struct{}
	saving sync.Mutex
}

// NewEditor returns an editor that keeps checks in a folder of content, which
// the engine's content was loaded from; without one it keeps none.
func NewEditor(e *Engine, folder string) *Editor {
	return &Editor{engine: e, folder: folder, trying: make(chan struct{}, 1)}
}

// Folder returns where checks are kept, "" when they cannot be.
func (d *Editor) Folder() string { return d.folder }

// Source returns the text of a check's file.
func (d *Editor) Source(id string) (string, error) { return d.engine.loaded.Load().Source(id) }

// Tests returns the inline tests of a check, which the engine does not load for
// the product's own; none when its file cannot be read.
func (d *Editor) Tests(id string) []bulwark.CheckTest {
	loaded := d.engine.loaded.Load()
	text, err := loaded.Source(id)
	if err != nil {
		return nil
	}
	k, _ := loaded.Content.ParseCheck(id, id+".yaml", []byte(text))
	if k == nil {
		return nil
	}
	return k.Tests
}

// Try is Engine.TryCheck, one at a time: it is ErrThrottled while another goes
// on.
func (d *Editor) Try(ctx context.Context, id, text string, scopes, readable []string) (bulwark.Trial, error) {
	select {
	case d.trying <- struct{}{}:
		defer func() { <-d.trying }()
	default:
		return bulwark.Trial{}, fmt.Errorf("pipeline: try check: %w: another check is being tried", bulwark.ErrThrottled)
	}
	return d.engine.TryCheck(ctx, id, text, scopes, readable)
}

// Save keeps a check of a custom/ id in the folder and takes it up: assets of
// its types are judged by it soon. A text that has problems, or of which a test
// fails, is not kept, and the problems say why. Without a folder, or when
// another folder has the check, it is ErrConflict. Killed anywhere, the file is
// the old one or the new one.
func (d *Editor) Save(ctx context.Context, id, text string) ([]bulwark.Problem, error) {
	d.saving.Lock()
	defer d.saving.Unlock()
	if d.folder == "" {
		return nil, fmt.Errorf("pipeline: save check %s: %w: the server has no folder of content", id, bulwark.ErrConflict)
	}
	loaded := d.engine.loaded.Load()
	name, err := d.fileOf(loaded, id)
	if err != nil {
		return nil, err
	}
	k, set, problems := compileAlone(loaded, id, path.Join(filepath.ToSlash(d.folder), name), text)
	if len(problems) > 0 {
		return problems, nil
	}
	if problems = set.Test(); len(problems) > 0 {
		return problems, nil
	}
	next, problems := loaded.withCheck(k)
	if len(problems) > 0 {
		return problems, nil
	}
	if err := d.write(name, text); err != nil {
		return nil, fmt.Errorf("pipeline: save check %s: %w: %w", id, bulwark.ErrUnavailable, err)
	}
	return nil, d.engine.Adopt(context.WithoutCancel(ctx), next) // the file is there, whoever has gone
}

// fileOf returns where in the folder a check is kept: where it is, or where a
// new one of its id would be found.
func (d *Editor) fileOf(loaded *Loaded, id string) (string, error) {
	rest, ok := strings.CutPrefix(id, "custom/")
	if !ok || !fs.ValidPath(rest) || strings.HasPrefix(rest, ".") || strings.Contains(rest, "/.") {
		return "", fmt.Errorf("pipeline: save check: %w: id %q: your own checks are called custom/…", bulwark.ErrInvalid, id)
	}
	for _, c := range loaded.Content.Checks {
		if c.ID != id {
			continue
		}
		name, ok := within(filepath.ToSlash(d.folder), c.Position.File)
		if !ok {
			return "", fmt.Errorf("pipeline: save check %s: %w: it stands in %s, not in %s", id, bulwark.ErrConflict, c.Position.File, d.folder)
		}
		return name, nil
	}
	// A name that a loader reads otherwise keeps all of the id: a folder checks in
	// a folder of checks alone would hide what is beside it.
	kinds := []string{"checks", "types", "standards"}
	if first, _, _ := strings.Cut(rest, "/"); first == "custom" || slices.Contains(kinds, first) {
		rest = id
	}
	for _, kind := range kinds {
		if info, err := os.Stat(filepath.Join(d.folder, kind)); err == nil && info.IsDir() {
			return "checks/" + rest + ".yaml", nil
		}
	}
	return rest + ".yaml", nil // a folder of checks alone
}

// write replaces a file below the folder, whole or not at all.
func (d *Editor) write(name, text string) (err error) {
	root, err := os.OpenRoot(d.folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	temp := path.Join(path.Dir(name), "."+rand.Text())
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = root.Rename(temp, name)
	}
	if err != nil {
		err = errors.Join(err, root.Remove(temp))
	}
	return err
}
