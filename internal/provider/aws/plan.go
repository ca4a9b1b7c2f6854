package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// pageSize is how many assets a page is taken to have: few services give more
// than a hundred unless asked, and most that much.
const pageSize = 100

// Plan counts the calls of a run before it is made: the first page in one region
// of one account stands for every region. It makes the calls of Probe. All calls
// are management events, so CloudTrail logs each.
func (e *Estate) Plan(ctx context.Context) (bulwark.CallPlan, error) {
	_, t, err := e.try(ctx)
	if err != nil {
		return bulwark.CallPlan{}, err
	}
	found, err := e.accounts(ctx)
	if err != nil {
		return bulwark.CallPlan{}, err
	}
	plan := bulwark.CallPlan{Filter: []bulwark.LogFilter{
		{Log: "CloudTrail", Field: "userAgent", Value: "*app/" + SessionName + "*"},
		{Log: "CloudTrail", Field: "userIdentity.arn", Value: "*:assumed-role/*/" + SessionName},
	}}
	counter := &counter{counts: map[callKey]*bulwark.CallCount{}, loads: map[quota.Key]float64{}}
	for _, a := range found {
		if _, err := e.open(ctx, a); err != nil {
			if ctx.Err() != nil {
				return plan, fmt.Errorf("aws: plan: %w", ctx.Err())
			}
			continue // the run will tell of it
		}
		plan.Scopes = append(plan.Scopes, a.info())
		plan.Regions = append(plan.Regions, a.regions...)
	}
	slices.Sort(plan.Regions)
	plan.Regions = slices.Compact(plan.Regions)
	collectors := e.collectors()
	for _, n := range e.ownNeeds() {
		if n.Permission == aliasPermission && slices.ContainsFunc(collectors, func(c *collector) bool { return c.Type == typeAccount }) {
			continue // asked once, for the account's name and for its asset
		}
		for _, op := range n.operations() {
			service, _, _ := strings.Cut(n.Permission, ":")
			for _, s := range plan.Scopes {
				counter.add(quota.Key{Provider: "aws", Scope: s.Path, Service: service, Action: op}, 1, "fixed")
			}
		}
	}
	regions := map[string][]string{}
	for _, a := range found {
		regions[a.scope()] = a.regions
	}
	for _, c := range collectors {
		counter.collector(c, plan.Scopes, regions, int64(t.assets[c.Type]))
	}
	counter.fill(&plan)
	return plan, nil
}

type callKey struct{ service, call, basis string }

type counter struct {
	counts map[callKey]*bulwark.CallCount
	loads  map[quota.Key]float64
}

func (c *counter) add(k quota.Key, n int64, basis string) {
	key := callKey{k.Service, k.Action, basis}
	if c.counts[key] == nil {
		c.counts[key] = &bulwark.CallCount{Service: k.Service, Call: k.Action, Logged: true, Basis: basis}
	}
	c.counts[key].Count += n
	_, shared := quota.For(k)
	c.loads[shared] += float64(n)
}

// collector adds the calls of one collector: each list once a place and page,
// each part once an asset. assets are those of one place.
func (c *counter) collector(col *collector, scopes []bulwark.ScopeInfo, regions map[string][]string, assets int64) {
	const basis = "assumed"
	for _, s := range scopes {
		for _, n := range col.Needs {
			in := regions[s.Path]
			if col.Where == global && !n.Regions {
				in = []string{""}
			}
			for _, region := range in {
				for _, op := range n.operations() {
					k := quota.Key{Provider: "aws", Scope: s.Path, Region: region, Service: col.serviceOf(n), Action: op}
					times := int64(max(n.Times, 1))
					if !n.Each {
						c.add(k, times, "fixed")
						if more := assets / pageSize; more > 0 && !n.Optional {
							c.add(k, more, basis)
						}
					} else if assets > 0 {
						c.add(k, assets*times, basis)
					}
				}
			}
		}
	}
}

// serviceOf names the service that a need's operations are of, as the SDK does:
// the collector's own, unless the permission is another's.
func (col *collector) serviceOf(n need) string {
	prefix, _, _ := strings.Cut(n.Permission, ":")
	if sameService(col.Service, prefix) {
		return col.Service
	}
	for sdk, p := range prefixes {
		if p == prefix {
			return sdk
		}
	}
	return prefix
}

func (c *counter) fill(plan *bulwark.CallPlan) {
	keys := slices.SortedFunc(maps.Keys(c.counts), func(a, b callKey) int {
		return strings.Compare(a.service+":"+a.call+":"+a.basis, b.service+":"+b.call+":"+b.basis)
	})
	for _, k := range keys {
		n := c.counts[k]
		plan.Calls = append(plan.Calls, *n)
		plan.Total += n.Count
		plan.Logged += n.Count
	}
	for k, n := range c.loads {
		limit, _ := quota.For(k)
		plan.Seconds = max(plan.Seconds, (n-limit.Burst)/limit.Rate)
	}
}
