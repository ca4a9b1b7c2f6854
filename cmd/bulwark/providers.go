package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// providers are the kinds of connectors, a line each, sorted.
var providers = []*kind{
	provider("aws", awsKind),
	provider("azure", azureKind),
	provider("gcp", gcpKind),
	provider("host", hostKind),
	provider("iac", iacKind),
	provider("kubernetes", kubernetesKind),
}

// kind is what a connector can be. Its configuration and secret are structs
// with JSON tags; fields says what people read of each of their fields.
type kind struct {
	name      string
	title     string
	about     string
	fields    map[string]string                         // what a field is, by its name: regions, namespaces.include
	required  []string                                  // fields that must be there
	address   []string                                  // fields that decide whom a secret is sent to
	access    func(*bulwark.Types) []bulwark.Access     // nil needs no permissions
	templates func([]bulwark.Access) []bulwark.Template // that give them; nil has none
	mend      func(permissions []string) []bulwark.Template
	claim     func(config json.RawMessage) string // what no other connector may gather; nil or "" is nothing

	config, secret reflect.Type // secret is an empty struct where there is none
	value          any          // a nil of what build returns
	build          func(d deps, config, secret json.RawMessage) (pipeline.Gatherer, error)
}

// deps are what a provider is given.
type deps struct {
	connector string // id
	types     *bulwark.Types
	limiter   *quota.Limiter
	now       func() time.Time
	secretKey []byte   // of the digests that stand for secret values
	local     bool     // configured by the person who runs this process
	codeRoots []string // folders of code that connectors may read, unless local
}

// A provider's value gathers, and may be able to do more.
type (
	prober interface {
		Probe(ctx context.Context, yield func(bulwark.Probe) error) error
	}
	planner interface {
		Plan(ctx context.Context) (bulwark.CallPlan, error)
	}
)

func provider(name string, k *kind) *kind {
	k.name = name
	return k
}

// describe completes a kind by what builds it from a configuration C and a
// secret S, which are decoded strictly.
func describe[C, S any, G pipeline.Gatherer](k kind, build func(d deps, config C, secret *S) (G, error)) *kind {
	k.config, k.secret = reflect.TypeFor[C](), reflect.TypeFor[S]()
	var none G
	k.value = none
	k.build = func(d deps, config, secret json.RawMessage) (pipeline.Gatherer, error) {
		var c C
		if err := decodeStrict("config", config, &c); err != nil {
			return nil, err
		}
		if err := k.complete(config); err != nil {
			return nil, err
		}
		var s *S
		if len(secret) > 0 {
			s = new(S)
			if err := decodeStrict("secret", secret, s); err != nil {
				return nil, err
			}
		}
		return build(d, c, s)
	}
	return &k
}

// complete demands the fields that must be there.
func (k *kind) complete(config json.RawMessage) error {
	have := map[string]json.RawMessage{}
	if len(config) > 0 {
		if err := json.Unmarshal(config, &have); err != nil {
			return fmt.Errorf("%w: config is no object", bulwark.ErrInvalid)
		}
	}
	for _, name := range k.required {
		if v := string(have[name]); v == "" || v == `""` || v == "null" {
			return fmt.Errorf("%w: config.%s is missing: %s", bulwark.ErrInvalid, name, k.fields[name])
		}
	}
	return nil
}

// kindOf returns a kind by its name.
func kindOf(name string) (*kind, error) {
	i := slices.IndexFunc(providers, func(k *kind) bool { return k.name == name })
	if i < 0 {
		names := make([]string, len(providers))
		for i, k := range providers {
			names[i] = k.name
		}
		return nil, fmt.Errorf("%w: no connector is of kind %q: %s", bulwark.ErrInvalid, name, content.DidYouMean(name, names))
	}
	return providers[i], nil
}

// describe tells of a kind to those who configure a connector.
func (k *kind) describe(types *bulwark.Types) bulwark.ConnectorKind {
	out := bulwark.ConnectorKind{Kind: k.name, Title: k.title, About: k.about, Config: k.describeFields(k.config, false), Secret: k.describeFields(k.secret, true)}
	_, out.Watches = k.value.(pipeline.Watcher)
	_, out.Discovers = k.value.(pipeline.Discoverer)
	_, out.Probes = k.value.(prober)
	_, out.Plans = k.value.(planner)
	if k.access != nil {
		out.Access = k.access(types)
	}
	if k.templates != nil {
		out.Templates = k.templates(out.Access)
	}
	return out
}

func (k *kind) describeFields(t reflect.Type, secret bool) []bulwark.ConnectorField {
	list := []bulwark.ConnectorField{}
	for _, f := range fieldsOf(t, "") {
		about := k.fields[f.name]
		outer, _, _ := strings.Cut(f.name, ".")
		if secret {
			about = k.fields["secret."+f.name]
		}
		list = append(list, bulwark.ConnectorField{Name: f.name, Type: f.kind, About: about, Required: !secret && slices.Contains(k.required, f.name),
			Secret: secret, Address: !secret && slices.Contains(k.address, outer)})
	}
	return list
}
