// Package pipeline joins the packages that gather, think and keep: collect,
// judge, store, publish. One-shot scans take the same path without a store.
package pipeline
