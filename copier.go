package bulwark

import (
	"slices"
	"strings"
)

// A CopyPath is a property path cut at its dots, with [] and {} as the elements of
// lists and maps, and what becomes of what stands there in a copy.
type CopyPath struct {
	steps []string
	does  copying
	kind  string // of secret
}

type copying int

const (
	kept copying = iota
	masked
	dropped
)

// DropPath returns the path of a property that is left out of copies.
func DropPath(steps ...string) CopyPath { return CopyPath{steps: steps, does: dropped} }

// SecretPath returns the path of a property that holds a secret of a kind.
func SecretPath(kind string, steps ...string) CopyPath {
	return CopyPath{steps: steps, does: masked, kind: kind}
}

var pathElements = strings.NewReplacer("[]", ".[]", "{}", ".{}")

// CopyPath returns the path of a property, which is kept, or a secret.
func (p *Property) CopyPath() CopyPath {
	path := CopyPath{steps: strings.Split(pathElements.Replace(p.Path), "."), kind: p.Secret}
	if p.Secret != "" {
		path.does = masked
	}
	return path
}

// Copier rebuilds a value without its secrets: what stands at or below secret
// paths becomes keyed digests, dropped properties go, and texts that Unknown
// gives a reason for become unknown.
type Copier struct {
	Names   *Names
	Limits  Limits
	Key     []byte // keys the digests; nil leaves them empty
	Paths   []CopyPath
	Unknown func(text string) (reason string) // may be nil

	// Named returns the kind of secret that a member of a name is, with all below
	// it but kept paths, "" for none. Of paths it is not asked. It may be nil.
	Named func(name string, v Value) string

	b *Builder
}

// A hiding is the secret that a value lies in.
type hiding struct {
	kind  string // "" is none
	named bool   // by the name of a member, not by a path
}

// Copy returns the copy of v as the configuration of the asset with the id.
func (c *Copier) Copy(v Value, id string) (Value, error) {
	c.b = NewBuilder(c.Names, c.Limits)
	if p := v.Position(); p.File != "" {
		c.b.At(p)
	}
	c.add(v, c.Paths, hiding{})
	return c.b.Build(id)
}

// CopyTo is Copy of an object's members into an object that is open in b.
func (c *Copier) CopyTo(b *Builder, v Value) {
	c.b = b
	c.members(v, c.Paths, hiding{})
}

// add copies v. paths are those that may still match below it.
func (c *Copier) add(v Value, paths []CopyPath, in hiding) {
	if p := v.Position(); p.File != "" {
		c.b.At(p)
	}
	switch v.Kind() {
	case Object:
		c.b.Object()
		c.members(v, paths, in)
		c.b.End()
	case List:
		c.b.List()
		for _, child := range v.Children() {
			if below, in, drop, _ := narrow(paths, "[]", "[]", in); !drop {
				c.add(child, below, in)
			}
		}
		c.b.End()
	case Absent, Unknown, Secret:
		c.b.Copy(v)
	case String:
		c.text(v.Text(), in.kind)
	default:
		if in.kind != "" {
			c.b.Secret(in.kind, SecretDigest(c.Key, v.String()))
			return
		}
		c.b.Copy(v)
	}
}

func (c *Copier) members(v Value, paths []CopyPath, in hiding) {
	for name, child := range v.Children() {
		below, in, drop, listed := narrow(paths, name, "{}", in)
		if drop {
			continue
		}
		if c.Named != nil && in.kind == "" && !listed {
			in = hiding{c.Named(name, child), true}
		}
		c.b.Key(name)
		c.add(child, below, in)
	}
}

func (c *Copier) text(text, kind string) {
	if kind != "" && text != "" {
		c.b.Secret(kind, SecretDigest(c.Key, text))
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

// narrow returns the paths that may match below a child of a name, the secret
// that the child lies in, whether it is dropped, and whether a path is its own.
func narrow(paths []CopyPath, name, any string, in hiding) (below []CopyPath, out hiding, drop, listed bool) {
	out = in
	for _, p := range paths {
		switch {
		case p.steps[0] != name && p.steps[0] != any:
		case len(p.steps) > 1:
			below = append(below, CopyPath{p.steps[1:], p.does, p.kind})
		case p.does == dropped:
			return nil, out, true, true
		case p.does == masked:
			out, listed = hiding{kind: p.kind}, true
		default:
			listed = true
			if out.named {
				out = hiding{}
			}
		}
	}
	return slices.Clip(below), out, false, listed
}
