package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// Plan counts the calls that a run makes, by asking Resource Graph how many
// assets there are of each type that has details: one query a type and 50
// subscriptions. Azure writes no reads to the Activity Log; who collects
// Microsoft Graph's own activity log finds the calls by their application id.
func (e *Estate) Plan(ctx context.Context) (bulwark.CallPlan, error) {
	subs, _, err := e.subscriptions(ctx)
	if err != nil {
		return bulwark.CallPlan{}, fmt.Errorf("azure: list subscriptions: %w", err)
	}
	var plan bulwark.CallPlan
	ids := make([]string, len(subs))
	for i, s := range subs {
		ids[i] = s.id
		plan.Scopes = append(plan.Scopes, s.info())
	}
	plan.Scopes = append(plan.Scopes, e.tenantInfo())
	counts, rows, err := e.count(ctx, ids)
	if err != nil {
		return bulwark.CallPlan{}, fmt.Errorf("azure: count resources: %w", err)
	}
	batches := int64((len(ids) + batchSize - 1) / batchSize)
	add := func(service, call string, n int64, basis string) {
		if n > 0 {
			plan.Calls = append(plan.Calls, bulwark.CallCount{Service: service, Call: call, Count: n, Basis: basis})
			plan.Total += n
		}
	}
	add("resourcegraph", "POST /providers/Microsoft.ResourceGraph/resources", 3+2*batches+rows/queryPage+batches, "counted")
	add("arm", "GET /subscriptions", 1, "fixed")
	add("arm", "GET /subscriptions/{id}/providers/Microsoft.Authorization/permissions", int64(len(ids)), "fixed")
	for _, d := range details {
		add("arm", "GET {"+d.of+"}"+d.path, counts[d.of], "counted")
	}
	for _, c := range children {
		add("arm", "GET {"+c.of+"}"+c.path, counts[c.of], "counted")
	}
	if e.config.Entra {
		for _, en := range entraEntities {
			add("graph", "GET "+pathOnly(en.path), 1, "assumed")
		}
		add("graph", "GET "+pathOnly(registration), 1, "assumed")
		add("graph", "GET /directoryRoles/{id}/members", 20, "assumed")
		add("graph", "GET /policies", 2, "fixed")
	}
	plan.Seconds = e.seconds(plan.Calls, int64(max(1, len(ids))))
	if e.config.ClientID != "" && e.config.Entra {
		plan.Filter = []bulwark.LogFilter{{Log: "Microsoft Graph activity log", Field: "AppId", Value: e.config.ClientID}, {Log: "Entra sign-in log (service principals)", Field: "AppId", Value: e.config.ClientID}}
	}
	return plan, nil
}

// count returns the assets of each type that has calls of its own, and how
// many resources there are at all.
func (e *Estate) count(ctx context.Context, ids []string) (map[string]int64, int64, error) {
	counts := map[string]int64{strings.ToLower(subscriptionType): int64(len(ids))}
	var types []string
	for _, d := range details {
		types = append(types, d.of)
	}
	for _, c := range children {
		types = append(types, c.of)
	}
	slices.Sort(types)
	types = slices.DeleteFunc(slices.Compact(types), func(t string) bool { return t == strings.ToLower(subscriptionType) })
	rows := int64(0)
	for batch := range slices.Chunk(ids, batchSize) {
		n, err := e.rows(ctx, query{text: resourcesQuery, subscriptions: batch, top: 1, first: true}, func(bulwark.Value) error { return nil })
		if err != nil {
			return nil, 0, err
		}
		rows += n
		for _, t := range types {
			for _, row := range append(rowsOf(t), t) {
				n, err := e.rows(ctx, typeQuery(row, batch), func(bulwark.Value) error { return nil })
				if err != nil {
					return nil, 0, err
				}
				counts[t] += n
			}
		}
	}
	return counts, rows, nil
}

// rowsOf returns the other types of rows that are assets of a type.
func rowsOf(typ string) []string {
	var out []string
	for row, of := range rowTypes {
		if strings.EqualFold(of, typ) {
			out = append(out, row)
		}
	}
	return out
}

// seconds is how long the calls take at the least by the quotas: services are
// called side by side, and subscriptions share the calls of Resource Manager
// evenly.
func (e *Estate) seconds(calls []bulwark.CallCount, subscriptions int64) float64 {
	longest := 0.0
	for _, service := range []string{"resourcegraph", "arm", "graph"} {
		n := int64(0)
		for _, c := range calls {
			if c.Service == service {
				n += c.Count
			}
		}
		if service == "arm" {
			n /= subscriptions
		}
		limit, _ := quota.For(quota.Key{Provider: "azure", Service: service, Scope: e.config.TenantID})
		longest = max(longest, max(0, float64(n)-limit.Burst)/limit.Rate)
	}
	return longest
}
