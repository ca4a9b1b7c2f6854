package gcp

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
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// call is one method of one service.
type call struct {
	service    string // cloudasset
	method     string // assets.list: as the service's reference names it
	permission string // that it needs
}

func (c call) String() string { return c.service + ":" + c.method }
func (c call) host() string   { return c.service + ".googleapis.com" }

const (
	callTimeout  = 2 * time.Minute // of one attempt
	maxThrottled = 20              // attempts of a call that is throttled: with the waits between, ten minutes
	maxBroken    = 4               // attempts of a call that fails otherwise
	maxWait      = time.Minute     // between attempts
	maxError     = 1 << 20         // bytes of an answer that is an error
)

// client makes calls within their quotas, and again where that helps. It is
// safe for concurrent use.
type client struct {
	http     *http.Client
	limiter  *quota.Limiter
	endpoint string
	bills    string // project that the calls are counted against
	names    *bulwark.Names
	made     atomic.Int64 // attempts
}

func newClient(config Config, o Options, root string) (*client, error) {
	if err := checkEndpoint(config.Endpoint); err != nil {
		return nil, err
	}
	c := &client{limiter: o.Limiter, endpoint: strings.TrimSuffix(config.Endpoint, "/"), bills: config.QuotaProject, names: o.Types.Names()}
	source, project, err := tokenSource(config, o)
	if err != nil {
		return nil, err
	}
	if c.bills == "" {
		c.bills = orElse(project, root)
	}
	c.http = provider.Client(o.HTTP, callTimeout)
	c.http.Transport = &bearer{source, config.QuotaProject, c.http.Transport}
	return c, nil
}

// checkEndpoint takes an address on this machine only: tokens, and the files
// that a federation file names, would be sent there.
func checkEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("endpoint %q is not the address of a server", endpoint)
	}
	if !bulwark.IsLoopback(u.Hostname()) {
		return fmt.Errorf("endpoint %q is not a loopback address, such as http://127.0.0.1:9000", endpoint)
	}
	return nil
}

// bearer adds a token to requests, and the project whose quota they use. (That
// of oauth2 has a CancelRequest, which makes http.Client's timeouts write to the
// log.)
type bearer struct {
	source  oauth2.TokenSource
	project string
	base    http.RoundTripper
}

func (t *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := t.source.Token()
	if err != nil {
		req.Body.Close()
		return nil, err
	}
	req = req.Clone(req.Context())
	token.SetAuthHeader(req)
	req.Header.Set("User-Agent", userAgent)
	if t.project != "" {
		req.Header.Set("X-Goog-User-Project", t.project)
	}
	return t.base.RoundTrip(req)
}

const userAgent = "bulwark-connector"

// get asks for the JSON at a path of a service.
func (c *client) get(ctx context.Context, k call, object, path string, query url.Values) (bulwark.Value, error) {
	return c.do(ctx, k, object, http.MethodGet, path, query, nil)
}

func (c *client) post(ctx context.Context, k call, object, path string, body []byte) (bulwark.Value, error) {
	return c.do(ctx, k, object, http.MethodPost, path, nil, body)
}

// do makes a call until it succeeds, fails for good, or was tried often enough.
// Its error is a fault, or the context's.
func (c *client) do(ctx context.Context, k call, object, method, path string, query url.Values, body []byte) (bulwark.Value, error) {
	key := quota.Key{Provider: "gcp", Scope: c.bills, Service: k.service, Action: k.method}
	for n := 1; ; n++ {
		if err := c.limiter.Wait(ctx, key); err != nil {
			return bulwark.Value{}, err
		}
		c.made.Add(1)
		v, after, err := c.once(ctx, k, object, method, path, query, body)
		if ctx.Err() != nil {
			return bulwark.Value{}, ctx.Err()
		}
		fault := provider.FaultOf(err, k.String(), object)
		c.limiter.Done(key, fault != nil && fault.Kind == bulwark.FaultThrottled)
		if fault == nil {
			return v, nil
		}
		if !again(fault, n) {
			return bulwark.Value{}, fault
		}
		if err := pause(ctx, max(after, backoff(n))); err != nil {
			return bulwark.Value{}, err
		}
	}
}

// again reports whether the n-th attempt's fault may pass.
func again(f *bulwark.Fault, n int) bool {
	var s *serverError
	switch f.Kind {
	case bulwark.FaultThrottled:
		return n < maxThrottled
	case bulwark.FaultTimeout, bulwark.FaultUnreachable:
		return n < maxBroken
	case bulwark.FaultFailed:
		return n < maxBroken && errors.As(f.Err, &s)
	}
	return false
}

// backoff is how long to wait after the n-th attempt: a second, doubled each
// time, of which a part is random so that callers do not stay in step.
func backoff(n int) time.Duration {
	d := min(time.Second<<min(n-1, 10), maxWait)
	return d/2 + rand.N(d/2)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(min(d, maxWait))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// serverError marks a failure of the server's own, which may pass.
type serverError struct{ error }

func (e *serverError) Unwrap() error { return e.error }

// once makes one attempt. after is how long the server asks to wait.
func (c *client) once(ctx context.Context, k call, object, method, path string, query url.Values, body []byte) (v bulwark.Value, after time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.address(k, path, query), bytes.NewReader(body)) // never nil, also where it is empty
	if err != nil {
		return v, 0, fmt.Errorf("gcp: make request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.send(req, k, object)
}

// send makes a request and reads its answer, an object.
func (c *client) send(req *http.Request, k call, object string) (v bulwark.Value, after time.Duration, err error) {
	resp, err := c.http.Do(req)
	if err != nil {
		if errors.Is(err, provider.ErrRedirect) || errors.Is(err, provider.ErrTooLarge) {
			return v, 0, &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: k.String(), Object: object, Err: err}
		}
		return v, 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		data, err := io.ReadAll(io.LimitReader(resp.Body, maxError))
		if err != nil {
			return v, 0, err
		}
		return v, retryAfter(resp.Header, readStatus(resp.StatusCode, data)), statusFault(resp.StatusCode, data, k, object)
	}
	data, err := io.ReadAll(resp.Body)
	switch {
	case errors.Is(err, provider.ErrTooLarge):
		return v, 0, &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: k.String(), Object: object, Err: err}
	case err != nil:
		return v, 0, err
	}
	v, err = bulwark.DecodeJSON(data, bulwark.DecodeOptions{Names: c.names, Limits: bulwark.Limits{Depth: 128}})
	if err == nil && v.Kind() != bulwark.Object {
		err = fmt.Errorf("%w: the answer is %s, want an object", bulwark.ErrInvalid, v.Kind())
	}
	if err != nil {
		return bulwark.Value{}, 0, &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: k.String(), Object: object, Err: err}
	}
	return v, 0, nil
}

func statusFault(code int, body []byte, k call, object string) *bulwark.Fault {
	f := readStatus(code, body).fault(k, object)
	if code >= 500 {
		f.Err = &serverError{f.Err}
	}
	return f
}

// retryAfter is how long an answer asks to wait: by its RetryInfo, else by the
// header, in seconds.
func retryAfter(h http.Header, s status) time.Duration {
	if s.after > 0 {
		return s.after
	}
	if n, err := strconv.Atoi(h.Get("Retry-After")); err == nil && n > 0 {
		return time.Duration(min(n, 3600)) * time.Second
	}
	return 0
}

func (c *client) address(k call, path string, query url.Values) string {
	base := "https://" + k.host()
	if c.endpoint != "" {
		base = c.endpoint + "/" + k.host()
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return base + path
}
