package estate

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"text/template"
	"time"
)

// pages are the files of the company's repositories and machines, as templates
// that are written between [[ and ]], below a folder for each. One that comes
// out blank is not there.
//
//go:embed all:pages
var pages embed.FS

// templates parses a folder of pages when it is first asked for.
var templates = func() func(folder string) (map[string]*template.Template, error) {
	var mu sync.Mutex
	parsed := map[string]map[string]*template.Template{}
	return func(folder string) (map[string]*template.Template, error) {
		mu.Lock()
		defer mu.Unlock()
		if parsed[folder] != nil {
			return parsed[folder], nil
		}
		below, err := fs.Sub(pages, "pages/"+folder)
		if err != nil {
			return nil, err
		}
		out := map[string]*template.Template{}
		err = fs.WalkDir(below, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := fs.ReadFile(below, name)
			if err != nil {
				return err
			}
			out[name], err = template.New(name).Delims("[[", "]]").Option("missingkey=error").Parse(string(text))
			return err
		})
		if err != nil {
			return nil, err
		}
		parsed[folder] = out
		return out, nil
	}
}()

// page is what a template is told: whose it is, and what goes wrong there.
type page struct {
	*builder
	of   string // the repository or machine
	care float64
}

// Wrong reports whether a mistake is made now. Its name is its own in all of
// the repository or machine.
func (p page) Wrong(kind string, base float64) bool { return p.slip(p.care, kind, p.of, base) }

// During reports whether now is within parts of the history.
func (p page) During(from, to float64) bool { return p.during(from, to) }

// Since reports whether a part of the history is over.
func (p page) Since(part float64) bool { return p.since(part) }

// Hex draws n hexadecimal digits.
func (p page) Hex(n int, what string) string { return p.hex(n, what, p.of) }

// write writes the pages of a folder for somebody: data is the page, or what
// holds it.
func write(folder string, data any) (map[string]file, error) {
	list, err := templates(folder)
	if err != nil {
		return nil, fmt.Errorf("pages of %s: %w", folder, err)
	}
	out := make(map[string]file, len(list))
	for name, t := range list {
		var b bytes.Buffer
		if err := t.Execute(&b, data); err != nil {
			return nil, fmt.Errorf("pages of %s: %w", folder, err)
		}
		if text := b.String(); strings.TrimSpace(text) != "" {
			out[name] = file{data: text}
		}
	}
	return out, nil
}

// A Repository is one of the company's, of code that makes its infrastructure.
type Repository struct {
	Name  string
	Title string
	care  float64
}

// Repositories are all of them.
var Repositories = []Repository{
	{"shop-infrastructure", "Shop, in Terraform", 0.8},
	{"payments-infrastructure", "Payments, in Terraform", 0.35},
	{"services", "Services, by Helm and Kustomize", 1},
	{"legacy-tills", "Tills of 2016, by CloudFormation and ARM", 1.9},
}

// code makes a repository's files. None of them tells a time, so that what is
// read of them changes with what stands in them only.
func (b *builder) code(of *Repository) (*tree, error) {
	files, err := write(of.Name, page{b, of.Name, of.care})
	if err != nil {
		return nil, err
	}
	return newTree(files, time.Time{}), nil
}
