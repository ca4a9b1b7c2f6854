package cluster_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	provider "github.com/bulwarksec/bulwark/internal/provider/kubernetes"
	"github.com/bulwarksec/bulwark/internal/provider/providertest"
	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/kubernetes"
)

// replayed are the contract's kinds of fault as the server has them.
var replayed = map[providertest.Kind]replay.Kind{providertest.TimedOut: replay.Timeout}

// TestContract has each call of a run fail in each way.
func TestContract(t *testing.T) {
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	w := providertest.World{
		Start: func(t *testing.T, f *providertest.Fault) (providertest.Gatherer, func() map[string]int) {
			var o kubernetes.Options
			if f != nil {
				kind, ok := replayed[f.Kind]
				if !ok {
					kind = replay.Kind(f.Kind)
				}
				o.Faults = []replay.Rule{{Call: replay.Call{Operation: f.Call}, Kind: kind, From: f.From, Location: "http://elsewhere.example/"}}
			}
			s, _, c := serve(t, 2, o)
			return c, func() map[string]int {
				counts := map[string]int{}
				for call, n := range s.Counts() {
					counts[call.Operation] += n.Calls
				}
				return counts
			}
		},
		More: []providertest.Kind{providertest.Kind(replay.ServerError), providertest.Kind(replay.Truncated), providertest.Kind(replay.Redirect)},
		Names: func(call, text string) bool { // list pods: GET /api/v1/pods …
			_, what, _ := strings.Cut(call, " ")
			plural, _, _ := strings.Cut(what, ".")
			return strings.Contains(text, plural)
		},
		Judge: judge(loaded),
	}
	providertest.Faults(t, w)
}

// judge returns the states of assets by the product's own checks.
func judge(loaded *pipeline.Loaded) func(assets []*bulwark.Asset) map[string]bulwark.State {
	return func(assets []*bulwark.Asset) map[string]bulwark.State {
		world, states := pipeline.NewWorld(assets), map[string]bulwark.State{}
		for _, a := range assets {
			for _, x := range loaded.Checks.Judge(a, world, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
				states[x.Check+" "+a.ID] = x.State
			}
		}
		return states
	}
}

var _ providertest.Gatherer = (*provider.Cluster)(nil)
