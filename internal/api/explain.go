package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/bulwarksec/bulwark"
)

// ExplainedVerdict is one check on one asset with everything that proves it
// and that can be done about it.
type ExplainedVerdict struct {
	Assessment
	Recomputed bool                `json:"recomputed" doc:"the evidence was found by judging again just now; else it is what was stored"`
	Stored     bulwark.State       `json:"stored" enum:"healthy,unhealthy,unknown,not applicable" doc:"the state that counts until the next judgement"`
	Risk       string              `json:"risk" doc:"what an attacker gains"`
	Mend       bulwark.Remediation `json:"mend"`
	References []string            `json:"references"`
	Findings   []Finding           `json:"findings" doc:"of this check on this asset, resolved ones too"`
	Accepted   *bulwark.Exemption  `json:"accepted,omitempty" doc:"the exemption in force"`
}

// ExplainVerdict is the question for one check on one asset.
type ExplainVerdict struct {
	Check string `query:"check" required:"true" minLength:"1" maxLength:"512"`
	Asset string `query:"asset" required:"true" minLength:"1" maxLength:"2048"`
}

var _ = route(op{method: "GET", path: "/explain", id: "explain", summary: "One check on one asset: the verdict, what proves it, and what to do", tag: "posture", allow: readers}, (*Server).explainVerdict)

func (s *Server) explainVerdict(ctx context.Context, in *ExplainVerdict) (*Answer[ExplainedVerdict], error) {
	a, row, err := s.visibleAsset(ctx, in.Asset)
	if err != nil {
		return nil, err
	}
	rows, _, err := s.Store.Assessments(ctx, bulwark.AssessmentQuery{Check: in.Check, Asset: a.ID, Page: bulwark.Page{Limit: 1}})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, &Problem{Status: 404, Code: "not-found", Message: "The check has no verdict on this asset.", Detail: in.Check + " on " + a.ID, Mend: "See the asset for the checks that judge it."}
	}
	out := ExplainedVerdict{Assessment: s.assessment(rows[0], false), Stored: rows[0].State, References: []string{}, Findings: []Finding{}}
	out.Row = &row
	if c := s.Content.Check(in.Check); c != nil {
		out.Risk, out.Mend, out.References = c.Risk, c.Remediation, filled(c.References)
		if s.Explain != nil {
			if err := s.judgeAgain(ctx, a, &out); err != nil {
				return nil, err
			}
		}
	}
	findings, _, err := s.Store.Findings(ctx, bulwark.FindingQuery{Checks: []string{in.Check}, Asset: a.ID, Page: bulwark.Page{Limit: 1000}})
	if err != nil {
		return nil, err
	}
	for _, f := range findings {
		f := s.findingOf(f)
		f.Row = nil // it is above
		out.Findings = append(out.Findings, f)
	}
	if out.Exemption != "" {
		e, err := s.Store.Exemption(ctx, out.Exemption)
		if err != nil {
			return nil, err
		}
		out.Accepted = &e
	}
	return answer(out, nil)
}

// judgeAgain replaces the stored evidence, of which there is none for a healthy
// verdict, by what judging again finds.
func (s *Server) judgeAgain(ctx context.Context, a *bulwark.Asset, out *ExplainedVerdict) error {
	fresh, err := s.Explain(ctx, a, out.Check)
	if err != nil {
		return fmt.Errorf("judge %s again: %w", a.ID, err)
	}
	known := paths{at: map[string]bulwark.Position{}, odd: map[string]string{}}
	known.walk(a.Properties, "", "")
	out.Recomputed = true
	out.State, out.Because = fresh.State, fresh.Because
	out.Evidence, out.Instances = slices.Clone(fresh.Evidence), slices.Clone(fresh.Instances)
	if out.Evidence == nil {
		out.Evidence = []bulwark.Evidence{}
	}
	if out.Instances == nil {
		out.Instances = []bulwark.Instance{}
	}
	known.rewrite(&out.Assessment)
	return nil
}
