package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/quota"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func reply(code int, body string, header ...string) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json"}}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req}, nil
	}
}

// waiting is a body that never comes, until the caller gives up.
type waiting struct{ ctx context.Context }

func (w waiting) Read([]byte) (int, error) { <-w.ctx.Done(); return 0, w.ctx.Err() }

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// endless answers with a body of which length bytes are promised, -1 for none.
func endless(body func(ctx context.Context) io.Reader, length int64) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(body(req.Context())), ContentLength: length, Request: req}, nil
	}
}

// TestHostile signs in at, and asks, servers that answer wrongly: each is a
// fault that names the call and tells nothing of an answer's body, and no other
// host is sent what belongs to them.
func TestHostile(t *testing.T) {
	const body = "root:x:0:0"
	good := reply(200, `{"access_token":"t","token_type":"Bearer","expires_in":3600}`)
	silent := endless(func(ctx context.Context) io.Reader { return waiting{ctx} }, -1)
	tests := []struct {
		name       string
		token, arm roundTrip
		kind       bulwark.FaultKind
		says       string
	}{
		{"garbage", good, reply(200, "<html>"+body), bulwark.FaultMalformed, ""},
		{"a list", good, reply(200, "[]"), bulwark.FaultMalformed, "want an object"},
		{"depth", good, reply(200, `{"value":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+`}`), bulwark.FaultMalformed, ""},
		{"another host", good, reply(302, "", "Location", "https://elsewhere.example/"), bulwark.FaultMalformed, "elsewhere"},
		{"another path of the same host", good, reply(307, "", "Location", "/other"), bulwark.FaultMalformed, "elsewhere"},
		{"a next page elsewhere", good, reply(200, `{"value":[],"nextLink":"https://elsewhere.example/subscriptions"}`), bulwark.FaultMalformed, "another address"},
		{"a next page that is a number", good, reply(200, `{"value":[],"nextLink":7}`), bulwark.FaultMalformed, "nextLink is"},
		{"more than is read", good, endless(func(context.Context) io.Reader { return zeros{} }, 1<<40), bulwark.FaultMalformed, "larger than"},
		{"without end", good, endless(func(context.Context) io.Reader { return zeros{} }, -1), bulwark.FaultMalformed, "larger than"},
		{"an answer that does not come", good, func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}, bulwark.FaultTimeout, ""},
		{"an answer that does not end", good, silent, bulwark.FaultTimeout, ""},
		{"a token that expired", good, reply(401, `{"error":{"code":"ExpiredAuthenticationToken","message":"m"}}`), bulwark.FaultCredentials, "ExpiredAuthenticationToken"},
		{"a clock that is wrong", reply(401, `{"error":"invalid_client","error_description":"AADSTS700024: Client assertion is not within its valid time range. Current time: `+body+`"}`), nil, bulwark.FaultCredentials, "AADSTS700024: Client assertion is not within its valid time range"},
		{"a secret that expired", reply(401, `{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired. Trace"}`), nil, bulwark.FaultCredentials, "AADSTS7000222"},
		{"a page for a token", reply(403, "<html>"+body), nil, bulwark.FaultCredentials, "Forbidden"},
		{"garbage for a token", reply(200, "<html>"+body), nil, bulwark.FaultCredentials, "json decode error"},
		{"no words for a token", reply(400, `{"error":"x","error_description":"`+body+`"}`), nil, bulwark.FaultCredentials, "Bad Request"},
		{"tokens from another host", reply(302, "", "Location", "https://elsewhere.example/"), nil, bulwark.FaultMalformed, "elsewhere"},
		{"no answer for a token", func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }, nil, bulwark.FaultUnreachable, "refused"},
		{"tokens that do not come", silent, nil, bulwark.FaultTimeout, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport := roundTrip(func(req *http.Request) (*http.Response, error) {
					switch {
					case strings.HasSuffix(req.URL.Path, "/openid-configuration"):
						return reply(200, `{"authorization_endpoint":"https://login.example/a","token_endpoint":"https://login.example/t","issuer":"https://login.example/`+testTenant+`"}`)(req)
					case req.URL.Host == "login.example":
						return tt.token(req)
					case req.URL.Host == "arm.example":
						return tt.arm(req)
					}
					t.Errorf("%s is called", req.URL)
					return nil, errors.New("no such host")
				})
				e, err := New(Config{TenantID: testTenant, ClientID: testTenant, Credential: CredentialSecret, Endpoints: &Endpoints{"https://arm.example", "https://graph.example", "https://login.example"}},
					Options{Secret: Secret{ClientSecret: "s"}, Types: testTypes, Limiter: quota.Unlimited(), HTTP: transport})
				if err != nil {
					t.Fatal(err)
				}
				err = e.Gather(t.Context(), func(item bulwark.Gathered) error { t.Errorf("told %+v", item); return nil })
				var f *bulwark.Fault
				if !errors.As(err, &f) || f.Kind != tt.kind || f.Call != "GET /subscriptions" || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), body) {
					t.Errorf("Gather = %v, want %s of GET /subscriptions that says %q and not %q", err, tt.kind, tt.says, body)
				}
			})
		})
	}
}

// A world answers as Azure does where two subscriptions, a storage account and
// a directory are, but for what a test says.
type world struct {
	answers map[string]string // by path, or by a word of a query with the subscriptions
	mu      sync.Mutex
	asked   map[string]int // guarded by mu
}

const (
	sub1 = "aaaaaaaa-0000-4000-8000-000000000001"
	sub2 = "bbbbbbbb-0000-4000-8000-000000000002"
	role = "dddddddd-0000-4000-8000-00000000000d"
	user = "eeeeeeee-0000-4000-8000-00000000000e"
)

func (w *world) RoundTrip(req *http.Request) (*http.Response, error) {
	key := req.URL.Path
	var q struct {
		Query         string
		Subscriptions []string
	}
	if strings.HasSuffix(key, "/Microsoft.ResourceGraph/resources") {
		if err := json.NewDecoder(req.Body).Decode(&q); err != nil {
			return nil, err
		}
		for _, word := range []string{"roleassignments", "roledefinitions", "managementgroups", "resourcecontainers", "resources |"} {
			if strings.Contains(q.Query, word) {
				key = word
				break
			}
		}
		key = strings.TrimSpace(key + " " + strings.Join(q.Subscriptions, " "))
	}
	w.mu.Lock()
	w.asked[key]++
	w.mu.Unlock()
	if text, ok := w.answers[key]; ok {
		if strings.HasPrefix(text, "!") {
			return reply(400, text[1:])(req)
		}
		return reply(200, text)(req)
	}
	rows := func(list ...string) roundTrip {
		return reply(200, fmt.Sprintf(`{"totalRecords":%d,"resultTruncated":"false","data":[%s]}`, len(list), strings.Join(list, ",")))
	}
	switch word, _, _ := strings.Cut(key, " "); word {
	case "/subscriptions":
		return reply(200, `{"value":[{"subscriptionId":"`+sub1+`"},{"subscriptionId":"`+sub2+`"}]}`)(req)
	case "roleassignments", "roledefinitions":
		return rows()(req)
	case "managementgroups":
		return rows(`{"id":"/providers/Microsoft.Management/managementGroups/` + testTenant + `","name":"` + testTenant + `"}`)(req)
	case "resourcecontainers":
		var list []string
		for _, id := range q.Subscriptions {
			list = append(list, `{"id":"/subscriptions/`+id+`","type":"microsoft.resources/subscriptions","name":"`+id+`"}`)
		}
		return rows(list...)(req)
	case "resources":
		var list []string
		for _, id := range q.Subscriptions {
			list = append(list, `{"id":"/subscriptions/`+id+`/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/s","type":"microsoft.storage/storageaccounts","name":"s","kind":"StorageV2"}`)
		}
		return rows(list...)(req)
	}
	switch {
	case strings.HasSuffix(key, "/permissions"):
		return reply(200, `{"value":[{"actions":["*/read"],"notActions":[]}]}`)(req)
	case strings.HasSuffix(key, "/directoryRoles"):
		return reply(200, `{"value":[{"id":"`+role+`","displayName":"Global Administrator"}]}`)(req)
	case strings.HasSuffix(key, "/directoryRoles/"+role+"/members"):
		return reply(200, `{"value":[{"@odata.type":"#microsoft.graph.user","id":"`+user+`"},{"@odata.type":"#microsoft.graph.device","id":"`+role+`"}]}`)(req)
	case strings.HasSuffix(key, "/users"):
		return reply(200, `{"value":[{"id":"`+user+`","displayName":"U"}]}`)(req)
	case strings.HasPrefix(key, "/v1.0/policies/"):
		return reply(200, `{"id":"p"}`)(req)
	}
	return reply(200, `{"value":[],"properties":{}}`)(req)
}

// told is what a run told: assets by their ids, whether listings are complete by
// scope and type.
type told struct {
	assets   map[string]*bulwark.Asset
	complete map[string]bool
	err      error
}

func run(t *testing.T, w *world, change func(*Config)) told {
	t.Helper()
	e, _ := testEstate(t, w)
	w.asked = map[string]int{}
	if change != nil {
		change(&e.config)
	}
	out := told{assets: map[string]*bulwark.Asset{}, complete: map[string]bool{}}
	out.err = e.Gather(t.Context(), func(item bulwark.Gathered) error {
		switch {
		case item.Asset != nil:
			out.assets[item.Asset.ID] = item.Asset
		case item.Listing != nil:
			out.complete[strings.TrimSpace(item.Listing.Scope+" "+item.Listing.Type)] = item.Listing.Complete
		}
		return nil
	})
	return out
}

// TestExclude leaves out types with what lies below them: what is not asked for
// is neither told nor told to be gone.
func TestExclude(t *testing.T) {
	const account, container = "Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts/blobServices/containers"
	scope, tenant := subscriptionScope(sub1), "azure/tenant-"+testTenant
	tests := []struct {
		types []string
		gone  []string // listings that must not be
		whole []string // and that must, complete
		calls []string // that must not be made
	}{
		{nil, nil, []string{scope + " " + account, scope + " " + container, scope + " Microsoft.Security/pricings", tenant + " " + roleDefinition, tenant + " " + roleEntity.typ, tenant + " " + policyEntity.typ}, nil},
		{[]string{"microsoft.storage/storageaccounts"}, []string{scope + " " + account, scope + " " + container}, []string{scope + " " + subscriptionType}, nil},
		{[]string{subscriptionType}, []string{scope, scope + " " + subscriptionType, scope + " Microsoft.Security/pricings"}, []string{scope + " " + account, scope + " " + container}, nil},
		{[]string{roleDefinition}, []string{tenant + " " + roleDefinition}, []string{tenant + " " + managementGroup}, nil},
		{[]string{roleEntity.typ, policyEntity.typ, organizationEntity.typ}, []string{tenant + " " + roleEntity.typ, tenant + " " + policyEntity.typ, tenant + " " + organizationEntity.typ}, []string{tenant + " " + userEntity.typ},
			[]string{"/v1.0/directoryRoles", "/v1.0/identity/conditionalAccess/policies", "/v1.0/policies/authorizationPolicy"}},
		{[]string{userEntity.typ}, []string{tenant + " " + userEntity.typ}, []string{tenant + " " + roleEntity.typ}, []string{"/v1.0/users", "/v1.0/reports/authenticationMethods/userRegistrationDetails"}},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(strings.Join(tt.types, ","), "/", "."), func(t *testing.T) {
			w := &world{}
			got := run(t, w, func(c *Config) { c.Exclude.Types = tt.types })
			if got.err != nil {
				t.Fatal(got.err)
			}
			for _, key := range tt.gone {
				if _, ok := got.complete[key]; ok {
					t.Errorf("a listing of %s is told", key)
				}
			}
			for _, key := range tt.whole {
				if !got.complete[key] {
					t.Errorf("the listing of %s is not complete", key)
				}
			}
			for _, call := range tt.calls {
				if w.asked[call] > 0 {
					t.Errorf("%s is called", call)
				}
			}
			for _, a := range got.assets {
				if excluded(tt.types, a.Type) {
					t.Errorf("%s is told", a.ID)
				}
			}
		})
	}
}

// TestDropped reads answers of which one entry cannot be read: it is not passed
// over, so nothing is concluded from the rest.
func TestDropped(t *testing.T) {
	scope := subscriptionScope(sub1)
	members := "/v1.0/directoryRoles/" + role + "/members"
	rights := "/subscriptions/" + sub1 + "/providers/Microsoft.Authorization/permissions"
	tests := []struct {
		name, path, answer string
		fails              bool   // the whole run
		listing            string // that is not complete
		unknown            bool   // the user's roles are
	}{
		{"nothing", "", "", false, "", false},
		{"subscription without a GUID", "/subscriptions", `{"value":[{"subscriptionId":"` + sub1 + `"},{"subscriptionId":"x"}]}`, true, "", false},
		{"descendant without a GUID", "/providers/Microsoft.Management/managementGroups/m/descendants", `{"value":[{"type":"Microsoft.Management/managementGroups/subscriptions","name":"x"}]}`, true, "", false},
		{"descendant without a type", "/providers/Microsoft.Management/managementGroups/m/descendants", `{"value":[{"name":"` + sub1 + `"}]}`, true, "", false},
		{"member without a GUID", members, `{"value":[{"@odata.type":"#microsoft.graph.user","id":"x"}]}`, false, "", true},
		{"member without a kind", members, `{"value":[{"id":"` + user + `"}]}`, false, "", true},
		{"members that go on somewhere", members, `{"value":[],"@odata.nextLink":{}}`, false, "", true},
		{"a right that is a number", rights, `{"value":[{"actions":["*"],"notActions":[1]}]}`, false, scope, false},
		{"rights that are a text", rights, `{"value":[{"actions":["*"],"notActions":"Microsoft.Storage/*"}]}`, false, scope, false},
		{"no right to what contains others", rights, `{"value":[{"actions":["*"],"notActions":["Microsoft.Storage/storageAccounts/read"]}]}`, false, scope + " Microsoft.Storage/storageAccounts/blobServices/containers", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &world{answers: map[string]string{tt.path: tt.answer}}
			got := run(t, w, func(c *Config) {
				if strings.Contains(tt.path, "descendants") {
					c.ManagementGroup = "m"
				}
			})
			if (got.err != nil) != tt.fails {
				t.Fatalf("Gather = %v", got.err)
			}
			if tt.fails {
				return
			}
			if complete, ok := got.complete[tt.listing]; tt.listing != "" && (!ok || complete) {
				t.Errorf("the listing of %s is complete or not told", tt.listing)
			}
			roles := got.assets[graphID(userEntity, user)].Properties.Get("_roles")
			if (roles.Kind() == bulwark.Unknown) != tt.unknown {
				t.Errorf("roles = %s", bulwark.AppendJSON(nil, roles))
			}
		})
	}
}

// TestPageEnds takes as the end of a query's pages only what says so.
func TestPageEnds(t *testing.T) {
	for name, answer := range map[string]string{
		"token that is a number": `{"totalRecords":0,"data":[],"$skipToken":1}`,
		"no count":               `{"data":[]}`,
		"a count that is a text": `{"totalRecords":"0","data":[]}`,
		"cut, as a boolean":      `{"totalRecords":0,"data":[],"resultTruncated":true}`,
		"cut":                    `{"totalRecords":0,"data":[],"resultTruncated":"true"}`,
		"fewer than there are":   `{"totalRecords":1,"data":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := testEstate(t, reply(200, answer))
			_, err := e.rows(t.Context(), query{text: "q"}, func(bulwark.Value) error { return nil })
			if f := faultOf(err, ""); err == nil || f.Kind != bulwark.FaultMalformed {
				t.Errorf("rows = %v, want malformed", err)
			}
		})
	}
}

// TestOneBadSubscription loses the role assignments of the subscription alone
// whose question fails.
func TestOneBadSubscription(t *testing.T) {
	const bad = `!{"error":{"code":"BadRequest","message":"m"}}`
	got := run(t, &world{answers: map[string]string{"roleassignments " + sub1 + " " + sub2: bad, "roleassignments " + sub2: bad}}, nil)
	if got.err != nil {
		t.Fatal(got.err)
	}
	if !got.complete[subscriptionScope(sub1)+" "+roleAssignment] || got.complete[subscriptionScope(sub2)+" "+roleAssignment] {
		t.Errorf("listings = %v, want the first's complete and the second's not", got.complete)
	}
	for id, want := range map[string]bulwark.Kind{sub1: bulwark.List, sub2: bulwark.Unknown} {
		if owners := got.assets["live:/subscriptions/"+id].Properties.Get("_owners"); owners.Kind() != want {
			t.Errorf("owners of %s = %s, want %s", id, bulwark.AppendJSON(nil, owners), want)
		}
	}
}

// TestRegistered keeps of the report of registered methods each user's part, not
// the pages.
func TestRegistered(t *testing.T) {
	const more = 4000
	var list []string
	for i := range more {
		list = append(list, fmt.Sprintf(`{"id":"eeeeeeee-0000-4000-8000-%012d","isMfaRegistered":true}`, i))
	}
	e, _ := testEstate(t, &world{asked: map[string]int{}, answers: map[string]string{"/v1.0/reports/authenticationMethods/userRegistrationDetails": `{"value":[` + strings.Join(list, ",") + `]}`}})
	d := &directory{gathering: &gathering{Estate: e, yield: func(bulwark.Gathered) error { return nil }}, registered: map[string]bulwark.Value{}}
	if err := d.readRegistration(t.Context()); err != nil || len(d.registered) != more {
		t.Fatalf("readRegistration: %v, %d users", err, len(d.registered))
	}
	for _, v := range d.registered {
		if v.Path() != "" { // the root of a tree of its own
			t.Fatalf("a user's part is %q of a larger tree", v.Path())
		}
	}
}
