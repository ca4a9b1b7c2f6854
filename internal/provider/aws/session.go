package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// objects is how many assets of a page are asked for their parts at once.
const objects = 8

// session is one run of one collector in one account and region. It is safe
// for concurrent use.
type session struct {
	estate    *Estate
	account   *account
	region    string // where calls go: the account's home for global collectors
	cfg       aws.Config
	collector *collector
	typ       *bulwark.Type
	memo      *memo // shared by the collectors of an account's region
	helpers   slots // shared by all sessions of the region
	yield     func(bulwark.Gathered) error
	trial     *trial // set while permissions are tried

	mu    sync.Mutex
	parts map[partKey]*partGap
	holes *bulwark.Fault // why the listing is not complete, though it ended
}

type partKey struct {
	property string
	kind     bulwark.FaultKind
	call     string
}

type partGap struct {
	fault *bulwark.Fault
	count int
}

// errYield marks an error of who takes what is gathered: it ends the run.
type errYield struct{ error }

func (e errYield) Unwrap() error { return e.error }

// fault returns what an error means, with the permission that would mend it.
func (s *session) fault(err error, object string) *bulwark.Fault {
	f := *faultOf(err, object)
	if f.Needs == "" && f.Kind == bulwark.FaultDenied {
		_, operation, _ := strings.Cut(f.Call, ":")
		f.Needs = s.collector.permission(operation)
		if f.Call == "sts:AssumeRole" {
			f.Needs = f.Call
		}
	}
	if f.Kind == bulwark.FaultCredentials && s.region != s.account.home && s.account.answered() && !expired(err) {
		// The key that works at home is not known here: the region is not in use.
		f.Kind = bulwark.FaultDisabled
	}
	return &f
}

func expired(err error) bool {
	c := code(err)
	return strings.HasPrefix(c, "ExpiredToken") || strings.HasPrefix(c, "Request")
}

// draft returns a new asset of the collector's type and region.
func (s *session) draft() *draft {
	region := s.region
	if s.collector.Where == global {
		region = ""
	}
	return newDraft(s.typ, s.estate.options.Types.Names(), region)
}

// part fills properties (separated by spaces) of an asset by a call. The error
// codes of absent (separated by spaces) say that the asset has no such part;
// every other failure makes the properties unknown, and is told once a listing.
// It returns only what ends the whole run.
func (s *session) part(ctx context.Context, d *draft, properties, absent string, get func() error) error {
	err := get()
	if err == nil || slices.Contains(strings.Fields(absent), code(err)) && code(err) != "" {
		return nil
	}
	if e := s.ended(ctx, err); e != nil {
		return e
	}
	f := s.fault(err, d.ARN)
	for _, p := range strings.Fields(properties) {
		d.unknown(p, provider.Reason(f))
		s.gap(p, f)
	}
	return nil
}

// ended returns the error that ends the whole run, if err comes from it.
func (s *session) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var y errYield
	if errors.As(err, &y) {
		return y
	}
	return nil
}

// gap counts a part that could not be read; flush tells of it.
func (s *session) gap(property string, f *bulwark.Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parts == nil {
		s.parts = map[partKey]*partGap{}
	}
	key := partKey{property, f.Kind, f.Call}
	if s.parts[key] == nil {
		s.parts[key] = &partGap{fault: f}
	}
	s.parts[key].count++
}

// incomplete marks the listing as not complete and lets it go on.
func (s *session) incomplete(f *bulwark.Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holes == nil {
		s.holes = f
	}
}

// where names the place of a listing, as gaps do.
func (s *session) where() string {
	region := s.region
	if s.collector.Where == global {
		region = ""
	}
	return provider.Where(s.estate.options.Connector, s.account.scope(), s.collector.Type, region)
}

// flush yields a gap for each part that could not be read, in order.
func (s *session) flush() error {
	s.mu.Lock()
	keys := make([]partKey, 0, len(s.parts))
	for k := range s.parts {
		keys = append(keys, k)
	}
	parts := s.parts
	s.mu.Unlock()
	slices.SortFunc(keys, func(a, b partKey) int {
		return strings.Compare(a.property+" "+a.call+" "+string(a.kind), b.property+" "+b.call+" "+string(b.kind))
	})
	for _, k := range keys {
		p := parts[k]
		g := p.fault.Gap("property", s.where()+"/"+k.property)
		if p.count > 1 {
			g.Why = fmt.Sprintf("%s; so it is for %d assets", g.Why, p.count)
		}
		if err := s.yield(bulwark.Gathered{Gap: &g}); err != nil {
			return errYield{err}
		}
	}
	return nil
}

// put yields an asset. One that has no identity is a malformed answer.
func (s *session) put(d *draft) error {
	a, err := s.asset(d)
	if err != nil {
		return &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: s.collector.call(), Object: s.where(), Err: err}
	}
	if s.trial != nil {
		return nil
	}
	if err := s.yield(bulwark.Gathered{Asset: a}); err != nil {
		return errYield{err}
	}
	return nil
}

func (s *session) asset(d *draft) (*bulwark.Asset, error) {
	place := provider.Place{Partition: s.account.partition, Region: d.Region, Account: s.account.id}
	if !strings.HasPrefix(d.ARN, "arn:") {
		native, ok := provider.Native(d.typ, place, func(identifier string) string {
			text, _ := d.properties[identifier].(string)
			return text
		})
		if !ok {
			return nil, fmt.Errorf("%w: a %s has no identifier", bulwark.ErrInvalid, d.typ.ID)
		}
		d.ARN = native
	}
	if len(d.ARN) > 2048 {
		return nil, fmt.Errorf("%w: %s is too long for an ARN", bulwark.ErrInvalid, clip(d.ARN))
	}
	a := &bulwark.Asset{ID: bulwark.AssetID(bulwark.Live, d.ARN), Type: d.typ.ID, Name: d.Name, Scope: s.account.scope(), Region: d.Region, Connector: s.estate.options.Connector}
	if a.Name == "" {
		a.Name = lastPart(d.ARN)
	}
	if p := d.property("Arn"); p != nil && d.properties["Arn"] == nil {
		d.properties["Arn"] = d.ARN
	}
	var err error
	if a.Properties, err = s.value(d, d.properties, a.ID, false); err != nil {
		return nil, err
	}
	if len(d.observed) > 0 {
		if a.Observed, err = s.value(d, d.observed, a.ID, true); err != nil {
			return nil, err
		}
	}
	relations := append(d.relations, provider.Relate(s.estate.options.Types, a, place)...)
	if root := s.account.root(); root != d.ARN {
		relations = append(relations, bulwark.Relation{Name: bulwark.RelAccount, Type: typeAccount, Target: bulwark.AssetID(bulwark.Live, root)})
	}
	a.Relations = bulwark.SortRelations(relations)
	return a, nil
}

// value builds an asset's properties or what was observed, without its secrets.
func (s *session) value(d *draft, tree map[string]any, id string, observed bool) (bulwark.Value, error) {
	v, err := provider.ValueOf(d.names, id, tree)
	if err != nil {
		return v, err
	}
	paths, secrets := copyPaths(d.typ, observed, v)
	if !secrets {
		return v, nil
	}
	c := bulwark.Copier{Names: d.names, Key: s.estate.options.SecretKey, Paths: paths, Named: unlisted}
	return c.Copy(v, id)
}

func lastPart(arn string) string {
	if i := strings.LastIndexAny(arn, ":/"); i >= 0 {
		return arn[i+1:]
	}
	return arn
}

// pages calls fetch with each page's token until there is none.
func (s *session) pages(ctx context.Context, fetch func(ctx context.Context, token *string) (next *string, err error)) error {
	return provider.Pages(ctx, s.collector.call(), s.where(), provider.MaxPages, func(ctx context.Context, token string) (string, error) {
		var t *string
		if token != "" {
			t = &token
		}
		next, err := fetch(ctx, t)
		if err != nil || s.trial != nil {
			return "", err
		}
		return aws.ToString(next), nil
	})
}

// page is one page of a list and the token of the next.
type page[T any] func(ctx context.Context, token *string) (items []T, next *string, err error)

// assets makes an asset of each item of a list: fill gives the draft what the
// item says, and asks for its parts.
func assets[T any](ctx context.Context, s *session, p page[T], fill func(ctx context.Context, item T, d *draft) error) error {
	return s.pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		items, next, err := p(ctx, token)
		if err != nil {
			return nil, err
		}
		return next, drafts(ctx, s, items, fill)
	})
}

// aside calls f for each item, a few at once as far as there are helpers, and
// returns the first error. What f panics about is one.
func aside[T any](ctx context.Context, s *session, items []T, f func(ctx context.Context, item T) error) error {
	g, inner := errgroup.WithContext(ctx)
	own := make(slots, objects-1)
	for _, item := range items {
		if inner.Err() != nil {
			break
		}
		do := safely(s.asks, func() error { return f(inner, item) })
		if own.try() {
			if s.helpers.try() {
				g.Go(func() error {
					defer own.free()
					defer s.helpers.free()
					return do()
				})
				continue
			}
			own.free()
		}
		if err := do(); err != nil {
			g.Go(func() error { return err })
			break
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err() // which ended the loop
}

// drafts makes an asset of each item, a few at once.
func drafts[T any](ctx context.Context, s *session, items []T, fill func(ctx context.Context, item T, d *draft) error) error {
	if s.trial != nil {
		s.trial.count(s.collector.Type, len(items))
		items = items[:min(len(items), 1)]
	}
	return aside(ctx, s, items, func(ctx context.Context, item T) error {
		d := s.draft()
		err := fill(ctx, item, d)
		if errors.Is(err, errSkip) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.put(d)
	})
}

// errSkip says that an item of a list is not an asset of the collector's type.
var errSkip = errors.New("not an asset of this type")

// all returns the items of a whole list.
func all[T any](ctx context.Context, s *session, p page[T]) ([]T, error) {
	var out []T
	err := s.pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		items, next, err := p(ctx, token)
		out = append(out, items...)
		return next, err
	})
	return out, err
}

// memo keeps answers that several collectors of one account and region use.
type memo struct {
	mu   sync.Mutex
	kept map[string]*kept
}

// kept is an answer, there once done is closed.
type kept struct {
	done  chan struct{}
	value any
	err   error
}

// shared returns what get returns, which is called once for each key of an
// account's region. Whoever comes meanwhile waits for it, or until ctx ends.
func shared[T any](ctx context.Context, s *session, key string, get func() (T, error)) (T, error) {
	k, first := s.memo.claim(key)
	if first {
		k.err = errPanicked
		defer close(k.done)
		v, err := get()
		k.value, k.err = v, err
		return v, err
	}
	select {
	case <-ctx.Done():
		return *new(T), ctx.Err()
	case <-k.done:
	}
	v, _ := k.value.(T)
	return v, k.err
}

// errPanicked is what others see of an answer whose reader panicked.
var errPanicked = &bulwark.Fault{Kind: bulwark.FaultMalformed, Err: errors.New("the answer was not foreseen")}

// claim returns a key's answer, and whether it is the caller's to get.
func (m *memo) claim(key string) (k *kept, first bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k = m.kept[key]; k != nil {
		return k, false
	}
	if m.kept == nil {
		m.kept = map[string]*kept{}
	}
	k = &kept{done: make(chan struct{})}
	m.kept[key] = k
	return k, true
}
