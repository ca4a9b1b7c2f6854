package pipeline

import (
	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/check"
)

// Loaded is content joined with the engines that judge by it.
type Loaded struct {
	Content *content.Content
	Checks  *check.Set
	byID    map[string]*bulwark.Check
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
	c, problems := content.Load(content.Options{Tests: opts.Tests || opts.Inline}, append([]content.Layer{content.Embedded()}, layers...)...)
	set, more := check.Compile(c.Checks, c.Types, check.Options{Lazy: !opts.Tests})
	l := &Loaded{Content: c, Checks: set, byID: map[string]*bulwark.Check{}}
	for _, k := range set.Checks() {
		l.byID[k.ID] = k
	}
	return l, append(problems, more...)
}
