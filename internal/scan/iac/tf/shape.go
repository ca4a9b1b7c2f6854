package tf

import (
	"strings"

	"github.com/bulwarksec/bulwark"
)

// shape is what every value of an attribute begins and ends with.
type shape struct{ prefix, suffix string }

// shapes are the computed attributes of which a part is known before they are
// deployed, by resource or data source type and attribute. Source: the
// providers' documentation of each type's attributes.
var shapes = map[string]shape{
	"google_service_account.email":  {"", ".iam.gserviceaccount.com"},
	"google_service_account.member": {"serviceAccount:", ".iam.gserviceaccount.com"},
	"google_service_account.id":     {"projects/", ".iam.gserviceaccount.com"},
	"google_service_account.name":   {"projects/", ".iam.gserviceaccount.com"},

	"google_compute_default_service_account.email":  {"", "-compute@developer.gserviceaccount.com"},
	"google_compute_default_service_account.member": {"serviceAccount:", "-compute@developer.gserviceaccount.com"},
	"google_compute_default_service_account.id":     {"projects/", "-compute@developer.gserviceaccount.com"},
	"google_compute_default_service_account.name":   {"projects/", "-compute@developer.gserviceaccount.com"},

	"google_app_engine_default_service_account.email":  {"", "@appspot.gserviceaccount.com"},
	"google_app_engine_default_service_account.member": {"serviceAccount:", "@appspot.gserviceaccount.com"},
	"google_app_engine_default_service_account.id":     {"projects/", "@appspot.gserviceaccount.com"},
	"google_app_engine_default_service_account.name":   {"projects/", "@appspot.gserviceaccount.com"},
}

// around returns parts between the literal ends that are known.
func (s shape) around(parts []bulwark.Part) []bulwark.Part {
	var out []bulwark.Part
	if s.prefix != "" {
		out = append(out, bulwark.Part{Literal: s.prefix})
	}
	out = append(out, parts...)
	if s.suffix != "" {
		out = append(out, bulwark.Part{Literal: s.suffix})
	}
	return out
}

// shapeOf returns what is known of the text that a symbol stands for.
func shapeOf(s bulwark.Symbol) (shape, bool) {
	switch s.Kind {
	case SymComputed, SymData, SymUndeclared:
		sh, ok := shapes[typeOf(s.Address)+"."+s.Attribute]
		return sh, ok
	}
	return shape{}, false
}

// typeOf returns the resource or data source type of an address such as
// module.m["a.b"].data.aws_vpc.main[0].
func typeOf(address string) string {
	for {
		rest, ok := strings.CutPrefix(address, "module.")
		if !ok {
			break
		}
		if address = skipStep(rest); address == "" {
			return ""
		}
	}
	address = strings.TrimPrefix(address, "data.")
	typ, _, _ := strings.Cut(address, ".")
	return typ
}

// skipStep returns what follows a name and its key, behind the dot.
func skipStep(s string) string {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"' && (i == 0 || s[i-1] != '\\'):
			quoted = !quoted
		case s[i] == '.' && !quoted:
			return s[i+1:]
		}
	}
	return ""
}
