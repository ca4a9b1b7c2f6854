package api

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

// desk is an editor in memory.
type desk struct {
	folder string
	saved  map[string]string
	// Of the last trial.
	scopes, readable []string
}

func (d *desk) Folder() string                   { return d.folder }
func (d *desk) Source(id string) (string, error) { return "title: " + id, nil }
func (d *desk) Tests(string) []bulwark.CheckTest {
	return []bulwark.CheckTest{{Name: "closed", Want: bulwark.Healthy}}
}
func (d *desk) Try(_ context.Context, _, text string, scopes, readable []string) (bulwark.Trial, error) {
	d.scopes, d.readable = scopes, readable
	if text == "wrong" {
		return bulwark.Trial{Problems: []bulwark.Problem{{File: "x.yaml", Line: 3, Message: "healthy is missing", Mend: "add it"}}}, nil
	}
	return bulwark.Trial{Assets: 2, Whole: true, InForce: true, Tried: bulwark.Tally{Unhealthy: 1, Healthy: 1}, Now: bulwark.Tally{Healthy: 2}, Changes: 1,
		Changed: []bulwark.VerdictChange{{Asset: "live:a", Now: bulwark.Healthy, Tried: bulwark.Unhealthy, Because: "it is open"}}}, nil
}
func (d *desk) Save(_ context.Context, id, text string) ([]bulwark.Problem, error) {
	if text == "wrong" {
		return []bulwark.Problem{{Line: 3, Message: "healthy is missing"}}, nil
	}
	d.saved[id] = text
	if text == "not taken up" {
		return nil, bulwark.ErrUnavailable
	}
	return nil, nil
}

func TestTryAndSaveCheck(t *testing.T) {
	h := newHarness(t)
	h.refused("POST", "/checks/try", map[string]any{"id": "aws/s3/x", "text": "a"}, 409, "conflict")
	d := &desk{saved: map[string]string{}}
	h.s.Editor = d
	var trial CheckTrial
	h.call("POST", "/checks/try", map[string]any{"id": "aws/s3/x", "text": "a"}, 200, &trial)
	want := CheckTrial{Problems: []CheckProblem{}, Tests: []TriedTest{}, Assets: 2, Whole: true, InForce: true, Now: bulwark.Tally{Healthy: 2}, Tried: bulwark.Tally{Healthy: 1, Unhealthy: 1}, Changes: 1,
		Changed: []ChangedVerdict{{Asset: "live:a", Now: "healthy", Tried: bulwark.Unhealthy, Because: "it is open"}}}
	if diff := cmp.Diff(want, trial); diff != "" {
		t.Errorf("trial (-want +got):\n%s", diff)
	}
	h.call("POST", "/checks/try", map[string]any{"id": "aws/s3/x", "text": "wrong"}, 200, &trial)
	if len(trial.Problems) != 1 || trial.Problems[0].Line != 3 {
		t.Errorf("a wrong text = %+v, want its problem with the line", trial)
	}
	var whole Check
	h.call("GET", "/check?id="+h.e.checks[0].ID, nil, 200, &whole)
	if len(whole.Tests) == 0 {
		t.Error("a check shows none of its tests")
	}
	h.refused("PUT", "/check?id=custom/aws/s3/x", map[string]any{"text": "a"}, 409, "conflict")
	d.folder = "mine"
	var saved SaveAnswer
	h.call("PUT", "/check?id=custom/aws/s3/x", map[string]any{"text": "wrong"}, 200, &saved)
	if saved.Saved || len(saved.Problems) != 1 || len(d.saved) != 0 {
		t.Errorf("saving a wrong text = %+v, want its problem", saved)
	}
	h.call("PUT", "/check?id=custom/aws/s3/x", map[string]any{"text": "a"}, 200, &saved)
	if !saved.Saved || d.saved["custom/aws/s3/x"] != "a" {
		t.Errorf("saving = %+v, kept %v", saved, d.saved)
	}
	log, _, err := h.e.AuditLog(t.Context(), bulwark.Page{Limit: 10})
	if err != nil || !slices.ContainsFunc(log, func(a bulwark.AuditEntry) bool { return a.Action == "check.save" && a.Object == "custom/aws/s3/x" }) {
		t.Errorf("the audit log lacks the save: %v, %v", log, err)
	}
	h.refused("PUT", "/check?id=custom/aws/s3/x", map[string]any{"text": "not taken up"}, 503, "unavailable")
	log, _, err = h.e.AuditLog(t.Context(), bulwark.Page{Limit: 1})
	if err != nil || log[0].Action != "check.save" || !strings.HasPrefix(log[0].Detail, "failed: ") {
		t.Errorf("the audit log ends with %v, %v, want the save that failed", log, err)
	}

	h.reader(bulwark.Contributor, "aws/1")
	h.call("POST", "/checks/try", map[string]any{"id": "aws/s3/x", "text": "a"}, 200, &trial)
	if mine := []string{"aws/1"}; !slices.Equal(d.scopes, mine) || !slices.Equal(d.readable, mine) {
		t.Errorf("a trial judges %v and reads %v, want what its caller may read", d.scopes, d.readable)
	}
	h.call("POST", "/checks/try?scope=aws/1/x", map[string]any{"id": "aws/s3/x", "text": "a"}, 200, &trial)
	if !slices.Equal(d.scopes, []string{"aws/1/x"}) || !slices.Equal(d.readable, []string{"aws/1"}) {
		t.Errorf("a trial within a scope judges %v and reads %v, want what is beside it too", d.scopes, d.readable)
	}
	h.refused("PUT", "/check?id=custom/aws/s3/x", map[string]any{"text": "a"}, 403, "denied")
	h.reader(bulwark.Reader, "")
	h.refused("POST", "/checks/try", map[string]any{"id": "aws/s3/x", "text": "a"}, 403, "denied")
}

func TestChecksFacets(t *testing.T) {
	h := newHarness(t)
	h.e.checks = append(h.e.checks, &bulwark.Check{ID: "zzz/idle/never", Title: "It judges nothing"})
	var all, found List[Recommendation]
	h.call("GET", "/checks?limit=1000", nil, 200, &all)
	h.call("GET", "/checks?limit=1000&found=yes", nil, 200, &found)
	if *found.Total == 0 || *found.Total >= *all.Total {
		t.Fatalf("found %d of %d checks", *found.Total, *all.Total)
	}
	for _, r := range found.Items {
		if r.Unhealthy == 0 {
			t.Errorf("%s is found without an unhealthy asset", r.ID)
		}
	}
	for _, f := range all.Facets["found"] {
		if f.Value == "yes" && f.Count != *found.Total {
			t.Errorf("the facet counts %d, the list %d", f.Count, *found.Total)
		}
	}
}
