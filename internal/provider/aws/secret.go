package aws

import (
	"strings"

	"github.com/bulwarksec/bulwark"
)

// secretPath is a path that holds a secret, cut at its dots, with [] and {} as
// elements.
type secretPath struct {
	steps []string
	kind  string
}

var elements = strings.NewReplacer("[]", ".[]", "{}", ".{}")

func secretPaths(t *bulwark.Type, observed bool) []secretPath {
	var list []secretPath
	if t == nil {
		return nil
	}
	for _, p := range t.Properties {
		if p.Secret != "" && p.Observed == observed {
			list = append(list, secretPath{strings.Split(elements.Replace(p.Path), "."), p.Secret})
		}
	}
	return list
}

// masker copies a value; what stands at or below a secret path becomes its kind
// and a keyed digest.
type masker struct {
	b   *bulwark.Builder
	key []byte
}

func (m *masker) add(v bulwark.Value, paths []secretPath, secret string) {
	switch v.Kind() {
	case bulwark.Object:
		m.b.Object()
		for name, child := range v.Children() {
			m.b.Key(name)
			m.child(child, name, "{}", paths, secret)
		}
		m.b.End()
	case bulwark.List:
		m.b.List()
		for _, child := range v.Children() {
			m.child(child, "[]", "[]", paths, secret)
		}
		m.b.End()
	case bulwark.Absent, bulwark.Unknown, bulwark.Secret:
		m.b.Copy(v)
	default:
		if secret == "" || v.Kind() == bulwark.String && v.Text() == "" {
			m.b.Copy(v)
			return
		}
		text := v.Text()
		if v.Kind() != bulwark.String {
			text = v.String()
		}
		m.b.Secret(secret, bulwark.SecretDigest(m.key, text))
	}
}

func (m *masker) child(v bulwark.Value, name, any string, paths []secretPath, secret string) {
	var below []secretPath
	for _, p := range paths {
		switch {
		case p.steps[0] != name && p.steps[0] != any:
		case len(p.steps) == 1:
			secret = p.kind
		default:
			below = append(below, secretPath{p.steps[1:], p.kind})
		}
	}
	m.add(v, below, secret)
}
