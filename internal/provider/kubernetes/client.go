package kubernetes

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/rest"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
	"github.com/bulwarksec/bulwark/internal/quota"
)

const (
	callTimeout = 2 * time.Minute // of one attempt, body and all
	attempts    = 7               // of one call; the waits between them add up to a minute or what the server asks
	maxWait     = time.Minute     // that a server may ask for
	maxStatus   = 64 << 10        // bytes of an answer that is an error
)

// client makes the calls: bounded, within the quota, again when the server is
// busy, and with every failure a fault.
type client struct {
	http    *http.Client
	base    *url.URL
	limiter *quota.Limiter
	key     quota.Key
	sleep   func(ctx context.Context, d time.Duration) error
}

func newClient(h *http.Client, cfg *rest.Config, o Options) (*client, error) {
	server := cfg.Host
	if !strings.Contains(server, "://") { // as kubeconfigs may write it
		server = "https://" + server
	}
	base, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("kubernetes: %w: server %q: %w", bulwark.ErrInvalid, cfg.Host, err)
	}
	return &client{http: h, base: base, limiter: o.Limiter, key: quota.Key{Provider: "kubernetes", Scope: base.Host, Service: "api"}, sleep: quota.Sleep}, nil
}

// A request is one call. needs is the permission that it takes, as gaps and
// Access write it.
type request struct {
	method string
	path   string
	query  url.Values
	accept string
	body   []byte
	needs  string
}

func (r request) call() string { return r.method + " " + r.path }

// get reads one JSON document.
func (c *client) get(ctx context.Context, path string, query url.Values, needs string, into any) error {
	req := request{method: http.MethodGet, path: path, query: query, needs: needs}
	return c.do(ctx, req, func(body io.Reader) error { return json.NewDecoder(body).Decode(into) })
}

// do makes a call until it succeeds, fails for good or has failed often enough,
// and hands the body to read, which is called again when reading fails half
// way. The error is a fault, or ctx's own.
func (c *client) do(ctx context.Context, req request, read func(io.Reader) error) error {
	for attempt := 0; ; attempt++ {
		err := c.once(ctx, req, read)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait, again := retry(err, attempt)
		if !again || attempt+1 >= attempts {
			return err
		}
		if err := c.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func (c *client) once(ctx context.Context, req request, read func(io.Reader) error) error {
	if err := c.wait(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := c.send(ctx, req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := read(resp.Body); err != nil {
		return c.bodyFault(req, err)
	}
	return nil
}

// bodyFault is the fault of an answer that broke off, came too slowly or
// cannot be read.
func (c *client) bodyFault(req request, err error) error {
	f := provider.FaultOf(err, req.call(), c.base.Host)
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	if f.Kind == bulwark.FaultFailed || errors.As(err, &syntax) || errors.As(err, &typ) || errors.Is(err, provider.ErrTooLarge) {
		f.Kind = bulwark.FaultMalformed
	}
	return f
}

// send makes one attempt and returns an answer of success, whose body the
// caller closes.
func (c *client) send(ctx context.Context, req request) (*http.Response, error) {
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + req.path
	u.RawQuery = req.query.Encode()
	r, err := http.NewRequestWithContext(ctx, req.method, u.String(), bytes.NewReader(req.body))
	if err != nil {
		return nil, &bulwark.Fault{Kind: bulwark.FaultFailed, Call: req.call(), Object: c.base.Host, Err: err}
	}
	r.Header.Set("Accept", "application/json")
	if req.accept != "" {
		r.Header.Set("Accept", req.accept)
	}
	if len(req.body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(r)
	if err != nil {
		f := provider.FaultOf(err, req.call(), c.base.Host)
		var certificate *tls.CertificateVerificationError
		switch {
		case errors.As(err, &certificate):
			f.Kind, f.Needs = bulwark.FaultCredentials, "the certificate authority that signed the server's certificate"
		case f.Kind == bulwark.FaultFailed && !errors.Is(err, provider.ErrRedirect):
			f.Kind = bulwark.FaultUnreachable
		}
		c.done(false)
		return nil, f
	}
	c.done(resp.StatusCode == http.StatusTooManyRequests)
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		return nil, c.statusFault(req, resp)
	}
	return resp, nil
}

func (c *client) wait(ctx context.Context) error {
	if c.limiter == nil {
		return ctx.Err()
	}
	return c.limiter.Wait(ctx, c.key)
}

func (c *client) done(throttled bool) {
	if c.limiter != nil {
		c.limiter.Done(c.key, throttled)
	}
}

// status is what the API says of a failure (meta/v1 Status).
type status struct {
	Message string `json:"message"`
	Reason  string `json:"reason"`
	Code    int    `json:"code"`
	Details struct {
		RetryAfterSeconds int `json:"retryAfterSeconds"`
	} `json:"details"`
}

// answer is the error below a fault: the code and what the server said.
type answer struct {
	code    int
	message string
	after   time.Duration // that the server asks to wait
}

func (a *answer) Error() string {
	if a.message == "" {
		return fmt.Sprintf("%d %s", a.code, http.StatusText(a.code))
	}
	return fmt.Sprintf("%d: %s", a.code, a.message)
}

// codeOf returns the HTTP status below a fault, or 0.
func codeOf(err error) int {
	var a *answer
	if errors.As(err, &a) {
		return a.code
	}
	return 0
}

func (c *client) statusFault(req request, resp *http.Response) error {
	a := &answer{code: resp.StatusCode}
	var s status
	if body, err := io.ReadAll(io.LimitReader(resp.Body, maxStatus)); err == nil && json.Unmarshal(body, &s) == nil {
		a.message = clip(s.Message)
		a.after = time.Duration(s.Details.RetryAfterSeconds) * time.Second
	}
	if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		a.after = time.Duration(n) * time.Second
	}
	return c.faultOf(req, a)
}

func (c *client) faultOf(req request, a *answer) *bulwark.Fault {
	f := &bulwark.Fault{Kind: bulwark.FaultFailed, Call: req.call(), Object: c.base.Host, Err: a}
	switch a.code {
	case http.StatusUnauthorized:
		f.Kind, f.Needs = bulwark.FaultCredentials, "a token or certificate that the cluster accepts"
	case http.StatusForbidden:
		f.Kind, f.Needs = bulwark.FaultDenied, req.needs
	case http.StatusNotFound:
		f.Kind = bulwark.FaultAbsent
	case http.StatusTooManyRequests:
		f.Kind = bulwark.FaultThrottled
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		f.Kind = bulwark.FaultTimeout
	case http.StatusServiceUnavailable, http.StatusBadGateway:
		f.Kind = bulwark.FaultUnreachable
	}
	return f
}

// retry says how long to wait before the same call may succeed, and false
// where it would not.
func retry(err error, attempt int) (time.Duration, bool) {
	var f *bulwark.Fault
	if !errors.As(err, &f) {
		return 0, false
	}
	switch f.Kind {
	case bulwark.FaultThrottled:
	case bulwark.FaultUnreachable:
		if codeOf(err) == 0 && attempt > 2 { // nobody answers
			return 0, false
		}
	case bulwark.FaultFailed:
		if codeOf(err) < 500 {
			return 0, false
		}
	case bulwark.FaultTimeout: // a whole minute is gone already
		if attempt > 0 {
			return 0, false
		}
	default:
		return 0, false
	}
	wait := backoff(attempt)
	var a *answer
	if errors.As(err, &a) && a.after > 0 {
		wait = min(max(a.after, wait/2), maxWait)
	}
	return wait, true
}

// backoff doubles from half a second to half a minute, less up to a half.
func backoff(attempt int) time.Duration {
	d := min(500*time.Millisecond<<min(attempt, 10), 30*time.Second)
	return d/2 + rand.N(d/2)
}

// clip shortens what a server says for an error.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > 400 {
		s = strings.ToValidUTF8(s[:400], "") + "…"
	}
	return s
}
