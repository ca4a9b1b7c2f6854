package gcp

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// typeInfo is a type with what writing its assets needs.
type typeInfo struct {
	shape *shape
	lists map[string]bool // paths of its own that stand for something of the inventory: _iamBindings, _auditConfigs …
}

// shape is a property of a type with those below it. Elements of lists have
// their list's; values of a map with free keys are under each.
type shape struct {
	members map[string]*shape
	each    *shape
	secret  string
	listed  bool
}

func (s *shape) step(name string) *shape {
	switch {
	case s == nil:
		return nil
	case s.members[name] != nil:
		return s.members[name]
	}
	return s.each
}

func typeInfos(types *bulwark.Types) map[string]*typeInfo {
	infos := map[string]*typeInfo{}
	for _, t := range types.All() {
		if t.Provider != "gcp" {
			continue
		}
		info := &typeInfo{shape: &shape{}, lists: map[string]bool{}}
		for _, p := range t.Properties {
			if p.Observed {
				continue
			}
			s := info.shape
			for part := range strings.SplitSeq(p.Path, ".") {
				s = s.grow(part)
			}
			s.secret, s.listed = p.Secret, true
			top, _, _ := strings.Cut(p.Path, ".")
			info.lists[strings.TrimRight(top, "[]{}")] = true
		}
		infos[t.ID] = info
	}
	return infos
}

// grow returns the shape at a part of a path, making it where it is not there.
func (s *shape) grow(part string) *shape {
	name := strings.TrimRight(part, "[]{}")
	if s.members == nil {
		s.members = map[string]*shape{}
	}
	if s.members[name] == nil {
		s.members[name] = &shape{}
	}
	s = s.members[name]
	for range strings.Count(part, "{}") {
		if s.each == nil {
			s.each = &shape{}
		}
		s = s.each
	}
	return s
}

// writer writes an asset's properties. Secrets become their keyed digests.
type writer struct {
	b       *bulwark.Builder
	secrets []byte            // key of digests
	rename  map[string]string // of members, at any depth
	lower   map[string]bool   // members whose texts are written in lower case
	cut     bool              // what is written comes from an asset of which a part was left out
	written map[string]bool   // members at the top
}

// isCut reports whether the inventory left a part of an asset out, since it was
// too large. It does not tell which.
func isCut(a bulwark.Value) bool { return a.Get("assetExceptions").Len() > 0 }

const cutReason = "the inventory left out a part of the asset"

// copy writes v, the member called name of which the type knows s. Of what was
// cut, members that the type knows and that are not there are unknown, a list
// may have more elements, and a map more keys.
func (w *writer) copy(v bulwark.Value, name string, s *shape, secret string) {
	if s != nil && s.secret != "" {
		secret = s.secret
	}
	cut := w.cut && s != nil
	switch v.Kind() {
	case bulwark.Object:
		if cut && s.each != nil {
			w.b.Unknown(cutReason)
			return
		}
		w.b.Object()
		there := map[string]bool{}
		for member, c := range v.Children() {
			if to := w.rename[member]; to != "" {
				member = to
			}
			there[member] = true
			w.b.Key(member)
			w.copy(c, member, s.step(member), secret)
		}
		if cut {
			for _, member := range slices.Sorted(maps.Keys(s.members)) {
				if !there[member] {
					w.b.Key(member)
					w.b.Unknown(cutReason)
				}
			}
		}
		w.b.End()
	case bulwark.List:
		w.b.List()
		for _, c := range v.Children() {
			w.copy(c, name, s, secret)
		}
		if cut {
			w.b.Unknown(cutReason)
		}
		w.b.End()
	case bulwark.String:
		w.text(v.Text(), name, s, secret)
	case bulwark.Absent, bulwark.Unknown, bulwark.Secret:
		w.b.Copy(v)
	default:
		if secret != "" {
			w.b.Secret(secret, bulwark.SecretDigest(w.secrets, scalar(v)))
			return
		}
		w.b.Copy(v)
	}
}

func (w *writer) text(text, name string, s *shape, secret string) {
	if secret == "" && (s == nil || !s.listed) && provider.SecretName(name) {
		secret = "unlisted"
	}
	switch {
	case secret != "" && text != "":
		w.b.Secret(secret, bulwark.SecretDigest(w.secrets, text))
	case w.lower[name]:
		w.b.String(strings.ToLower(text))
	default:
		w.b.String(text)
	}
}

func scalar(v bulwark.Value) string {
	switch v.Kind() {
	case bulwark.Bool:
		return strconv.FormatBool(v.Bool())
	case bulwark.Int:
		return strconv.FormatInt(v.Int(), 10)
	}
	return strconv.FormatFloat(v.Float(), 'g', -1, 64)
}

// member begins a member at the top.
func (w *writer) member(name string) {
	w.written[name] = true
	w.b.Key(name)
}

// set writes a member that is a text, unless it is empty.
func (w *writer) set(name, text string) {
	if text != "" {
		w.member(name)
		w.b.String(text)
	}
}

func (w *writer) setBool(name string, v bool) {
	w.member(name)
	w.b.Bool(v)
}

// flag writes whether something is so that follows from another value, unless
// that may have been left out.
func (w *writer) flag(name string, from bulwark.Value, v bool) {
	if !w.cut || !from.IsAbsent() {
		w.setBool(name, v)
	}
}

// as writes a value under a name, unless it is absent.
func (w *writer) as(name string, v bulwark.Value, s *shape) {
	if !v.IsAbsent() {
		w.member(name)
		w.copy(v, name, s.step(name), "")
	}
}

func (w *writer) unknown(name, reason string) {
	w.member(name)
	w.b.Unknown(reason)
}
