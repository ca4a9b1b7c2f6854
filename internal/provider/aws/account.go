package aws

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	accountapi "github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// account is an AWS account that is reached.
type account struct {
	id, name, partition string
	home                string // region of the global services
	cfg                 aws.Config
	role                string                 // that is assumed in it, "" for the first credentials' own
	organizer           string                 // id of the account in which the organisation is read; "" is its management account
	regions             []string               // that are read
	unlisted            *bulwark.Fault         // why it is not known which regions there are
	alias               func() (string, error) // what was answered; nil is not asked yet

	ok atomic.Bool
}

func (a *account) scope() string  { return "aws/" + a.id }
func (a *account) root() string   { return "arn:" + a.partition + ":iam::" + a.id + ":root" }
func (a *account) answered() bool { return a.ok.Load() }

func (a *account) info() bulwark.ScopeInfo {
	name := a.name
	if name == "" {
		name = a.id
	}
	return bulwark.ScopeInfo{Path: a.scope(), Name: name, Kind: "account"}
}

// in returns the account's configuration in a region.
func (a *account) in(region string) aws.Config {
	cfg := a.cfg.Copy()
	cfg.Region = region
	return cfg
}

// homes are the regions of a partition's global services. Source: AWS General
// Reference, service endpoints of IAM, Organizations and Account Management.
var homes = map[string]string{"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}

// load returns the configuration of the first credentials: a static key, or
// what the SDK's ordinary chain finds, and the role that is assumed with them.
func (e *Estate) load(ctx context.Context) (aws.Config, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.base != nil {
		return *e.base, nil
	}
	opts := []func(*config.LoadOptions) error{config.WithAppID(SessionName)}
	if e.config.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(e.config.Profile))
	}
	if k := e.options.Secret; k != nil {
		opts = append(opts, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, k.SessionToken)))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return cfg, &bulwark.Fault{Kind: bulwark.FaultCredentials, Call: "aws:configuration", Object: e.config.Profile, Err: err}
	}
	if cfg.Region == "" {
		cfg.Region = homes["aws"]
	}
	cfg.HTTPClient = e.httpClient(cfg.HTTPClient)
	cfg.Credentials = guard("aws:credentials", cfg.Credentials)
	e.instrument(&cfg, "")
	if e.config.RoleARN != "" {
		cfg = e.assume(cfg, e.config.RoleARN)
	}
	e.base = &cfg
	return cfg, nil
}

// httpClient returns the bounded client of all calls. Unless a transport was
// given it is the SDK's, which trusts the authorities that the environment names.
func (e *Estate) httpClient(sdk aws.HTTPClient) *http.Client {
	base := e.options.HTTP
	if b, ok := sdk.(*awshttp.BuildableClient); ok && base == nil {
		t := b.GetTransport()
		t.MaxIdleConns, t.MaxIdleConnsPerHost, t.MaxResponseHeaderBytes = 256, 32, 1<<20
		base = t
	}
	return provider.Client(base, 2*time.Minute)
}

// assume returns the configuration of a role.
func (e *Estate) assume(cfg aws.Config, arn string) aws.Config {
	from := sts.NewFromConfig(cfg)
	role := stscreds.NewAssumeRoleProvider(from, arn, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = SessionName
		if e.config.ExternalID != "" {
			o.ExternalID = aws.String(e.config.ExternalID)
		}
	})
	cfg = cfg.Copy()
	cfg.Credentials = aws.NewCredentialsCache(guard("sts:AssumeRole", role))
	return cfg
}

// guarded makes failures to get credentials faults that say so.
type guarded struct {
	call string
	aws.CredentialsProvider
}

func guard(call string, p aws.CredentialsProvider) aws.CredentialsProvider { return guarded{call, p} }

func (g guarded) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := g.CredentialsProvider.Retrieve(ctx)
	if err == nil {
		return c, nil
	}
	f := faultOf(err, "")
	out := &bulwark.Fault{Kind: f.Kind, Call: f.Call, Err: f.Err}
	if out.Call == "aws" {
		out.Call = g.call
	}
	if out.Kind == bulwark.FaultFailed || out.Kind == bulwark.FaultAbsent || code(err) == "" && out.Kind != bulwark.FaultTimeout {
		out.Kind = bulwark.FaultCredentials
	}
	if out.Kind == bulwark.FaultDenied {
		out.Needs = "sts:AssumeRole"
	}
	return c, out
}

// accounts returns the accounts that are reached now, in order of ids, without
// their regions. Those of an organisation that are not active are passed over.
func (e *Estate) accounts(ctx context.Context) ([]*account, error) {
	cfg, err := e.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("aws: %w", err)
	}
	own, err := e.identify(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("aws: %w", err)
	}
	found := []*account{own}
	switch {
	case e.config.Organization:
		if found, err = e.members(ctx, own); err != nil {
			return nil, fmt.Errorf("aws: %w", err)
		}
	case len(e.config.AccountIDs) > 0:
		found = nil
		for _, id := range e.config.AccountIDs {
			found = append(found, e.member(own, id, ""))
		}
	}
	found = slices.DeleteFunc(found, func(a *account) bool {
		return e.excluded(a.id) || len(e.config.AccountIDs) > 0 && !slices.Contains(e.config.AccountIDs, a.id)
	})
	slices.SortFunc(found, func(a, b *account) int { return strings.Compare(a.id, b.id) })
	found = slices.CompactFunc(found, func(a, b *account) bool { return a.id == b.id })
	if e.config.Organization && slices.Contains(found, own) {
		// It may be a delegated administrator, who reads the organisation as well as
		// the management account does, in which he seldom has a role.
		for _, a := range found {
			a.organizer = own.id
		}
	}
	return found, nil
}

// identify asks which account credentials belong to.
func (e *Estate) identify(ctx context.Context, cfg aws.Config) (*account, error) {
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, faultOf(err, "")
	}
	parts := strings.SplitN(aws.ToString(out.Arn), ":", 3)
	id := aws.ToString(out.Account)
	if len(parts) < 3 || !isAccountID(id) {
		return nil, &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: "sts:GetCallerIdentity", Err: errAnswer}
	}
	a := &account{id: id, partition: parts[1]}
	a.ok.Store(true)
	return e.settle(a, cfg), nil
}

// settle gives an account its home and its own quota.
func (e *Estate) settle(a *account, cfg aws.Config) *account {
	if a.home = homes[a.partition]; a.home == "" {
		a.home = cfg.Region
	}
	a.cfg = cfg.Copy()
	a.cfg.APIOptions = nil
	a.cfg.Region = a.home
	e.instrument(&a.cfg, a.id)
	return a
}

// aliasOf asks for an account's alias, "" for none.
func aliasOf(ctx context.Context, cfg aws.Config) (string, error) {
	out, err := iam.NewFromConfig(cfg).ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})
	if err != nil || len(out.AccountAliases) == 0 {
		return "", err
	}
	return out.AccountAliases[0], nil
}

// member returns another account, reached by the role of that name.
func (e *Estate) member(own *account, id, name string) *account {
	if id == own.id {
		if own.name == "" {
			own.name = name
		}
		return own
	}
	a := &account{id: id, name: name, partition: own.partition}
	a.role = "arn:" + own.partition + ":iam::" + id + ":role/" + strings.TrimPrefix(e.config.OrganizationRole, "/")
	return e.settle(a, e.assume(own.cfg, a.role))
}

// members returns the active accounts of the organisation.
func (e *Estate) members(ctx context.Context, own *account) ([]*account, error) {
	var out []*account
	client := organizations.NewFromConfig(own.cfg)
	err := provider.Pages(ctx, "organizations:ListAccounts", own.scope(), provider.MaxPages, func(ctx context.Context, token string) (string, error) {
		in := &organizations.ListAccountsInput{}
		if token != "" {
			in.NextToken = &token
		}
		page, err := client.ListAccounts(ctx, in)
		if err != nil {
			return "", err
		}
		for _, a := range page.Accounts {
			if id := aws.ToString(a.Id); isAccountID(id) && active(a) {
				out = append(out, e.member(own, id, aws.ToString(a.Name)))
			}
		}
		return aws.ToString(page.NextToken), nil
	})
	if err != nil {
		f := *faultOf(err, own.scope())
		if f.Kind == bulwark.FaultDenied {
			f.Needs = "organizations:ListAccounts"
		}
		return nil, &f
	}
	return out, nil
}

// active tells whether an account is in use. State replaces Status, which is
// still sent.
func active(a orgtypes.Account) bool {
	if a.State != "" {
		return a.State == orgtypes.AccountStateActive
	}
	return a.Status == orgtypes.AccountStatusActive
}

// Scopes returns the accounts that are reached now.
func (e *Estate) Scopes(ctx context.Context) ([]bulwark.ScopeInfo, error) {
	list, err := e.accounts(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]bulwark.ScopeInfo, 0, len(list))
	for _, a := range list {
		out = append(out, a.info())
	}
	return out, nil
}

// open makes an account ready: its credentials are tried, and its name and
// regions found. A gap tells of regions that could not be listed; then only the
// home region is read.
func (e *Estate) open(ctx context.Context, a *account) (*bulwark.Gap, error) {
	if _, err := a.cfg.Credentials.Retrieve(ctx); err != nil {
		return nil, faultOf(err, a.scope())
	}
	a.ok.Store(true)
	if a.name == "" {
		alias, err := aliasOf(ctx, a.cfg)
		a.name = alias
		a.alias = func() (string, error) { return alias, err }
	}
	if len(e.config.Regions) > 0 {
		a.regions = slices.DeleteFunc(slices.Clone(e.config.Regions), e.excluded)
		return nil, nil
	}
	found, err := e.enabled(ctx, a)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		f := *faultOf(err, a.scope())
		f.Needs = "ec2:DescribeRegions"
		gap := f.Gap("listing", provider.Where(e.options.Connector, a.scope(), "regions"))
		a.regions, a.unlisted = slices.DeleteFunc([]string{a.home}, e.excluded), &f
		return &gap, nil
	}
	a.regions = slices.DeleteFunc(found, e.excluded)
	return nil, nil
}

// enabled returns the regions that an account has enabled, sorted.
func (e *Estate) enabled(ctx context.Context, a *account) ([]string, error) {
	var out []string
	regions, err := ec2.NewFromConfig(a.cfg).DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
	if err == nil {
		for _, r := range regions.Regions {
			out = append(out, aws.ToString(r.RegionName))
		}
	} else if err2 := e.listRegions(ctx, a, &out); err2 != nil {
		return nil, err
	}
	out = slices.DeleteFunc(out, func(r string) bool { return !isRegion.MatchString(r) })
	if len(out) == 0 {
		return nil, &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: "ec2:DescribeRegions", Object: a.scope(), Err: errAnswer}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

var isRegion = regexp.MustCompile(`^[a-z]{2}[a-z0-9-]{1,30}$`)

// listRegions asks account management, which some roles may ask instead.
func (e *Estate) listRegions(ctx context.Context, a *account, out *[]string) error {
	client := accountapi.NewFromConfig(a.cfg)
	return provider.Pages(ctx, "account:ListRegions", a.scope(), provider.MaxPages, func(ctx context.Context, token string) (string, error) {
		in := &accountapi.ListRegionsInput{RegionOptStatusContains: []accounttypes.RegionOptStatus{accounttypes.RegionOptStatusEnabled, accounttypes.RegionOptStatusEnabledByDefault}}
		if token != "" {
			in.NextToken = &token
		}
		page, err := client.ListRegions(ctx, in)
		if err != nil {
			return "", err
		}
		for _, r := range page.Regions {
			*out = append(*out, aws.ToString(r.RegionName))
		}
		return aws.ToString(page.NextToken), nil
	})
}
