package iac

import (
	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// ensure returns the node at a path below dst, making objects on the way and
// an empty node of the kind at the end.
func ensure(dst *tf.Node, path []segment, kind tf.Kind, pos bulwark.Position) *tf.Node {
	for i, s := range path {
		if dst.Kind != tf.Object {
			return dst
		}
		c := dst.Get(s.name)
		if c == nil || c.Kind == tf.Null {
			c = &tf.Node{Kind: tf.Object, Pos: pos}
			if i == len(path)-1 {
				c.Kind = kind
			}
			dst.SetField(s.name, c)
		}
		dst = c
	}
	return dst
}

// place puts n at a path below dst. Objects that meet are merged; else the
// later counts, since mappings list older attribute names first.
func place(dst *tf.Node, path []segment, n *tf.Node) {
	if len(path) == 0 {
		return
	}
	parent := dst
	if len(path) > 1 {
		parent = ensure(dst, path[:len(path)-1], tf.Object, n.Pos)
	}
	if parent.Kind != tf.Object {
		return
	}
	name := path[len(path)-1].name
	if old := parent.Get(name); old != nil && old.Kind == tf.Object && n.Kind == tf.Object {
		mergeInto(old, n)
		return
	}
	parent.SetField(name, n)
}

// mergeInto adds n's members to old: objects merge, lists append, and what is
// there already stays.
func mergeInto(old, n *tf.Node) (conflicts int) {
	names := memberIndex(old)
	for _, f := range n.Fields {
		i, there := names[f.Name]
		if !there {
			old.Fields = append(old.Fields, f)
			continue
		}
		have := old.Fields[i].Value
		switch {
		case have.Kind == tf.Null:
			old.Fields[i].Value = f.Value
		case have.Kind == tf.Object && f.Value.Kind == tf.Object:
			conflicts += mergeInto(have, f.Value)
		case have.Kind == tf.List && f.Value.Kind == tf.List:
			have.Items = append(have.Items, f.Value.Items...)
			have.Open = have.Open || f.Value.Open
		default:
			conflicts++
		}
	}
	return conflicts
}

// memberIndex is an object's members by name. Objects that are merged have no
// index of their own, which Fields would outrun.
func memberIndex(n *tf.Node) map[string]int {
	names := make(map[string]int, len(n.Fields))
	for i, f := range n.Fields {
		names[f.Name] = i
	}
	return names
}
