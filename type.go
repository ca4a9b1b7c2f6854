package bulwark

import (
	"slices"
	"strings"
)

// Type is one kind of asset as its file has it: content/types/<provider>/. It
// is the schema against which expressions are checked, and says how code of
// several languages becomes assets of the type. The format is described in
// docs/formats/type.md.
type Type struct {
	ID          string // AWS::S3::Bucket, Microsoft.Storage/storageAccounts, apps/v1/Deployment
	Name        string // what people call one: S3 bucket
	Provider    string // aws, azure, gcp, kubernetes, host, dockerfile: its folder
	Groups      []string
	Identifiers []string // properties by whose value others refer to it, best first
	Properties  []Property
	References  []Reference
	Views       []NamedExpr // variables computed once per asset: pod, containers
	Native      string      // its native id while live, of identifiers: arn:{partition}:s3:::{BucketName}
	From        From
	Position    Position
}

// Property is one property that something names. Path is dotted; [] stands
// for the elements of a list and {} for the values of a map with free keys:
// spec.containers[].image, metadata.labels{}.
type Property struct {
	Path     string
	Kind     PropertyKind
	Defaults []Default // what absent means; none means null
	Volatile bool      // changes all the time: no history, not in the digest
	Secret   string    // kind of secret it holds: kept as a keyed digest
	Observed bool      // known to a live provider only: observed.<path>
	Position Position
}

// PropertyKind is the kind of a property's value. Objects are implied by the
// paths below them.
type PropertyKind string

// The kinds. Any is data of no fixed shape, such as a policy document; Map is
// an object with free keys whose values have properties of their own.
const (
	KindString  PropertyKind = "string"
	KindBoolean PropertyKind = "boolean"
	KindInteger PropertyKind = "integer"
	KindNumber  PropertyKind = "number"
	KindAny     PropertyKind = "any"
)

// Default is what an absent property stands for, by origin ("" is every one)
// and since when a provider has it so ("" is always; else a date, 2006-01-02).
type Default struct {
	Origin Origin
	Since  string
	Value  Value
}

// Reference says that the values at Property identify assets of type To by
// their identifier By. Name is the relation's, Inverse the other way's.
type Reference struct {
	Name     string
	Inverse  string
	Property string
	To       string
	By       string
	Position Position
}

// View returns the type's computed variable of a name.
func (t *Type) View(name string) (NamedExpr, bool) {
	for _, v := range t.Views {
		if v.Name == name {
			return v, true
		}
	}
	return NamedExpr{}, false
}

// Types is an immutable index of types.
type Types struct {
	list  []*Type
	byID  map[string]*Type
	names *Names
}

// NewTypes indexes types, which must have distinct ids; the slice is kept
// sorted by id.
func NewTypes(list []*Type) *Types {
	t := &Types{list: slices.Clone(list), byID: make(map[string]*Type, len(list))}
	slices.SortFunc(t.list, func(a, b *Type) int { return strings.Compare(a.ID, b.ID) })
	var names []string
	for _, typ := range t.list {
		t.byID[typ.ID] = typ
		for _, p := range typ.Properties {
			for part := range strings.SplitSeq(p.Path, ".") {
				if part = strings.TrimRight(part, "[]{}"); part != "" {
					names = append(names, part)
				}
			}
		}
	}
	t.names = NewNames(names)
	return t
}

// Get returns the type of an id, or nil.
func (t *Types) Get(id string) *Type { return t.byID[id] }

// All returns the types sorted by id; the caller must not change the slice.
func (t *Types) All() []*Type { return t.list }

// Names returns the table of all property names that types list.
func (t *Types) Names() *Names { return t.names }

// InGroup returns the ids of the types of a group, sorted.
func (t *Types) InGroup(group string) []string {
	var ids []string
	for _, typ := range t.list {
		if slices.Contains(typ.Groups, group) {
			ids = append(ids, typ.ID)
		}
	}
	return ids
}
