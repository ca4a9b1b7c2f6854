package tf

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// maxFolders bounds how many folders FindRoots looks into.
const maxFolders = 200_000

// toolFolders are filled by tools: what lies there was written elsewhere.
var toolFolders = map[string]bool{".git": true, ".terraform": true, "node_modules": true, ".hg": true, ".svn": true, "__pycache__": true}

// FindRoots returns the folders below dir that hold Terraform configuration and
// are not called as a local module by another folder's, sorted. Folders that
// tools fill, and what lies below them, are passed over. A folder that
// is only called from itself, or in a circle, counts as a root too, so that
// nothing is left out. What cannot be listed or read is passed over: Evaluate
// names it.
func FindRoots(ctx context.Context, fsys fs.FS, dir string, lim Limits) ([]string, error) {
	lim = lim.orDefault()
	calls := map[string][]string{} // folder → folders that it calls
	err := fs.WalkDir(fsys, path.Clean(dir), func(p string, d fs.DirEntry, err error) error {
		if cerr := ctx.Err(); cerr != nil {
			return cerr
		}
		if err != nil {
			if d != nil && d.IsDir() && p != dir {
				return fs.SkipDir
			}
			if p != dir {
				return nil
			}
			return err
		}
		if d.IsDir() {
			if toolFolders[d.Name()] {
				return fs.SkipDir
			}
			return nil
		}
		if !isConfig(d.Name()) {
			return nil
		}
		folder := path.Dir(p)
		if _, ok := calls[folder]; !ok {
			if len(calls) >= maxFolders {
				return errors.New("too many folders")
			}
			calls[folder] = nil
		}
		calls[folder] = append(calls[folder], localCalls(fsys, p, lim)...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("tf: find root folders in %s: %w", dir, err)
	}
	return uncalled(calls), nil
}

// uncalled returns the folders that no chain of calls from another root
// reaches.
func uncalled(calls map[string][]string) []string {
	called := map[string]bool{}
	var all []string
	for folder, targets := range calls {
		all = append(all, folder)
		for _, t := range targets {
			if t != folder {
				called[t] = true
			}
		}
	}
	sort.Strings(all)
	var roots []string
	reached := map[string]bool{}
	reach := func(folder string) {
		stack := []string{folder}
		for len(stack) > 0 {
			f := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if !reached[f] {
				reached[f] = true
				stack = append(stack, calls[f]...)
			}
		}
	}
	for _, f := range all {
		if !called[f] {
			roots = append(roots, f)
			reach(f)
		}
	}
	for _, f := range all { // circles that nothing else calls
		if !reached[f] {
			roots = append(roots, f)
			reach(f)
		}
	}
	sort.Strings(roots)
	return roots
}

// localCalls returns the folders that a file's module blocks name.
func localCalls(fsys fs.FS, name string, lim Limits) []string {
	src, err := readFile(fsys, name, lim.FileBytes)
	if err != nil || !strings.Contains(string(src), "module") {
		return nil
	}
	cf := &configFile{name: name, body: &hclsyntax.Body{}}
	if strings.HasSuffix(name, ".json") {
		cf.parseJSON(src)
	} else {
		cf.body.Blocks = moduleBlocks(src, name, lim)
	}
	var out []string
	for _, b := range cf.body.Blocks {
		if b.Type != "module" {
			continue
		}
		a := b.Body.Attributes["source"]
		if a == nil {
			continue
		}
		s := literalText(a.Expr)
		if strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || s == "." || s == ".." {
			if d := path.Join(path.Dir(name), s); d != ".." && !strings.HasPrefix(d, "../") {
				out = append(out, d)
			}
		}
	}
	return out
}

// moduleBlocks parses only the module blocks of a file.
func moduleBlocks(src []byte, name string, lim Limits) hclsyntax.Blocks {
	var out hclsyntax.Blocks
	cf := &configFile{name: name, body: &hclsyntax.Body{}}
	cuts := blockStart.FindAllIndex(src, -1)
	for i, m := range cuts {
		if !strings.HasPrefix(string(src[m[0]:m[1]]), "module") {
			continue
		}
		end := len(src)
		if i+1 < len(cuts) {
			end = cuts[i+1][0]
		}
		piece := src[m[0]:end]
		if roughTokens(piece) > maxTokens {
			continue
		}
		tokens, _ := hclsyntax.LexConfig(piece, name, hcl.Pos{Line: 1, Column: 1})
		if tooDeep(tokens, lim.Nesting) == 0 {
			cf.piece(piece, 1, 0)
		}
	}
	for _, b := range cf.body.Blocks {
		if b.Type == "module" {
			out = append(out, b)
		}
	}
	return out
}
