package aws

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/quota"
)

const testAccount = "111122223333"

// call is one attempt of an operation that a fake is asked to answer.
type call struct {
	Name   string // ec2:DescribeVpcs
	Region string
	Input  any
	Output reflect.Type // of the pointer that the operation returns
}

// fake answers every operation of every service in the place of the network,
// inside the retries: nil, nil is the operation's empty output.
type fake struct {
	t      testing.TB
	answer func(c call) (any, error)

	mu    sync.Mutex
	calls map[string]int
}

type inputKey struct{}

func (f *fake) install(stack *middleware.Stack) error {
	err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("FakeInput", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(context.WithValue(ctx, inputKey{}, in.Parameters), in)
	}), middleware.Before)
	if err != nil {
		return err
	}
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Fake", func(ctx context.Context, _ middleware.FinalizeInput, _ middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		c := call{Name: serviceName(awsmiddleware.GetServiceID(ctx)) + ":" + awsmiddleware.GetOperationName(ctx), Region: awsmiddleware.GetRegion(ctx), Input: ctx.Value(inputKey{})}
		c.Output = outputs(f.t)[c.Name]
		f.mu.Lock()
		f.calls[c.Name]++
		f.mu.Unlock()
		out, err := f.answer(c)
		if err == nil && out == nil {
			if c.Output == nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, fmt.Errorf("no output is known of %s", c.Name)
			}
			out = reflect.New(c.Output.Elem()).Interface()
		}
		return middleware.FinalizeOutput{Result: out}, middleware.Metadata{}, err
	}), "BulwarkAttempt", middleware.After)
}

// names returns the operations that were called, sorted.
func (f *fake) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for n := range f.calls {
		list = append(list, n)
	}
	sort.Strings(list)
	return list
}

// failure is an error as a service answers it.
func failure(code string, status int) error { return says(code, status, "made up") }

func says(code string, status int, message string) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
		Err:      &smithy.GenericAPIError{Code: code, Message: message}}, RequestID: "r"}
}

var loadTypes = sync.OnceValues(func() (*bulwark.Types, []bulwark.Problem) {
	c, problems := content.Load(content.Options{}, content.Embedded())
	return c.Types, problems
})

func testTypes(t testing.TB) *bulwark.Types {
	t.Helper()
	types, problems := loadTypes()
	for _, p := range problems {
		t.Error(p)
	}
	return types
}

// free is a quota without end, so that tests wait for nothing.
type free struct{}

func (free) Wait(ctx context.Context, _ quota.Key) error { return ctx.Err() }
func (free) Done(quota.Key, bool)                        {}

// newFake returns an estate whose calls are answered by the function; account
// and region are given unless the function knows better.
func newFake(t testing.TB, c Config, answer func(c call) (any, error)) (*Estate, *fake) {
	t.Helper()
	e, err := New(c, Options{Connector: "test", Types: testTypes(t), Secret: &Secret{AccessKeyID: "AKIA", SecretAccessKey: "x"}, SecretKey: []byte("k"),
		Now: func() time.Time { return time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, calls: map[string]int{}, answer: func(c call) (any, error) {
		if answer != nil {
			if out, err := answer(c); out != nil || err != nil {
				return out, err
			}
		}
		switch c.Name {
		case "sts:GetCallerIdentity":
			return &sts.GetCallerIdentityOutput{Account: ptr(testAccount), Arn: ptr("arn:aws:iam::" + testAccount + ":user/reader")}, nil
		case "ec2:DescribeRegions":
			return &ec2.DescribeRegionsOutput{Regions: []ec2types.Region{{RegionName: ptr("us-east-1")}, {RegionName: ptr("eu-west-1")}}}, nil
		}
		return nil, nil
	}}
	e.api = append(e.api, f.install)
	e.limiter = free{}
	e.backoff = func(int) time.Duration { return 0 }
	return e, f
}

func ptr[T any](v T) *T { return &v }

// gathered is what a run yielded, by kind.
type gathered struct {
	assets   map[string]*bulwark.Asset
	all      []*bulwark.Asset
	gaps     []bulwark.Gap
	listings map[string]*bulwark.Listing // by type and region
	scopes   []bulwark.ScopeInfo
}

func gather(t testing.TB, e *Estate) *gathered {
	t.Helper()
	g := &gathered{assets: map[string]*bulwark.Asset{}, listings: map[string]*bulwark.Listing{}}
	err := e.Gather(t.Context(), func(x bulwark.Gathered) error {
		switch {
		case x.Asset != nil:
			g.assets[x.Asset.ID] = x.Asset
			g.all = append(g.all, x.Asset)
		case x.Gap != nil:
			g.gaps = append(g.gaps, *x.Gap)
		case x.Listing != nil:
			g.listings[strings.TrimSpace(x.Listing.Type+" "+x.Listing.Region)] = x.Listing
		case x.Scope != nil:
			g.scopes = append(g.scopes, *x.Scope)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// tested are the collectors, and of those of Cloud Control the types that have
// a file, and one that has none.
func tested(t testing.TB) []*collector {
	var out []*collector
	for _, c := range registry() {
		if !c.Late || testTypes(t).Get(c.Type) != nil || c.Type == "AWS::AIOps::InvestigationGroup" {
			out = append(out, c)
		}
	}
	return out
}
