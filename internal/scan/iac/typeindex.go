package iac

import (
	"slices"
	"strings"
	"sync"

	"github.com/bulwarksec/bulwark"
)

// typeIndex holds the types as mappings need them. It is immutable.
type typeIndex struct {
	byID   map[string]*typeInfo
	folded map[string]*typeInfo // by id in lower case, as Azure compares
}

func newTypeIndex(types *bulwark.Types) *typeIndex {
	x := &typeIndex{byID: map[string]*typeInfo{}, folded: map[string]*typeInfo{}}
	for _, t := range types.All() {
		info := &typeInfo{t, sync.OnceValue(func() *shape { return newShape(t) })}
		x.byID[t.ID] = info
		if lower := strings.ToLower(t.ID); x.folded[lower] == nil {
			x.folded[lower] = info
		}
	}
	return x
}

// typeInfo is a type, with its properties as mappings need them, which are
// indexed when they are first asked for.
type typeInfo struct {
	*bulwark.Type
	shape func() *shape
}

// shape is a type's properties by path, without [] and {}, and as a tree.
type shape struct {
	props map[string]*bulwark.Property
	lists map[string]bool // paths that are lists
	root  *propNode
}

// propNode is one step of the paths of a type's properties. A nil propNode is
// what no path names.
type propNode struct {
	prop     *bulwark.Property // listed at this path itself, or for the values of this map
	list     bool
	children map[string]*propNode
	folded   map[string]string // names in lower case → as listed
	values   *propNode         // below {}: what every key of a free map leads to
	words    map[string]string // in lower case → as the type file writes them
}

var plainPath = strings.NewReplacer("[]", "", "{}", "")

func newShape(t *bulwark.Type) *shape {
	info := &shape{map[string]*bulwark.Property{}, map[string]bool{}, &propNode{}}
	for i := range t.Properties {
		p := &t.Properties[i]
		info.props[plainPath.Replace(p.Path)] = p
		at, path := info.root, ""
		for part := range strings.SplitSeq(p.Path, ".") {
			name := plainPath.Replace(part)
			path = strings.TrimPrefix(path+"."+name, ".")
			at = at.child(name)
			if strings.Contains(part, "[]") {
				at.list, info.lists[path] = true, true
			}
			if strings.HasSuffix(part, "{}") {
				if at.values == nil {
					at.values = &propNode{}
				}
				at = at.values
			}
		}
		at.prop = p
		for _, d := range p.Defaults {
			if d.Value.Kind() == bulwark.String {
				at.learn(d.Value.Text())
			}
		}
	}
	for _, m := range slices.Concat(t.From.Terraform, t.From.ARM) {
		for i := range m.Attributes {
			a := &m.Attributes[i]
			at := info.root
			for part := range strings.SplitSeq(plainPath.Replace(a.To), ".") {
				if at = at.children[part]; at == nil {
					break
				}
			}
			for _, word := range a.Enum {
				at.learn(word)
			}
		}
	}
	return info
}

// learn remembers a text that a property may have, as it is written.
func (p *propNode) learn(word string) {
	if p == nil {
		return
	}
	if p.words == nil {
		p.words = map[string]string{}
	}
	p.words[strings.ToLower(word)] = word
}

// azureWords are words of many enumerations of Azure.
var azureWords = map[string]string{"enabled": "Enabled", "disabled": "Disabled", "allow": "Allow", "deny": "Deny", "inbound": "Inbound", "outbound": "Outbound"}

// word writes a text as the type does, or as Azure's enumerations do, which are
// compared regardless of case.
func (p *propNode) word(text string) string {
	if strings.HasSuffix(p.prop.Path, "{}") {
		return text
	}
	lower := strings.ToLower(text)
	if w, ok := p.words[lower]; ok {
		return w
	}
	if w, ok := azureWords[lower]; ok {
		return w
	}
	return text
}

func (p *propNode) child(name string) *propNode {
	c := p.children[name]
	if c == nil {
		if p.children == nil {
			p.children, p.folded = map[string]*propNode{}, map[string]string{}
		}
		c = &propNode{}
		p.children[name] = c
		p.folded[strings.ToLower(name)] = name
	}
	return c
}

// step returns what a member called name leads to. Below data of no fixed
// shape, and below a secret, everything is as the property itself.
func (p *propNode) step(name string) *propNode {
	switch {
	case p == nil:
		return nil
	case p.children[name] != nil:
		return p.children[name]
	case p.values != nil:
		return p.values
	case p.prop != nil && (p.prop.Kind == bulwark.KindAny || p.prop.Secret != ""):
		return p
	}
	return nil
}
