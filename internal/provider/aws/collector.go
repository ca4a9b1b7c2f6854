package aws

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/bulwarksec/bulwark"
)

// collector lists the assets of one type.
type collector struct {
	Type    string
	Service string // of its first call, as the SDK names the package: ec2
	Where   where
	Needs   []need
	Via     []string // permissions that Cloud Control uses in the caller's name
	Late    bool     // runs after all others of its place
	List    func(ctx context.Context, s *session) error
}

// where says how often a collector runs.
type where int

const (
	regional where = iota // in every region of an account
	global                // once in an account; its listing has no region
)

// need is an IAM permission and the operations that ask for it.
type need struct {
	Permission string   // s3:ListAllMyBuckets
	Operations []string // ListBuckets; none is the permission's own name
	Each       bool     // once for each asset, else for each page
	Times      int      // how often it is called for each asset or page; 0 is once
	Regions    bool     // in every region, though the collector runs once in an account
	Optional   bool     // without it only something is unknown
}

// times is a need whose call is made several times.
func (n need) times(k int) need {
	n.Times = k
	return n
}

// lists is a permission without which assets cannot be listed.
func lists(permission string, operations ...string) need {
	return need{Permission: permission, Operations: operations}
}

// once is a permission for a call that is made once and adds to assets.
func once(permission string, operations ...string) need {
	return need{Permission: permission, Operations: operations, Optional: true}
}

// each is a permission for a call that is made for every asset.
func each(permission string, operations ...string) need {
	return need{Permission: permission, Operations: operations, Each: true, Optional: true}
}

func (n need) operations() []string {
	if len(n.Operations) > 0 {
		return n.Operations
	}
	_, action, _ := strings.Cut(n.Permission, ":")
	return []string{action}
}

var collected []*collector

// collect registers a collector; files do so in a variable declaration.
func collect(c collector) bool {
	collected = append(collected, &c)
	return true
}

// registry returns all collectors in order of types, those of one type in
// order of permission.
var registry = sync.OnceValue(func() []*collector {
	list := slices.Clone(collected)
	byHand := map[string]bool{}
	for _, c := range list {
		byHand[c.Type] = true
	}
	for _, k := range inventory() {
		if !byHand[k.typ] {
			list = append(list, k.collector())
		}
	}
	slices.SortFunc(list, func(a, b *collector) int { return strings.Compare(a.Type, b.Type) })
	return list
})

// call names the collector's first call: ec2:DescribeVpcs.
func (c *collector) call() string {
	if len(c.Needs) == 0 {
		return c.Service
	}
	return c.Service + ":" + c.Needs[0].operations()[0]
}

// permission returns what an operation needs.
func (c *collector) permission(operation string) string {
	for _, n := range c.Needs {
		if slices.Contains(n.operations(), operation) {
			return n.Permission
		}
	}
	return ""
}

// Access returns every permission that collectors need, sorted and each once:
// the least policy of the role that reads.
func (e *Estate) Access() []bulwark.Access {
	byName := map[string]*bulwark.Access{}
	add := func(n need, typ string) {
		a := byName[n.Permission]
		if a == nil {
			a = &bulwark.Access{Permission: n.Permission, Optional: true}
			byName[n.Permission] = a
		}
		for _, op := range n.operations() {
			if !slices.Contains(a.Calls, op) {
				a.Calls = append(a.Calls, op)
			}
		}
		if typ != "" && !slices.Contains(a.Types, typ) {
			a.Types = append(a.Types, typ)
		}
		a.Optional = a.Optional && n.Optional
	}
	for _, n := range e.ownNeeds() {
		add(n, "")
	}
	for _, c := range e.collectors() {
		for _, n := range c.Needs {
			add(n, c.Type)
		}
		for _, p := range c.Via {
			add(need{Permission: p, Operations: []string{c.Needs[0].operations()[0]}, Optional: true}, c.Type)
		}
	}
	out := make([]bulwark.Access, 0, len(byName))
	for _, a := range byName {
		slices.Sort(a.Calls)
		out = append(out, *a)
	}
	slices.SortFunc(out, func(a, b bulwark.Access) int { return strings.Compare(a.Permission, b.Permission) })
	return out
}

// ownNeeds are those of finding accounts and regions.
func (e *Estate) ownNeeds() []need {
	needs := []need{lists("sts:GetCallerIdentity"), once(aliasPermission), once("account:ListRegions")}
	if len(e.config.Regions) == 0 {
		needs = append(needs, lists("ec2:DescribeRegions"))
	}
	if e.config.Organization {
		needs = append(needs, lists("organizations:ListAccounts"))
	}
	if e.config.Organization || e.config.RoleARN != "" || len(e.config.AccountIDs) > 0 {
		needs = append(needs, lists("sts:AssumeRole"))
	}
	return needs
}
