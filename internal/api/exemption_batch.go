package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

// NewExemptions exempts many things for one reason.
type NewExemptions struct {
	Body struct {
		Check    string     `json:"check,omitempty" maxLength:"512" doc:"id of a check, with assets; all when absent"`
		Assets   []string   `json:"assets,omitempty" maxItems:"1000" doc:"ids; an exemption each"`
		Findings []string   `json:"findings,omitempty" maxItems:"1000" doc:"ids; an exemption each"`
		Category string     `json:"category" enum:"waiver,mitigated" doc:"a waiver takes assets out of the counts; mitigated counts them as healthy"`
		Reason   string     `json:"reason" minLength:"3" maxLength:"2000"`
		Expires  *time.Time `json:"expires,omitempty" doc:"never when absent"`
	}
}

// ExemptedMany are exemptions and what they do to the score together.
type ExemptedMany struct {
	Items  []bulwark.Exemption `json:"items"`
	Before *float64            `json:"before,omitempty" doc:"ratio of the score that the caller sees, before"`
	After  *float64            `json:"after,omitempty" doc:"and after"`
}

const maxExemptions = 1000

var _ = route(op{method: "POST", path: "/exemptions/batch", id: "exempt-many", summary: "Exempt up to 1,000 assets or findings, all or none", tag: "exemptions", status: 201, body: 4 << 20, allow: exempters}, (*Server).exemptMany)

func (s *Server) exemptMany(ctx context.Context, in *NewExemptions) (*Answer[ExemptedMany], error) {
	c, b := callerOf(ctx), in.Body
	n := len(b.Assets) + len(b.Findings)
	if n == 0 || n > maxExemptions {
		return nil, invalid(fmt.Sprintf("%d things are named.", n), fmt.Sprintf("Name 1 to %d assets or findings.", maxExemptions))
	}
	base := bulwark.Exemption{Check: b.Check, Category: bulwark.ExemptionCategory(b.Category), Reason: strings.TrimSpace(b.Reason), Author: c.actor, Created: s.Now().UTC()}
	if b.Expires != nil {
		base.Expires = b.Expires.UTC()
		if !base.Expires.After(base.Created) {
			return nil, invalid("The exemptions would have expired already.", "Choose a later time.")
		}
	}
	list := make([]bulwark.Exemption, 0, n)
	add := func(e bulwark.Exemption) error {
		e.ID = newID("x")
		if err := s.locate(ctx, &e); err != nil {
			return err
		}
		if !c.may(bulwark.SecurityAdmin, e.Scope) {
			return fmt.Errorf("exempt in scope %q: %w", e.Scope, bulwark.ErrDenied)
		}
		list = append(list, e)
		return nil
	}
	for _, id := range b.Assets {
		e := base
		e.Asset = id
		if err := add(e); err != nil {
			return nil, err
		}
	}
	for _, id := range b.Findings {
		e := base
		e.Check, e.Finding = "", id // the finding has its own check
		if err := add(e); err != nil {
			return nil, err
		}
	}
	told, err := s.counting(ctx, base, func() error { return s.Store.AddExemptions(ctx, list) })
	if err != nil {
		return nil, err
	}
	detail := fmt.Sprintf("%d exemptions, %s, %s", n, describeExemption(base), list[0].ID)
	return answer(ExemptedMany{Items: list, Before: told.Before, After: told.After}, s.audit(ctx, c, "exemption.create", list[0].ID, detail))
}
