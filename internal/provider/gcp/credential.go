package gcp

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// Credential says who reads. Impersonate makes any kind act as another account.
type Credential struct {
	Kind        CredentialKind `json:"kind,omitempty"`        // none is default
	Impersonate string         `json:"impersonate,omitempty"` // e-mail address of a service account
	Delegates   []string       `json:"delegates,omitempty"`   // service accounts between, first to last
	Account     string         `json:"account,omitempty"`     // of the metadata server; none is its default
}

// CredentialKind is where a token comes from.
type CredentialKind string

// The kinds of credential. A key and a federation file are the secret.
const (
	CredentialDefault    CredentialKind = "default"    // application default credentials
	CredentialKey        CredentialKind = "key"        // a service account's key file
	CredentialFederation CredentialKind = "federation" // workload identity federation file
	CredentialMetadata   CredentialKind = "metadata"   // the machine's own account
)

// readOnly is the scope of every token: cloud-platform.read-only is enough for
// all calls but testIamPermissions of some services, which is not called there.
const readOnly = "https://www.googleapis.com/auth/cloud-platform.read-only"

// fullScope is what impersonation needs to make a token of another account.
const fullScope = "https://www.googleapis.com/auth/cloud-platform"

const tokenTimeout = 30 * time.Second

// tokenSource returns the source of tokens, and the project of the credential
// where it tells one. It makes no call.
func tokenSource(config Config, o Options) (source oauth2.TokenSource, project string, err error) {
	plain := provider.Client(o.HTTP, tokenTimeout)
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, plain) // sources keep it: each request has the client's timeout
	scope := readOnly
	if config.Credential.Impersonate != "" {
		scope = fullScope
	}
	var file []byte
	if o.Secret != nil {
		file = []byte(o.Secret.File)
	}
	switch config.Credential.Kind {
	case CredentialDefault, "":
		source = &lazy{func() (oauth2.TokenSource, error) { return google.DefaultTokenSource(ctx, scope) }}
	case CredentialKey:
		source, project, err = keySource(ctx, file, config.Endpoint, scope)
	case CredentialFederation:
		if !o.Local {
			return nil, "", errors.New("a federation file names files, addresses or programs of the machine that reads it, so it is taken on the command line alone: let GOOGLE_APPLICATION_CREDENTIALS of the server name it, and give the credential the kind default")
		}
		source, err = federationSource(ctx, file, config.Endpoint, scope)
	case CredentialMetadata:
		source = google.ComputeTokenSource(config.Credential.Account, scope)
	default:
		err = fmt.Errorf("credential kind %q is not default, key, federation or metadata", config.Credential.Kind)
	}
	if err != nil {
		return nil, "", err
	}
	source = &faulty{source}
	if config.Credential.Impersonate != "" {
		if source, err = impersonate(plain, source, config); err != nil {
			return nil, "", err
		}
	}
	return oauth2.ReuseTokenSource(nil, source), project, nil
}

// keySource reads a service account's key file. Its token address must be
// Google's, since the signed assertion goes there.
func keySource(ctx context.Context, file []byte, endpoint, scope string) (oauth2.TokenSource, string, error) {
	var key struct {
		TokenURI  string `json:"token_uri"`
		ProjectID string `json:"project_id"`
		Private   string `json:"private_key"`
	}
	if err := json.Unmarshal(file, &key); err != nil {
		return nil, "", fmt.Errorf("the key is not a service account's key file: %w", err)
	}
	if err := checkPrivate(key.Private); err != nil {
		return nil, "", err
	}
	if err := checkToken("token_uri", key.TokenURI, endpoint); err != nil {
		return nil, "", err
	}
	jwt, err := google.JWTConfigFromJSON(file, scope)
	if err != nil {
		return nil, "", err
	}
	return jwt.TokenSource(ctx), key.ProjectID, nil
}

func checkPrivate(text string) error {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return errors.New("the key file has no private key")
	}
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return nil
	}
	if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
		return fmt.Errorf("the key file's private key cannot be read: %w", err)
	}
	return nil
}

// federationSource reads a workload identity federation file. One that runs a
// program is refused, and so is one whose tokens would go elsewhere.
func federationSource(ctx context.Context, file []byte, endpoint, scope string) (oauth2.TokenSource, error) {
	var f struct { // as the library has it: names match in any case
		TokenURL    string `json:"token_url"`
		Impersonate string `json:"service_account_impersonation_url"`
		Universe    string `json:"universe_domain"`
		Source      struct {
			Executable *struct{} `json:"executable"`
		} `json:"credential_source"`
	}
	if err := json.Unmarshal(file, &f); err != nil {
		return nil, fmt.Errorf("the secret is not a workload identity federation file: %w", err)
	}
	if f.Source.Executable != nil {
		return nil, errors.New("a federation file that runs a program is refused: use a file, an address or a certificate")
	}
	if f.Universe != "" && f.Universe != "googleapis.com" { // tokens come from there where there is no token_url
		return nil, errors.New("universe_domain is not googleapis.com")
	}
	if err := checkToken("token_url", f.TokenURL, endpoint); err != nil {
		return nil, err
	}
	if f.Impersonate != "" {
		if err := checkToken("service_account_impersonation_url", f.Impersonate, endpoint); err != nil {
			return nil, err
		}
	}
	creds, err := google.CredentialsFromJSONWithType(ctx, file, google.ExternalAccount, scope)
	if err != nil {
		return nil, err
	}
	return creds.TokenSource, nil
}

// checkToken refuses an address that is neither Google's nor the endpoint's.
func checkToken(field, address, endpoint string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", field, err)
	case u.Scheme == "https" && (u.Hostname() == "googleapis.com" || strings.HasSuffix(u.Hostname(), ".googleapis.com")):
		return nil
	case endpoint != "" && strings.HasPrefix(address, strings.TrimSuffix(endpoint, "/")+"/"):
		return nil
	}
	return fmt.Errorf("%s is %s, want an address below https://*.googleapis.com", field, u.Redacted())
}

// lazy makes its source at the first token, since to find default credentials
// may ask the metadata server.
type lazy struct {
	make func() (oauth2.TokenSource, error)
}

func (l *lazy) Token() (*oauth2.Token, error) {
	s, err := l.make()
	if err != nil {
		return nil, err
	}
	return s.Token()
}

// faulty makes failures to get a token faults.
type faulty struct{ oauth2.TokenSource }

func (f *faulty) Token() (*oauth2.Token, error) {
	t, err := f.TokenSource.Token()
	if err != nil {
		return nil, tokenFault(err)
	}
	return t, nil
}

var tokenCall = call{"oauth2", "token", ""}

// answered finds the code of an answer in the errors of the library, which keep
// no chain and go on with the answer's body.
var answered = regexp.MustCompile(`(?:status code|Received) (\d{3})\b`)

// tokenFault is a failure to get a token: refused, or, where no answer was
// read, a server that was not reached. It tells nothing of an answer's body but
// what a status says.
func tokenFault(err error) *bulwark.Fault {
	var refused *oauth2.RetrieveError
	code := 0
	var body []byte
	if errors.As(err, &refused) {
		code, body = http.StatusBadRequest, refused.Body
		if refused.Response != nil {
			code = refused.Response.StatusCode
		}
	} else if m := answered.FindStringSubmatch(err.Error()); m != nil {
		code, _ = strconv.Atoi(m[1])
	}
	if code != 0 {
		f := statusFault(code, body, tokenCall, "")
		if code < 500 && f.Kind != bulwark.FaultThrottled {
			f.Kind, f.Needs = bulwark.FaultCredentials, "a valid credential, and a clock that is right"
		}
		return f
	}
	f := provider.FaultOf(err, tokenCall.String(), "")
	if f.Kind != bulwark.FaultFailed {
		return f
	}
	switch text := err.Error(); {
	case strings.Contains(text, provider.ErrRedirect.Error()), strings.Contains(text, provider.ErrTooLarge.Error()):
		f.Kind = bulwark.FaultMalformed
	case strings.Contains(text, "cannot fetch token"):
		f.Kind = bulwark.FaultUnreachable
	default:
		f.Kind = bulwark.FaultCredentials
	}
	f.Err = errors.New(clip(err.Error()))
	return f
}

// impersonated makes tokens of another service account.
// Source: IAM Service Account Credentials API, generateAccessToken.
type impersonated struct {
	http    *http.Client
	address string
	body    []byte
	account string
}

var impersonateCall = call{"iamcredentials", "projects.serviceAccounts.generateAccessToken", "iam.serviceAccounts.getAccessToken"}

func impersonate(plain *http.Client, source oauth2.TokenSource, config Config) (oauth2.TokenSource, error) {
	account := config.Credential.Impersonate
	if !strings.Contains(account, "@") || strings.ContainsAny(account, "/?# ") {
		return nil, fmt.Errorf("impersonate %q is not the e-mail address of a service account", account)
	}
	var delegates []string
	for _, d := range config.Credential.Delegates {
		delegates = append(delegates, "projects/-/serviceAccounts/"+d)
	}
	body, err := json.Marshal(map[string]any{"scope": []string{readOnly}, "lifetime": "3600s", "delegates": delegates})
	if err != nil {
		return nil, err
	}
	c := &client{endpoint: strings.TrimSuffix(config.Endpoint, "/")}
	h := *plain
	h.Transport = &bearer{oauth2.ReuseTokenSource(nil, source), "", plain.Transport}
	return &impersonated{&h, c.address(impersonateCall, "/v1/projects/-/serviceAccounts/"+account+":generateAccessToken", nil), body, account}, nil
}

func (i *impersonated) Token() (*oauth2.Token, error) {
	req, err := http.NewRequest(http.MethodPost, i.address, bytes.NewReader(i.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	v, _, err := (&client{http: i.http}).send(req, impersonateCall, i.account)
	if err != nil {
		return nil, provider.FaultOf(err, impersonateCall.String(), i.account)
	}
	expires, err := time.Parse(time.RFC3339, v.Get("expireTime").Text())
	if err != nil || v.Get("accessToken").Text() == "" {
		return nil, &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: impersonateCall.String(), Object: i.account, Err: errors.New("the answer has no token, or none that expires")}
	}
	return &oauth2.Token{AccessToken: v.Get("accessToken").Text(), TokenType: "Bearer", Expiry: expires}, nil
}
