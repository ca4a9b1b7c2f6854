package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

// NewExemption says what is accepted, why and until when.
type NewExemption struct {
	Body struct {
		Check    string     `json:"check,omitempty" maxLength:"512" doc:"id of a check; all when absent"`
		Scope    string     `json:"scope,omitempty" maxLength:"1024" doc:"for the assets below it"`
		Asset    string     `json:"asset,omitempty" maxLength:"2048" doc:"for this asset only"`
		Finding  string     `json:"finding,omitempty" maxLength:"64" doc:"for this finding only"`
		Category string     `json:"category" enum:"waiver,mitigated" doc:"a waiver takes assets out of the counts; mitigated counts them as healthy"`
		Reason   string     `json:"reason" minLength:"3" maxLength:"2000"`
		Expires  *time.Time `json:"expires,omitempty" doc:"never when absent"`
	}
}

// Exempted is an exemption and what it does to the score.
type Exempted struct {
	bulwark.Exemption
	Before *float64 `json:"before,omitempty" doc:"ratio of the score that the caller sees, before"`
	After  *float64 `json:"after,omitempty" doc:"and after"`
}

// ExemptionList is the question for exemptions.
type ExemptionList struct {
	Scoped
	Paged
}

// InPath is the input of what names one thing in its path.
type InPath struct {
	ID string `path:"id" maxLength:"256"`
}

var (
	exempters = Permission{bulwark.SecurityAdmin, Somewhere}

	_ = route(op{method: "GET", path: "/exemptions", id: "exemptions", summary: "What is accepted, by whom, why and until when", tag: "exemptions", allow: readers},
		func(s *Server, ctx context.Context, in *ExemptionList) (*Answer[List[bulwark.Exemption]], error) {
			scopes, err := callerOf(ctx).readable(in.Scope)
			if err != nil {
				return nil, err
			}
			rows, next, err := s.Store.Exemptions(ctx, scopes, in.page())
			return answer(list(rows, next), err)
		})
	_ = route(op{method: "POST", path: "/exemptions", id: "exempt", summary: "Exempt a check, an asset or a finding", tag: "exemptions", status: 201, allow: exempters}, (*Server).exempt)
	_ = route(op{method: "DELETE", path: "/exemptions/{id}", id: "end-exemption", summary: "End an exemption", tag: "exemptions", allow: exempters}, (*Server).endExemption)
)

func (s *Server) exempt(ctx context.Context, in *NewExemption) (*Answer[Exempted], error) {
	c := callerOf(ctx)
	e := bulwark.Exemption{
		ID: newID("x"), Check: in.Body.Check, Scope: in.Body.Scope, Asset: in.Body.Asset, Finding: in.Body.Finding,
		Category: bulwark.ExemptionCategory(in.Body.Category), Reason: strings.TrimSpace(in.Body.Reason), Author: c.actor, Created: s.Now().UTC(),
	}
	if in.Body.Expires != nil {
		e.Expires = in.Body.Expires.UTC()
		if !e.Expires.After(e.Created) {
			return nil, invalid("The exemption would have expired already.", "Choose a later time.")
		}
	}
	if err := s.locate(ctx, &e); err != nil {
		return nil, err
	}
	if !c.may(bulwark.SecurityAdmin, e.Scope) {
		return nil, fmt.Errorf("exempt in scope %q: %w", e.Scope, bulwark.ErrDenied)
	}
	out, err := s.counting(ctx, e, func() error { return s.Store.AddExemption(ctx, e) })
	if err != nil {
		return nil, err
	}
	return answer(out, s.audit(ctx, c, "exemption.create", e.ID, describeExemption(e)))
}

// locate checks what an exemption names and gives it the scope in which it
// applies.
func (s *Server) locate(ctx context.Context, e *bulwark.Exemption) error {
	if e.Reason == "" {
		return invalid("The exemption has no reason.", "Say why it is accepted.")
	}
	if e.Check != "" && s.Content.Check(e.Check) == nil {
		return invalid("No check has the id "+e.Check+".", "Search for its title.")
	}
	if e.Check == "" && e.Scope == "" && e.Asset == "" && e.Finding == "" {
		return invalid("The exemption names nothing.", "Name a check, a scope, an asset or a finding.")
	}
	switch {
	case e.Finding != "":
		f, err := s.visibleFinding(ctx, e.Finding, bulwark.SecurityAdmin)
		if err != nil {
			return err
		}
		e.Scope, e.Asset, e.Check = f.Row.Scope, f.Asset, f.Check
	case e.Asset != "":
		rows, err := s.Store.AssetRows(ctx, []string{e.Asset})
		if err != nil {
			return err
		}
		if len(rows) == 0 || !callerOf(ctx).may(bulwark.Reader, rows[0].Scope) {
			return notFound("asset", e.Asset)
		}
		e.Scope = rows[0].Scope
	}
	return nil
}

// counting makes a change and tells the score that the caller sees before and
// after it.
func (s *Server) counting(ctx context.Context, e bulwark.Exemption, change func() error) (Exempted, error) {
	out := Exempted{Exemption: e}
	var err error
	if out.Before, err = s.visibleRatio(ctx); err != nil {
		return out, err
	}
	if err := change(); err != nil {
		return out, err
	}
	out.After, err = s.visibleRatio(ctx)
	return out, err
}

func (s *Server) visibleRatio(ctx context.Context) (*float64, error) {
	scopes, err := callerOf(ctx).readable()
	if err != nil {
		return nil, err
	}
	counts, err := s.Store.Counts(ctx, scopes)
	if err != nil {
		return nil, err
	}
	return s.scoring(counts).score().Ratio, nil
}

func (s *Server) endExemption(ctx context.Context, in *InPath) (*Answer[Exempted], error) {
	c := callerOf(ctx)
	e, err := s.Store.Exemption(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !c.may(bulwark.Reader, e.Scope) {
		return nil, notFound("exemption", in.ID)
	}
	if !c.may(bulwark.SecurityAdmin, e.Scope) {
		return nil, fmt.Errorf("end exemption in scope %q: %w", e.Scope, bulwark.ErrDenied)
	}
	out, err := s.counting(ctx, e, func() error { return s.Store.DeleteExemption(ctx, e.ID) })
	if err != nil {
		return nil, err
	}
	return answer(out, s.audit(ctx, c, "exemption.delete", e.ID, describeExemption(e)))
}

func describeExemption(e bulwark.Exemption) string {
	parts := []string{string(e.Category)}
	for _, p := range [][2]string{{"check", e.Check}, {"scope", e.Scope}, {"asset", e.Asset}, {"finding", e.Finding}} {
		if p[1] != "" {
			parts = append(parts, p[0]+" "+p[1])
		}
	}
	return strings.Join(parts, ", ")
}
