package tf

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpora returns the folder of the labelled cases, or skips.
func corpora(t testing.TB) string {
	dir := os.Getenv("BULWARK_CORPORA")
	if dir == "" {
		wd, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for d := wd; d != filepath.Dir(d); d = filepath.Dir(d) {
			if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
				dir = filepath.Join(d, "../shared/corpora")
				if _, err := os.Stat(dir); err != nil {
					dir = filepath.Join(d, "../../shared/corpora")
				}
				break
			}
		}
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the labelled corpora are not at %s (set BULWARK_CORPORA)", dir)
	}
	return dir
}

// tally counts what evaluation made of a corpus.
type tally struct {
	folders, whole, lines, resources  int
	leaves, unknown, symbolic, placed int
	policies, parsed                  int
}

func (c *tally) add(t *testing.T, r *Result) {
	c.folders++
	c.lines += r.Lines
	whole := true
	for _, res := range r.Resources {
		c.resources++
		for _, f := range res.Body.Fields {
			if res.Mode == Managed && looksLikePolicy(f.Name) && f.Value.Kind != Null && !f.Value.Block {
				c.policies++
				if _, ok := ParseJSONString(f.Value); ok {
					c.parsed++
				} else {
					t.Logf("%s: %s.%s is no JSON: %s %.80s", at(f.Value.Pos), res.Address, f.Name, f.Value.Kind, f.Value.Text+f.Value.Reason)
				}
			}
		}
		res.Body.Walk(func(path string, n *Node) bool {
			if n.Kind == List || n.Kind == Object {
				return true
			}
			c.leaves++
			switch n.Kind {
			case Unknown:
				c.unknown++
				whole = false
				t.Logf("%s: %s.%s is unknown: %s", at(n.Pos), res.Address, path, n.Reason)
			case Symbolic:
				c.symbolic++
			}
			if n.Pos.File != "" && n.Pos.Line > 0 {
				c.placed++
			} else {
				t.Errorf("%s.%s has no position", res.Address, path)
			}
			return true
		})
	}
	for _, g := range r.Gaps {
		t.Logf("gap %s: %s", g.Where, g.Why)
	}
	if whole {
		c.whole++
	}
}

func looksLikePolicy(name string) bool {
	return name == "policy" || name == "assume_role_policy" || name == "inline_policy" || name == "access_policy"
}

func TestCorpora(t *testing.T) {
	dir := corpora(t)
	for _, tt := range []struct {
		name                    string
		minWhole, minPolicies   int
		maxUnknown, wantFolders int
	}{
		{"attack-path-labs", 46, 121, 0, 46},
		{"iam-privesc", 2, 89, 0, 2},
		{"iac-resources", 285, 59, 8, 289},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fsys := os.DirFS(filepath.Join(dir, tt.name))
			roots, err := FindRoots(context.Background(), fsys, ".", Limits{})
			if err != nil {
				t.Fatal(err)
			}
			var c tally
			for _, root := range roots {
				if tt.name == "iac-resources" && !strings.Contains(root, "terraform") {
					continue
				}
				r, err := Evaluate(context.Background(), fsys, root, Options{})
				if err != nil {
					t.Fatalf("Evaluate(%s): %v", root, err)
				}
				c.add(t, r)
			}
			t.Logf("%s: folders %d, fully evaluated %d, lines %d, resources %d; leaves %d: unknown %d, symbolic %d, placed %d; policies %d, parsed %d",
				tt.name, c.folders, c.whole, c.lines, c.resources, c.leaves, c.unknown, c.symbolic, c.placed, c.policies, c.parsed)
			if c.folders < tt.wantFolders || c.whole < tt.minWhole || c.parsed < tt.minPolicies || c.unknown > tt.maxUnknown {
				t.Errorf("want at least %d folders, %d fully evaluated, %d policies parsed, at most %d unknown leaves",
					tt.wantFolders, tt.minWhole, tt.minPolicies, tt.maxUnknown)
			}
		})
	}
}
