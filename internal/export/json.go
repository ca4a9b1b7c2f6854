package export

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/bulwarksec/bulwark"
)

var _ = format(Format{Name: "json", About: "everything, for programs; a stable contract", MediaType: "application/json", write: writeJSON})

type jsonAsset struct {
	ID     string         `json:"id"`
	Type   string         `json:"type"`
	Name   string         `json:"name"`
	Scope  string         `json:"scope"`
	Origin bulwark.Origin `json:"origin"`
	// Declarations are the resources of code that make it up, as the code names
	// them: a SAM function is an AWS::Lambda::Function declared by
	// AWS::Serverless::Function.Resize.
	Declarations []bulwark.Declaration `json:"declarations,omitempty"`
}

type jsonAssessment struct {
	Check     string             `json:"check"`
	Asset     string             `json:"asset"`
	State     bulwark.State      `json:"state"`
	Severity  bulwark.Severity   `json:"severity"`
	Risk      bulwark.Severity   `json:"risk"`
	Because   string             `json:"because,omitempty"`
	Evidence  []bulwark.Evidence `json:"evidence,omitempty"`
	Instances []jsonInstance     `json:"instances,omitempty"`
	Location  bulwark.Position   `json:"location,omitzero"`
}

// jsonInstance is a place in the asset at which the check fails, which has a
// key, or another declaration of the asset than the one at the assessment's
// location, which has an address instead: a result can be found by any of the
// blocks that make an asset up.
type jsonInstance struct {
	Key         string           `json:"key,omitempty"`
	Path        string           `json:"path,omitempty"`
	Declaration string           `json:"declaration,omitempty"`
	Location    bulwark.Position `json:"location,omitzero"`
}

type jsonSuppressed struct {
	bulwark.Finding
	By bulwark.Suppression `json:"suppression"`
}

// jsonReport is the whole, as ReadReport takes it.
type jsonReport struct {
	Version     string            `json:"version"`
	Assets      []jsonAsset       `json:"assets"`
	Assessments []jsonAssessment  `json:"assessments"`
	Findings    []bulwark.Finding `json:"findings"`
	Suppressed  []jsonSuppressed  `json:"suppressed"`
	Gaps        []bulwark.Gap     `json:"gaps"`
}

// writeJSON writes the report item by item: a report of a large tree is many
// times what its assets take.
func writeJSON(w io.Writer, r *bulwark.Report) error {
	out := newJSONStream(w)
	out.item("version", r.Version)
	out.list("assets", len(r.Assets), func(i int) any {
		a := r.Assets[i]
		return jsonAsset{a.ID, a.Type, a.Name, a.Scope, a.Origin(), a.Declarations}
	})
	type pair struct{ check, asset string }
	risks := map[pair]bulwark.Severity{}
	for i := range r.Findings {
		f := &r.Findings[i]
		key := pair{f.Check, f.Asset}
		risks[key] = max(risks[key], f.Risk)
	}
	out.list("assessments", len(r.Assessments), func(i int) any {
		a := &r.Assessments[i]
		severity := checkOf(r, a.Check).Severity
		risk, ok := risks[pair{a.Check, a.Asset}]
		if !ok {
			risk = severity
		}
		return jsonAssessment{a.Check, a.Asset, a.State, severity, risk, a.Because, a.Evidence, jsonInstances(a, assetOf(r, a.Asset)), assetOf(r, a.Asset).Position}
	})
	out.list("findings", len(r.Findings), func(i int) any { return &r.Findings[i] })
	if len(r.Suppressed) > 0 {
		out.list("suppressed", len(r.Suppressed), func(i int) any { return jsonSuppressed{r.Suppressed[i].Finding, r.Suppressed[i].By} })
	}
	out.list("gaps", len(r.Gaps), func(i int) any { return &r.Gaps[i] })
	out.close()
	return out.err
}

// jsonInstances are the places at which a check fails, and after them the other
// declarations of the asset, both in their order.
func jsonInstances(a *bulwark.Assessment, asset *bulwark.Asset) []jsonInstance {
	var out []jsonInstance
	for _, i := range a.Instances {
		out = append(out, jsonInstance{Key: i.Key, Path: i.Path, Location: i.Location})
	}
	for _, d := range asset.Declarations {
		if p := d.Position; p.File != "" && (p.File != asset.Position.File || p.Line != asset.Position.Line) {
			out = append(out, jsonInstance{Declaration: d.Address, Location: p})
		}
	}
	return out
}

// maxReport bounds a report that is read, in bytes.
const maxReport = 1 << 30

// ReadReport returns what the JSON format holds of a report: assets without
// their configuration, every verdict, findings and gaps. Its Started is when
// its first finding was seen, else zero. The error is of kind ErrInvalid when
// it is no such report.
func ReadReport(from io.Reader) (*bulwark.Report, error) {
	var in jsonReport
	if err := json.NewDecoder(io.LimitReader(from, maxReport)).Decode(&in); err != nil {
		return nil, fmt.Errorf("read report: %w: %w", bulwark.ErrInvalid, err)
	}
	if in.Assets == nil || in.Assessments == nil {
		return nil, fmt.Errorf("read report: %w: it is no report in the json format", bulwark.ErrInvalid)
	}
	r := &bulwark.Report{Version: in.Version, Findings: in.Findings, Gaps: in.Gaps, Checks: map[string]*bulwark.Check{}}
	byID := map[string]*bulwark.Asset{}
	for _, a := range in.Assets {
		if a.ID == "" || byID[a.ID] != nil {
			return nil, fmt.Errorf("read report: %w: asset %q has no id of its own", bulwark.ErrInvalid, a.Name)
		}
		asset := &bulwark.Asset{ID: a.ID, Type: a.Type, Name: a.Name, Scope: a.Scope, Declarations: a.Declarations}
		byID[a.ID] = asset
		r.Assets = append(r.Assets, asset)
	}
	for _, a := range in.Assessments {
		asset := byID[a.Asset]
		if asset == nil || a.Check == "" {
			return nil, fmt.Errorf("read report: %w: an assessment of check %q is of no asset of the report", bulwark.ErrInvalid, a.Check)
		}
		asset.Position = a.Location
		r.Assessments = append(r.Assessments, bulwark.Assessment{Check: a.Check, Asset: a.Asset, State: a.State, Because: a.Because, Evidence: a.Evidence, Instances: readInstances(a.Instances)})
	}
	for _, f := range in.Findings {
		if !f.FirstSeen.IsZero() && (r.Started.IsZero() || f.FirstSeen.Before(r.Started)) {
			r.Started = f.FirstSeen
		}
	}
	for _, s := range in.Suppressed {
		r.Suppressed = append(r.Suppressed, bulwark.Suppressed{Finding: s.Finding, By: s.By})
	}
	r.Sort()
	return r, nil
}

// readInstances undoes jsonInstances: declarations are the asset's.
func readInstances(list []jsonInstance) []bulwark.Instance {
	var out []bulwark.Instance
	for _, i := range list {
		if i.Declaration == "" {
			out = append(out, bulwark.Instance{Key: i.Key, Path: i.Path, Location: i.Location})
		}
	}
	return out
}

// ReadBaseline returns the ids of the findings that a JSON report holds. The
// error is of kind ErrInvalid when it is none.
func ReadBaseline(from io.Reader) (map[string]bool, error) {
	var report struct {
		Findings []struct {
			ID string `json:"id"`
		} `json:"findings"`
	}
	dec := json.NewDecoder(io.LimitReader(from, maxReport))
	if err := dec.Decode(&report); err != nil {
		return nil, fmt.Errorf("read baseline: %w: %w", bulwark.ErrInvalid, err)
	}
	if report.Findings == nil {
		return nil, fmt.Errorf("read baseline: %w: it is no report in the json format", bulwark.ErrInvalid)
	}
	known := make(map[string]bool, len(report.Findings))
	for _, f := range report.Findings {
		if f.ID != "" {
			known[f.ID] = true
		}
	}
	return known, nil
}
