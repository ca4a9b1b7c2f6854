package azure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
	"github.com/bulwarksec/bulwark/internal/quota"
)

const (
	attemptTimeout = time.Minute      // of one attempt, with its body
	maxFailures    = 4                // attempts of a call that fails or times out
	maxThrottles   = 40               // attempts of a call that is throttled
	maxRetryAfter  = 5 * time.Minute  // of one wait, whatever the server asks for
	maxWaited      = 20 * time.Minute // by one call in all
)

// client makes calls within their quotas, repeats those that were throttled or
// failed in passing, and turns failures into faults.
type client struct {
	http    *http.Client
	cred    azcore.TokenCredential
	limiter *quota.Limiter
	now     func() time.Time
	sleep   func(ctx context.Context, d time.Duration) error
	names   *bulwark.Names
	tenant  string

	mu     sync.Mutex
	resume map[string]time.Time // when a service's spent quota is full again
}

// A call is one request and what is known of it beforehand.
type call struct {
	service  string // of quotas.yaml: arm, resourcegraph, graph
	audience string // the token's scope
	method   string
	url      string
	body     []byte
	header   http.Header // more of them
	scope    string      // whose quota it spends: a subscription or tenant
	object   string      // what it is asked of, for people
	needs    string      // the permission that it needs
}

// name is the call as people read it: method and path.
func (c call) name() string {
	u, err := url.Parse(c.url)
	if err != nil {
		return c.method
	}
	return c.method + " " + u.Path
}

// do makes a call until it succeeds or may not be repeated, and returns the
// decoded answer. Its error is a *bulwark.Fault, or the context's.
func (c *client) do(ctx context.Context, r call) (bulwark.Value, http.Header, error) {
	var waited time.Duration
	failures, throttles := 0, 0
	for {
		v, header, retryAfter, fault := c.attempt(ctx, r)
		if fault == nil {
			return v, header, nil
		}
		if err := ctx.Err(); err != nil {
			return bulwark.Value{}, nil, err
		}
		n := 0
		switch fault.Kind {
		case bulwark.FaultThrottled:
			throttles++
			n = throttles
			if throttles >= maxThrottles {
				return bulwark.Value{}, nil, fault
			}
		case bulwark.FaultTimeout, bulwark.FaultUnreachable, bulwark.FaultFailed:
			failures++
			n = failures
			if failures >= maxFailures || !passing(fault) {
				return bulwark.Value{}, nil, fault
			}
		default:
			return bulwark.Value{}, nil, fault
		}
		d := delay(n, retryAfter)
		if waited += d; waited > maxWaited {
			return bulwark.Value{}, nil, fault
		}
		if err := c.sleep(ctx, d); err != nil {
			return bulwark.Value{}, nil, err
		}
	}
}

// passing reports whether a failure may be over at the next attempt: a broken
// connection or a server's own error, not a request that it refuses.
func passing(f *bulwark.Fault) bool {
	var e *apiError
	return !errors.As(f, &e) || e.status >= 500
}

// delay is how long to wait before attempt n+1: what the server asks for, else
// a second doubled each time up to a minute, less up to half at random.
func delay(n int, retryAfter time.Duration) time.Duration {
	if retryAfter > 0 {
		return min(retryAfter, maxRetryAfter)
	}
	d := min(time.Second<<min(n-1, 6), time.Minute)
	return d - time.Duration(rand.Int64N(int64(d/2)))
}

func (c *client) attempt(ctx context.Context, r call) (v bulwark.Value, header http.Header, retryAfter time.Duration, fault *bulwark.Fault) {
	key := quota.Key{Provider: "azure", Scope: r.scope, Service: r.service}
	if err := c.waitTurn(ctx, key, r.service); err != nil {
		return v, nil, 0, provider.FaultOf(err, r.name(), r.object)
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	v, header, retryAfter, fault = c.send(ctx, r)
	c.limiter.Done(key, fault != nil && fault.Kind == bulwark.FaultThrottled)
	c.noteQuota(r.service, header)
	return v, header, retryAfter, fault
}

func (c *client) send(ctx context.Context, r call) (bulwark.Value, http.Header, time.Duration, *bulwark.Fault) {
	none := bulwark.Value{}
	token, err := c.cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{r.audience}})
	if err != nil {
		return none, nil, 0, tokenFault(err, r.name())
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return none, nil, 0, &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: r.name(), Object: r.object, Err: err}
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+token.Token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "bulwark")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return none, nil, 0, c.broken(err, r)
	}
	body, err := io.ReadAll(resp.Body)
	if closed := resp.Body.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return none, resp.Header, 0, c.broken(err, r)
	}
	if resp.StatusCode != http.StatusOK {
		return none, resp.Header, c.retryAfter(resp.Header), c.refused(resp.StatusCode, body, r)
	}
	v, err := bulwark.DecodeJSON(body, bulwark.DecodeOptions{Names: c.names, Limits: answerLimits})
	if err == nil && v.Kind() != bulwark.Object {
		err = fmt.Errorf("%w: the answer is %s, want an object", bulwark.ErrInvalid, v.Kind())
	}
	if err != nil {
		return none, resp.Header, 0, &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: r.name(), Object: r.object, Err: err}
	}
	return v, resp.Header, 0, nil
}

var answerLimits = bulwark.Limits{Bytes: provider.MaxAnswer, Depth: 128, Nodes: 4 << 20}

// broken is the fault of a call that got no whole answer.
func (c *client) broken(err error, r call) *bulwark.Fault {
	var wrapped *url.Error // its text repeats the URL
	if errors.As(err, &wrapped) && !wrapped.Timeout() {
		err = wrapped.Err
	}
	f := *provider.FaultOf(err, r.name(), r.object)
	f.Call, f.Object = r.name(), r.object
	if errors.Is(err, provider.ErrRedirect) || errors.Is(err, provider.ErrTooLarge) {
		f.Kind = bulwark.FaultMalformed
	}
	return &f
}

// refused is the fault of an answer that is no success.
func (c *client) refused(status int, body []byte, r call) *bulwark.Fault {
	e := readError(status, body)
	f := &bulwark.Fault{Kind: kindOf(status, e.code), Call: r.name(), Object: r.object, Err: e}
	if f.Kind == bulwark.FaultDenied {
		f.Needs = r.needs
	}
	return f
}

// retryAfter reads how long a server asks to wait: seconds or a date, or until
// a quota is full again (hh:mm:ss). 0 is not told.
func (c *client) retryAfter(h http.Header) time.Duration {
	if text := h.Get("Retry-After"); text != "" {
		if n, err := strconv.Atoi(text); err == nil && n >= 0 {
			return time.Duration(min(n, 86400)) * time.Second
		}
		if at, err := http.ParseTime(text); err == nil {
			return max(at.Sub(c.now()), 0)
		}
	}
	return clockTime(h.Get("x-ms-user-quota-resets-after"))
}

// clockTime reads hh:mm:ss; what is not that is 0.
func clockTime(text string) time.Duration {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return 0
	}
	var d time.Duration
	for _, p := range parts {
		n, err := strconv.ParseFloat(p, 64)
		if err != nil || n < 0 || n > 60 {
			return 0
		}
		d = d*60 + time.Duration(n*float64(time.Second))
	}
	return d
}

// waitTurn waits for the limiter, and for a quota that an answer said is spent.
func (c *client) waitTurn(ctx context.Context, key quota.Key, service string) error {
	if err := c.limiter.Wait(ctx, key); err != nil {
		return err
	}
	c.mu.Lock()
	d := c.resume[service].Sub(c.now())
	c.mu.Unlock()
	if d <= 0 {
		return nil
	}
	return c.sleep(ctx, d)
}

// noteQuota remembers when a spent quota of Resource Graph is full again.
// Source: Azure Resource Graph, "Guidance for throttled requests".
func (c *client) noteQuota(service string, h http.Header) {
	if h.Get("x-ms-user-quota-remaining") != "0" {
		return
	}
	d := min(clockTime(h.Get("x-ms-user-quota-resets-after")), maxRetryAfter)
	if d <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resume == nil {
		c.resume = map[string]time.Time{}
	}
	c.resume[service] = c.now().Add(d)
}
