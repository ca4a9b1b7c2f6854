package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Organizations keeps the organisations beside the main one. Its methods are
// safe for concurrent use.
type Organizations interface {
	// Organizations returns all, the main one first.
	Organizations() []bulwark.Organization
	// Handler answers for an organisation that is ready, below /o/<id>; nil
	// when there is none.
	Handler(id string) http.Handler
	// AddDemo begins to make the demo estate and returns at once; one that is
	// there is ErrConflict.
	AddDemo(ctx context.Context) error
	// RemoveDemo removes the demo estate with everything kept of it.
	RemoveDemo(ctx context.Context) error
}

// OrganizationList has the organisations of this process.
type OrganizationList struct {
	Current string                 `json:"current" doc:"id of the one that answers"`
	Items   []bulwark.Organization `json:"items"`
}

// organizationPath begins the addresses of other organisations.
const organizationPath = "/o/"

var (
	_ = route(op{method: "GET", path: "/organizations", id: "organizations", summary: "The organisations that this process serves", tag: "server", allow: readers},
		func(s *Server, _ context.Context, _ *None) (*Answer[OrganizationList], error) {
			return answer(OrganizationList{Current: s.Organization, Items: s.organizations()}, nil)
		})

	_ = route(op{method: "POST", path: "/demo", id: "add-demo", summary: "Make the demo estate, an organisation of its own", tag: "server", status: 202, allow: owners},
		func(s *Server, ctx context.Context, _ *None) (*Answer[OrganizationList], error) {
			if s.Organizations == nil {
				return nil, bulwark.ErrUnavailable
			}
			if err := s.Organizations.AddDemo(ctx); err != nil {
				return nil, err
			}
			return answer(OrganizationList{Current: s.Organization, Items: s.organizations()}, s.audit(ctx, callerOf(ctx), "demo.add", "demo", ""))
		})

	_ = route(op{method: "DELETE", path: "/demo", id: "remove-demo", summary: "Remove the demo estate with everything kept of it", tag: "server", status: 204, allow: owners},
		func(s *Server, ctx context.Context, _ *None) (*Empty, error) {
			if s.Organizations == nil {
				return nil, bulwark.ErrUnavailable
			}
			if err := s.Organizations.RemoveDemo(ctx); err != nil {
				return nil, err
			}
			return &Empty{}, s.audit(ctx, callerOf(ctx), "demo.remove", "demo", "")
		})
)

func (s *Server) organizations() []bulwark.Organization {
	if s.Organizations == nil {
		return []bulwark.Organization{{ID: s.Organization, Name: "Main", State: bulwark.OrganizationReady}}
	}
	return s.Organizations.Organizations()
}

// elsewhere hands requests below /o/<id> to that organisation's own server and
// answers the rest. Where there is none, pages go to the main organisation.
func (s *Server) elsewhere(next http.Handler) http.Handler {
	if s.Organizations == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := strings.CutPrefix(r.URL.Path, organizationPath)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		id, _, _ := strings.Cut(rest, "/")
		switch h := s.Organizations.Handler(id); {
		case h != nil:
			http.StripPrefix(organizationPath+id, h).ServeHTTP(w, r)
		case strings.HasPrefix(rest, id+prefix):
			s.nothing(w, r)
		default:
			http.Redirect(w, r, "/", http.StatusFound)
		}
	})
}
