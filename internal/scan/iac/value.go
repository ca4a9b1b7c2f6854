package iac

import (
	"math/big"
	"regexp"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// valueOptions say how a tree becomes a value.
type valueOptions struct {
	names *bulwark.Names
	asset string
	typ   *typeInfo // tells secret properties; nil for a resource's own attributes
	key   []byte    // of the digests of secrets
}

// toValue turns a tree into an immutable value with its positions. Of what the
// type marks secret, and of texts that no type lists under a name that secrets
// bear, only a digest is kept.
func toValue(n *tf.Node, opts valueOptions) (bulwark.Value, error) {
	w := valueWriter{bulwark.NewBuilder(opts.names, bulwark.Limits{Depth: 160, Nodes: 1 << 20}), opts}
	w.b.At(n.Pos)
	var p *propNode
	if opts.typ != nil {
		p = opts.typ.shape().root
	}
	w.add(n, "", p)
	return w.b.Build(opts.asset)
}

type valueWriter struct {
	b    *bulwark.Builder
	opts valueOptions
}

var secretName = regexp.MustCompile(`(?i)(password|passwd|passphrase|secret(key|string|value)?|private_?key|access_?key|auth_?token|api_?key|connection_?string)$`)

// secret returns the kind of secret that a scalar is, or "".
func (w *valueWriter) secret(n *tf.Node, name string, p *propNode) string {
	switch {
	case w.opts.typ == nil:
		return ""
	case p != nil && p.prop != nil:
		if n.Kind == tf.Bool && p.prop.Kind == bulwark.KindAny {
			return ""
		}
		return p.prop.Secret
	case p == nil && n.Kind == tf.String && n.Text != "" && secretName.MatchString(name):
		return "unlisted"
	}
	return ""
}

// add writes a node, which is the member called name, or an element of it.
func (w *valueWriter) add(n *tf.Node, name string, p *propNode) {
	b := w.b
	b.At(n.Pos)
	switch n.Kind {
	case tf.String, tf.Number, tf.Bool, tf.Symbolic:
		if n.Symbol() != nil {
			break
		}
		if kind := w.secret(n, name, p); kind != "" {
			text := scalarText(n)
			if n.Kind == tf.Symbolic {
				text = n.Text
			}
			b.Secret(kind, bulwark.SecretDigest(w.opts.key, text))
			return
		}
	}
	switch n.Kind {
	case tf.Null:
		b.Null()
	case tf.Bool:
		b.Bool(n.Bool)
	case tf.Number:
		if i, acc := n.Number.Int64(); acc == big.Exact {
			b.Int(i)
		} else {
			f, _ := n.Number.Float64()
			b.Float(f)
		}
	case tf.String:
		b.String(n.Text)
	case tf.Symbolic:
		b.Symbolic(n.Parts)
	case tf.Unknown:
		b.Unknown(n.Reason)
	case tf.List:
		if n.Open && len(n.Items) == 0 {
			b.Unknown("the list could not be known")
			return
		}
		b.List()
		for _, c := range n.Items {
			w.add(c, name, p)
		}
		if n.Open {
			b.At(n.Pos)
			b.Unknown("further elements could not be known")
		}
		b.End()
	case tf.Object:
		b.Object()
		for _, f := range n.Fields {
			b.Key(f.Name)
			w.add(f.Value, f.Name, p.step(f.Name))
		}
		b.End()
	}
}

// fromValue turns a value back into a tree.
func fromValue(v bulwark.Value) *tf.Node {
	n := &tf.Node{Pos: v.Position()}
	switch v.Kind() {
	case bulwark.Absent:
		n.Kind = tf.Null
	case bulwark.Bool:
		n.Kind, n.Bool = tf.Bool, v.Bool()
	case bulwark.Int:
		n.Kind, n.Number = tf.Number, new(big.Float).SetPrec(512).SetInt64(v.Int())
	case bulwark.Float:
		n.Kind, n.Number = tf.Number, new(big.Float).SetPrec(512).SetFloat64(v.Float())
	case bulwark.String:
		n.Kind, n.Text = tf.String, v.Text()
	case bulwark.Symbolic:
		n.Kind, n.Parts = tf.Symbolic, v.Parts()
		n.Text = symbolicText(n.Parts)
	case bulwark.Unknown:
		n.Kind, n.Reason = tf.Unknown, v.Reason()
	case bulwark.List:
		n.Kind = tf.List
		for _, c := range v.Children() {
			n.Items = append(n.Items, fromValue(c))
		}
	case bulwark.Object:
		n.Kind = tf.Object
		for name, c := range v.Children() {
			n.Fields = append(n.Fields, tf.Field{Name: name, Value: fromValue(c)})
		}
	default:
		n.Kind, n.Reason = tf.Unknown, v.Kind().String()
	}
	return n
}

func symbolicText(parts []bulwark.Part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Symbol == nil {
			b.WriteString(p.Literal)
		} else {
			b.WriteString("${" + p.Symbol.String() + "}")
		}
	}
	return b.String()
}

func numberNode(f float64, like *tf.Node) *tf.Node {
	return &tf.Node{Kind: tf.Number, Number: new(big.Float).SetPrec(512).SetFloat64(f), Pos: like.Pos, Refs: like.Refs}
}
