package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// content is what the inventory tells of assets in one listing.
type content string

const (
	resources   content = "RESOURCE"
	iamPolicies content = "IAM_POLICY"
	orgPolicies content = "ORG_POLICY"
	access      content = "ACCESS_POLICY"
)

// listCalls are the inventory's listings by content: each needs a permission of
// its own. Source: Cloud Asset Inventory, Roles and permissions.
var listCalls = map[content]call{
	resources:   {"cloudasset", "assets.list", "cloudasset.assets.listResource"},
	iamPolicies: {"cloudasset", "assets.list", "cloudasset.assets.listIamPolicy"},
	orgPolicies: {"cloudasset", "assets.list", "cloudasset.assets.listOrgPolicy"},
	access:      {"cloudasset", "assets.list", "cloudasset.assets.listAccessPolicy"},
}

const (
	pageSize = 1000   // the largest that the service gives
	maxPages = 20_000 // twenty million assets
	maxEmpty = 50     // pages without an asset in succession
)

// query is a listing: what below which parent, as of when. An empty time is
// now, and types empty is all.
type query struct {
	parent  string
	content content
	types   []string
	at      string // RFC 3339
	size    int    // of a page; 0 is the largest
}

// list yields each asset of a listing as the inventory writes it, and returns
// the time of the snapshot. An asset is valid during the call only: to keep
// it keeps its whole page. The error is a fault, the context's or yield's.
func (e *Estate) list(ctx context.Context, q query, page func(assets []bulwark.Value) error) (at string, err error) {
	k := listCalls[q.content]
	object := q.parent + " " + string(q.content)
	empty := 0
	at = q.at
	if q.size == 0 {
		q.size = pageSize
	}
	err = provider.Pages(ctx, k.String(), object, maxPages, func(ctx context.Context, token string) (string, error) {
		v, err := e.client.get(ctx, k, object, "/v1/"+q.parent+"/assets", q.values(token))
		for errors.Is(err, provider.ErrTooLarge) && q.size > 1 { // pages of large assets: a page may be smaller than the one before
			q.size = max(1, q.size/10)
			v, err = e.client.get(ctx, k, object, "/v1/"+q.parent+"/assets", q.values(token))
		}
		if err != nil {
			return "", refusedToken(err, token)
		}
		assets, err := readPage(v, q.content)
		if err != nil {
			return "", &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: k.String(), Object: object, Err: err}
		}
		at = orElse(at, v.Get("readTime").Text())
		if empty++; len(assets) > 0 {
			empty = 0
		}
		if empty > maxEmpty {
			return "", &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: k.String(), Object: object, Err: fmt.Errorf("more than %d empty pages in succession", maxEmpty)}
		}
		if err := page(assets); err != nil {
			return "", err
		}
		return v.Get("nextPageToken").Text(), nil
	})
	return at, err
}

func (q query) values(token string) url.Values {
	v := url.Values{"contentType": {string(q.content)}, "pageSize": {fmt.Sprint(q.size)}}
	if len(q.types) > 0 {
		v["assetTypes"] = q.types
	}
	if q.at != "" {
		v.Set("readTime", q.at)
	}
	if token != "" {
		v.Set("pageToken", token)
	}
	return v
}

// refusedToken tells a page token that the service does not take any more from
// a listing that it never takes: what came before it was not all.
func refusedToken(err error, token string) error {
	var f *bulwark.Fault
	if token != "" && errors.As(err, &f) && f.Kind == bulwark.FaultFailed && strings.Contains(f.Err.Error(), "INVALID_ARGUMENT") {
		f.Kind = bulwark.FaultMalformed
	}
	return err
}

// readPage returns the assets of a page. An asset without a full name and a
// type, or without what was asked for, makes the page malformed: what is left
// out would count as gone.
func readPage(v bulwark.Value, c content) ([]bulwark.Value, error) {
	if t := v.Get("nextPageToken"); t.Kind() != bulwark.Absent && t.Kind() != bulwark.String {
		return nil, fmt.Errorf("nextPageToken is %s, want a string", t.Kind())
	}
	list := v.Get("assets")
	if k := list.Kind(); k != bulwark.Absent && k != bulwark.List {
		return nil, fmt.Errorf("assets is %s, want a list", k)
	}
	assets := make([]bulwark.Value, 0, list.Len())
	for _, a := range list.Children() {
		name, kind := a.Get("name").Text(), a.Get("assetType").Text()
		if !strings.HasPrefix(name, "//") || len(name) > 4096 || !strings.Contains(kind, "/") || len(kind) > 256 {
			return nil, fmt.Errorf("an asset has the name %q and the type %q", clip(name), clip(kind))
		}
		if got := a.Get(parts[c]).Kind(); c != access && got != bulwark.Absent && got != wanted[c] {
			return nil, fmt.Errorf("%s of %s is %s, want %s", parts[c], clip(name), got, wanted[c])
		}
		assets = append(assets, a)
	}
	return assets, nil
}

var (
	parts  = map[content]string{resources: "resource", iamPolicies: "iamPolicy", orgPolicies: "orgPolicy"}
	wanted = map[content]bulwark.Kind{resources: bulwark.Object, iamPolicies: bulwark.Object, orgPolicies: bulwark.List}
)
