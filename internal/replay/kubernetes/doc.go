// Package kubernetes is a server shaped like a Kubernetes API server: discovery,
// lists with pages, gets, watches, tables, metadata alone, and reviews of what
// the caller may do. It answers from a World of plain objects that may change
// while it serves, knows users by bearer token and denies by their rules,
// enforces the quotas of internal/quota, and goes wrong by rule. Nothing can be
// written through it. It serves tests of the connector and the demo estate.
//
// Shapes are those of v1.34; a test holds them against a real server. Left out:
// protobuf, OpenAPI, subresources, and writes.
package kubernetes
