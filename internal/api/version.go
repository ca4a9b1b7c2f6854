package api

import "context"

// ProductVersion is the product's.
type ProductVersion struct {
	Version string `json:"version"`
}

var _ = route(op{method: "GET", path: "/version", id: "version", summary: "The product's version", tag: "server", allow: readers},
	func(s *Server, _ context.Context, _ *None) (*Answer[ProductVersion], error) {
		return answer(ProductVersion{s.Options.Version}, nil)
	})
