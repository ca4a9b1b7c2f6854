package gcp

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// node is an organisation, folder or project.
type node struct {
	key       string   // projects/123: as ancestors are written
	name      string   // full resource name
	kind      string   // type
	scope     string   // gcp/shop
	project   string   // id, "" for others
	title     string   // what people call it
	ancestors []string // keys from itself up
	active    bool     // neither being deleted nor left out
	cut       bool     // of data a part was left out
	data      bulwark.Value
}

var nodeKinds = map[string]string{typeProject: "project", typeFolder: "folder", typeOrganization: "organization"}

// survey lists the organisation, folders and projects below the parents, whose
// numbers make scopes, and the service accounts, to which others refer by
// e-mail addresses. It returns the time of the snapshot.
func (g *gathering) survey(ctx context.Context, parent string) error {
	q := query{parent: parent, content: resources, at: g.at, types: []string{typeOrganization, typeFolder, typeProject, typeAccount}}
	at, err := g.e.list(ctx, q, func(assets []bulwark.Value) error {
		for _, a := range assets {
			if a.Get("assetType").Text() == typeAccount {
				g.account(a)
				continue
			}
			if n, err := g.e.node(a); err != nil {
				return err
			} else if n != nil {
				g.nodes[n.key] = n
				if n.project != "" {
					g.accounts[projectKey+n.project], g.accounts[projectKey+lastPart(n.key)] = n.name, n.name
				}
			}
		}
		return nil
	})
	g.at = at
	return err
}

const maxAccounts = 2 << 20 // service accounts whose e-mail addresses are kept

func (g *gathering) account(a bulwark.Value) {
	if email := a.Get("resource").Get("data").Get("email").Text(); email != "" && len(g.accounts) < maxAccounts {
		g.accounts[strings.Clone(email)] = strings.Clone(a.Get("name").Text())
	}
}

// node reads an asset of the hierarchy, or returns nil for another. Its data is
// a copy, so that the page can go.
func (e *Estate) node(a bulwark.Value) (*node, error) {
	kind := a.Get("assetType").Text()
	if nodeKinds[kind] == "" {
		return nil, nil
	}
	name := strings.Clone(a.Get("name").Text())
	key := strings.TrimPrefix(name, managerHost)
	data := a.Get("resource").Get("data")
	n := &node{key: key, name: name, kind: kind, scope: "gcp/" + key, title: strings.Clone(orElse(data.Get("displayName").Text(), key)), ancestors: ancestorsOf(a, key), cut: isCut(a)}
	state := orElse(data.Get("lifecycleState").Text(), data.Get("state").Text())
	n.active = state == "" || state == "ACTIVE"
	if kind == typeProject {
		n.project = strings.Clone(data.Get("projectId").Text())
		if n.project == "" {
			n.project = lastPart(key)
		}
		n.scope = "gcp/" + n.project
		if shown := data.Get("name").Text(); !strings.HasPrefix(shown, "projects/") && shown != "" { // v1 has the title there, v3 the key
			n.title = strings.Clone(shown)
		}
		n.active = n.active && e.wants(n.project)
	}
	b := bulwark.NewBuilder(e.options.Types.Names(), bulwark.Limits{})
	b.Copy(data)
	var err error
	n.data, err = b.Build("")
	return n, err
}

// ancestorsOf returns the keys from an asset's own container up.
func ancestorsOf(a bulwark.Value, self string) []string {
	var list []string
	for _, c := range a.Get("ancestors").Children() {
		if text := c.Text(); text != "" && len(list) < 32 {
			list = append(list, strings.Clone(text))
		}
	}
	if len(list) == 0 && self != "" {
		list = []string{self}
	}
	return list
}

// wants reports whether a project is read.
func (e *Estate) wants(project string) bool {
	if len(e.config.Projects) > 0 && !slices.Contains(e.config.Projects, project) {
		return false
	}
	return !anyMatch(e.config.Exclude.Projects, project)
}

func (e *Estate) wantsType(id string) bool { return !anyMatch(e.config.Exclude.Types, id) }

// anyMatch reports whether a pattern is the text; a * at its end is any rest.
func anyMatch(patterns []string, text string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if rest, ok := strings.CutSuffix(p, "*"); ok {
			return strings.HasPrefix(text, rest)
		}
		return p == text
	})
}

// Scopes returns the active projects, folders and organisation that are reached
// now, sorted by path.
func (e *Estate) Scopes(ctx context.Context) ([]bulwark.ScopeInfo, error) {
	var list []bulwark.ScopeInfo
	for _, parent := range e.parents() {
		q := query{parent: parent, content: resources, types: []string{typeOrganization, typeFolder, typeProject}}
		_, err := e.list(ctx, q, func(assets []bulwark.Value) error {
			for _, a := range assets {
				if n, err := e.node(a); err != nil {
					return err
				} else if n != nil && n.active {
					list = append(list, n.info())
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b bulwark.ScopeInfo) int { return cmp.Compare(a.Path, b.Path) })
	return slices.Compact(list), nil
}

func (n *node) info() bulwark.ScopeInfo {
	return bulwark.ScopeInfo{Path: n.scope, Name: n.title, Kind: nodeKinds[n.kind]}
}

// sorted returns the nodes by scope.
func (g *gathering) sorted() []*node {
	list := slices.Collect(maps.Values(g.nodes))
	slices.SortFunc(list, func(a, b *node) int { return cmp.Or(cmp.Compare(a.scope, b.scope), cmp.Compare(a.key, b.key)) })
	return list
}

// isNode reports whether a name is one of the hierarchy.
func isNode(kind string) bool { return nodeKinds[kind] != "" }

// parentOf is the full name of the container that an ancestor's key stands for.
func parentOf(key string) string { return managerHost + key }
