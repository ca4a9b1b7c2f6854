// Package client speaks to the HTTP API: of a server by its address and a
// token, of the server that holds a data folder by the socket in it, or of a
// handler in the same process. Errors come back as the kinds of the root
// package, with what the server says to do about them.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

// Prefix begins the path of every route.
const Prefix = "/api/v1"

// asHeader names the user for whom somebody with the data folder acts.
const asHeader = "X-Bulwark-As"

// Options say where the API is: exactly one of URL, Socket and Handler is set.
type Options struct {
	URL     string       // https://bulwark.example.org; http:// on loopback only
	Token   string       // sent with URL
	Socket  string       // file of a socket
	Handler http.Handler // in this process
	As      string       // user to act for, over Socket and Handler
}

// Client is safe for concurrent use.
type Client struct {
	base  string
	token string
	as    string
	http  *http.Client
}

// maxAnswer bounds an answer that is read whole, in bytes.
const maxAnswer = 256 << 20

// New returns a client. An address that would send the token in the clear is
// ErrInvalid.
func New(o Options) (*Client, error) {
	c := &Client{base: "http://localhost", as: o.As}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 15 * time.Second, ResponseHeaderTimeout: 2 * time.Minute,
		DialContext: (&net.Dialer{Timeout: 15 * time.Second}).DialContext, MaxIdleConns: 4, IdleConnTimeout: 30 * time.Second,
	}
	var round http.RoundTripper = transport
	switch {
	case o.Handler != nil:
		round = inProcess{o.Handler}
	case o.Socket != "":
		transport.Proxy = nil
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: 15 * time.Second}).DialContext(ctx, "unix", o.Socket)
		}
	default:
		u, err := url.Parse(o.URL)
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("server %q: %w: want https://host:port", o.URL, bulwark.ErrInvalid)
		}
		if u.Scheme == "http" && !bulwark.IsLoopback(u.Hostname()) {
			return nil, fmt.Errorf("server %s: %w: beyond loopback TLS is needed: write https://", o.URL, bulwark.ErrInvalid)
		}
		c.base, c.token, c.as = strings.TrimSuffix(u.String(), "/"), o.Token, ""
	}
	c.http = &http.Client{Transport: round, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c, nil
}

// Close gives idle connections back.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Do makes a request of a path below Prefix and decodes the answer into out,
// which may be nil. body, if not nil, is sent as JSON.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, body, out any) error {
	data, err := c.Bytes(ctx, method, path, query, body)
	if err != nil || out == nil || len(data) == 0 {
		return err
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s %s: the answer is not what this program knows: %w", method, path, err)
	}
	return nil
}

// Bytes is Do that returns the answer as it came.
func (c *Client) Bytes(ctx context.Context, method, path string, query url.Values, body any) ([]byte, error) {
	answer, err := c.Open(ctx, method, path, query, body)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(answer, maxAnswer+1))
	err = errors.Join(err, answer.Close())
	if err == nil && len(data) > maxAnswer {
		err = fmt.Errorf("%w: the answer is over %d bytes: ask for less", bulwark.ErrInvalid, maxAnswer)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return data, nil
}

// Open is Do that returns the answer to be read, and closed, by the caller.
// An answer that breaks off is an error of the reader.
func (c *Client) Open(ctx context.Context, method, path string, query url.Values, body any) (io.ReadCloser, error) {
	address := c.base + Prefix + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
		content = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %w", method, path, bulwark.ErrInvalid, err)
	}
	req.Header.Set("Accept", "application/json, */*")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.as != "" {
		req.Header.Set(asHeader, c.as)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w: %w", bulwark.ErrUnavailable, err)
	}
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return resp.Body, nil
	}
	return nil, errors.Join(problem(resp), resp.Body.Close())
}

// Problem is an error that the server answered.
type Problem struct {
	Status  int
	Code    string `json:"code"`
	Message string `json:"message"`
	Detail  string `json:"detail"`
	Mend    string `json:"mend"`
}

// Error returns what went wrong and what to do about it, in one line.
func (p *Problem) Error() string {
	text := strings.TrimSuffix(p.Message, ".")
	if p.Detail != "" && !strings.Contains(text, p.Detail) {
		text += ": " + p.Detail
	}
	if p.Mend != "" {
		text += "; " + strings.TrimSuffix(p.Mend, ".")
	}
	return text
}

// kinds are the codes that stand for kinds of error of the root package.
var kinds = map[string]error{
	"not-found": bulwark.ErrNotFound, "denied": bulwark.ErrDenied, "unauthenticated": bulwark.ErrDenied, "bad-credentials": bulwark.ErrDenied,
	"invalid": bulwark.ErrInvalid, "not-allowed": bulwark.ErrInvalid, "too-large": bulwark.ErrInvalid,
	"conflict": bulwark.ErrConflict, "throttled": bulwark.ErrThrottled, "unavailable": bulwark.ErrUnavailable,
}

// Unwrap returns the kind of error, nil for one of none.
func (p *Problem) Unwrap() error { return kinds[p.Code] }

func problem(resp *http.Response) error {
	p := &Problem{Status: resp.StatusCode}
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil || json.Unmarshal(data, p) != nil || p.Code == "" {
		p.Message = "The server answers " + resp.Status
		p.Mend = "It may not be Bulwark, or another stands before it."
	}
	return p
}
