package iac

import (
	"errors"
	"math/big"
	"strconv"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// armParser evaluates one expression of a template as it reads it. Values it
// cannot know are symbols; functions it does not know make symbols too.
type armParser struct {
	text  string
	at    int
	t     *armTemplate
	depth int
	err   error
}

var errARM = errors.New("malformed expression")

func (p *armParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *armParser) fail() *tf.Node {
	p.err = errARM
	return &tf.Node{Kind: tf.Unknown, Reason: errARM.Error()}
}

func (p *armParser) expression() *tf.Node {
	if p.depth++; p.depth > 64 {
		return p.fail()
	}
	defer func() { p.depth-- }()
	p.space()
	if p.at >= len(p.text) || p.err != nil {
		return p.fail()
	}
	start := p.at
	var n *tf.Node
	switch c := p.text[p.at]; {
	case c == '\'':
		n = p.literal()
	case c == '-' || c >= '0' && c <= '9':
		for p.at++; p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9'; p.at++ {
		}
		i, err := strconv.ParseInt(p.text[start:p.at], 10, 64)
		if err != nil {
			return p.fail()
		}
		n = &tf.Node{Kind: tf.Number, Number: new(big.Float).SetPrec(512).SetInt64(i)}
	default:
		n = p.call()
	}
	return p.accessors(n, start)
}

func (p *armParser) literal() *tf.Node {
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		if p.text[p.at] == '\'' {
			if p.at+1 < len(p.text) && p.text[p.at+1] == '\'' {
				p.at++
			} else {
				p.at++
				return &tf.Node{Kind: tf.String, Text: b.String()}
			}
		}
		b.WriteByte(p.text[p.at])
	}
	return p.fail()
}

func (p *armParser) name() string {
	start := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c != '_' && c != '.' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			break
		}
		p.at++
	}
	return p.text[start:p.at]
}

func (p *armParser) call() *tf.Node {
	start := p.at
	name := strings.ToLower(p.name())
	p.space()
	if name == "" || p.at >= len(p.text) || p.text[p.at] != '(' {
		return p.fail()
	}
	p.at++
	var args []*tf.Node
	for {
		p.space()
		if p.at < len(p.text) && p.text[p.at] == ')' {
			p.at++
			break
		}
		args = append(args, p.expression())
		p.space()
		if p.err != nil || p.at >= len(p.text) || p.text[p.at] != ',' && p.text[p.at] != ')' {
			return p.fail()
		}
		if p.text[p.at] == ',' {
			p.at++
		}
	}
	if n := p.function(name, args); n != nil {
		return n
	}
	return armSymbol("derived", strings.TrimSpace(p.text[start:p.at]), "")
}

// accessors follows .name and [index] after a value.
func (p *armParser) accessors(n *tf.Node, start int) *tf.Node {
	for p.at < len(p.text) && p.err == nil {
		switch p.text[p.at] {
		case '.':
			p.at++
			end := p.at
			for end < len(p.text) && p.text[end] != '.' && strings.IndexByte("[](), \t", p.text[end]) < 0 {
				end++
			}
			n = p.member(n, p.text[p.at:end], start, end)
			p.at = end
		case '[':
			p.at++
			index := p.expression()
			p.space()
			if p.at >= len(p.text) || p.text[p.at] != ']' {
				return p.fail()
			}
			p.at++
			if i, ok := index.Int(); ok && n.Kind == tf.List && i >= 0 && i < int64(len(n.Items)) {
				n = n.Items[i]
			} else {
				n = p.member(n, scalarText(index), start, p.at)
			}
		default:
			return n
		}
	}
	return n
}

func (p *armParser) member(n *tf.Node, name string, start, end int) *tf.Node {
	if c := memberFold(n, name); c != nil {
		return c
	}
	if n.Kind == tf.Object && !n.Open {
		return &tf.Node{Kind: tf.Null}
	}
	if s := n.Symbol(); s != nil && s.Kind == "computed" {
		return armSymbol(s.Kind, s.Address, strings.TrimPrefix(s.Attribute+"."+name, "."))
	}
	return armSymbol("derived", strings.TrimSpace(p.text[start:end]), "")
}

// concat joins texts, keeping symbols, or lists.
func concat(args []*tf.Node) *tf.Node {
	if len(args) > 0 && args[0].Kind == tf.List {
		out := &tf.Node{Kind: tf.List}
		for _, a := range args {
			if a.Kind != tf.List {
				out.Open = true
				continue
			}
			out.Items = append(out.Items, a.Items...)
		}
		return out
	}
	var parts []bulwark.Part
	symbolic := false
	var text strings.Builder
	for _, a := range args {
		switch {
		case a.Kind == tf.Symbolic:
			parts, symbolic = append(parts, a.Parts...), true
		case a.Kind == tf.Unknown || a.Kind == tf.List || a.Kind == tf.Object:
			return nil
		default:
			s := scalarText(a)
			if s == "" {
				continue
			}
			parts = append(parts, bulwark.Part{Literal: s})
			text.WriteString(s)
		}
	}
	if !symbolic {
		return &tf.Node{Kind: tf.String, Text: text.String()}
	}
	return &tf.Node{Kind: tf.Symbolic, Parts: parts, Text: symbolicText(parts)}
}
