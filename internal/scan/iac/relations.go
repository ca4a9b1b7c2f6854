package iac

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// relations resolves the references of an entry's type within the root. What
// refers to something else is a relation that is unknown, with the reason: the
// thing may well exist, and nothing is known about it.
func (a *assembler) relations(e *entry, id func(*entry) string) []bulwark.Relation {
	var out []bulwark.Relation
	for _, ref := range e.typ.References {
		for _, n := range nodesAt(e.tree, parsePath(plainPath.Replace(ref.Property))) {
			if n.Kind == tf.Null || n.Kind == tf.String && n.Text == "" {
				continue
			}
			found := a.find(n, ref.To, e.scope)
			for _, to := range found {
				if to != e {
					out = append(out, bulwark.Relation{Name: ref.Name, Inverse: ref.Inverse, Type: ref.To, Target: id(to)})
				}
			}
			if n.Kind == tf.String && len(a.byIdent[identKey{ref.To, n.Text}]) > maxSame {
				out = append(out, bulwark.Relation{Name: ref.Name, Inverse: ref.Inverse, Type: ref.To, Reason: fmt.Sprintf("more than %d are called %s", maxSame, n.Text)})
			}
			if len(found) == 0 {
				out = append(out, bulwark.Relation{Name: ref.Name, Inverse: ref.Inverse, Type: ref.To, Reason: a.elsewhere(n)})
			}
		}
	}
	slices.SortFunc(out, func(x, y bulwark.Relation) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Target, y.Target), strings.Compare(x.Reason, y.Reason), strings.Compare(x.Type, y.Type))
	})
	return slices.Compact(out)
}

// elsewhere is why a value refers to nothing of this root: the literal name of
// something outside, or a reference that leads nowhere.
func (a *assembler) elsewhere(n *tf.Node) string {
	switch s := n.Symbol(); {
	case n.Kind == tf.String:
		return n.Text + " is not part of what was scanned"
	case n.Kind == tf.Symbolic && s == nil:
		return n.Text + " is known in part"
	case s != nil && s.Kind == tf.SymUndeclared:
		return s.String() + " is not declared"
	}
	return reasonOf(n)
}

// nodesAt returns all nodes at a path, stepping through lists.
func nodesAt(n *tf.Node, path []segment) []*tf.Node {
	if n == nil {
		return nil
	}
	if n.Kind == tf.List {
		var out []*tf.Node
		for _, item := range n.Items {
			out = append(out, nodesAt(item, path)...)
		}
		return out
	}
	if len(path) == 0 {
		return []*tf.Node{n}
	}
	if n.Kind == tf.Unknown {
		return []*tf.Node{n}
	}
	return nodesAt(n.Get(path[0].name), path[1:])
}
