package replay

import (
	"fmt"
	"hash/fnv"
	"path"
	"time"
)

// A Kind is a way in which a call goes wrong.
type Kind string

// What may happen to a call.
const (
	Denied        Kind = "denied"
	Throttled     Kind = "throttled"
	Timeout       Kind = "timeout"        // no answer until the client leaves
	ServerError   Kind = "server error"   // status 500, with the provider's error body
	Malformed     Kind = "malformed"      // a body that no parser of the protocol takes
	Truncated     Kind = "truncated"      // the connection ends in the middle of the body
	EmptyPage     Kind = "empty page"     // no items, but a token for more
	RepeatedToken Kind = "repeated token" // every page has the same token
	Endless       Kind = "endless"        // a body without end
	Redirect      Kind = "redirect"       // to another host
	Slow          Kind = "slow"           // the answer comes after Rule.Delay
)

// Kinds are all there are.
var Kinds = []Kind{Denied, Throttled, Timeout, ServerError, Malformed, Truncated, EmptyPage, RepeatedToken, Endless, Redirect, Slow}

// A Call names a provider's operation in a scope and region.
type Call struct {
	Scope, Region, Service, Operation string
}

// A Rule injects a fault. Empty patterns match all; others are path.Match's.
type Rule struct {
	Call             // patterns
	Nth      int     // only this call of its scope, region and operation, from 1; 0 is each
	From     int     // not before this call, from 1
	Chance   float64 // of a matching call, in (0, 1]; 0 is 1. Which ones depends on the seed
	Kind     Kind
	Delay    time.Duration // of Slow
	Location string        // of Redirect
}

// Faults decides which calls go wrong. It keeps no state.
type Faults struct {
	rules []Rule
	seed  int64
}

// NewFaults returns the rules in order of precedence.
func NewFaults(seed int64, rules []Rule) (*Faults, error) {
	for _, r := range rules {
		for _, p := range []string{r.Scope, r.Region, r.Service, r.Operation} {
			if _, err := path.Match(p, ""); err != nil {
				return nil, fmt.Errorf("replay: fault's pattern %q: %w", p, err)
			}
		}
	}
	return &Faults{rules: rules, seed: seed}, nil
}

// For returns the first rule that strikes the nth such call, or nil.
func (f *Faults) For(c Call, n int) *Rule {
	for i := range f.rules {
		r := &f.rules[i]
		if matches(r.Scope, c.Scope) && matches(r.Region, c.Region) && matches(r.Service, c.Service) &&
			matches(r.Operation, c.Operation) && (r.Nth == 0 || r.Nth == n) && n >= r.From && f.strikes(i, c, n) {
			return r
		}
	}
	return nil
}

// strikes draws by a hash of the call, so that the order of other calls does
// not matter.
func (f *Faults) strikes(rule int, c Call, n int) bool {
	chance := f.rules[rule].Chance
	if chance == 0 || chance >= 1 {
		return true
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%d/%q/%q/%q/%q/%d", f.seed, rule, c.Scope, c.Region, c.Service, c.Operation, n)
	x := h.Sum64()
	x ^= x >> 33 // fnv's high bits hardly change with the last bytes
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x>>11)/(1<<53) < chance
}

func matches(pattern, s string) bool {
	if pattern == "" {
		return true
	}
	ok, _ := path.Match(pattern, s) // NewFaults has tried the pattern
	return ok
}
