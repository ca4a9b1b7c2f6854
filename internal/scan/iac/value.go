package iac

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"math/big"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// valueOptions say how a tree becomes a value.
type valueOptions struct {
	names *bulwark.Names
	asset string
	typ   *typeInfo // tells secret properties; may be nil
	key   []byte    // of the digests of secrets
}

// toValue turns a tree into an immutable value with its positions.
func toValue(n *tf.Node, opts valueOptions) (bulwark.Value, error) {
	b := bulwark.NewBuilder(opts.names, bulwark.Limits{Depth: 128, Nodes: 1 << 20})
	b.At(n.Pos)
	addNode(b, n, "", opts)
	return b.Build(opts.asset)
}

func addNode(b *bulwark.Builder, n *tf.Node, path string, opts valueOptions) {
	b.At(n.Pos)
	if opts.typ != nil && path != "" && (n.Kind == tf.String || n.Kind == tf.Symbolic) {
		if p := opts.typ.props[path]; p != nil && p.Secret != "" && n.Symbol() == nil {
			b.Secret(p.Secret, digestSecret(opts.key, n.Text))
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
			addNode(b, c, path, opts)
		}
		if n.Open {
			b.At(n.Pos)
			b.Unknown("further elements could not be known")
		}
		b.End()
	case tf.Object:
		b.Object()
		for _, f := range n.Fields {
			at := f.Name
			if path != "" {
				at = path + "." + f.Name
			}
			b.Key(f.Name)
			addNode(b, f.Value, at, opts)
		}
		b.End()
	}
}

// digestSecret is the keyed digest by which equal secrets are told.
func digestSecret(key []byte, text string) string {
	if len(key) == 0 {
		return ""
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil)[:16])
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
	text := ""
	for _, p := range parts {
		if p.Symbol == nil {
			text += p.Literal
		} else {
			text += "${" + p.Symbol.String() + "}"
		}
	}
	return text
}

func numberNode(f float64, like *tf.Node) *tf.Node {
	return &tf.Node{Kind: tf.Number, Number: new(big.Float).SetPrec(512).SetFloat64(f), Pos: like.Pos, Refs: like.Refs}
}
