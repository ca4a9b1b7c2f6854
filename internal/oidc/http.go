package oidc

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/bulwarksec/bulwark"
)

// Bounds of each answer of the issuer. Its documents and tokens have tens of
// kilobytes.
const (
	answerTime = 10 * time.Second
	answerSize = 512 << 10 // bytes; oauth2 itself cuts at 1 MiB without a word
)

var errHuge = fmt.Errorf("%w: the issuer's answer is over %d bytes", bulwark.ErrInvalid, answerSize)

// client returns a client for the issuer's documents and endpoints. They are
// named by the issuer itself, so none redirects; a redirect of the token
// endpoint would carry the client's secret elsewhere.
func client(transport http.RoundTripper) *http.Client {
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.ResponseHeaderTimeout = answerTime
		t.MaxResponseHeaderBytes = 64 << 10
		transport = t
	}
	return &http.Client{
		Transport: bounded{transport},
		Timeout:   answerTime,
		CheckRedirect: func(req *http.Request, _ []*http.Request) error {
			return errors.New("the issuer redirects to " + req.URL.Host + ", which is not followed")
		},
	}
}

// bounded ends every answer with an error beyond answerSize, and refuses to
// ask where others could listen.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := safeURL(r.URL.String()); err != nil {
		return nil, fmt.Errorf("ask %s: %w", r.URL.Redacted(), err)
	}
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.ContentLength > answerSize {
		return nil, errors.Join(errHuge, resp.Body.Close())
	}
	resp.Body = &limited{body: resp.Body, left: answerSize}
	return resp, nil
}

// limited reads at most left bytes, then fails rather than ends.
type limited struct {
	body io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.body.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errHuge
	}
	return n, err
}

func (l *limited) Close() error { return l.body.Close() }
