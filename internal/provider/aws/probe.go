package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/smithy-go/middleware"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"golang.org/x/sync/errgroup"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// trial records how each operation answered while permissions are tried. Of
// every list only the first page is read, and of that the first asset.
type trial struct {
	mu      sync.Mutex
	answers map[string]*bulwark.Fault // service:Operation → nil where it was allowed
	assets  map[string]int            // by type, on first pages
}

func (t *trial) count(typ string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.assets[typ] += n
}

// record is put before the retries of a call, and so sees its outcome.
func (t *trial) record(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("BulwarkTrial", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, meta, err := next.HandleInitialize(ctx, in)
		name := serviceName(awsmiddleware.GetServiceID(ctx)) + ":" + awsmiddleware.GetOperationName(ctx)
		var f *bulwark.Fault
		if err != nil {
			f = faultOf(err, "")
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if old, seen := t.answers[name]; !seen || old != nil && f == nil {
			t.answers[name] = f
		}
		return out, meta, err
	}), middleware.Before)
}

// Probe tries every permission of the collectors once, in the first account that
// is reached and one of its regions, and whether the roles of all accounts can be
// assumed. It returns how each permission answered, sorted. Nothing is gathered.
// Its error means that no account was reached.
func (e *Estate) Probe(ctx context.Context) ([]bulwark.Probe, error) {
	a, t, err := e.try(ctx)
	if err != nil {
		return nil, err
	}
	var out []bulwark.Probe
	for _, access := range e.Access() {
		out = append(out, t.probe(access, a))
	}
	return out, nil
}

// reach tries the credentials of accounts, writes down how roles could be
// assumed, and returns the first account that is reached.
func (t *trial) reach(ctx context.Context, found []*account) (*account, error) {
	errs := make([]error, len(found))
	var g errgroup.Group
	g.SetLimit(placesAtOnce)
	for i, a := range found {
		g.Go(func() error {
			_, errs[i] = a.cfg.Credentials.Retrieve(ctx)
			return nil
		})
	}
	_ = g.Wait() // its functions return none
	var first *account
	for i, a := range found {
		var f *bulwark.Fault
		if errs[i] != nil {
			f = faultOf(errs[i], a.scope())
		} else if first == nil {
			first = a
		}
		if a.role != "" && t.answers[assumeRole] == nil {
			t.answers[assumeRole] = f
		}
	}
	if first == nil {
		return nil, faultOf(errs[0], found[0].scope())
	}
	return first, nil
}

const assumeRole = "sts:AssumeRole"

// try runs all collectors on trial in one account, and one of its regions.
func (e *Estate) try(ctx context.Context) (*account, *trial, error) {
	found, err := e.accounts(ctx)
	if err != nil {
		return nil, nil, err
	}
	if len(found) == 0 {
		return nil, nil, fmt.Errorf("aws: try permissions: %w: no account is left to read", bulwark.ErrInvalid)
	}
	t := &trial{answers: map[string]*bulwark.Fault{"sts:GetCallerIdentity": nil}, assets: map[string]int{}}
	if e.config.Organization {
		t.answers["organizations:ListAccounts"] = nil // accounts has called it
	}
	if e.config.RoleARN != "" {
		t.answers[assumeRole] = nil // as has the first credentials' role
	}
	a, err := t.reach(ctx, found)
	if err != nil {
		return nil, nil, fmt.Errorf("aws: try permissions: %w", err)
	}
	a.cfg.APIOptions = append(slices.Clone(a.cfg.APIOptions), t.record)
	if _, err := e.open(ctx, a); err != nil {
		return nil, nil, fmt.Errorf("aws: try permissions: %w", err)
	}
	region := a.home
	if len(a.regions) > 0 && !slices.Contains(a.regions, region) {
		region = a.regions[0]
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(collectorsAtOnce)
	for _, p := range []*place{{account: a, region: a.home, where: global, memo: &memo{}}, {account: a, region: region, where: regional, memo: &memo{}}} {
		for _, c := range e.collectors() {
			if c.Where != p.where || c.Late && e.options.Types.Get(c.Type) == nil {
				continue // one type stands for the others of Cloud Control
			}
			s := e.session(p, c, func(bulwark.Gathered) error { return nil })
			s.trial = t
			g.Go(func() error {
				if err := list(ctx, s); err != nil && ctx.Err() != nil {
					return ctx.Err()
				}
				return nil
			})
		}
	}
	return a, t, g.Wait()
}

// probe tells how the operations of a permission answered.
func (t *trial) probe(access bulwark.Access, a *account) bulwark.Probe {
	p := bulwark.Probe{Access: access, State: bulwark.ProbeUntried, Why: "nothing is there to ask about"}
	service, _, _ := strings.Cut(access.Permission, ":")
	for _, op := range access.Calls {
		for name, f := range t.answers {
			s, o, _ := strings.Cut(name, ":")
			if o != op || !sameService(s, service) {
				continue
			}
			p.Where = provider.Where(a.scope(), a.home)
			if f != nil && f.Object != "" {
				p.Where = f.Object
			}
			switch {
			case f == nil:
				p.State, p.Why = bulwark.ProbeAllowed, ""
				return p
			case f.Kind == bulwark.FaultAbsent:
				p.State, p.Why = bulwark.ProbeAllowed, ""
			case f.Kind == bulwark.FaultDenied || f.Kind == bulwark.FaultCredentials:
				p.State, p.Why = bulwark.ProbeDenied, f.Error()
			case p.State == bulwark.ProbeUntried:
				p.State, p.Why = bulwark.ProbeUnreachable, f.Error()
			}
		}
	}
	return p
}

// prefixes has the services whose permissions bear another name than the SDK's
// package. Source: Service Authorization Reference.
var prefixes = map[string]string{
	"accessanalyzer": "access-analyzer", "cloudwatchlogs": "logs", "configservice": "config", "databasemigrationservice": "dms", "efs": "elasticfilesystem",
	"elasticloadbalancingv2": "elasticloadbalancing", "eventbridge": "events", "opensearch": "es", "cloudcontrol": "cloudformation", "s3control": "s3", "apigatewayv2": "apigateway",
}

func sameService(sdk, prefix string) bool {
	if p, ok := prefixes[sdk]; ok {
		return p == prefix
	}
	return sdk == prefix
}
