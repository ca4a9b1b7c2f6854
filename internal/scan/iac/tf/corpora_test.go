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
	split, tied                       int // resources that are part of another, and those that refer to it
}

func (c *tally) add(t *testing.T, r *Result) {
	c.folders++
	c.lines += r.Lines
	whole := true
	declared := map[string]bool{}
	for _, res := range r.Resources {
		declared[res.Address] = true
	}
	for _, res := range r.Resources {
		c.resources++
		if attr := parentAttribute(res.Type); attr != "" && res.Mode == Managed {
			c.split++
			if v := res.Body.Get(attr); v != nil && len(v.Refs) == 1 && declared[v.Refs[0][:strings.LastIndexByte(v.Refs[0], '.')]] {
				c.tied++
			}
		}
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

// parentAttribute names the attribute by which a resource refers to what it is
// a part of, for some types.
func parentAttribute(typ string) string {
	switch {
	case strings.HasPrefix(typ, "aws_s3_bucket_") && typ != "aws_s3_bucket_object":
		return "bucket"
	case strings.HasPrefix(typ, "aws_iam_role_policy"):
		return "role"
	case strings.HasPrefix(typ, "aws_iam_user_policy"):
		return "user"
	case strings.HasPrefix(typ, "aws_iam_group_policy"):
		return "group"
	}
	return ""
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
		allTied                 bool
	}{
		{"attack-path-labs", 46, 121, 0, 46, true},
		{"iam-privesc", 2, 89, 0, 2, true},
		{"iac-resources", 285, 59, 8, 289, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fsys := os.DirFS(filepath.Join(dir, tt.name))
			roots, err := FindRoots(context.Background(), fsys, ".", Limits{})
			if err != nil {
				t.Fatal(err)
			}
			var c tally
			var cache Cache
			for _, root := range roots {
				if tt.name == "iac-resources" && !strings.Contains(root, "terraform") {
					continue
				}
				r, err := Evaluate(context.Background(), fsys, root, Options{Cache: &cache})
				if err != nil {
					t.Fatalf("Evaluate(%s): %v", root, err)
				}
				c.add(t, r)
			}
			t.Logf("%s: folders %d, fully evaluated %d, lines %d, resources %d; leaves %d: unknown %d, symbolic %d, placed %d; policies %d, parsed %d; parts of others %d, tied %d",
				tt.name, c.folders, c.whole, c.lines, c.resources, c.leaves, c.unknown, c.symbolic, c.placed, c.policies, c.parsed, c.split, c.tied)
			if tt.allTied && c.tied < c.split {
				t.Errorf("%d of %d parts do not refer to what they are part of", c.split-c.tied, c.split)
			}
			if c.folders < tt.wantFolders || c.whole < tt.minWhole || c.parsed < tt.minPolicies || c.unknown > tt.maxUnknown {
				t.Errorf("want at least %d folders, %d fully evaluated, %d policies parsed, at most %d unknown leaves",
					tt.wantFolders, tt.minWhole, tt.minPolicies, tt.maxUnknown)
			}
		})
	}
}
