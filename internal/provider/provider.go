// Package provider holds what the providers below it share: values from a
// client library's structs, relations by the references of type files, faults
// and gaps, and an HTTP client that is bounded in size, time and redirects.
//
// A provider is a folder below this one. It offers
//
//	Gather(ctx, yield func(bulwark.Gathered) error) error
//
// and, where it can, Scopes (what it reaches now: cheap, called every few
// minutes), Watch (goes on to yield changes after a Gather), Probe (tries each
// permission) and Plan (counts the calls of a run). Providers only read.
package provider

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// FaultOf returns the fault in an error's chain, or makes one of a kind that
// the error itself tells: a deadline, a connection that failed, else failed.
// It is nil for nil.
func FaultOf(err error, call, object string) *bulwark.Fault {
	if err == nil {
		return nil
	}
	var f *bulwark.Fault
	if errors.As(err, &f) {
		return f
	}
	f = &bulwark.Fault{Kind: bulwark.FaultFailed, Call: call, Object: object, Err: err}
	var network net.Error
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		f.Kind = bulwark.FaultTimeout
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.As(err, &dns), errors.As(err, &op):
		f.Kind = bulwark.FaultUnreachable
	}
	return f
}

// Reason is a fault in the few words that stand in an unknown value.
func Reason(f *bulwark.Fault) string {
	if f.Needs != "" {
		return fmt.Sprintf("%s: needs %s", f.Kind, f.Needs)
	}
	return fmt.Sprintf("%s: %s", f.Kind, f.Call)
}

// Pages calls fetch with each page's token until there is none. A token that
// repeats or is longer than any provider's, or more pages than the limit, is a
// malformed fault, so that a server can neither keep a listing for ever nor
// fill the memory.
func Pages(ctx context.Context, call, object string, limit int, fetch func(ctx context.Context, token string) (next string, err error)) error {
	malformed := func(err error) error {
		return &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: call, Object: object, Err: err}
	}
	seen := map[[sha256.Size]byte]bool{}
	token := ""
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if n >= limit {
			return malformed(fmt.Errorf("more than %d pages", limit))
		}
		next, err := fetch(ctx, token)
		if err != nil {
			return err
		}
		if next == "" {
			return nil
		}
		if len(next) > maxToken {
			return malformed(fmt.Errorf("the token of a page has %d bytes", len(next)))
		}
		sum := sha256.Sum256([]byte(next))
		if seen[sum] {
			return malformed(errors.New("the token of a page repeats"))
		}
		seen[sum] = true
		token = next
	}
}

// maxToken bounds the token of a page: the longest known are links of a few
// kilobytes.
const maxToken = 64 << 10

// MaxPages bounds a listing: at the smallest page of any provider, 5 items, a
// listing of a million.
const MaxPages = 200_000

// Where writes a place as gaps name it: connector/scope/type/region, without
// what is empty.
func Where(parts ...string) string {
	kept := parts[:0:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "/")
}
