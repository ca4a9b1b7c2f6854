package kube

import (
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// LastApplied is the annotation in which kubectl keeps a whole object,
// contents of Secrets too.
const LastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// A Path is a property path cut at its dots, with [] and {} as the elements of
// lists and maps, and what becomes of what stands there.
type Path struct {
	steps  []string
	secret string // kind of secret; "" drops the property
}

// Drop returns the path of a property that is left out of copies.
func Drop(steps ...string) Path { return Path{steps: steps} }

// SecretPaths returns the paths of a type's properties that hold secrets: those
// of its type file, and the contents of Secrets whatever the types say.
func SecretPaths(types *bulwark.Types, typ string) []Path {
	var list []Path
	if typ == "v1/Secret" {
		const kind = "kubernetes-secret"
		list = []Path{{[]string{"data"}, kind}, {[]string{"stringData"}, kind}, {[]string{"metadata", "annotations", LastApplied}, kind}}
	}
	if types == nil || types.Get(typ) == nil {
		return list
	}
	for _, p := range types.Get(typ).Properties {
		if p.Secret != "" {
			text := strings.NewReplacer("[]", ".[]", "{}", ".{}").Replace(p.Path)
			list = append(list, Path{strings.Split(text, "."), p.Secret})
		}
	}
	return list
}

// Copier rebuilds an object as the configuration of its asset: texts at or
// below secret paths become keyed digests, dropped properties go, and texts
// that Unknown gives a reason for become unknown.
type Copier struct {
	Names   *bulwark.Names
	Limits  bulwark.Limits
	Key     []byte // keys the digests; nil leaves them empty
	Paths   []Path
	Unknown func(text string) (reason string) // may be nil

	b *bulwark.Builder
}

// Copy returns the copy of v as the configuration of the asset with the id.
func (c *Copier) Copy(v bulwark.Value, id string) (bulwark.Value, error) {
	c.b = bulwark.NewBuilder(c.Names, c.Limits)
	if p := v.Position(); p.File != "" {
		c.b.At(p)
	}
	c.add(v, c.Paths, "")
	return c.b.Build(id)
}

// CopyTo is Copy of an object's members into an object that is open in b.
func (c *Copier) CopyTo(b *bulwark.Builder, v bulwark.Value) {
	c.b = b
	c.members(v, c.Paths, "")
}

// add copies v. paths are those that may still match below it, and secret is
// the kind of secret that v itself lies in, "" for none.
func (c *Copier) add(v bulwark.Value, paths []Path, secret string) {
	if p := v.Position(); p.File != "" {
		c.b.At(p)
	}
	switch v.Kind() {
	case bulwark.Object:
		c.b.Object()
		c.members(v, paths, secret)
		c.b.End()
	case bulwark.List:
		c.b.List()
		for _, child := range v.Children() {
			if below, kind, drop := narrow(paths, "[]", "[]", secret); !drop {
				c.add(child, below, kind)
			}
		}
		c.b.End()
	case bulwark.String:
		c.text(v.Text(), secret)
	case bulwark.Absent:
		c.b.Null()
	default:
		if secret != "" {
			c.b.Secret(secret, bulwark.SecretDigest(c.Key, v.String()))
			return
		}
		c.b.Copy(v)
	}
}

func (c *Copier) members(v bulwark.Value, paths []Path, secret string) {
	for name, child := range v.Children() {
		below, kind, drop := narrow(paths, name, "{}", secret)
		if drop {
			continue
		}
		c.b.Key(name)
		c.add(child, below, kind)
	}
}

func (c *Copier) text(text, secret string) {
	if secret != "" && text != "" {
		c.b.Secret(secret, bulwark.SecretDigest(c.Key, text))
		return
	}
	if c.Unknown != nil {
		if reason := c.Unknown(text); reason != "" {
			c.b.Unknown(reason)
			return
		}
	}
	c.b.String(text)
}

// narrow returns the paths that may match below a child of a name, the kind of
// secret that the child lies in, and whether it is dropped.
func narrow(paths []Path, name, any, secret string) (below []Path, kind string, drop bool) {
	if len(paths) == 0 {
		return nil, secret, false
	}
	for _, p := range paths {
		switch {
		case p.steps[0] != name && p.steps[0] != any:
		case len(p.steps) > 1:
			below = append(below, Path{p.steps[1:], p.secret})
		case p.secret == "":
			return nil, "", true
		default:
			secret = p.secret
		}
	}
	return slices.Clip(below), secret, false
}
