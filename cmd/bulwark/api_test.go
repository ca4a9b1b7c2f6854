package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/api"
	"github.com/bulwarksec/bulwark/internal/store"
)

// knowledge is two checks of two controls.
type knowledge []*bulwark.Check

func (k knowledge) Checks() []*bulwark.Check { return k }
func (k knowledge) Check(id string) *bulwark.Check {
	for _, c := range k {
		if c.ID == id {
			return c
		}
	}
	return nil
}
func (k knowledge) Standards() []*bulwark.Standard { return nil }
func (k knowledge) control(id string) string {
	if c := k.Check(id); c != nil {
		return c.Control
	}
	return ""
}
func (k knowledge) severity(id string) (bulwark.Severity, bool) {
	if c := k.Check(id); c != nil {
		return c.Severity, true
	}
	return 0, false
}

// idle runs nothing.
type idle struct{}

func (idle) Connectors(context.Context) ([]bulwark.Connector, error) { return nil, nil }
func (idle) Kinds() []string                                         { return nil }
func (idle) Runs(context.Context, string, bulwark.Page) ([]bulwark.Run, string, error) {
	return nil, "", nil
}
func (idle) Start(context.Context, string) (bulwark.Run, error) {
	return bulwark.Run{}, bulwark.ErrNotFound
}
func (idle) Subscribe(context.Context) <-chan bulwark.Notice { return nil }

// session is a browser over the API and a real store.
type session struct {
	t      *testing.T
	h      http.Handler
	cookie *http.Cookie
	csrf   string
}

func (s *session) call(method, path string, body any, status int, out any) {
	s.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req := httptest.NewRequest(method, "http://127.0.0.1/api/v1"+path, bytes.NewReader(data))
	if body == nil {
		req.Body = http.NoBody
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-CSRF-Token", s.csrf)
	if s.cookie != nil {
		req.AddCookie(s.cookie)
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, req)
	if w.Code != status {
		s.t.Fatalf("%s %s = %d, want %d: %s", method, path, w.Code, status, w.Body)
	}
	if c := w.Result().Cookies(); len(c) > 0 {
		s.cookie = c[0]
	}
	if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			s.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
}

// fillStore stores n assets in aws/1 and as many in aws/2; every second is open,
// every third one's log is unknown.
func fillStore(t *testing.T, st *store.Store, n int) {
	t.Helper()
	for _, scope := range []string{"aws/1", "aws/2"} {
		var batch []bulwark.Verdict
		for i := range n {
			v, err := bulwark.DecodeJSON(fmt.Appendf(nil, `{"open":%v,"n":%d}`, i%2 == 0, i), bulwark.DecodeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			a := &bulwark.Asset{ID: fmt.Sprintf("live:%s/bucket/%03d", scope, i), Type: "T", Name: fmt.Sprintf("bucket %03d", i), Scope: scope, Region: "eu", Connector: "c1", Properties: v}
			states := [2]bulwark.State{bulwark.Healthy, bulwark.Healthy}
			if i%2 == 0 {
				states[1] = bulwark.Unhealthy
			}
			if i%3 == 0 {
				states[0] = bulwark.Undetermined
			}
			batch = append(batch, bulwark.Verdict{Asset: a, Digest: bulwark.Digest(v, nil), Revision: 1, Assessments: []bulwark.Assessment{
				{Check: "t/log", Asset: a.ID, State: states[0], Because: "denied"}, {Check: "t/open", Asset: a.ID, State: states[1], Because: "it is open"},
			}})
		}
		if _, err := st.Apply(context.Background(), scope, batch); err != nil {
			t.Fatal(err)
		}
	}
}

func newSession(t *testing.T) *session {
	t.Helper()
	known := knowledge{
		{ID: "t/log", Title: "Logs", Severity: bulwark.Low, Control: "enable-auditing-and-logging"},
		{ID: "t/open", Title: "Closed", Severity: bulwark.High, Control: "restrict-unauthorized-network-access"},
	}
	arithmetic := scorer{control: known.control}
	ctx := context.Background()
	st, err := store.Open(ctx, filepath.Join(t.TempDir(), "bulwark.db"), store.Options{Delta: arithmetic.Delta, Severity: known.severity})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	fillStore(t, st, 30)
	server, err := api.New(api.Options{Store: st, Content: known, Runs: idle{}, Scorer: arithmetic, Version: "test", URL: "http://127.0.0.1", Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, h: server.Handler()}
	link, err := server.FirstLink(ctx)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	token := u.Query().Get("token")
	var signed api.Session
	s.call("POST", "/session/link", map[string]any{"token": token, "name": "anna", "password": "correct horse battery"}, 200, &signed)
	s.csrf = signed.CSRF
	again := &session{t: t, h: s.h}
	again.call("POST", "/session/link", map[string]any{"token": token, "name": "eve", "password": "correct horse battery"}, 401, nil)
	again.call("POST", "/session", map[string]any{"name": "anna", "password": "wrong"}, 401, nil)
	again.call("POST", "/session", map[string]any{"name": "anna", "password": "correct horse battery"}, 200, nil)
	return s
}

// TestAPIOverStore holds the API's answers over a real store to each other.
func TestAPIOverStore(t *testing.T) {
	s := newSession(t)
	for _, sort := range []string{"", "name", "-name", "type", "-unhealthy", "-highest", "changed"} {
		var ids []string
		cursor := ""
		for range 20 {
			var page api.List[bulwark.AssetRow]
			s.call("GET", "/assets?limit=7&scope=aws/1&sort="+sort+"&cursor="+url.QueryEscape(cursor), nil, 200, &page)
			if page.Total == nil || *page.Total != 30 {
				t.Fatalf("sort %q: total = %v, want 30", sort, page.Total)
			}
			for _, r := range page.Items {
				ids = append(ids, r.ID)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		slices.Sort(ids)
		if got := len(slices.Compact(ids)); got != 30 || len(ids) != 30 {
			t.Errorf("sort %q: %d rows, %d of them different, want 30", sort, len(ids), got)
		}
	}
	var assessments api.List[api.Assessment]
	s.call("GET", "/assessments?check=t/open&state=unhealthy&limit=1000", nil, 200, &assessments)
	if len(assessments.Items) != 30 || assessments.Items[0].Because != "it is open" {
		t.Errorf("%d assets are open, want 30 with the reason", len(assessments.Items))
	}
	for _, sort := range []string{"", "-severity", "firstSeen"} {
		var findings api.List[api.Finding]
		s.call("GET", "/findings?state=open&severity=high&limit=1000&sort="+sort, nil, 200, &findings)
		if len(findings.Items) != 30 || *findings.Total != 30 {
			t.Errorf("sort %q: %d findings of %d, want 30", sort, len(findings.Items), *findings.Total)
		}
	}
	var asset api.Asset
	s.call("GET", "/asset?id="+url.QueryEscape("live:aws/1/bucket/000"), nil, 200, &asset)
	if !strings.Contains(string(asset.Properties), `"open":true`) || len(asset.Assessments) != 2 || len(asset.Versions) != 1 {
		t.Errorf("asset = %+v", asset)
	}
	for _, path := range []string{"/overview", "/scopes", "/gaps", "/score/history", "/exemptions", "/audit", "/tokens", "/users", "/check?id=t/open", "/standards", "/finding?id=" + bulwark.FindingID("t/open", "live:aws/1/bucket/000", "")} {
		s.call("GET", path, nil, 200, nil)
	}
}

// TestScoreOverStore: what is foretold happens, and can be undone.
func TestScoreOverStore(t *testing.T) {
	s := newSession(t)
	var before, after api.Explanation
	s.call("GET", "/score", nil, 200, &before)
	lost := 0.0
	for _, c := range before.Controls {
		for _, l := range c.Losing {
			lost += l.Points
		}
	}
	if before.Ratio == nil || lost == 0 || !near(lost, before.Max-before.Current) {
		t.Fatalf("score %v, %v of %v; assets lose %v", before.Ratio, before.Current, before.Max, lost)
	}
	var told api.WhatIfAnswer
	s.call("POST", "/score/what-if", map[string]any{"checks": []string{"t/open"}}, 200, &told)
	var done api.Exempted
	s.call("POST", "/exemptions", map[string]any{"check": "t/open", "scope": "aws", "category": "mitigated", "reason": "behind a gateway", "expires": time.Now().Add(time.Hour)}, 201, &done)
	s.call("GET", "/score", nil, 200, &after)
	if !near(*done.Before, *before.Ratio) || !near(*done.After, *told.After.Ratio) || !near(*after.Ratio, *told.After.Ratio) {
		t.Errorf("told %v to %v, answered %v to %v, is %v", *told.Before.Ratio, *told.After.Ratio, *done.Before, *done.After, *after.Ratio)
	}
	var open api.List[api.Finding]
	s.call("GET", "/findings?state=open&exempt=no&severity=high", nil, 200, &open)
	if len(open.Items) != 0 {
		t.Errorf("%d findings are open and not exempt, want none", len(open.Items))
	}
	s.call("DELETE", "/exemptions/"+done.ID, nil, 200, &done)
	if !near(*done.After, *before.Ratio) {
		t.Errorf("ended, the score is %v, want %v", *done.After, *before.Ratio)
	}
}

// TestExemptMany: a thousand things are exempt by one change, or none are.
func TestExemptMany(t *testing.T) {
	s := newSession(t)
	var assets []string
	for i := range 30 {
		assets = append(assets, fmt.Sprintf("live:aws/1/bucket/%03d", i))
	}
	body := map[string]any{"check": "t/open", "assets": append(slices.Clone(assets), "live:nothing"), "category": "waiver", "reason": "test accounts"}
	s.call("POST", "/exemptions/batch", body, 404, nil)
	var list api.List[bulwark.Exemption]
	if s.call("GET", "/exemptions", nil, 200, &list); len(list.Items) != 0 {
		t.Fatalf("a refused batch leaves %d exemptions", len(list.Items))
	}
	body["assets"] = assets
	body["findings"] = []string{bulwark.FindingID("t/open", "live:aws/2/bucket/000", "")}
	var done api.ExemptedMany
	s.call("POST", "/exemptions/batch", body, 201, &done)
	if len(done.Items) != 31 || done.Before == nil || done.After == nil || near(*done.Before, *done.After) {
		t.Errorf("%d exemptions, %v to %v; want 31 that move the score", len(done.Items), done.Before, done.After)
	}
	var open api.List[api.Finding]
	if s.call("GET", "/findings?state=open&exempt=no&severity=high&limit=1000", nil, 200, &open); len(open.Items) != 14 {
		t.Errorf("%d findings are open and not exempt, want 14 of aws/2", len(open.Items))
	}
	var log api.List[bulwark.AuditEntry]
	s.call("GET", "/audit?limit=1000", nil, 200, &log)
	entries := 0
	for _, e := range log.Items {
		if e.Action == "exemption.create" {
			entries++
		}
	}
	if entries != 1 {
		t.Errorf("%d entries in the audit log, want one", entries)
	}
	var score api.Explanation
	s.call("GET", "/score", nil, 200, &score)
	if !near(*score.Ratio, *done.After) {
		t.Errorf("score %v, told %v", *score.Ratio, *done.After)
	}
	body["assets"] = make([]string, 1001)
	s.call("POST", "/exemptions/batch", body, 422, nil)
}

func near(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }
