package main

import (
	"context"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// lab is a provider of three buckets, one of which is public. Its server denies
// the permission that its token names, and its secret shows in what it says of
// its probes.
type lab struct {
	deps   deps
	config labConfig
	secret labSecret
}

type labConfig struct {
	Server  string   `json:"server"`
	Regions []string `json:"regions,omitempty"`
	Quick   bool     `json:"quick,omitempty"`
	Limits  struct {
		Pages int `json:"pages,omitempty"`
	} `json:"limits,omitzero"`
}

type labSecret struct {
	Token string `json:"token"`
}

func (l *lab) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	const scope, typ = "lab/1", "AWS::S3::Bucket"
	items := []bulwark.Gathered{{Scope: &bulwark.ScopeInfo{Path: scope, Name: "the lab", Kind: "account"}}}
	for _, name := range []string{"logs", "site", "vault"} {
		id := bulwark.AssetID(bulwark.Live, "lab/"+name)
		acl := "Private"
		if name == "site" {
			acl = "PublicRead"
		}
		v, err := bulwark.DecodeJSON([]byte(`{"BucketName":"`+name+`","AccessControl":"`+acl+`"}`), bulwark.DecodeOptions{Names: l.deps.types.Names(), Asset: id})
		if err != nil {
			return err
		}
		items = append(items, bulwark.Gathered{Asset: &bulwark.Asset{ID: id, Type: typ, Name: name, Scope: scope, Connector: l.deps.connector, Properties: v}})
	}
	items = append(items, bulwark.Gathered{Listing: &bulwark.Listing{Scope: scope, Type: typ, Complete: true}},
		bulwark.Gathered{Listing: &bulwark.Listing{Scope: scope, Type: "AWS::SQS::Queue", Gap: &bulwark.Gap{What: "listing", Where: "lab/1/queues", Why: "denied", Needs: "lab:ListQueues"}}})
	for _, g := range items {
		if l.deps.limiter != nil {
			if err := l.deps.limiter.Wait(ctx, quota.Key{Provider: "lab"}); err != nil {
				return err
			}
		}
		if err := yield(g); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) Scopes(context.Context) ([]bulwark.ScopeInfo, error) { return nil, nil }

func (l *lab) Probe(_ context.Context, yield func(bulwark.Probe) error) error {
	for _, a := range labAccess(nil) {
		p := bulwark.Probe{Access: a, State: bulwark.ProbeAllowed, Where: l.config.Server + " " + l.secret.Token}
		if l.secret.Token == a.Permission {
			p.State, p.Why, p.Where = bulwark.ProbeDenied, "no policy allows it", "lab/1"
		}
		if err := yield(p); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) Plan(context.Context) (bulwark.CallPlan, error) {
	return bulwark.CallPlan{Total: 7, Logged: 4, Seconds: 2, Scopes: []bulwark.ScopeInfo{{Path: "lab/1"}}, Filter: []bulwark.LogFilter{{Log: "lab log", Field: "agent", Value: "bulwark"}},
		Calls: []bulwark.CallCount{{Service: "lab", Call: "List", Count: 3, Basis: "fixed"}, {Service: "lab", Call: "Get", Count: 4, Logged: true, Basis: "assumed"}}}, nil
}

func labAccess(*bulwark.Types) []bulwark.Access {
	return []bulwark.Access{{Permission: "lab:Read"}, {Permission: "lab:ReadAll", Optional: true}, {Permission: "lab:ListQueues"}}
}

func labPolicy(list []string) []bulwark.Template {
	return []bulwark.Template{{Name: "policy.txt", ContentType: "text/plain", About: "Hand it to the lab.", Text: strings.Join(list, "\n") + "\n"}}
}

var labKind = describe(kind{
	title: "Lab", about: "A provider for tests.",
	fields:   map[string]string{"server": "its address", "regions": "only these", "quick": "in haste", "limits.pages": "at most", "secret.token": "of an account"},
	required: []string{"server"}, address: []string{"server"},
	access: labAccess, mend: labPolicy,
	templates: func(access []bulwark.Access) []bulwark.Template {
		var list []string
		for _, a := range access {
			list = append(list, a.Permission)
		}
		return labPolicy(list)
	},
}, func(d deps, c labConfig, s *labSecret) (*lab, error) {
	l := &lab{deps: d, config: c}
	if s != nil {
		l.secret = *s
	}
	return l, nil
})
