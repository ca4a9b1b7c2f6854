package pipeline

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/check"
)

// Loaded is content joined with the engines that judge by it.
type Loaded struct {
	Content *content.Content
	Checks  *check.Set
	byID    map[string]*bulwark.Check
	layers  []content.Layer
}

// newLoaded joins content with what was compiled of it.
func newLoaded(c *content.Content, set *check.Set, layers []content.Layer) *Loaded {
	l := &Loaded{Content: c, Checks: set, byID: map[string]*bulwark.Check{}, layers: layers}
	for _, k := range set.Checks() {
		l.byID[k.ID] = k
	}
	return l
}

// Check returns the check of an id, or nil.
func (l *Loaded) Check(id string) *bulwark.Check { return l.byID[id] }

// Control returns the secure-score control that a check counts in, "" for one
// that does not count: of none, in preview, or a user's own.
func (l *Loaded) Control(id string) string {
	c := l.byID[id]
	if c == nil || c.Preview || c.Custom {
		return ""
	}
	return c.Control
}

// ContentOptions say how LoadContent loads.
type ContentOptions struct {
	// Tests reads inline tests and type-checks every expression at once. Without
	// it the product's own expressions, which its tests have checked, are
	// compiled when a first asset of their type is judged.
	Tests bool
	// Inline reads inline tests, to be shown, without type-checking.
	Inline bool
}

// LoadContent loads the product's content and the given layers of users over
// it, and compiles it. What has a problem is left out, and the rest is
// returned. Serve, scans, tests and reloads all load by it.
func LoadContent(opts ContentOptions, layers ...content.Layer) (*Loaded, []bulwark.Problem) {
	layers = append([]content.Layer{content.Embedded()}, layers...)
	c, problems := content.Load(content.Options{Tests: opts.Tests || opts.Inline}, layers...)
	set, more := check.Compile(c.Checks, c.Types, check.Options{Lazy: !opts.Tests})
	return newLoaded(c, set, layers), append(problems, more...)
}

// Source returns the text of a check's file: ErrNotFound when there is no such
// check, ErrUnavailable when its file is not there any more.
func (l *Loaded) Source(id string) (string, error) {
	c := l.byID[id]
	if c == nil {
		return "", fmt.Errorf("pipeline: read check %s: %w", id, bulwark.ErrNotFound)
	}
	for _, layer := range l.layers {
		name, ok := within(layer.Name, c.Position.File)
		if !ok || layer.Custom != c.Custom {
			continue
		}
		data, err := fs.ReadFile(layer.FS, name)
		if err != nil {
			return "", fmt.Errorf("pipeline: read check %s: %w: %w", id, bulwark.ErrUnavailable, err)
		}
		return string(data), nil
	}
	return "", fmt.Errorf("pipeline: read check %s: %w", id, bulwark.ErrUnavailable)
}

// withCheck returns content in which a check stands in place of the one of its
// id.
func (l *Loaded) withCheck(k *bulwark.Check) (*Loaded, []bulwark.Problem) {
	c := l.Content.WithCheck(k)
	set, problems := check.Compile(c.Checks, c.Types, check.Options{Lazy: true})
	return newLoaded(c, set, l.layers), problems
}

// within returns a file's name below a folder, as problems and positions have
// the two.
func within(folder, file string) (name string, ok bool) {
	if folder = path.Clean(folder); folder == "." {
		return file, !path.IsAbs(file)
	}
	return strings.CutPrefix(file, folder+"/")
}
