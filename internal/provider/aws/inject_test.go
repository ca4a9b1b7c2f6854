package aws

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/bulwarksec/bulwark"
)

// failures are what may become of any call.
var failures = map[string]struct {
	kind bulwark.FaultKind
	fail func() error
}{
	"denied":      {bulwark.FaultDenied, func() error { return failure("AccessDeniedException", 400) }},
	"throttled":   {bulwark.FaultThrottled, func() error { return failure("ThrottlingException", 400) }},
	"timeout":     {bulwark.FaultTimeout, func() error { return context.DeadlineExceeded }},
	"malformed":   {bulwark.FaultMalformed, func() error { return &smithy.DeserializationError{Err: errors.New("unexpected token")} }},
	"expired":     {bulwark.FaultCredentials, func() error { return failure("ExpiredTokenException", 403) }},
	"unavailable": {bulwark.FaultFailed, func() error { return failure("ServiceUnavailable", 503) }},
}

// TestFailures lets each call of each collector fail in each way. A failure is
// a gap and something unknown, or a listing that is not complete; what the
// healthy run knew never becomes absent, and the rest stays.
func TestFailures(t *testing.T) {
	calls := 0
	for _, c := range tested(t) {
		e, f := newFake(t, only(c.Type), made)
		healthy := gather(t, e)
		for _, name := range f.names() {
			_, operation, _ := strings.Cut(name, ":")
			if c.permission(operation) == "" {
				continue
			}
			for kind, failing := range failures {
				calls++
				e, _ := newFake(t, only(c.Type), func(c call) (any, error) {
					if c.Name == name {
						return nil, failing.fail()
					}
					return made(c)
				})
				judge(t, c, operation, kind, failing.kind, healthy, gather(t, e))
			}
		}
	}
	t.Logf("%d failures of %d collectors", calls, len(registry()))
}

func judge(t *testing.T, c *collector, operation, name string, kind bulwark.FaultKind, healthy, got *gathered) {
	t.Helper()
	where := c.Type + " " + operation + " " + name
	if len(got.listings) != len(healthy.listings) {
		t.Errorf("%s: %d listings, want %d", where, len(got.listings), len(healthy.listings))
	}
	incomplete := false
	for _, l := range got.listings {
		if !l.Complete {
			incomplete = true
			if l.Gap == nil || !strings.Contains(l.Gap.Why, string(kind)) {
				t.Errorf("%s: the listing's gap is %+v, want %s", where, l.Gap, kind)
			} else if kind == bulwark.FaultDenied && l.Gap.Needs != c.permission(operation) {
				t.Errorf("%s: the listing needs %q, want %q", where, l.Gap.Needs, c.permission(operation))
			}
		}
	}
	required := false
	for _, n := range c.Needs {
		required = required || !n.Optional && slices.Contains(n.operations(), operation)
	}
	if required {
		if !incomplete {
			t.Errorf("%s: the listing is complete", where)
		}
		return
	}
	if incomplete {
		t.Errorf("%s: the listing is not complete, though the call is optional", where)
	}
	if len(got.gaps) == 0 {
		t.Errorf("%s: no gap", where)
	}
	told := false
	for id, a := range healthy.assets {
		b := got.assets[id]
		if b == nil {
			t.Errorf("%s: asset %s is gone", where, id)
			continue
		}
		for _, lost := range missing(a.Properties, b.Properties) {
			t.Errorf("%s: %s was known and is absent", where, lost)
		}
		told = told || len(unknowns(b.Properties))+len(unknowns(b.Observed)) > 0
	}
	if !told {
		t.Errorf("%s: nothing is unknown", where)
	}
}

// missing returns the paths that a value has and another lacks. What is unknown
// lacks nothing.
func missing(a, b bulwark.Value) []string {
	switch {
	case b.Kind() == bulwark.Unknown, a.Kind() == bulwark.Absent:
		return nil
	case b.Kind() == bulwark.Absent:
		return []string{a.Path()}
	}
	var out []string
	if a.Kind() == bulwark.Object {
		for name, c := range a.Children() {
			out = append(out, missing(c, b.Get(name))...)
		}
	}
	if a.Kind() == bulwark.List {
		for i := range a.Len() {
			out = append(out, missing(a.Index(i), b.Index(i))...)
		}
	}
	return out
}

// emptyIsAnswer are properties that an answer without content says to be absent:
// what is not set is not written by the service.
var emptyIsAnswer = map[string]string{
	"GetBucketVersioning":                "never turned on",
	"GetBucketLogging":                   "off",
	"GetBucketNotificationConfiguration": "none",
	"GetBucketAcl":                       "no grants",
	"GetBucketTagging":                   "no tags", "ListResourceTags": "no tags", "ListTags": "no tags", "ListServerCertificateTags": "no tags",
	"GetBucketLifecycleConfiguration": "no rules",
	"GetBucketWebsite":                "no documents",
	"GetFunctionConcurrency":          "not reserved",
	"GetFunctionCodeSigningConfig":    "not signed",
	"ListFunctionUrlConfigs":          "no address",
	"ListAccountAliases":              "none",
	"ListTagsOfResource":              "no tags", "ListTagsForResource": "no tags", "ListQueueTags": "no tags", "DescribeTags": "no tags",
	"ListAssociatedAccessPolicies": "none", "DescribeLoadBalancerPolicies": "none of its own", "ListTargetsByRule": "no targets",
	"ListQueryLoggingConfigs": "queries are not logged", "DescribeDocumentPermission": "shared with nobody", "GetResourcePolicy": "none",
	"ListAccessKeys": "none", "ListMFADevices": "none",
	"ListRoles":              "a role made since",
	"ListTargetsForPolicy":   "attached to none",
	"GetAlternateContact":    "nobody is named",
	"GetContactInformation":  "nobody is named",
	"GetEventDataStore":      "AWS's own key",
	"DescribeImageAttribute": "launched by nobody else",
	"GetKeyRotationStatus":   "off", "ListAliases": "no names",
	"GetBucketLocation": "us-east-1",
}

// TestEmptyAnswers lets each call that adds to assets answer with nothing in it:
// what it tells is unknown, unless nothing is an answer.
func TestEmptyAnswers(t *testing.T) {
	for _, c := range tested(t) {
		e, f := newFake(t, only(c.Type), made)
		healthy := gather(t, e)
		for _, name := range f.names() {
			_, operation, _ := strings.Cut(name, ":")
			optional := false
			for _, n := range c.Needs {
				optional = optional || n.Optional && slices.Contains(n.operations(), operation)
			}
			if _, ok := emptyIsAnswer[operation]; ok || !optional {
				continue
			}
			e, _ := newFake(t, only(c.Type), func(c call) (any, error) {
				if c.Name == name {
					return reflect.New(c.Output.Elem()).Interface(), nil
				}
				return made(c)
			})
			got := gather(t, e)
			for id, a := range healthy.assets {
				b := got.assets[id]
				if b == nil {
					t.Errorf("%s %s: asset %s is gone", c.Type, operation, id)
					continue
				}
				for _, lost := range missing(a.Properties, b.Properties) {
					t.Errorf("%s %s: %s was known and is absent", c.Type, operation, lost)
				}
			}
		}
	}
}

// TestRepeatedToken lets every list give the same token for ever: no listing of
// it is complete, and none goes on.
func TestRepeatedToken(t *testing.T) {
	for _, c := range tested(t) {
		t.Run(strings.ReplaceAll(c.Type, "::", "."), func(t *testing.T) {
			var mu sync.Mutex
			paged := map[string]bool{}
			e, f := newFake(t, only(c.Type), func(call call) (any, error) {
				out, err := made(call)
				if out != nil && err == nil && repeat(reflect.ValueOf(out).Elem()) {
					mu.Lock()
					paged[call.Name] = true
					mu.Unlock()
				}
				return out, err
			})
			g := gather(t, e)
			for name, n := range f.calls {
				if n > 64 {
					t.Errorf("%s was called %d times", name, n)
				}
			}
			for name := range paged {
				_, operation, _ := strings.Cut(name, ":")
				for _, n := range c.Needs {
					if n.Optional || !slices.Contains(n.operations(), operation) {
						continue
					}
					for where, l := range g.listings {
						if l.Complete {
							t.Errorf("%s is complete, though the token of %s repeats", where, name)
						}
					}
				}
			}
		})
	}
}

// repeat sets the tokens of an output; false where it has none.
func repeat(v reflect.Value) bool {
	found := false
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !isToken(f.Name) || f.Type != reflect.TypeFor[*string]() {
			continue
		}
		found = true
		v.Field(i).Set(reflect.ValueOf(ptr("again")))
	}
	for _, name := range []string{"IsTruncated", "Truncated"} {
		if f := v.FieldByName(name); f.IsValid() && f.Kind() == reflect.Bool {
			f.SetBool(true)
		}
	}
	return found
}
