package provider

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/bulwarksec/bulwark"
)

// MaxAnswer bounds the body of one answer of a provider.
const MaxAnswer = 64 << 20

// Transport wraps a round tripper with the bounds that every call to a
// provider has: an answer has headers within a minute, a body of at most
// MaxAnswer bytes that keeps coming, and cannot redirect (see NoRedirects). A
// nil base is a transport of its own.
func Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
		base = &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConns: 256, MaxIdleConnsPerHost: 32,
			IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: time.Minute, MaxResponseHeaderBytes: 1 << 20}
	}
	return &bounded{base: base, limit: MaxAnswer}
}

// NoRedirects is a client's CheckRedirect: a provider that answers from
// elsewhere is an error, since the request carries credentials.
func NoRedirects(req *http.Request, via []*http.Request) error {
	return fmt.Errorf("%w: it redirects to %s", ErrRedirect, req.URL.Host)
}

// Errors of bounded answers.
var (
	ErrRedirect = errors.New("an answer from elsewhere is refused")
	ErrTooLarge = fmt.Errorf("the answer is larger than %d MiB", MaxAnswer>>20)
)

// Client returns an HTTP client with the bounds of Transport and NoRedirects,
// and a timeout for a whole call.
func Client(base http.RoundTripper, timeout time.Duration) *http.Client {
	return &http.Client{Transport: Transport(base), CheckRedirect: NoRedirects, Timeout: timeout}
}

type bounded struct {
	base  http.RoundTripper
	limit int64
}

func (t *bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.ContentLength > t.limit {
		return nil, errors.Join(&bulwark.Fault{Kind: bulwark.FaultMalformed, Call: req.Method + " " + req.URL.Path, Object: req.URL.Host, Err: ErrTooLarge}, resp.Body.Close())
	}
	resp.Body = &limited{ReadCloser: resp.Body, left: t.limit}
	return resp, nil
}

type limited struct {
	io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.ReadCloser.Read(p)
	l.left -= int64(n)
	return n, err
}
