package kubernetes_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bulwarksec/bulwark/internal/quota"
	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/kubernetes"
)

// TestFaults has the list of pods go wrong in each way, and nothing else.
func TestFaults(t *testing.T) {
	tests := map[replay.Kind]struct {
		rule   replay.Rule
		status int
		want   string // in the body, or of a header
	}{
		replay.Denied:        {status: 403, want: `pods is forbidden: User \"admin\" cannot list resource`},
		replay.Throttled:     {rule: replay.Rule{Delay: 7 * time.Second}, status: 429, want: "Too many requests, please try again later.\n"},
		replay.ServerError:   {status: 500, want: `"reason":"InternalError"`},
		replay.Malformed:     {status: 200, want: "<html>"},
		replay.Truncated:     {status: 200, want: `"kind":"PodList"`},
		replay.EmptyPage:     {status: 200, want: `"items":[]`},
		replay.RepeatedToken: {status: 200, want: `"continue":"`},
		replay.Endless:       {status: 200, want: "aaaaaaaa"},
		replay.Redirect:      {rule: replay.Rule{Location: "http://elsewhere/"}, status: 307},
		replay.Slow:          {rule: replay.Rule{Delay: time.Minute}, status: 200, want: `"kind":"PodList"`},
		replay.Timeout:       {},
	}
	for _, kind := range replay.Kinds {
		tt, ok := tests[kind]
		if !ok {
			t.Errorf("no test of %s", kind)
			continue
		}
		t.Run(strings.ReplaceAll(string(kind), " ", "_"), func(t *testing.T) {
			tt.rule.Kind, tt.rule.Operation, tt.rule.Nth = kind, "list pods", 1
			bubble(t, kubernetes.Options{Faults: []replay.Rule{tt.rule}}, func(t *testing.T, s *kubernetes.Server, w *kubernetes.World) {
				start := time.Now()
				resp, text, err := try(t, s, "/api/v1/pods?limit=2")
				switch {
				case kind == replay.Timeout:
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("it answered: %v", err)
					}
				case kind == replay.Truncated && !errors.Is(err, io.ErrUnexpectedEOF), kind != replay.Truncated && err != nil:
					t.Errorf("error = %v", err)
				case resp.StatusCode != tt.status || !strings.Contains(text, tt.want):
					t.Errorf("answer = %d %.200s, want %d with %s", resp.StatusCode, text, tt.status, tt.want)
				case kind == replay.Throttled && resp.Header.Get("Retry-After") != "7", kind == replay.Redirect && resp.Header.Get("Location") != "http://elsewhere/":
					t.Errorf("headers = %v", resp.Header)
				case kind == replay.Slow && time.Since(start) < time.Minute:
					t.Error("it was not slow")
				case kind == replay.Malformed && json.Valid([]byte(text)):
					t.Error("it can be read")
				}
				if again := get(t, s, "/api/v1/pods?limit=2"); again.status != 200 || len(again.items()) != 2 {
					t.Errorf("the second call = %d %s", again.status, again.text)
				}
			})
		})
	}
}

// try asks with a deadline of two minutes and reads at most a megabyte.
func try(t *testing.T, s *kubernetes.Server, url string) (*http.Response, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://cluster"+url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer admin")
	resp, err := s.Transport().RoundTrip(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp, string(text), err
}

// TestWatchFaults has watches go wrong in the middle.
func TestWatchFaults(t *testing.T) {
	for kind, want := range map[replay.Kind]string{replay.Malformed: "malformed", replay.Truncated: "end"} {
		bubble(t, kubernetes.Options{Faults: []replay.Rule{{Call: replay.Call{Operation: "watch pods"}, Kind: kind}}}, func(t *testing.T, s *kubernetes.Server, w *kubernetes.World) {
			ch := frames(t, s, "/api/v1/pods?watch=1&resourceVersion=11&timeoutSeconds=5")
			put(t, w, pod("d"))
			synctest.Wait()
			if got := drain(ch); len(got) == 0 || got[0] != want {
				t.Errorf("%s: %v, want %s", kind, got, want)
			}
		})
	}
}

// TestQuota refuses what is over the quota, and counts it.
func TestQuota(t *testing.T) {
	s, _, clock := estate(t, kubernetes.Options{Cluster: "prod", Limits: func(k quota.Key) (quota.Limit, quota.Key) {
		if k.Provider != "kubernetes" || k.Scope != "prod" || k.Service != "api" {
			t.Errorf("quota of %+v", k)
		}
		return quota.Limit{Rate: 0.5, Burst: 2}, quota.Key{Scope: k.Scope}
	}})
	for i, want := range []int{200, 200, 429} {
		if got := get(t, s, "/api/v1/namespaces/shop/pods"); got.status != want || want == 429 && got.header.Get("Retry-After") != "3" {
			t.Errorf("call %d = %d, Retry-After %q, want %d", i, got.status, got.header.Get("Retry-After"), want)
		}
	}
	clock.advance(3 * time.Second)
	if got := get(t, s, "/version"); got.status != 200 {
		t.Errorf("after the wait = %d", got.status)
	}
	call := replay.Call{Scope: "prod", Region: "shop", Service: "api", Operation: "list pods"}
	if got, want := s.Counts()[call], (replay.Count{Calls: 3, Throttled: 1}); got != want {
		t.Errorf("counts = %+v, want %+v", got, want)
	}
}
