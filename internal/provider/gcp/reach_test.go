package gcp

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/oauth2"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// TestFederation takes a federation file, which names what is to be read on this
// machine, from the person who runs the process alone; nobody's may run a
// program or send tokens elsewhere.
func TestFederation(t *testing.T) {
	subject := filepath.Join(t.TempDir(), "subject")
	file := func(source, more string) string {
		return `{"type":"external_account","audience":"//iam.googleapis.com/p","subject_token_type":"urn:ietf:params:oauth:token-type:jwt","credential_source":` + source + more + `}`
	}
	const onServer, program = "on the command line alone", "runs a program"
	tests := []struct {
		name, file string
		local      bool
		says       string // of the error, "" for none
	}{
		{"a file", file(`{"file":"`+subject+`"}`, ""), true, ""},
		{"an address", file(`{"url":"http://169.254.169.254/token"}`, ""), true, ""},
		{"a file of the server", file(`{"file":"/etc/passwd"}`, ""), false, onServer},
		{"an address within the server's reach", file(`{"url":"http://169.254.169.254/token"}`, ""), false, onServer},
		{"the server's certificate", file(`{"certificate":{"use_default_certificate_config":true}}`, ""), false, onServer},
		{"the server's AWS keys", file(`{"environment_id":"aws1","regional_cred_verification_url":"https://sts.{region}.amazonaws.com"}`, ""), false, onServer},
		{"a program", file(`{"executable":{"command":"/bin/x"}}`, ""), true, program},
		{"a program in capitals", file(`{"Executable":{"command":"/bin/x"}}`, ""), true, program},
		{"a source in capitals", strings.Replace(file(`{"executable":{"command":"/bin/x"}}`, ""), "credential_source", "Credential_Source", 1), true, program},
		{"tokens from elsewhere", file(`{"file":"x"}`, `,"token_url":"https://sts.googleapis.com.elsewhere.example"`), true, "token_url is"},
		{"another's universe", file(`{"file":"x"}`, `,"universe_domain":"elsewhere.example"`), true, "universe_domain"},
		{"impersonation elsewhere", file(`{"file":"x"}`, `,"service_account_impersonation_url":"https://elsewhere.example"`), true, "service_account_impersonation_url is"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(Config{Organization: "1", Credential: Credential{Kind: CredentialFederation}}, Options{Secret: &Secret{File: tt.file}, Local: tt.local})
			switch {
			case tt.says == "" && err != nil:
				t.Errorf("New = %v", err)
			case tt.says != "" && (!errors.Is(err, bulwark.ErrInvalid) || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("New = %v, want one of kind ErrInvalid that says %q", err, tt.says)
			}
		})
	}
}

// TestTokenFault tells what a failure means from the errors of the library, and
// nothing of the body of an answer.
func TestTokenFault(t *testing.T) {
	const body = "root:x:0:0"
	tests := []struct {
		name string
		err  error
		kind bulwark.FaultKind
		says string
	}{
		{"an exchange that is refused", errors.New("oauth2/google: status code 400: " + body), bulwark.FaultCredentials, "400 Bad Request"},
		{"an exchange that is throttled", errors.New("oauth2/google: status code 429: " + body), bulwark.FaultThrottled, "429 Too Many Requests"},
		{"a source that is down", errors.New("oauth2/google/externalaccount: status code 503: " + body), bulwark.FaultUnreachable, "503 Service Unavailable"},
		{"the metadata server", errors.New("compute: Received 404 `" + body + "`"), bulwark.FaultCredentials, "404 Not Found"},
		{"a key that is refused", &oauth2.RetrieveError{Response: &http.Response{StatusCode: 400}, Body: []byte(`{"error":"invalid_grant","error_description":"Invalid JWT: Token must be a short-lived token and in a reasonable timeframe."}`)},
			bulwark.FaultCredentials, "400 Bad Request: Invalid JWT: Token must be a short-lived token and in a reasonable timeframe. (invalid_grant)"},
		{"a page", &oauth2.RetrieveError{Response: &http.Response{StatusCode: 403}, Body: []byte("<html>" + body)}, bulwark.FaultCredentials, "403 Forbidden"},
		{"no answer", errors.New("oauth2: cannot fetch token: dial tcp: connection refused"), bulwark.FaultUnreachable, "oauth2: cannot fetch token: dial tcp: connection refused"},
		{"another host", fmt.Errorf("oauth2: cannot fetch token: %v", provider.NoRedirects(httptest.NewRequest("GET", "https://elsewhere.example/", nil), nil)), bulwark.FaultMalformed, "oauth2: cannot fetch token: an answer from elsewhere is refused: it redirects to elsewhere.example"},
		{"a file that is not there", errors.New("oauth2/google/externalaccount: failed to open credential file \"x\""), bulwark.FaultCredentials, "oauth2/google/externalaccount: failed to open credential file \"x\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := tokenFault(tt.err)
			if f.Kind != tt.kind || f.Err.Error() != tt.says || f.Call != "oauth2:token" {
				t.Errorf("tokenFault = %s %s %q, want %s %q", f.Call, f.Kind, f.Err, tt.kind, tt.says)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func answers(code int, body string, header ...string) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req}, nil
	}
}

// quiet answers with a body that never comes, until the caller gives up.
func quiet(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: io.NopCloser(waiting{req.Context()}), ContentLength: -1, Request: req}, nil
}

type waiting struct{ ctx context.Context }

func (w waiting) Read([]byte) (int, error) { <-w.ctx.Done(); return 0, w.ctx.Err() }

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestHostile calls servers that answer wrongly: each is a fault that names the
// call, and none is sent what belongs to another.
func TestHostile(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := json.Marshal(map[string]string{"type": "service_account", "client_email": "a@b", "private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": "https://oauth2.googleapis.com/token"})
	if err != nil {
		t.Fatal(err)
	}
	good := answers(200, `{"access_token":"t","token_type":"Bearer","expires_in":3600}`, "Content-Type", "application/json")
	const list = "cloudasset:assets.list"
	tests := []struct {
		name       string
		token, api roundTrip
		kind       bulwark.FaultKind
		call       string
	}{
		{"garbage", good, answers(200, "<html>"), bulwark.FaultMalformed, list},
		{"a list", good, answers(200, "[]"), bulwark.FaultMalformed, list},
		{"assets that are a text", good, answers(200, `{"assets":"x"}`), bulwark.FaultMalformed, list},
		{"depth", good, answers(200, `{"assets":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+`}`), bulwark.FaultMalformed, list},
		{"another host", good, answers(302, "", "Location", "https://elsewhere.example/"), bulwark.FaultMalformed, list},
		{"another path of the same host", good, answers(307, "", "Location", "/other"), bulwark.FaultMalformed, list},
		{"more than is read", good, func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(zeros{}), ContentLength: 1 << 40, Request: req}, nil
		}, bulwark.FaultMalformed, list},
		{"an error without end", good, func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 403, Body: io.NopCloser(zeros{}), ContentLength: -1, Request: req}, nil
		}, bulwark.FaultDenied, list},
		{"an answer that does not come", good, func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}, bulwark.FaultTimeout, list},
		{"an answer that does not end", good, quiet, bulwark.FaultTimeout, list},
		{"a token that expired", good, answers(401, `{"error":{"code":401,"status":"UNAUTHENTICATED","message":"m"}}`), bulwark.FaultCredentials, list},
		{"a clock that is wrong", answers(400, `{"error":"invalid_grant","error_description":"Invalid JWT: iat is in the future"}`), nil, bulwark.FaultCredentials, "oauth2:token"},
		{"tokens from another host", answers(302, "", "Location", "https://elsewhere.example/"), nil, bulwark.FaultMalformed, "oauth2:token"},
		{"tokens that are garbage", answers(200, "<html>"), nil, bulwark.FaultUnreachable, "oauth2:token"},
		{"tokens that do not come", quiet, nil, bulwark.FaultUnreachable, "oauth2:token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport := roundTrip(func(req *http.Request) (*http.Response, error) {
					switch req.URL.Host {
					case "oauth2.googleapis.com":
						return tt.token(req)
					case "cloudasset.googleapis.com":
						return tt.api(req)
					}
					t.Errorf("%s is called", req.URL)
					return nil, errors.New("no such host")
				})
				e, err := New(Config{Organization: "1", Credential: Credential{Kind: CredentialKey}}, Options{Secret: &Secret{File: string(key)}, HTTP: transport})
				if err != nil {
					t.Fatal(err)
				}
				err = e.Gather(t.Context(), func(item bulwark.Gathered) error {
					if item.Listing != nil && item.Listing.Complete || item.Asset != nil {
						t.Errorf("a server that tells nothing makes %+v", item)
					}
					return nil
				})
				var f *bulwark.Fault
				if !errors.As(err, &f) || f.Kind != tt.kind || f.Call != tt.call {
					t.Errorf("Gather = %v, want %s of %s", err, tt.kind, tt.call)
				}
				if f != nil && f.Kind == bulwark.FaultCredentials && f.Call == "oauth2:token" && !strings.Contains(f.Needs, "clock") {
					t.Errorf("needs %q, want one that tells of the clock", f.Needs)
				}
			})
		})
	}
}

// TestContactsEnd takes no page token that is no text for the end of the list.
func TestContactsEnd(t *testing.T) {
	g := newGathering(t)
	g.e.client = &client{http: &http.Client{Transport: answers(200, `{"contacts":[],"nextPageToken":7}`)}, limiter: quota.Unlimited()}
	got, err := g.contacts(t.Context(), &node{key: "organizations/1", kind: typeOrganization})
	if err != nil || got.Kind() != bulwark.Unknown || !strings.Contains(got.Reason(), "malformed") {
		t.Errorf("contacts = %s, %v, want unknown", bulwark.AppendJSON(nil, got), err)
	}
}
