package api

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bulwarksec/bulwark"
)

// TestServe reads events over a real connection, then stops the server.
func TestServe(t *testing.T) {
	h := newHarness(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- h.s.Serve(ctx, l, nil) }()
	req, err := http.NewRequest("GET", "http://"+l.Addr().String()+prefix+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.secret)
	client := &http.Client{Timeout: 20 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Encoding") != "" {
		t.Error("the event stream is compressed")
	}
	h.e.notices <- bulwark.Notice{Kind: "run", Run: &bulwark.Run{ID: "r9", Assets: 7}}
	lines := bufio.NewScanner(resp.Body)
	var got []string
	for len(got) < 4 && lines.Scan() {
		got = append(got, lines.Text())
	}
	if len(got) != 4 || got[2] != "event: run" || !strings.Contains(got[3], `"r9"`) {
		t.Errorf("events = %q, want the run's", got)
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("Serve = %v, want nil when its context ends", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("Serve does not end; open event streams hold it")
	}
	if n := h.s.streams.Load(); n != 0 {
		t.Errorf("%d event streams are counted after the end", n)
	}
}

func TestServeRefusesTheWorldWithoutTLS(t *testing.T) {
	h := newHarness(t)
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Skipf("cannot listen beyond loopback here: %v", err)
	}
	defer l.Close()
	if err := h.s.Serve(context.Background(), l, nil); err == nil || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("Serve on %s without TLS = %v, want it refused", l.Addr(), err)
	}
}

// TestPagesHoldEveryRowOnce walks pages of any size over rows in any order,
// with rows deleted between pages: what stays is seen once.
func TestPagesHoldEveryRowOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 40).Draw(t, "values")
		type row struct {
			id string
			n  int
		}
		var rows []row
		for i, v := range n {
			rows = append(rows, row{fmt.Sprintf("r%02d", i), v})
		}
		keys := map[string]func(row) sortKey{"n": func(r row) sortKey { return sortKey{N: float64(r.n), ID: r.id} }}
		p := bulwark.Page{Limit: rapid.IntRange(1, 9).Draw(t, "limit"), Sort: rapid.SampledFrom([]string{"n", "-n"}).Draw(t, "sort")}
		gone := map[string]bool{}
		var seen []string
		for {
			rows = slices.DeleteFunc(rows, func(r row) bool { return gone[r.id] })
			page, next, err := paged(slices.Clone(rows), p, "n", keys)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				seen = append(seen, r.id)
			}
			if next == "" {
				break
			}
			p.Cursor = next
			if len(rows) > 0 {
				gone[rapid.SampledFrom(rows).Draw(t, "gone").id] = true
			}
		}
		for _, r := range rows {
			if c := slices.Index(seen, r.id); c < 0 {
				t.Fatalf("row %s is on no page: %v", r.id, seen)
			}
		}
		slices.Sort(seen)
		if len(slices.Compact(slices.Clone(seen))) != len(seen) {
			t.Fatalf("a row is there twice: %v", seen)
		}
	})
}

// TestReadableNeverWidens: whatever is asked for, the scopes that are read lie
// within a grant and within each filter.
func TestReadableNeverWidens(t *testing.T) {
	path := rapid.SampledFrom([]string{"", "a", "a/1", "a/10", "a/1/x", "b", "b/2"})
	rapid.Check(t, func(t *rapid.T) {
		grants := rapid.SliceOfN(path, 0, 3).Draw(t, "grants")
		filters := rapid.SliceOfN(rapid.SliceOfN(path, 0, 3), 0, 2).Draw(t, "filters")
		probe := path.Draw(t, "asset's scope")
		c := &caller{}
		for _, g := range grants {
			c.grants = append(c.grants, bulwark.Grant{Role: bulwark.Reader, Scope: g})
		}
		covers := func(list []string) bool {
			return slices.ContainsFunc(list, func(p string) bool { return under(probe, p) })
		}
		want := covers(grants)
		for _, f := range filters {
			want = want && (len(f) == 0 || covers(f))
		}
		scopes, err := c.readable(filters...)
		got := err == nil && (scopes == nil || covers(scopes))
		if got != want {
			t.Fatalf("readable(%q, %q) = %q, %v: reads %q %v, want %v", grants, filters, scopes, err, probe, got, want)
		}
	})
}

func FuzzCursor(f *testing.F) {
	good, err := json.Marshal(position{"n", sortKey{N: 1, ID: "b"}})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "x", base64.RawURLEncoding.EncodeToString(good), base64.RawURLEncoding.EncodeToString([]byte(`{"o":"n","l":null}`))} {
		f.Add(s)
	}
	keys := map[string]func(string) sortKey{"n": func(s string) sortKey { return sortKey{ID: s} }}
	f.Fuzz(func(t *testing.T, cursor string) {
		rows, _, err := paged([]string{"a", "b", "c"}, bulwark.Page{Cursor: cursor, Limit: 2}, "n", keys)
		if err == nil && len(rows) > 2 {
			t.Errorf("cursor %q gives %d rows, over the limit", cursor, len(rows))
		}
	})
}

func FuzzParseHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("")
	f.Add("$argon2id$v=19$m=,t=,p=$$")
	f.Fuzz(func(t *testing.T, hash string) {
		if p, ok := parseHash(hash); ok && (p.memory > 256<<10 || p.passes == 0 || p.lanes == 0 || len(p.key) < 16) {
			t.Errorf("parseHash(%q) = %+v, out of bounds", hash, p)
		}
	})
}
