package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/bulwarksec/bulwark"
)

// Permission is what a caller needs for a route. The zero value lets nobody
// in.
type Permission struct {
	Role bulwark.Role // at least this one
	On   Reach
}

// Reach says where the role must be held.
type Reach string

// Somewhere needs the role on any scope, and the route restricts itself to the
// scopes on which it is held. Everywhere needs it on the whole organisation.
// Public needs nobody to be signed in.
const (
	Somewhere  Reach = "somewhere"
	Everywhere Reach = "everywhere"
	Public     Reach = "public"
)

// String returns what the list of routes shows.
func (p Permission) String() string {
	if p.On == Public {
		return string(Public)
	}
	return string(p.Role) + " " + string(p.On)
}

// op describes a route.
type op struct {
	method  string
	path    string // below /api/v1
	id      string // of the operation, what generated clients call it
	summary string
	tag     string
	status  int // of success; 200 unless set
	allow   Permission
	events  bool  // answers with server-sent events
	bytes   bool  // answers with a file
	body    int64 // most bytes of a body; 64 KiB unless set
}

type registration struct {
	op
	register func(*Server, huma.Operation)
}

// routes are all routes, in the order of their files.
var routes []registration

// route adds a route. The handler's errors are mapped by problemOf.
func route[I, O any](o op, handle func(*Server, context.Context, *I) (*O, error)) struct{} {
	routes = append(routes, registration{o, func(s *Server, described huma.Operation) {
		huma.Register(s.api, described, func(ctx context.Context, in *I) (*O, error) {
			out, err := handle(s, ctx, in)
			if err != nil {
				p := problemOf(err)
				if p.Code == "internal" {
					s.log.Error("request failed", "operation", o.id, "error", err)
				}
				return nil, p
			}
			return out, nil
		})
	}})
	return struct{}{}
}

// prefix begins the path of every route.
const prefix = "/api/v1"

// register puts all routes on the mux.
func (s *Server) register() {
	for _, r := range sortedRoutes() {
		described := huma.Operation{
			Method: r.method, Path: prefix + r.path, OperationID: r.id, Summary: r.summary, Tags: []string{r.tag},
			DefaultStatus: r.status, MaxBodyBytes: max(r.body, 64<<10), RejectUnknownQueryParameters: true,
			Errors:      []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
			Middlewares: huma.Middlewares{s.permit(r.allow)},
			Extensions:  map[string]any{"x-permission": r.allow.String()},
		}
		if r.allow.On != Public {
			described.Security = []map[string][]string{{"session": {}}, {"token": {}}}
		}
		if r.events {
			text := &huma.Schema{Type: huma.TypeString}
			described.Responses = map[string]*huma.Response{"200": {Description: "events until the reader leaves", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: text}}}}
		}
		if r.bytes {
			data := &huma.Schema{Type: huma.TypeString, Format: "binary"}
			described.Responses = map[string]*huma.Response{"200": {Description: "a file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: data}}}}
		}
		r.register(s, described)
	}
}

func sortedRoutes() []registration {
	list := slices.Clone(routes)
	slices.SortFunc(list, func(a, b registration) int {
		if c := strings.Compare(a.path, b.path); c != 0 {
			return c
		}
		return strings.Compare(a.method, b.method)
	})
	return list
}

// Answer is a response with a body and nothing else to say.
type Answer[T any] struct{ Body T }

func answer[T any](body T, err error) (*Answer[T], error) {
	if err != nil {
		return nil, err
	}
	return &Answer[T]{body}, nil
}

// None is the input of a route that takes none.
type None struct{}

// Empty is a response without a body.
type Empty struct{}

// List is one page of a list.
type List[T any] struct {
	Items  []T                        `json:"items"`
	Next   string                     `json:"next,omitempty" doc:"cursor of the next page; absent after the last"`
	Total  *int64                     `json:"total,omitempty" doc:"rows of all pages"`
	Facets map[string][]bulwark.Facet `json:"facets,omitempty" doc:"rows by value, for each field that filters"`
}

func list[T any](items []T, next string) List[T] {
	if items == nil {
		items = []T{}
	}
	return List[T]{Items: items, Next: next}
}

// Paged is the input of a list.
type Paged struct {
	Cursor string `query:"cursor" maxLength:"1024" doc:"what the previous page returned as next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"rows of a page"`
	Sort   string `query:"sort" pattern:"^-?[a-zA-Z]+$" maxLength:"32" doc:"field to order by, with - before it for falling order"`
}

func (p Paged) page() bulwark.Page {
	return bulwark.Page{Cursor: p.Cursor, Limit: p.Limit, Sort: p.Sort}
}

// Scoped is the input of what can be restricted to a part of the organisation.
type Scoped struct {
	Scope []string `query:"scope" maxItems:"100" doc:"scope paths; everything below them counts too"`
}
