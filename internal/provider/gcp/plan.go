package gcp

import (
	"context"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// What is assumed of a project until a run has counted.
const (
	assumedAssets   = 400 // assets
	assumedPolicies = 60  // with an IAM policy of their own
)

// Plan counts the projects and says how many calls a run makes: pages of a
// thousand assets for each listing, by the last run of this estate where there
// was one. Listings are written to Data Access audit logs where an organisation
// turned those on for Cloud Asset Inventory; only BigQuery's are always on.
func (e *Estate) Plan(ctx context.Context) (bulwark.CallPlan, error) {
	before := e.client.made.Load()
	scopes, err := e.Scopes(ctx)
	if err != nil {
		return bulwark.CallPlan{}, err
	}
	survey := e.client.made.Load() - before
	projects := int64(0)
	for _, s := range scopes {
		if s.Kind == "project" {
			projects++
		}
	}
	parents := int64(len(e.parents()))
	plan := bulwark.CallPlan{Scopes: scopes, Filter: []bulwark.LogFilter{{Log: "Cloud Audit Logs", Field: "protoPayload.requestMetadata.callerSuppliedUserAgent", Value: userAgent}}}
	buckets := map[quota.Key]float64{} // calls that share a quota
	add := func(k call, name string, count int64, basis string, logged bool) {
		if count == 0 {
			return
		}
		plan.Calls = append(plan.Calls, bulwark.CallCount{Service: k.service, Call: name, Count: count, Logged: logged, Basis: basis})
		plan.Total += count
		if logged {
			plan.Logged += count
		}
		limit, bucket := quota.For(quota.Key{Provider: "gcp", Scope: e.client.bills, Service: k.service, Action: k.method})
		buckets[bucket] += float64(count)
		plan.Seconds = max(plan.Seconds, (buckets[bucket]-limit.Burst)/limit.Rate)
	}
	pages := func(c content, assumed int64) {
		k := listCalls[c]
		if n := e.counted(c); n > 0 {
			add(k, k.method+" "+string(c), n, "counted", false)
			return
		}
		add(k, k.method+" "+string(c), max(parents, (projects*assumed+pageSize-1)/pageSize), "assumed", false)
	}
	add(listCalls[resources], listCalls[resources].method+" of the hierarchy", survey, "counted", false)
	pages(iamPolicies, assumedPolicies)
	add(listCalls[orgPolicies], listCalls[orgPolicies].method+" "+string(orgPolicies), parents, "fixed", false)
	pages(resources, assumedAssets)
	if e.config.Organization != "" && e.parents()[0] == e.root {
		add(listCalls[access], listCalls[access].method+" "+string(access), 1, "fixed", false)
		add(contactsCall, contactsCall.method, 1, "fixed", false)
	}
	for _, kind := range asked() {
		k := edits[kind].ask.call
		add(k, k.method, e.asked(kind), "counted", true)
	}
	return plan, nil
}

// counted is how many pages a content took in the last run, 0 before one.
func (e *Estate) counted(c content) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pages[c]
}

// asked is how many assets of a type the last run asked its own API for, 0
// before one.
func (e *Estate) asked(kind string) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asks[kind]
}

// count keeps how many pages the listings of a run took, and what it asked.
func (e *Estate) count(pages map[content]int64, asks map[string]int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pages, e.asks = pages, asks
}

// Calls returns how many calls were attempted since New.
func (e *Estate) Calls() int64 { return e.client.made.Load() }
