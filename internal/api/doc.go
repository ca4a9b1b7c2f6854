// Package api is the HTTP face of the product: /api/v1 as docs/openapi.json
// describes it, the pages of the web application, and /healthz, /readyz and
// /metrics.
//
// One file holds one noun, and each of its routes ends in
// `var _ = route(…)`. A route declares its permission; the list of all of them
// is testdata/routes.golden. What a route needs of the rest of the product it
// asks of the small interfaces in backend.go. Lists hold only what lies in the
// scopes that the caller's grants cover, and page by opaque cursors. Errors
// are {code, message, detail, mend}; problem.go maps the root's kinds of error
// to statuses.
package api
