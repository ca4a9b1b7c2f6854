package gcp_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bulwarksec/bulwark/internal/provider/gcp"
	"github.com/bulwarksec/bulwark/internal/replay"
	replaygcp "github.com/bulwarksec/bulwark/internal/replay/gcp"
)

// TestMany reads more assets than the quota lets through at once: it takes as
// long as the plan says, and no call more.
func TestMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := state(t)
		var list []replaygcp.Resource
		for i := range 20_000 {
			list = append(list, replaygcp.Resource{Name: fmt.Sprintf("//storage.googleapis.com/many-%d", i), Type: "storage.googleapis.com/Bucket", Ancestors: []string{"projects/102", "organizations/900"},
				Data: json.RawMessage(`{"name":"b"}`), IAMPolicy: json.RawMessage(fmt.Sprintf(`{"bindings":[{"role":"roles/storage.admin","members":["user:u%d@shop.example"]}]}`, i%50))})
		}
		st.Set(time.Now().Add(-time.Hour), list...)
		s := server(t, replaygcp.Options{State: st})
		e := estate(t, s, gcp.Config{})
		gather(t, e)
		plan, err := e.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		calls, began := e.Calls(), time.Now()
		r := gather(t, e)
		if r.err != nil || len(r.assets) != 20_015 || incomplete(r) {
			t.Errorf("Gather = %v with %d assets, want 20015", r.err, len(r.assets))
		}
		if made := e.Calls() - calls; made != plan.Total || made < 45 {
			t.Errorf("%d calls, want the %d of the plan", made, plan.Total)
		}
		if took := time.Since(began).Seconds(); took > plan.Seconds+10 {
			t.Errorf("a run takes %.0f s, the plan says %.0f", took, plan.Seconds)
		}
		for call, c := range s.Counts() {
			if c.Throttled > 1 { // the caller's clock and the server's differ by a rounding
				t.Errorf("%s was throttled %d times of %d", call, c.Throttled, c.Calls)
			}
		}
	})
}

// TestLargeAssets asks for smaller pages where one is larger than is taken.
func TestLargeAssets(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a hundred megabytes")
	}
	synctest.Test(t, func(t *testing.T) {
		st := state(t)
		text, err := json.Marshal(map[string]string{"description": strings.Repeat("x", 2<<20)})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 34 {
			st.Set(time.Now().Add(-time.Hour), replaygcp.Resource{Name: fmt.Sprintf("//example.googleapis.com/large-%02d", i), Type: "example.googleapis.com/Large", Ancestors: []string{"projects/102", "organizations/900"}, Data: text})
		}
		r := gather(t, estate(t, server(t, replaygcp.Options{State: st, Limits: replay.Unlimited}), gcp.Config{}))
		if r.err != nil || incomplete(r) || len(r.assets) != 49 {
			t.Errorf("Gather = %v with %d assets, gaps %v; want 49", r.err, len(r.assets), r.gaps)
		}
	})
}
