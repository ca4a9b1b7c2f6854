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

type jsonReport struct {
	Version     string            `json:"version"`
	Assets      []jsonAsset       `json:"assets"`
	Assessments []jsonAssessment  `json:"assessments"`
	Findings    []bulwark.Finding `json:"findings"`
	Suppressed  []jsonSuppressed  `json:"suppressed,omitempty"`
	Gaps        []bulwark.Gap     `json:"gaps"`
}

func writeJSON(w io.Writer, r *bulwark.Report) error {
	out := jsonReport{Version: r.Version, Assets: []jsonAsset{}, Assessments: []jsonAssessment{}, Findings: r.Findings, Gaps: r.Gaps}
	if out.Findings == nil {
		out.Findings = []bulwark.Finding{}
	}
	if out.Gaps == nil {
		out.Gaps = []bulwark.Gap{}
	}
	for _, a := range r.Assets {
		out.Assets = append(out.Assets, jsonAsset{a.ID, a.Type, a.Name, a.Scope, a.Origin(), a.Declarations})
	}
	risks := map[[2]string]bulwark.Severity{}
	for _, f := range r.Findings {
		key := [2]string{f.Check, f.Asset}
		risks[key] = max(risks[key], f.Risk)
	}
	for _, a := range r.Assessments {
		severity := checkOf(r, a.Check).Severity
		risk, ok := risks[[2]string{a.Check, a.Asset}]
		if !ok {
			risk = severity
		}
		out.Assessments = append(out.Assessments, jsonAssessment{a.Check, a.Asset, a.State, severity, risk, a.Because, a.Evidence, jsonInstances(a, assetOf(r, a.Asset)), assetOf(r, a.Asset).Position})
	}
	for _, s := range r.Suppressed {
		out.Suppressed = append(out.Suppressed, jsonSuppressed{s.Finding, s.By})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

// jsonInstances are the places at which a check fails, and after them the other
// declarations of the asset, both in their order.
func jsonInstances(a bulwark.Assessment, asset *bulwark.Asset) []jsonInstance {
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

// maxBaseline bounds a baseline in bytes.
const maxBaseline = 1 << 30

// ReadBaseline returns the ids of the findings that a JSON report holds. The
// error is of kind ErrInvalid when it is none.
func ReadBaseline(from io.Reader) (map[string]bool, error) {
	var report struct {
		Findings []struct {
			ID string `json:"id"`
		} `json:"findings"`
	}
	dec := json.NewDecoder(io.LimitReader(from, maxBaseline))
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
