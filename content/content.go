// Package content is what the product knows: types, checks and standards, one
// YAML file per thing, embedded and layered with a user's own folders. It
// decodes files strictly into root structs that keep file and line, and lints
// their structure; the engines' Compile judges the expressions in them.
package content

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

//go:embed types checks standards
var embedded embed.FS

// Content is everything loaded, each list sorted by id.
type Content struct {
	Types     *bulwark.Types
	Checks    []*bulwark.Check
	Standards []*bulwark.Standard
}

// Layer is a folder of content. Later layers add to earlier ones.
type Layer struct {
	FS     fs.FS
	Name   string // begins the file names in problems and positions
	Custom bool   // a user's: its ids begin with custom/, its checks never count in the score
}

// Embedded returns the product's own layer.
func Embedded() Layer { return Layer{FS: embedded, Name: "content"} }

// Options say how Load reads.
type Options struct {
	// Tests reads the checks' inline tests and holds checks to having them;
	// without it they are not even parsed, which halves the time to load. A
	// custom layer is always held to them.
	Tests bool
}

const maxFile = 1 << 20 // bytes of one content file

// Load reads all layers. Content that has problems is left out, and the rest
// is returned: one bad file never costs the others. Problems are sorted by
// file and line.
func Load(opts Options, layers ...Layer) (*Content, []bulwark.Problem) {
	l := &loader{opts: opts}
	for _, layer := range layers {
		l.walk(layer)
	}
	types := decodeAll(l, l.types, decodeType)
	types = unique(l, types, func(t *bulwark.Type) (string, bulwark.Position) { return t.ID, t.Position })
	c := &Content{Types: bulwark.NewTypes(types)}
	l.index = c.Types
	l.checkReferences(types)
	c.Checks = decodeAll(l, l.checks, decodeCheck)
	c.Checks = unique(l, c.Checks, func(c *bulwark.Check) (string, bulwark.Position) { return c.ID, c.Position })
	l.checkWas(c.Checks)
	c.Standards = decodeAll(l, l.standards, decodeStandard)
	c.Standards = unique(l, c.Standards, func(s *bulwark.Standard) (string, bulwark.Position) { return s.ID, s.Position })
	l.checkStandards(c)
	slices.SortFunc(l.problems, func(a, b bulwark.Problem) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return strings.Compare(a.Message, b.Message)
	})
	return c, l.problems
}

// file is one content file still to be decoded.
type file struct {
	layer Layer
	path  string // in the layer
	id    string // the path below the kind's folder, without .yaml
}

func (f file) name() string { return path.Join(f.layer.Name, f.path) }

type loader struct {
	opts      Options
	types     []file
	checks    []file
	index     *bulwark.Types
	standards []file

	mu       sync.Mutex
	problems []bulwark.Problem
}

func (l *loader) report(p ...bulwark.Problem) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.problems = append(l.problems, p...)
}

// walk collects the files of a layer. A user's folder without a folder for a
// kind is taken as a folder of checks.
func (l *loader) walk(layer Layer) {
	found := false
	for kind, list := range map[string]*[]file{"types": &l.types, "checks": &l.checks, "standards": &l.standards} {
		if info, err := fs.Stat(layer.FS, kind); err == nil && info.IsDir() {
			found = true
			l.walkKind(layer, kind, list)
		}
	}
	if !found {
		l.walkKind(layer, ".", &l.checks)
	}
}

func (l *loader) walkKind(layer Layer, kind string, list *[]file) {
	err := fs.WalkDir(layer.FS, kind, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return nil
		}
		switch path.Ext(p) {
		case ".yaml":
			id := strings.TrimSuffix(strings.TrimPrefix(p, kind+"/"), ".yaml")
			if layer.Custom && kind != "types" && !strings.HasPrefix(id, "custom/") {
				id = "custom/" + id
			}
			*list = append(*list, file{layer, p, id})
		case ".yml":
			l.report(bulwark.Problem{File: path.Join(layer.Name, p), Message: "content files end in .yaml", Mend: "rename it"})
		}
		return nil
	})
	if err != nil {
		l.report(bulwark.Problem{File: path.Join(layer.Name, kind), Message: fmt.Sprintf("reading the folder: %v", err), Mend: "check the path and its permissions"})
	}
}

// decodeAll decodes files on all processors and returns what came out, in the
// order of the files.
func decodeAll[T any](l *loader, files []file, decode func(*loader, file, bulwark.Value) (T, []bulwark.Problem)) []T {
	out := make([]T, len(files))
	ok := make([]bool, len(files))
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				v, problem := l.read(files[i])
				if problem != nil {
					l.report(*problem)
					continue
				}
				item, problems := decode(l, files[i], v)
				l.report(problems...)
				out[i], ok[i] = item, len(problems) == 0
			}
		})
	}
	for i := range files {
		next <- i
	}
	close(next)
	wg.Wait()
	kept := out[:0]
	for i, item := range out {
		if ok[i] {
			kept = append(kept, item)
		}
	}
	return kept
}

func (l *loader) read(f file) (bulwark.Value, *bulwark.Problem) {
	data, err := readFile(f)
	if err != nil {
		return bulwark.Value{}, &bulwark.Problem{File: f.name(), Message: err.Error(), Mend: "make it a readable file of at most 1 MiB"}
	}
	return l.parse(f, data)
}

func (l *loader) parse(f file, data []byte) (bulwark.Value, *bulwark.Problem) {
	if !l.wantsTests(f) {
		if i := strings.Index(string(data), "\ntests:"); i >= 0 {
			data = data[:i+1]
		}
	}
	values, err := yamldoc.Decode(data, yamldoc.Options{File: f.name(), Strict: true, Marks: true, Names: l.names(),
		Limits: bulwark.Limits{Depth: 64, Nodes: 100_000, Bytes: 4 << 20}})
	switch {
	case err != nil:
		return bulwark.Value{}, &bulwark.Problem{File: f.name(), Line: lineOf(err), Message: err.Error(), Mend: "mend the YAML"}
	case len(values) != 1 || values[0].Kind() != bulwark.Object:
		return bulwark.Value{}, &bulwark.Problem{File: f.name(), Line: 1, Message: "want one YAML document that is a map", Mend: "see docs/formats"}
	}
	return values[0], nil
}

// MaxFile bounds a content file, in bytes.
const MaxFile = maxFile

// ParseCheck reads one check as a user's file of that id has it, in the file
// that name says, over the types and checks of c. It is held to having tests.
// The check is nil when there are problems.
func (c *Content) ParseCheck(id, name string, data []byte) (*bulwark.Check, []bulwark.Problem) {
	if len(data) > maxFile {
		return nil, []bulwark.Problem{{File: name, Message: "the check is larger than 1 MiB", Mend: "make it shorter"}}
	}
	l := &loader{opts: Options{Tests: true}, index: c.Types}
	f := file{layer: Layer{Custom: true}, path: name, id: id}
	v, problem := l.parse(f, data)
	if problem != nil {
		return nil, []bulwark.Problem{*problem}
	}
	k, problems := decodeCheck(l, f, v)
	if len(problems) > 0 {
		return nil, problems
	}
	l.checkWas(append(c.without(id), k))
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return k, nil
}

// WithCheck returns the content with a check in place of the one of its id.
func (c *Content) WithCheck(k *bulwark.Check) *Content {
	checks := append(c.without(k.ID), k)
	slices.SortFunc(checks, func(a, b *bulwark.Check) int { return strings.Compare(a.ID, b.ID) })
	return &Content{Types: c.Types, Checks: checks, Standards: c.Standards}
}

func (c *Content) without(id string) []*bulwark.Check {
	return slices.DeleteFunc(slices.Clone(c.Checks), func(k *bulwark.Check) bool { return k.ID == id })
}

func (l *loader) wantsTests(f file) bool { return l.opts.Tests || f.layer.Custom }

func readFile(f file) ([]byte, error) {
	info, err := fs.Stat(f.layer.FS, f.path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, errors.New("not a regular file of at most 1 MiB")
	}
	return fs.ReadFile(f.layer.FS, f.path)
}

// lineOf finds the line that an error of the YAML reader names.
func lineOf(err error) int {
	_, after, ok := strings.Cut(err.Error(), "line ")
	n := 0
	for i := 0; ok && i < len(after) && after[i] >= '0' && after[i] <= '9' && n < 1e6; i++ {
		n = n*10 + int(after[i]-'0')
	}
	return n
}

// unique drops and reports all but the first item of an id, and sorts.
func unique[T any](l *loader, items []T, of func(T) (string, bulwark.Position)) []T {
	first := map[string]bulwark.Position{}
	kept := items[:0]
	for _, item := range items {
		id, pos := of(item)
		if at, ok := first[id]; ok {
			l.report(bulwark.Problem{File: pos.File, Line: pos.Line, Message: fmt.Sprintf("id %q is taken by %s", id, at.File), Mend: "rename one of them"})
			continue
		}
		first[id] = pos
		kept = append(kept, item)
	}
	slices.SortFunc(kept, func(a, b T) int {
		x, _ := of(a)
		y, _ := of(b)
		return strings.Compare(x, y)
	})
	return kept
}

// names returns the table of property names once types are loaded.
func (l *loader) names() *bulwark.Names {
	if l.index == nil {
		return nil
	}
	return l.index.Names()
}
