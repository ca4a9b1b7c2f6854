package expr

import (
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"

	"github.com/bulwarksec/bulwark"
)

// World is what expressions may ask about beyond the asset they judge.
type World interface {
	// Related returns the assets to which a stands in the relation, sorted by
	// id; a reason that is not empty says why that is unknown.
	Related(a *bulwark.Asset, relation string) (assets []*bulwark.Asset, reason string)
	// Fact returns what an engine found about a; absent when it found nothing.
	Fact(a *bulwark.Asset, kind string) bulwark.Value
}

// DefaultCost bounds one evaluation: about one unit a node, element or 64
// bytes of text looked at.
const DefaultCost = 200_000

const errCost = "the expression looks at too much"

// Run is one asset under judgement: the inputs of expressions and what they
// asked. It is for one goroutine, and may be reused through Reset.
type Run struct {
	Asset *bulwark.Asset
	World World     // may be nil: then relations are unknown and facts absent
	Now   time.Time // UTC
	Limit int       // cost of one evaluation; 0 means DefaultCost
	Vars  map[string]bulwark.Value

	env     *Env
	origin  bulwark.Origin
	asset   val
	obs     val
	params  val
	slots   []val
	views   []memo
	lets    []memo
	space   *Space
	cost    int
	over    bool
	until   time.Time
	queries []string
	seen    []*bulwark.Asset
	asked   map[string]answer
	tr      *tracer
	tmp     val // what a loader begins from
}

// answer is what a relation yielded, and the queries that it took.
type answer struct {
	val
	queries []string
}

type memo struct {
	val
	done  bool
	until time.Time // what computing it noted
	asked []string
}

// Reset readies the run for an asset in a space of names; what checks asked
// before is forgotten.
func (r *Run) Reset(s *Space, a *bulwark.Asset, w World, now time.Time) {
	r.Asset, r.World, r.Now = a, w, now.UTC()
	r.env, r.origin, r.space = s.env, a.Origin(), s
	r.asset = val{v: a.Properties, node: s.root}
	r.obs = val{v: a.Observed, node: s.observed}
	r.params = val{}
	r.views = resize(r.views, len(s.views))
	r.seen = append(r.seen[:0], a)
	clear(r.asked)
	r.begin(0)
}

func resize(m []memo, n int) []memo {
	if cap(m) < n {
		return make([]memo, n)
	}
	m = m[:n]
	clear(m)
	return m
}

// begin readies the run for one check with a number of lets.
func (r *Run) begin(lets int) {
	if cap(r.lets) < lets {
		r.lets = make([]memo, lets)
	} else {
		r.lets = r.lets[:lets]
		for i := range r.lets {
			r.lets[i].done = false
		}
	}
	r.over, r.until = false, time.Time{}
	if r.cost = r.Limit; r.cost == 0 {
		r.cost = DefaultCost
	}
	r.queries = r.queries[:0]
}

// Begin readies the run for one check. Parameters that the value given lacks
// have their defaults.
func (r *Run) Begin(sc *Scope, parameters bulwark.Value) {
	r.begin(len(sc.lets))
	r.params = val{v: parameters, node: sc.params}
}

// ResetFree readies the run for expressions that judge no asset.
func (r *Run) ResetFree(sc *Scope, vars map[string]bulwark.Value, now time.Time) {
	*r = Run{Asset: &bulwark.Asset{}, Now: now.UTC(), Limit: r.Limit, Vars: vars, env: sc.env, space: sc.Space, slots: r.slots}
	r.begin(len(sc.lets))
}

// Until returns the earliest instant at which an answer since Begin can
// change, zero for never.
func (r *Run) Until() time.Time { return r.until }

// Queries returns what expressions asked since Begin, sorted, without
// repeats; always the asset itself.
func (r *Run) Queries() []string {
	own := "asset:" + r.Asset.ID
	if len(r.queries) == 0 {
		return []string{own}
	}
	list := append(slices.Clone(r.queries), own)
	slices.Sort(list)
	return slices.Compact(list)
}

// Overrun reports whether the cost limit stopped an evaluation since Begin.
func (r *Run) Overrun() bool { return r.over }

// spend takes n from the cost and reports whether any is left.
func (r *Run) spend(n int) bool {
	if r == nil {
		return true
	}
	r.cost -= n
	if r.cost < 0 {
		r.over = true
		return false
	}
	return true
}

func (r *Run) ask(key string) { r.queries = append(r.queries, key) }

// ownerOf returns the asset whose configuration v belongs to, of those the
// run has seen.
func (r *Run) ownerOf(a val) *bulwark.Asset {
	if a.r != nil {
		return nil
	}
	for _, s := range r.seen {
		if s.Properties.Doc() == a.v.Doc() {
			return s
		}
	}
	return nil
}

const (
	relField  = "@rel:"
	factField = "@fact:"
)

// special is a member that is none of the data: a relation or fact.
func (r *Run) special(a val, name string) val {
	if r == nil {
		return errVal("related and fact want an asset")
	}
	if a.class() == cUnknown {
		return a
	}
	owner := r.ownerOf(a)
	if owner == nil {
		return errVal("related and fact want an asset, not " + a.class().String())
	}
	if kind, ok := strings.CutPrefix(name, factField); ok {
		r.ask("fact:" + kind + "/" + owner.ID)
		if r.World == nil {
			return val{}
		}
		return val{v: r.World.Fact(owner, kind)}
	}
	return r.related(owner, strings.TrimPrefix(name, relField))
}

func (r *Run) related(owner *bulwark.Asset, relation string) val {
	key := "rel:" + owner.ID + "/" + relation + "/" + r.env.relationType(owner.Type, relation)
	r.ask(key)
	if got, ok := r.asked[key]; ok {
		r.queries = append(r.queries, got.queries...)
		return got.val
	}
	if r.World == nil {
		return errVal("relation " + relation + " is not known here")
	}
	first := len(r.queries)
	for _, rel := range owner.Relations { // one that is not there yet may come
		if rel.Name == relation && rel.Target != "" {
			r.ask("asset:" + rel.Target)
		}
	}
	assets, reason := r.World.Related(owner, relation)
	var got val
	if reason != "" {
		got = errVal("relation " + relation + ": " + reason)
	} else {
		s := &seq{run: r}
		for _, a := range assets {
			r.ask("asset:" + a.ID)
			if !slices.Contains(r.seen, a) {
				r.seen = append(r.seen, a)
			}
			s.items = append(s.items, val{v: a.Properties, node: r.env.rootOf(a.Type)})
		}
		got = val{r: s}
	}
	if r.asked == nil {
		r.asked = map[string]answer{}
	}
	r.asked[key] = answer{got, slices.Clone(r.queries[first:])}
	return got
}

func (r *Run) now() val { return val{r: instant{types.Timestamp{Time: r.Now}, 1, r}} }

// view returns the i-th view, computed once for the asset; what computing it
// asked counts for every check that reads it.
func (r *Run) view(i int) *val {
	m := &r.views[i]
	if !m.done {
		until, queries := r.until, len(r.queries)
		r.until = time.Time{}
		v := r.space.views[i].eval(r)
		*m = memo{v, !r.over, r.until, slices.Clone(r.queries[queries:])}
		r.until = until
		r.queries = r.queries[:queries]
		if r.over {
			r.tmp = errVal(errCost)
			return &r.tmp
		}
	}
	if len(m.asked) > 0 {
		r.queries = append(r.queries, m.asked...)
	}
	if !m.until.IsZero() {
		r.flips(m.until)
	}
	return &m.val
}
