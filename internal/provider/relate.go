package provider

import (
	"fmt"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Place is where an asset is, for native ids that a type's template makes:
// {partition}, {region} and {account} beside the asset's identifiers.
type Place struct {
	Partition, Region, Account string

	// Full, where it is not nil, is the provider's own way from what refers to an
	// asset of a type to its native id; "" is that it does not tell.
	Full func(to, text string) string
}

// Native fills a type's template of native ids. Names in braces are those of
// Place or an identifier, whose value get returns. It is false where a value
// is missing or the type has no template.
func Native(t *bulwark.Type, p Place, get func(identifier string) string) (string, bool) {
	if t == nil || t.Native == "" {
		return "", false
	}
	var b strings.Builder
	rest := t.Native
	for {
		before, after, ok := strings.Cut(rest, "{")
		b.WriteString(before)
		if !ok {
			return b.String(), true
		}
		name, tail, _ := strings.Cut(after, "}")
		value := ""
		switch name {
		case "partition":
			value = p.Partition
		case "region":
			value = p.Region
		case "account":
			value = p.Account
		default:
			value = get(name)
		}
		if value == "" {
			return "", false
		}
		b.WriteString(value)
		rest = tail
	}
}

// Relate returns the relations that a live asset's type file derives from its
// properties, sorted. A reference's value that is a native id of its own (an
// ARN, an ARM id, a full resource name), or that the place's Full makes one, is
// the target; another is put into the target type's template in the asset's own
// place. What can be found neither
// way, and what is unknown in the asset, is a relation with a reason.
func Relate(types *bulwark.Types, a *bulwark.Asset, p Place) []bulwark.Relation {
	t := types.Get(a.Type)
	if t == nil {
		return nil
	}
	var out []bulwark.Relation
	for _, r := range t.References {
		values(a.Properties, strings.Split(r.Property, "."), func(v bulwark.Value) {
			rel := bulwark.Relation{Name: r.Name, Inverse: r.Inverse, Type: r.To}
			switch v.Kind() {
			case bulwark.Unknown:
				rel.Reason = v.Reason()
			case bulwark.String:
				text := v.Text()
				if text == "" {
					return
				}
				if native := target(types.Get(r.To), r, p, text); native != "" {
					rel.Target = bulwark.AssetID(bulwark.Live, native)
				} else {
					rel.Reason = fmt.Sprintf("%s does not tell which %s it is", text, r.To)
				}
			default:
				return
			}
			out = append(out, rel)
		})
	}
	return bulwark.SortRelations(out)
}

func target(to *bulwark.Type, r bulwark.Reference, p Place, text string) string {
	if p.Full != nil {
		if native := p.Full(r.To, text); native != "" {
			return native
		}
	}
	switch {
	case strings.HasPrefix(text, "arn:"):
		return text
	case strings.HasPrefix(text, "/subscriptions/"), strings.HasPrefix(text, "/providers/"):
		return strings.ToLower(text)
	case strings.HasPrefix(text, "//"):
		return text
	}
	native, _ := Native(to, p, func(identifier string) string {
		if identifier == r.By {
			return text
		}
		return ""
	})
	return native
}

// values yields what stands at a path, in which [] means each element of a
// list and {} each value of a map.
func values(v bulwark.Value, path []string, yield func(bulwark.Value)) {
	if len(path) == 0 || v.Kind() == bulwark.Unknown {
		yield(v)
		return
	}
	name, each := path[0], 0
	for strings.HasSuffix(name, "[]") || strings.HasSuffix(name, "{}") {
		name, each = name[:len(name)-2], each+1
	}
	below(v.Get(name), each, path[1:], yield)
}

func below(v bulwark.Value, each int, path []string, yield func(bulwark.Value)) {
	if each == 0 || v.Kind() == bulwark.Unknown {
		values(v, path, yield)
		return
	}
	for _, c := range v.Children() {
		below(c, each-1, path, yield)
	}
}
