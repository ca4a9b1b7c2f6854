package client

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/bulwarksec/bulwark"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// api answers as the API does, in little.
func api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/echo", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"q":%q,"token":%q,"as":%q}`, r.URL.Query().Get("q"), r.Header.Get("Authorization"), r.Header.Get("X-Bulwark-As"))
	})
	mux.HandleFunc("POST /api/v1/echo", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		if _, err := io.Copy(w, r.Body); err != nil {
			panic(err)
		}
	})
	mux.HandleFunc("GET /api/v1/empty", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /api/v1/silent", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /api/v1/denied", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"code":"denied","message":"It is not yours.","detail":"x","mend":"Ask."}`)
	})
	mux.HandleFunc("GET /api/v1/other", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusBadGateway) })
	mux.HandleFunc("GET /api/v1/torn", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strings.Repeat("x", 1<<16))
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("GET /api/v1/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := fmt.Fprintln(w, "more"); err != nil {
				return
			}
		}
	})
	return mux
}

// TestTransports holds the three ways to one contract.
func TestTransports(t *testing.T) {
	server := httptest.NewServer(api())
	defer server.Close()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	local := &http.Server{Handler: api()}
	done := make(chan error, 1)
	go func() { done <- local.Serve(l) }()
	defer func() { local.Close(); <-done }()
	for name, tt := range map[string]struct {
		o         Options
		token, as string
	}{
		"url":     {Options{URL: server.URL, Token: "secret", As: "anna"}, "Bearer secret", ""},
		"socket":  {Options{Socket: socket, Token: "secret", As: "anna"}, "", "anna"},
		"handler": {Options{Handler: api(), Token: "secret", As: "anna"}, "", "anna"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := New(tt.o)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			contract(t, c, tt.token, tt.as)
		})
	}
}

func contract(t *testing.T, c *Client, token, as string) {
	ctx := t.Context()
	var got struct{ Q, Token, As string }
	if err := c.Do(ctx, "GET", "/echo", url.Values{"q": {"a b&c"}}, nil, &got); err != nil || got.Q != "a b&c" || got.Token != token || got.As != as {
		t.Errorf("GET = %+v, %v, want the query, token %q and user %q", got, err, token, as)
	}
	if err := c.Do(ctx, "POST", "/echo", nil, map[string]string{"q": "body"}, &got); err != nil || got.Q != "body" {
		t.Errorf("POST = %+v, %v, want the body back", got, err)
	}
	for _, path := range []string{"/empty", "/silent"} {
		if data, err := c.Bytes(ctx, "GET", path, nil, nil); err != nil || len(data) > 0 {
			t.Errorf("%s = %q, %v, want nothing", path, data, err)
		}
	}
	err := c.Do(ctx, "GET", "/denied", nil, nil, nil)
	if !errors.Is(err, bulwark.ErrDenied) || err.Error() != "It is not yours: x; Ask" {
		t.Errorf("denied = %v", err)
	}
	var p *Problem
	if err := c.Do(ctx, "GET", "/other", nil, nil, nil); !errors.As(err, &p) || p.Status != 502 {
		t.Errorf("an answer that is none of the API's = %v", err)
	}
	if _, err := c.Bytes(ctx, "GET", "/torn", nil, nil); err == nil {
		t.Error("an answer that breaks off is taken for the whole")
	}
	r, err := c.Open(ctx, "GET", "/endless", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 5)
	if _, err := io.ReadFull(r, line); err != nil || string(line) != "more\n" {
		t.Errorf("endless = %q, %v", line, err)
	}
	if err := r.Close(); err != nil { // the handler must end, or goleak tells
		t.Error(err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, address := range []string{"", "bulwark.example.org", "http://bulwark.example.org", "ftp://127.0.0.1", "https://user:pw@example.org", "https://example.org/?a=b"} {
		if _, err := New(Options{URL: address}); !errors.Is(err, bulwark.ErrInvalid) {
			t.Errorf("New(%q) = %v, want invalid", address, err)
		}
	}
	for _, address := range []string{"https://example.org/", "http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost"} {
		if _, err := New(Options{URL: address}); err != nil {
			t.Errorf("New(%q) = %v", address, err)
		}
	}
	c, err := New(Options{Socket: filepath.Join(t.TempDir(), "none")})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Do(t.Context(), "GET", "/x", nil, nil, nil); !errors.Is(err, bulwark.ErrUnavailable) {
		t.Errorf("no server = %v, want unavailable", err)
	}
}
