// Package yamldoc reads YAML into bulwark values that keep file and line. It
// is the one home of YAML: content, manifests and templates all pass through
// it, so bombs, depth and size are bounded in one place.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/bulwarksec/bulwark"
)

// Options say how Decode reads.
type Options struct {
	Names  *bulwark.Names // table of property names, may be nil
	Limits bulwark.Limits // zero fields take the defaults; Bytes bounds the input too
	File   string         // for positions; empty keeps none
	Line   int            // added to every line, for a document inside another file

	// Strict makes a repeated key an error; else the last one wins.
	Strict bool

	// Marks reads `!unknown reason` as an unknown value, for tests in content.
	Marks bool

	// Tag turns a node with a tag of its own (!GetAtt, !Sub …) into an object
	// with one member of the name it returns; "" leaves the node as it is.
	Tag func(tag string) string
}

// Decode reads all documents of a stream, in order; an empty document is
// absent. With an error of kind ErrInvalid, which names the line, come the
// documents before the bad one. Aliases are expanded within the limits, merge
// keys are applied, keys that are not texts take their source form.
func Decode(data []byte, opts Options) ([]bulwark.Value, error) {
	limit := opts.Limits.Bytes
	if limit == 0 {
		limit = 64 << 20
	}
	if len(data) > limit {
		return nil, fmt.Errorf("%w: yaml: %d bytes, more than %d", bulwark.ErrInvalid, len(data), limit)
	}
	var values []bulwark.Value
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		err := decodeNode(dec, &doc)
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return values, fmt.Errorf("%w: %s", bulwark.ErrInvalid, message(err, opts.Line))
		}
		v, err := Build(&doc, opts)
		if err != nil {
			return values, err
		}
		values = append(values, v)
	}
}

// decodeNode turns a panic of the parser, which reads hostile input, into an
// error.
func decodeNode(dec *yaml.Decoder, doc *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: the parser gave up: %v", r)
		}
	}()
	return dec.Decode(doc)
}

// message is the library's text on one line, with line numbers as in the
// whole file.
func message(err error, offset int) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if offset == 0 {
		return text
	}
	before, after, ok := strings.Cut(text, "line ")
	digits := len(after) - len(strings.TrimLeft(after, "0123456789"))
	if n, err := strconv.Atoi(after[:digits]); ok && err == nil {
		return before + "line " + strconv.Itoa(n+offset) + after[digits:]
	}
	return text
}

// Build turns a parsed node into a value.
func Build(node *yaml.Node, opts Options) (bulwark.Value, error) {
	d := &builder{b: bulwark.NewBuilder(opts.Names, opts.Limits), opts: opts, depth: opts.Limits.Depth}
	if d.depth == 0 {
		d.depth = 512
	}
	if opts.File != "" {
		d.b.At(bulwark.Position{File: opts.File, Line: 1 + opts.Line, EndLine: 1 + opts.Line})
	}
	if node.Kind == yaml.DocumentNode && len(node.Content) == 1 {
		node = node.Content[0]
	}
	if err := d.add(node, 0); err != nil {
		return bulwark.Value{}, fmt.Errorf("%w: yaml: line %d: %w", bulwark.ErrInvalid, max(d.line, 1)+opts.Line, err)
	}
	v, err := d.b.Build("")
	if err != nil {
		return v, fmt.Errorf("yaml: line %d: %w", max(d.line, 1)+opts.Line, err)
	}
	return v, nil
}

type builder struct {
	b     *bulwark.Builder
	opts  Options
	depth int
	line  int // of the node in hand
}

func (d *builder) add(n *yaml.Node, depth int) error {
	if err := d.b.Err(); err != nil {
		return err
	}
	if depth > d.depth {
		return fmt.Errorf("nested or aliased deeper than %d", d.depth)
	}
	if n.Line > 0 {
		d.line = n.Line
	}
	d.at(n)
	if tag := n.Tag; n.Style&yaml.TaggedStyle != 0 && !strings.HasPrefix(tag, "!!") {
		if d.opts.Marks && tag == "!unknown" {
			d.b.Unknown(n.Value)
			return nil
		}
		if name := d.tagName(tag); name != "" {
			d.b.Object()
			d.b.Key(name)
			d.at(n)
			if err := d.content(n, depth+1); err != nil {
				return err
			}
			d.b.End()
			return nil
		}
	}
	return d.content(n, depth)
}

func (d *builder) tagName(tag string) string {
	if d.opts.Tag == nil {
		return ""
	}
	return d.opts.Tag(tag)
}

func (d *builder) at(n *yaml.Node) {
	if d.opts.File != "" {
		d.b.At(bulwark.Position{File: d.opts.File, Line: n.Line + d.opts.Line, EndLine: lastLine(n, 0) + d.opts.Line})
	}
}

// lastLine returns the last line of a node's own text. It follows only the
// last child, so it costs the depth and not the size.
func lastLine(n *yaml.Node, depth int) int {
	switch {
	case depth > 1000 || n.Kind == yaml.AliasNode:
		return n.Line
	case len(n.Content) > 0:
		return max(n.Line, lastLine(n.Content[len(n.Content)-1], depth+1))
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return n.Line + strings.Count(strings.TrimSuffix(n.Value, "\n"), "\n") + 1
	}
	return n.Line
}

func (d *builder) content(n *yaml.Node, depth int) error {
	switch n.Kind {
	case yaml.AliasNode:
		if n.Alias == nil {
			return errors.New("alias of nothing")
		}
		return d.add(n.Alias, depth+1)
	case yaml.MappingNode:
		return d.mapping(n, depth)
	case yaml.SequenceNode:
		d.b.List()
		for _, c := range n.Content {
			if err := d.add(c, depth+1); err != nil {
				return err
			}
		}
		d.b.End()
		return d.b.Err()
	case yaml.ScalarNode:
		d.scalar(n)
		return d.b.Err()
	}
	d.b.Null()
	return nil
}

func (d *builder) mapping(n *yaml.Node, depth int) error {
	d.b.Object()
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if isMerge(k) {
			continue
		}
		if line, ok := seen[k.Value]; ok && d.opts.Strict {
			d.line = k.Line
			return fmt.Errorf("key %q stands on line %d already", k.Value, line+d.opts.Line)
		}
		seen[k.Value] = k.Line
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if isMerge(n.Content[i]) {
			if err := d.merge(n.Content[i+1], seen, depth+1); err != nil {
				return err
			}
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if isMerge(k) {
			continue
		}
		for k.Kind == yaml.AliasNode && k.Alias != nil {
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode {
			d.line = k.Line
			return errors.New("a key that is a list or a map")
		}
		d.b.Key(k.Value)
		if err := d.add(n.Content[i+1], depth+1); err != nil {
			return err
		}
	}
	d.b.End()
	return d.b.Err()
}

func isMerge(k *yaml.Node) bool {
	return k.Kind == yaml.ScalarNode && k.Value == "<<" && (k.Tag == "!!merge" || k.Tag == "")
}

// merge adds the members of a merged map that the map itself lacks.
func (d *builder) merge(n *yaml.Node, seen map[string]int, depth int) error {
	if depth > d.depth {
		return fmt.Errorf("merged deeper than %d", d.depth)
	}
	switch {
	case n.Kind == yaml.AliasNode && n.Alias != nil:
		return d.merge(n.Alias, seen, depth+1)
	case n.Kind == yaml.SequenceNode:
		for _, c := range n.Content {
			if err := d.merge(c, seen, depth+1); err != nil {
				return err
			}
		}
		return nil
	case n.Kind != yaml.MappingNode:
		return errors.New("<< merges what is not a map")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if isMerge(k) {
			if err := d.merge(n.Content[i+1], seen, depth+1); err != nil {
				return err
			}
			continue
		}
		if _, ok := seen[k.Value]; ok || k.Kind != yaml.ScalarNode {
			continue
		}
		seen[k.Value] = k.Line
		d.b.Key(k.Value)
		if err := d.add(n.Content[i+1], depth+1); err != nil {
			return err
		}
	}
	return nil
}

// scalar adds a value of the kind that YAML 1.2's core schema gives the text,
// with 0777 as an octal number, as Kubernetes reads it.
func (d *builder) scalar(n *yaml.Node) {
	switch n.ShortTag() {
	case "!!null":
		d.b.Null()
		return
	case "!!bool":
		var v bool
		if n.Decode(&v) == nil {
			d.b.Bool(v)
			return
		}
	case "!!int":
		if v, err := strconv.ParseInt(n.Value, 10, 64); err == nil && !strings.HasPrefix(strings.TrimLeft(n.Value, "+-"), "0") || n.Value == "0" {
			d.b.Int(v)
			return
		}
		var v int64
		if n.Decode(&v) == nil {
			d.b.Int(v)
			return
		}
		var f float64
		if n.Decode(&f) == nil {
			d.b.Float(f)
			return
		}
	case "!!float":
		var f float64
		if n.Decode(&f) == nil && f-f == 0 { // neither infinite nor no number
			d.b.Float(f)
			return
		}
	}
	d.b.String(n.Value)
}
