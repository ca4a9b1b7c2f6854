package tf

import (
	"sort"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Provider is a provider configuration: an account scope. Resources of one
// Provider live in one account, and two of different scopes may not.
type Provider struct {
	Name    string // local name: aws, google-beta
	Alias   string
	Scope   string // aws, aws.west; module.legacy.aws for one that a module configures itself
	Source  string // hashicorp/aws, where required_providers says so
	Region  string // location of what it makes, "" when not known
	Account string // account, subscription or project id, "" when not known
	Implied bool   // no file configures it
	Body    *Node  // its configuration, nil when implied
	Pos     bulwark.Position
}

// provider is a Provider under evaluation.
type provider struct {
	Provider
	block *hclsyntax.Block
	sc    *scope
	ready bool
}

// keyword returns the text of an expression that names something: aws,
// aws.west, or either in quotes.
func keyword(e hclsyntax.Expression) string {
	if k, ok := e.(*hclsyntax.ObjectConsKeyExpr); ok {
		e = k.Wrapped
	}
	if t, ok := e.(*hclsyntax.ScopeTraversalExpr); ok {
		names := []string{t.Traversal.RootName()}
		for _, s := range t.Traversal[1:] {
			a, ok := s.(hcl.TraverseAttr)
			if !ok {
				return ""
			}
			names = append(names, a.Name)
		}
		return strings.Join(names, ".")
	}
	return literalText(e)
}

// configureProviders makes the provider scopes that a module's own files
// configure.
func (mi *modInst) configureProviders() {
	for _, b := range mi.mod.providers {
		key := b.Labels[0]
		alias := blockAlias(b.Block)
		if alias != "" {
			key += "." + alias
		}
		if mi.parent != nil && len(b.Body.Attributes) == boolInt(alias != "") && len(b.Body.Blocks) == 0 {
			continue // a module's declaration of what its caller passes
		}
		mi.providers[key] = &provider{
			Provider: Provider{
				Name: b.Labels[0], Alias: alias, Scope: joinAddress(mi.path, key),
				Source: mi.mod.required[b.Labels[0]], Pos: position(blockRange(b.Block), mi.via),
			},
			block: b.Block, sc: mi.scope(),
		}
		mi.ev.providers = append(mi.ev.providers, mi.providers[key])
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// childProviders returns what a module call passes on: the map that it gives,
// else the configurations without alias.
func (mi *modInst) childProviders(c *callState, child *modInst) map[string]*provider {
	out := map[string]*provider{}
	for key, p := range mi.providers {
		if !strings.Contains(key, ".") {
			out[key] = p
		}
	}
	if a := c.block.Body.Attributes["providers"]; a != nil {
		if obj, ok := a.Expr.(*hclsyntax.ObjectConsExpr); ok {
			for _, it := range obj.Items {
				inner, outer := keyword(it.KeyExpr), keyword(it.ValueExpr)
				if inner != "" && outer != "" {
					out[inner] = mi.providerAt(outer)
				}
			}
		}
	}
	child.providers = out
	child.configureProviders()
	return out
}

// providerAt returns the provider scope that a name means in a module. One
// that nobody configures is implied: the default one of the root, or an alias
// of the module.
func (mi *modInst) providerAt(key string) *provider {
	if p := mi.providers[key]; p != nil {
		return p
	}
	name, alias, aliased := strings.Cut(key, ".")
	if !aliased && mi.parent != nil {
		p := mi.parent.providerAt(key)
		mi.providers[key] = p
		return p
	}
	p := &provider{Provider: Provider{
		Name: name, Alias: alias, Scope: joinAddress(mi.path, key), Source: mi.mod.required[name], Implied: true,
	}}
	mi.providers[key] = p
	mi.ev.providers = append(mi.ev.providers, p)
	return p
}

// providerOf returns the provider scope of a resource: the one it names, else
// the default one that its type's name begins with.
func (mi *modInst) providerOf(r *resource) *provider {
	key := ""
	if a := r.block.Body.Attributes["provider"]; a != nil {
		key = keyword(a.Expr)
	}
	if key == "" {
		key, _, _ = strings.Cut(r.typ, "_")
	}
	p := mi.providerAt(key)
	mi.ev.learn(p)
	return p
}

// learn evaluates a provider's configuration, once.
func (ev *evaluator) learn(p *provider) {
	if p.ready || p.block == nil {
		return
	}
	p.ready = true
	p.Body = ev.body(p.block, p.sc)
	p.Region = knownText(p.Body.Get("region"))
	for _, name := range []string{"subscription_id", "project", "account_id"} {
		if s := knownText(p.Body.Get(name)); s != "" && p.Account == "" {
			p.Account = s
		}
	}
	if l := p.Body.Get("allowed_account_ids"); l != nil && l.Kind == List && len(l.Items) == 1 && p.Account == "" {
		p.Account = knownText(l.Items[0])
	}
	if role := knownText(p.Body.At("assume_role", "role_arn")); p.Account == "" {
		if f := strings.Split(role, ":"); len(f) >= 6 && f[0] == "arn" {
			p.Account = f[4]
		}
	}
}

func knownText(n *Node) string {
	if n != nil && n.Kind == String {
		return n.Text
	}
	return ""
}

// scopeFacts are the data sources that tell about a provider's own scope, and
// what kind of symbol their attributes are.
var scopeFacts = map[string]map[string]string{
	"aws_caller_identity": {"account_id": SymAccount, "id": SymAccount, "arn": SymAccount, "user_id": SymAccount},
	"aws_region":          {"name": SymRegion, "id": SymRegion, "region": SymRegion},
	"aws_partition": {
		"partition": SymPartition, "id": SymPartition, "dns_suffix": SymPartition, "reverse_dns_prefix": SymPartition,
	},
	"azurerm_client_config": {
		"subscription_id": SymAccount, "tenant_id": SymAccount, "client_id": SymAccount, "object_id": SymAccount,
	},
	"azurerm_subscription": {"id": SymAccount, "subscription_id": SymAccount, "tenant_id": SymAccount},
	"google_client_config": {"project": SymAccount, "region": SymRegion, "zone": SymRegion},
	"google_project":       {"project_id": SymAccount, "number": SymAccount, "id": SymAccount},
}

// canonicalFact returns the one name of a fact that goes by several.
func canonicalFact(typ, attribute string) string {
	switch typ + "." + attribute {
	case "aws_caller_identity.id":
		return "account_id"
	case "aws_region.id", "aws_region.region":
		return "name"
	case "aws_partition.id":
		return "partition"
	}
	return attribute
}

// scopeFact returns what a provider's configuration tells of its scope, nil
// when it does not.
func (i *resInst) scopeFact(name string) *Node {
	if scopeFacts[i.res.typ][name] == "" {
		return nil
	}
	p := i.provider
	switch i.res.typ + "." + canonicalFact(i.res.typ, name) {
	case "aws_caller_identity.account_id", "azurerm_client_config.subscription_id":
		return textOrNil(p.Account)
	case "azurerm_subscription.subscription_id", "google_project.project_id", "google_client_config.project":
		for _, arg := range []string{"subscription_id", "project_id"} {
			if i.res.block.Body.Attributes[arg] != nil {
				return nil
			}
		}
		return textOrNil(p.Account)
	case "aws_region.name":
		for _, arg := range []string{"name", "region"} {
			if i.res.block.Body.Attributes[arg] != nil {
				return i.value(arg)
			}
		}
		return textOrNil(p.Region)
	case "google_client_config.region":
		return textOrNil(p.Region)
	case "aws_partition.partition":
		return textOrNil(partitionOf(p.Region))
	case "aws_partition.dns_suffix":
		switch partitionOf(p.Region) {
		case "aws", "aws-us-gov":
			return str("amazonaws.com")
		case "aws-cn":
			return str("amazonaws.com.cn")
		}
	}
	return nil
}

func textOrNil(s string) *Node {
	if s == "" {
		return nil
	}
	return str(s)
}

// partitionOf returns the AWS partition that a region belongs to.
func partitionOf(region string) string {
	switch {
	case region == "":
		return ""
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	case strings.HasPrefix(region, "us-iso"), strings.HasPrefix(region, "eu-isoe-"), strings.HasPrefix(region, "eusc-"):
		return "" // partitions of their own, told apart by more than the prefix
	}
	return "aws"
}

// sortedProviders returns the scopes of an evaluation, by scope.
func (ev *evaluator) sortedProviders(x *exporter) []*Provider {
	out := make([]*Provider, 0, len(ev.providers))
	for _, p := range ev.providers {
		ev.learn(p)
		if p.Body != nil {
			p.Body = x.export(p.Body)
		}
		out = append(out, &p.Provider)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Scope < out[j].Scope })
	return out
}
