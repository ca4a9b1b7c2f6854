package azure

import (
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// Types that Azure or the type files spell otherwise than a resource's row.
const (
	subscriptionType = "Microsoft.Resources/subscriptions"
	resourceGroup    = "Microsoft.Resources/resourceGroups"
)

// rowTypes are rows whose type is not the one under which ARM and
// infrastructure code know the resource.
var rowTypes = map[string]string{
	"microsoft.resources/subscriptions/resourcegroups": resourceGroup,
	"microsoft.web/sites/slots":                        "Microsoft.Web/sites",
}

// typeTable finds types and their properties regardless of case.
type typeTable struct {
	*bulwark.Types
	folded map[string]*shape // by lower-cased type id
	key    []byte            // of the digests of secrets
}

// shape is one property, or a type's root, with what lies below it.
type shape struct {
	id       string // of the type, at the root
	name     string
	children map[string]*shape // by lower-cased name
	free     *shape            // of a map with free keys
	secret   string
	listed   bool // has observed and other properties below it
	observed bool // all of it
}

func newTypeTable(types *bulwark.Types, key []byte) *typeTable {
	t := &typeTable{Types: types, folded: map[string]*shape{}, key: key}
	for _, typ := range types.All() {
		root := &shape{id: typ.ID}
		for _, p := range typ.Properties {
			root.add(p)
		}
		root.settle()
		t.folded[strings.ToLower(typ.ID)] = root
	}
	return t
}

func (s *shape) add(p bulwark.Property) {
	at := s
	for part := range strings.SplitSeq(p.Path, ".") {
		name := strings.TrimRight(part, "[]{}")
		next := at.children[strings.ToLower(name)]
		if next == nil {
			next = &shape{name: name}
			if at.children == nil {
				at.children = map[string]*shape{}
			}
			at.children[strings.ToLower(name)] = next
		}
		at = next
		if strings.Contains(part, "{}") {
			if at.free == nil {
				at.free = &shape{}
			}
			at = at.free
		}
	}
	at.observed, at.listed = p.Observed, true
	if p.Secret != "" {
		at.secret = p.Secret
	}
}

// settle makes a node observed where all that is listed below it is.
func (s *shape) settle() {
	if len(s.children) == 0 && s.free == nil {
		return
	}
	all := !s.listed || s.observed
	for _, c := range s.children {
		c.settle()
		all = all && c.observed
	}
	if s.free != nil {
		s.free.settle()
		all = all && s.free.observed
	}
	s.observed = all
}

func (s *shape) child(name string) *shape {
	if s == nil {
		return nil
	}
	if c := s.children[strings.ToLower(name)]; c != nil {
		return c
	}
	return s.free
}

// canonical returns the type files' spelling of a type, else the row's own,
// which Resource Graph always writes in lower case.
func (t *typeTable) canonical(typ string) string {
	folded := strings.ToLower(typ)
	if id, ok := rowTypes[folded]; ok {
		return id
	}
	if s := t.folded[folded]; s != nil {
		return s.id
	}
	return typ
}

// A patch is a value that another call told, or could not tell, to be put at a
// property.
type patch struct {
	path   []string
	value  bulwark.Value
	reason string // why it is unknown, unless ""
}

// build writes an object as an asset's properties and its observed part: names
// as the type file spells them, secrets as digests, patches in their places.
// Null members and, at the top, empty texts are left out, so that they are what
// the type file says that absent means.
func (t *typeTable) build(typ, id string, v bulwark.Value, patches []patch) (properties, observed bulwark.Value, err error) {
	root := t.folded[strings.ToLower(typ)]
	w := &writer{b: bulwark.NewBuilder(t.Names(), answerLimits), key: t.key}
	w.object(v, root, patches, true)
	if properties, err = w.b.Build(id); err != nil {
		return properties, observed, err
	}
	w.observed = true
	if w.has(v, root, patches) {
		w.object(v, root, patches, true)
		observed, err = w.b.Build(id)
	}
	return properties, observed, err
}

type writer struct {
	b        *bulwark.Builder
	key      []byte
	observed bool // writes the observed part alone, else the rest
}

// skips reports whether a member belongs to the other part. A member that no
// type file lists is a property.
func (w *writer) skips(s *shape) bool {
	if w.observed {
		return s == nil || !s.observed && !s.below()
	}
	return s != nil && s.observed
}

// below reports whether something below a node is observed.
func (s *shape) below() bool {
	for _, c := range s.children {
		if c.observed || c.below() {
			return true
		}
	}
	return s.free != nil && (s.free.observed || s.free.below())
}

// has reports whether there is something to write at the top.
func (w *writer) has(v bulwark.Value, s *shape, patches []patch) bool {
	for name, c := range v.Children() {
		if !w.skips(s.child(name)) && !c.IsAbsent() {
			return true
		}
	}
	return slices.ContainsFunc(patches, func(p patch) bool { return !w.skips(s.child(p.path[0])) })
}

func (w *writer) object(v bulwark.Value, s *shape, patches []patch, top bool) {
	w.b.Object()
	written := map[string]bool{}
	if v.Kind() == bulwark.Object {
		for name, c := range v.Children() {
			if c.IsAbsent() || top && c.Kind() == bulwark.String && c.Text() == "" {
				continue
			}
			written[strings.ToLower(name)] = true
			w.member(name, c, s.child(name), patchesOf(patches, name))
		}
	}
	for _, p := range patches {
		first := strings.ToLower(p.path[0])
		if !written[first] {
			written[first] = true
			w.member(p.path[0], bulwark.Value{}, s.child(p.path[0]), patchesOf(patches, p.path[0]))
		}
	}
	w.b.End()
}

// patchesOf returns the patches at or below a member, with paths from there.
func patchesOf(patches []patch, name string) []patch {
	var own []patch
	for _, p := range patches {
		if strings.EqualFold(p.path[0], name) {
			p.path = p.path[1:]
			own = append(own, p)
		}
	}
	return own
}

func (w *writer) member(name string, v bulwark.Value, s *shape, own []patch) {
	if w.skips(s) {
		return
	}
	if s != nil && s.name != "" {
		name = s.name
	}
	w.b.Key(name)
	switch at := slices.IndexFunc(own, func(p patch) bool { return len(p.path) == 0 }); {
	case at >= 0 && own[at].reason != "":
		w.b.Unknown(own[at].reason)
	case at >= 0:
		w.value(own[at].value, name, s, "")
	case len(own) > 0:
		w.object(v, s, own, false)
	default:
		w.value(v, name, s, "")
	}
}

// leavesOut reports whether what lies below a node belongs to the other part.
func (w *writer) leavesOut(s, below *shape) bool {
	if !w.observed {
		return below != nil && below.observed
	}
	return s != nil && !s.observed && w.skips(below)
}

// value copies a value. secret is the kind of secret that it lies in.
func (w *writer) value(v bulwark.Value, name string, s *shape, secret string) {
	if s != nil && s.secret != "" {
		secret = s.secret
	}
	switch v.Kind() {
	case bulwark.Object:
		w.b.Object()
		for name, c := range v.Children() {
			below := s.child(name)
			if c.IsAbsent() || w.leavesOut(s, below) {
				continue
			}
			if below != nil && below.name != "" {
				name = below.name
			}
			w.b.Key(name)
			w.value(c, name, below, secret)
		}
		w.b.End()
	case bulwark.List:
		w.b.List()
		for _, c := range v.Children() {
			w.value(c, name, s, secret)
		}
		w.b.End()
	case bulwark.String:
		if secret == "" && s == nil && v.Text() != "" && provider.SecretName(name) {
			secret = "unlisted"
		}
		if secret != "" && v.Text() != "" {
			w.b.Secret(secret, bulwark.SecretDigest(w.key, v.Text()))
			return
		}
		w.b.String(v.Text())
	case bulwark.Bool, bulwark.Int, bulwark.Float:
		if secret != "" {
			w.b.Secret(secret, bulwark.SecretDigest(w.key, v.String()))
			return
		}
		w.b.Copy(v)
	default:
		w.b.Null()
	}
}
