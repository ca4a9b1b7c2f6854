package azure

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/provider"
	"github.com/bulwarksec/bulwark/internal/quota"
)

const testTenant = "11111111-1111-4111-8111-111111111111"

var testTypes = func() *bulwark.Types {
	c, _ := content.Load(content.Options{}, content.Embedded())
	return c.Types
}()

// anyToken is a credential for tests of what comes after it.
type anyToken struct{}

func (anyToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// answers serves the same answer to every request.
type answers struct {
	status int
	header http.Header
	body   string
	calls  int
}

func (a *answers) RoundTrip(req *http.Request) (*http.Response, error) {
	a.calls++
	h := a.header
	if h == nil {
		h = http.Header{}
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: req}, nil
}

func testEstate(t testing.TB, rt http.RoundTripper) (*Estate, *[]time.Duration) {
	t.Helper()
	c, err := Config{TenantID: testTenant, Entra: true}.clean()
	if err != nil {
		t.Fatal(err)
	}
	endpoints, err := endpointsOf(c)
	if err != nil {
		t.Fatal(err)
	}
	var slept []time.Duration
	o := Options{Types: testTypes, Limiter: quota.Unlimited(), Connector: "azure", Now: func() time.Time { return time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC) },
		Sleep: func(ctx context.Context, d time.Duration) error { slept = append(slept, d); return ctx.Err() }}
	transport := &http.Client{Transport: provider.Transport(rt), CheckRedirect: provider.NoRedirects}
	return newEstate(c, endpoints, o, transport, anyToken{}), &slept
}

func TestConfig(t *testing.T) {
	tests := []struct {
		name   string
		config Config
		want   string // in the error; "" is none
	}{
		{"good", Config{TenantID: testTenant, Credential: CredentialCLI}, ""},
		{"no_tenant", Config{}, "tenantId"},
		{"subscription_is_no_guid", Config{TenantID: testTenant, Subscriptions: []string{"x' or 1"}}, "subscription"},
		{"group_is_a_path", Config{TenantID: testTenant, ManagementGroup: "a/../b"}, "management group"},
		{"unknown_cloud", Config{TenantID: testTenant, Cloud: "mars"}, "mars"},
		{"unknown_credential", Config{TenantID: testTenant, Credential: "guess"}, "guess"},
		{"secret_without_client", Config{TenantID: testTenant, Credential: CredentialSecret}, "clientId"},
		{"plain_endpoint_elsewhere", Config{TenantID: testTenant, Endpoints: &Endpoints{"http://arm.example", "https://g.example", "https://l.example"}}, "https"},
		{"endpoint_with_user", Config{TenantID: testTenant, Endpoints: &Endpoints{"https://a:b@arm.example", "https://g.example", "https://l.example"}}, "endpoint"},
		{"plain_loopback", Config{TenantID: testTenant, Credential: CredentialCLI, Endpoints: &Endpoints{"http://127.0.0.1:1", "http://127.0.0.1:1", "http://[::1]:1"}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.config, Options{Types: testTypes})
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("New: %v", err)
			case tt.want != "" && (!errors.Is(err, bulwark.ErrInvalid) || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("New: %v, want an invalid configuration that names %q", err, tt.want)
			}
		})
	}
}

func TestKinds(t *testing.T) {
	tests := []struct {
		status int
		body   string
		want   bulwark.FaultKind
	}{
		{403, `{"error":{"code":"AuthorizationFailed","message":"m"}}`, bulwark.FaultDenied},
		{401, `{"error":{"code":"ExpiredAuthenticationToken"}}`, bulwark.FaultCredentials},
		{401, `{"error":{"code":"InvalidAuthenticationTokenTenant"}}`, bulwark.FaultCredentials},
		{404, `{"error":{"code":"SubscriptionNotFound"}}`, bulwark.FaultAbsent},
		{404, `{"code":"ResourceNotFound","message":"m"}`, bulwark.FaultAbsent},
		{404, `<html>`, bulwark.FaultFailed},
		{409, `{"error":{"code":"DisabledSubscription"}}`, bulwark.FaultDisabled},
		{403, `{"error":{"code":"Authentication_RequestFromNonPremiumTenantOrB2CTenant"}}`, bulwark.FaultDisabled},
		{429, ``, bulwark.FaultThrottled},
		{503, `{"error":{"code":"ServerBusy"}}`, bulwark.FaultThrottled},
		{504, ``, bulwark.FaultTimeout},
		{500, `[]`, bulwark.FaultFailed},
	}
	for _, tt := range tests {
		if got := kindOf(tt.status, readError(tt.status, []byte(tt.body)).code); got != tt.want {
			t.Errorf("kind of %d %s = %s, want %s", tt.status, tt.body, got, tt.want)
		}
	}
}

// TestRetryAfter tells that a server's wish is heeded, in both of its forms and
// up to a bound, and that waiting ends.
func TestRetryAfter(t *testing.T) {
	tests := []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"seconds", http.Header{"Retry-After": {"17"}}, 17 * time.Second},
		{"date", http.Header{"Retry-After": {"Thu, 26 Nov 2026 00:00:30 GMT"}}, 30 * time.Second},
		{"quota", http.Header{"X-Ms-User-Quota-Resets-After": {"00:00:05"}}, 5 * time.Second},
		{"a_year", http.Header{"Retry-After": {"31536000"}}, maxRetryAfter},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rt := &answers{status: 429, header: tt.header}
			e, slept := testEstate(t, rt)
			_, err := e.get(t.Context(), "/subscriptions/x", "1", "a/read")
			if f := faultOf(err, ""); f.Kind != bulwark.FaultThrottled {
				t.Fatalf("get: %v, want a fault of kind throttled", err)
			}
			if len(*slept) == 0 || (*slept)[0] != tt.want {
				t.Errorf("slept %v, want %v first", *slept, tt.want)
			}
			if rt.calls > maxThrottles {
				t.Errorf("%d calls, want at most %d", rt.calls, maxThrottles)
			}
		})
	}
}

// TestSpentQuota waits before the next query when an answer says that it was
// the last for now.
func TestSpentQuota(t *testing.T) {
	rt := &answers{status: 200, body: `{"totalRecords":0,"data":[],"resultTruncated":"false"}`,
		header: http.Header{"X-Ms-User-Quota-Remaining": {"0"}, "X-Ms-User-Quota-Resets-After": {"00:00:04"}}}
	e, slept := testEstate(t, rt)
	for range 2 {
		if _, err := e.rows(t.Context(), query{text: "resources"}, func(bulwark.Value) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if len(*slept) != 1 || (*slept)[0] != 4*time.Second {
		t.Errorf("slept %v, want 4 s once", *slept)
	}
}

func TestMatchStar(t *testing.T) {
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"*/read", "microsoft.web/sites/read", true},
		{"*/read", "microsoft.web/sites/write", false},
		{"microsoft.web/*/read", "microsoft.web/read", false},
		{"a*b*c", "axxbyyc", true},
		{"a*a", "a", false},
		{"*", "", true},
		{"", "x", false},
	}
	for _, tt := range tests {
		if got := matchStar(tt.pattern, tt.name); got != tt.want {
			t.Errorf("matchStar(%q, %q) = %v, want %v", tt.pattern, tt.name, got, tt.want)
		}
	}
}

func TestRights(t *testing.T) {
	r := rights{{[]string{"*"}, []string{"Microsoft.Web/*"}}, {[]string{"Microsoft.Web/sites/Read"}, nil}}
	for action, want := range map[string]bool{"microsoft.storage/storageaccounts/read": true, "Microsoft.Web/sites/read": true, "Microsoft.Web/serverfarms/read": false} {
		if got := r.permits(action); got != want {
			t.Errorf("permits(%s) = %v, want %v", action, got, want)
		}
	}
}

func TestParentOf(t *testing.T) {
	const rg = "/subscriptions/s/resourceGroups/G"
	tests := []struct{ id, parent, typ string }{
		{rg + "/providers/Microsoft.Web/sites/a", "/subscriptions/s/resourcegroups/g", resourceGroup},
		{rg + "/providers/Microsoft.Web/sites/a/slots/b", "/subscriptions/s/resourcegroups/g/providers/microsoft.web/sites/a", "microsoft.web/sites"},
		{rg + "/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c", "/subscriptions/s/resourcegroups/g/providers/microsoft.storage/storageaccounts/a", "microsoft.storage/storageaccounts"},
		{"/subscriptions/s/providers/Microsoft.Security/pricings/p", "", ""},
		{rg, "", ""},
		{"/providers/", "", ""},
	}
	for _, tt := range tests {
		if parent, typ := parentOf(tt.id); parent != tt.parent || typ != tt.typ {
			t.Errorf("parentOf(%s) = %s %s, want %s %s", tt.id, parent, typ, tt.parent, tt.typ)
		}
	}
}

// TestSameList refuses to send a token to where a list is not.
func TestSameList(t *testing.T) {
	const first = "https://management.azure.com/subscriptions?api-version=1"
	for next, want := range map[string]bool{
		"https://management.azure.com/subscriptions?api-version=1&$skiptoken=x":   true,
		"https://management.azure.com:443/Subscriptions/?$skiptoken=x":            true,
		"https://evil.example/subscriptions?api-version=1":                        false,
		"http://management.azure.com/subscriptions?api-version=1":                 false,
		"https://management.azure.com/subscriptions/x/secrets?api-version=1":      false,
		"https://a@management.azure.com/subscriptions?api-version=1":              false,
		"https://management.azure.com.evil.example/subscriptions?api-version=1":   false,
		"//management.azure.com/subscriptions":                                    false,
		"https://management.azure.com/subscriptions/../../x?api-version=1&a=%zz%": false,
	} {
		if got := sameList(first, next); got != want {
			t.Errorf("sameList(%s) = %v, want %v", next, got, want)
		}
	}
}

// TestBuild writes names as the type file has them, keeps what it lacks, hides
// secrets, splits what is observed, and puts patches in their places.
func TestBuild(t *testing.T) {
	p := func(path string, kind bulwark.PropertyKind) bulwark.Property {
		return bulwark.Property{Path: path, Kind: kind}
	}
	secret := p("properties.login.password", bulwark.KindString)
	secret.Secret = "password"
	seen := p("properties.lastUse", bulwark.KindString)
	seen.Observed = true
	types := bulwark.NewTypes([]*bulwark.Type{{ID: "Microsoft.Till/tills", Properties: []bulwark.Property{p("properties.keyVaultURI", bulwark.KindString), p("properties.rules[].portRange", bulwark.KindString),
		p("tags{}", bulwark.KindString), secret, seen, p("_extra.on", bulwark.KindBoolean), p("properties.config.tls", bulwark.KindString)}}})
	decode := func(text string) bulwark.Value {
		v, err := bulwark.DecodeJSON([]byte(text), bulwark.DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	row := decode(`{"kind":"","plan":null,"properties":{"keyvaulturi":"u","RULES":[{"PortRange":"1","other":2}],"login":{"password":"p","user":"u"},"lastUse":"now","connectionString":"s","config":{"old":1},"pin":3},"tags":{"A":"b"}}`)
	got, observed, err := newTypeTable(types, nil).build("microsoft.till/TILLS", "live:x", row, []patch{
		{path: []string{"_extra"}, reason: "denied"}, {path: []string{"properties", "config"}, value: decode(`{"TLS":"1.2"}`)}, {path: []string{"properties", "added"}, value: decode(`[1]`)}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"properties":{"keyVaultURI":"u","rules":[{"portRange":"1","other":2}],"login":{"password":{"$secret":["password",""]},"user":"u"},"connectionString":{"$secret":["unlisted",""]},` +
		`"config":{"tls":"1.2"},"pin":3,"added":[1]},"tags":{"A":"b"},"_extra":{"$unknown":"denied"}}`
	if got.String() != want {
		t.Errorf("properties\n%s\nwant\n%s", got, want)
	}
	if want := `{"properties":{"lastUse":"now"}}`; observed.String() != want {
		t.Errorf("observed %s, want %s", observed, want)
	}
}

// FuzzRow makes assets of whatever Resource Graph says: no panic, an id that
// is its own, a value that was known stays known.
func FuzzRow(f *testing.F) {
	for _, seed := range []string{
		`{"data":[{"id":"/subscriptions/aaaaaaaa-0000-4000-8000-000000000001/resourceGroups/g/providers/Microsoft.Sql/servers/s","type":"microsoft.sql/servers","subscriptionId":"aaaaaaaa-0000-4000-8000-000000000001","properties":{"a":[1]}}],"totalRecords":1}`,
		`{"data":[{"id":"/providers/x/roleDefinitions/","type":"microsoft.authorization/roledefinitions"}],"totalRecords":1,"$skipToken":"x"}`,
		`{"data":[{"id":"/subscriptions//","type":"İ/x","properties":{"":{"":0}}}],"resultTruncated":"true"}`,
		`{"data":[null,1,[]],"totalRecords":3}`, `{"data":{}}`,
		`{"data":[{"id":"/subscriptions/aaaaaaaa-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleAssignments/x","type":"microsoft.authorization/roleassignments","properties":{"roleDefinitionId":"İ/","principalType":"user","scope":"/subscriptions/"}}],"totalRecords":1}`,
		`{"data":[{"id":"/İ/subnets/","type":"microsoft.network/networkwatchers/flowlogs","properties":{"targetResourceId":"/İİ/virtualNetworks/a/subnets/b"}}]}`,
	} {
		f.Add([]byte(seed))
	}
	rt := &answers{status: 200}
	e, _ := testEstate(f, rt)
	f.Fuzz(func(t *testing.T, body []byte) {
		rt.body = string(body)
		g := &gathering{Estate: e, yield: func(item bulwark.Gathered) error {
			if a := item.Asset; a != nil && !strings.HasPrefix(a.ID, "live:/") {
				t.Errorf("id %q", a.ID)
			}
			return nil
		}, places: map[string]*place{}}
		// An error is an answer that was refused, which is as good.
		_, _ = e.rows(t.Context(), query{text: "q"}, func(row bulwark.Value) error {
			id := row.Get("id").Text()
			if !checkID(id) {
				return nil
			}
			r := resource{id: id, typ: e.types.canonical(row.Get("type").Text()), row: row, roles: &roleNames{}}
			r.extra = derived(r)
			items, err := g.asset(r)
			if err != nil {
				return err
			}
			return g.emit(items...)
		})
	})
}

// FuzzAnswers reads whatever the services say: no panic, and an end.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{`{"value":[{"id":"x"}],"nextLink":"https://management.azure.com/a?x"}`, `{"value":[{"name":"n","properties":{"name":1,"a":{}}}]}`, `{"error":{"code":"X"}}`, `[`, `{"properties":{"platform":{}}}`,
		`{"value":[{"id":"00000000-0000-4000-9000-000000000001","displayName":"x","@odata.type":"#microsoft.graph.user"}]}`} {
		f.Add(200, []byte(seed))
		f.Add(403, []byte(seed))
	}
	rt := &answers{}
	e, _ := testEstate(f, rt)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		rt.status, rt.body = status, string(body)
		patches, _, err := e.detailed(t.Context(), "microsoft.web/sites", "/subscriptions/x/a", bulwark.Value{})
		if err != nil {
			t.Fatalf("detailed: %v, want gaps and no error", err)
		}
		if _, _, err := e.types.build("microsoft.web/sites", "live:x", bulwark.Value{}, patches); err != nil {
			t.Fatalf("build: %v", err)
		}
		g := &gathering{Estate: e, yield: func(bulwark.Gathered) error { return nil }}
		if err := g.entra(t.Context()); err != nil {
			t.Fatalf("entra: %v, want gaps and no error", err)
		}
	})
}
