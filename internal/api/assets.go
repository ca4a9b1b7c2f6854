package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Assets is the question for assets.
type Assets struct {
	Scoped
	Paged
	Text   string   `query:"text" maxLength:"200" doc:"in name or id"`
	Type   []string `query:"type"`
	Origin []string `query:"origin" enum:"live,code,image,host"`
	Region []string `query:"region"`
	In     []string `query:"in" doc:"scope paths, within scope"`
	Stale  []string `query:"stale" enum:"yes,no"`
}

// Asset is everything about an asset.
type Asset struct {
	bulwark.AssetRow
	Aliases      []string                    `json:"aliases"`
	Position     *bulwark.Position           `json:"position,omitempty" doc:"where code declares it"`
	Declarations []bulwark.Declaration       `json:"declarations" doc:"the resources of code that make it up"`
	Properties   json.RawMessage             `json:"properties" doc:"configuration; {\"$unknown\": reason}, {\"$secret\": [kind, keyed hash]} and {\"$symbol\": […]} stand for what is not known, not kept and not yet computed"`
	Observed     json.RawMessage             `json:"observed,omitempty" doc:"what only a live provider knows"`
	Positions    map[string]bulwark.Position `json:"positions" doc:"by path in properties"`
	Assessments  []Assessment                `json:"assessments"`
	Relations    []Relation                  `json:"relations"`
	Versions     []bulwark.Version           `json:"versions" doc:"newest first"`
}

// Relation is one of the asset to another, or of another to it.
type Relation struct {
	Name       string `json:"name"`
	Type       string `json:"type,omitempty"`
	Target     string `json:"target,omitempty" doc:"id of the other asset"`
	TargetName string `json:"targetName,omitempty"`
	Reason     string `json:"reason,omitempty" doc:"why it is not known"`
	Inverse    bool   `json:"inverse" doc:"the other asset has it to this one"`
}

// Diff is the question for what differs between two versions.
type Diff struct {
	ID   string `query:"id" required:"true" minLength:"1" maxLength:"2048"`
	From int64  `query:"from" required:"true" minimum:"1"`
	To   int64  `query:"to" required:"true" minimum:"1"`
}

// Change is a property that differs between two versions.
type Change struct {
	Path   string          `json:"path"`
	Before json.RawMessage `json:"before,omitempty" doc:"absent when it was not set"`
	After  json.RawMessage `json:"after,omitempty" doc:"absent when it is no longer set"`
}

// What is shown of one asset at most.
const (
	maxPositions   = 20_000
	maxAssessments = 1000
	maxRelations   = 500
	maxChanges     = 5000
)

var (
	_ = route(op{method: "GET", path: "/assets", id: "assets", summary: "Assets", tag: "posture", allow: readers}, (*Server).assets)
	_ = route(op{method: "GET", path: "/asset", id: "asset", summary: "An asset: configuration, verdicts, relations, versions", tag: "posture", allow: readers}, (*Server).asset)
	_ = route(op{method: "GET", path: "/asset/diff", id: "asset-diff", summary: "What differs between two versions of an asset", tag: "posture", allow: readers}, (*Server).diff)
)

func (s *Server) assets(ctx context.Context, in *Assets) (*Answer[List[bulwark.AssetRow]], error) {
	scopes, err := callerOf(ctx).readable(in.Scope, in.In)
	if err != nil {
		return nil, err
	}
	q := bulwark.AssetQuery{Scopes: scopes, Types: in.Type, Regions: in.Region, Text: in.Text, Stale: yes(in.Stale), Page: in.page()}
	for _, o := range in.Origin {
		q.Origins = append(q.Origins, bulwark.Origin(o))
	}
	rows, next, err := s.Store.Assets(ctx, q)
	if err != nil {
		return nil, err
	}
	out := list(rows, next)
	facets, total, err := s.Store.AssetFacets(ctx, q)
	if err != nil {
		return nil, err
	}
	out.Total = &total
	out.Facets = make(map[string][]bulwark.Facet, len(facets))
	for field, f := range facets {
		if field == "scope" { // the question's own name for it
			field = "in"
		}
		out.Facets[field] = f
	}
	return answer(out, nil)
}

// visibleAsset returns an asset that the caller may read; any other is not
// found, so that ids cannot be tried out.
func (s *Server) visibleAsset(ctx context.Context, id string) (*bulwark.Asset, bulwark.AssetRow, error) {
	a, row, err := s.Store.Asset(ctx, id)
	if err != nil {
		return nil, row, err
	}
	if !callerOf(ctx).may(bulwark.Reader, a.Scope) {
		return nil, row, notFound("asset", id)
	}
	return a, row, nil
}

func (s *Server) asset(ctx context.Context, in *ByID) (*Answer[Asset], error) {
	a, row, err := s.visibleAsset(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := Asset{AssetRow: row, Aliases: filled(a.Aliases), Declarations: a.Declarations, Properties: json.RawMessage(a.Properties.String()), Positions: map[string]bulwark.Position{}}
	if out.Declarations == nil {
		out.Declarations = []bulwark.Declaration{}
	}
	if a.Position.File != "" {
		out.Position = &a.Position
	}
	if !a.Observed.IsAbsent() {
		out.Observed = json.RawMessage(a.Observed.String())
	}
	known := paths{at: out.Positions, odd: map[string]string{}}
	known.walk(a.Properties, "", "")
	rows, _, err := s.Store.Assessments(ctx, bulwark.AssessmentQuery{Asset: a.ID, Page: bulwark.Page{Limit: maxAssessments}})
	if err != nil {
		return nil, err
	}
	out.Assessments = make([]Assessment, 0, len(rows))
	for _, r := range rows {
		as := s.assessment(r, false)
		as.Evidence, as.Instances = slices.Clone(as.Evidence), slices.Clone(as.Instances)
		known.rewrite(&as)
		out.Assessments = append(out.Assessments, as)
	}
	if out.Relations, err = s.relations(ctx, a); err != nil {
		return nil, err
	}
	out.Versions, err = s.Store.Versions(ctx, a.ID)
	if out.Versions == nil {
		out.Versions = []bulwark.Version{}
	}
	return answer(out, err)
}

// paths are those of the values in a configuration. Evidence joins names with
// dots, whatever is in them; pages need to tell a name with a dot from two.
type paths struct {
	at  map[string]bulwark.Position // by path as pages write it
	odd map[string]string           // path as evidence writes it → as pages do, where they differ
}

// walk notes each value below v, parents first.
func (p *paths) walk(v bulwark.Value, path, joined string) {
	if len(p.at) >= maxPositions || len(p.odd) >= maxPositions {
		return
	}
	if pos := v.Position(); path != "" && pos.File != "" {
		p.at[path] = pos
	}
	if path != joined {
		p.odd[joined] = path
	}
	switch v.Kind() {
	case bulwark.Object:
		for i := range v.Len() {
			c := v.Index(i)
			name := c.Name()
			below := name
			if joined != "" {
				below = joined + "." + name
			}
			p.walk(c, memberPath(path, name), below)
		}
	case bulwark.List:
		for i := range v.Len() {
			step := "[" + strconv.Itoa(i) + "]"
			p.walk(v.Index(i), path+step, joined+step)
		}
	}
}

// rewrite gives evidence and instances of an asset the paths that pages write.
func (p *paths) rewrite(as *Assessment) {
	for i, e := range as.Evidence {
		if to, ok := p.odd[e.Path]; ok && (e.Asset == "" || e.Asset == as.Asset) {
			as.Evidence[i].Path = to
		}
	}
	for i, in := range as.Instances {
		if to, ok := p.odd[in.Path]; ok {
			as.Instances[i].Path = to
		}
	}
}

// memberPath appends a member's name to a path: .name where it is a plain word,
// else ["name"], quoted as JSON. A name that begins with $ has a second one, as
// in the properties' JSON.
func memberPath(path, name string) string {
	if strings.HasPrefix(name, "$") {
		name = "$" + name
	}
	plain := name != ""
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		inner := i > 0 && (r >= '0' && r <= '9' || r == '$' || r == '-')
		plain = plain && (letter || inner)
	}
	switch {
	case !plain:
		var quoted strings.Builder
		enc := json.NewEncoder(&quoted)
		enc.SetEscapeHTML(false)
		if enc.Encode(name) != nil { // a string always encodes
			return path
		}
		return path + "[" + strings.TrimSuffix(quoted.String(), "\n") + "]"
	case path == "":
		return name
	}
	return path + "." + name
}

// relations returns those to and from the asset. Of assets that the caller may
// not read it tells no name, and not that they point here.
func (s *Server) relations(ctx context.Context, a *bulwark.Asset) ([]Relation, error) {
	inverse, err := s.Store.RelationsTo(ctx, a.ID, maxRelations)
	if err != nil {
		return nil, err
	}
	own := a.Relations[:min(len(a.Relations), maxRelations)]
	var ids []string
	for _, r := range slices.Concat(own, inverse) {
		if r.Target != "" {
			ids = append(ids, r.Target)
		}
	}
	rows, err := s.rows(ctx, ids)
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	out := []Relation{}
	for _, r := range own {
		rel := Relation{Name: r.Name, Type: r.Type, Target: r.Target, Reason: r.Reason}
		if row, ok := rows[r.Target]; ok && c.may(bulwark.Reader, row.Scope) {
			rel.TargetName = row.Name
		}
		out = append(out, rel)
	}
	for _, r := range inverse {
		row, ok := rows[r.Target]
		if !ok || !c.may(bulwark.Reader, row.Scope) {
			continue
		}
		name := r.Inverse
		if name == "" {
			name = r.Name
		}
		out = append(out, Relation{Name: name, Type: row.Type, Target: r.Target, TargetName: row.Name, Inverse: true})
	}
	return out, nil
}

func (s *Server) diff(ctx context.Context, in *Diff) (*Answer[List[Change]], error) {
	if _, _, err := s.visibleAsset(ctx, in.ID); err != nil {
		return nil, err
	}
	before, err := s.Store.ConfigAt(ctx, in.ID, in.From)
	if err != nil {
		return nil, fmt.Errorf("read version %d: %w", in.From, err)
	}
	after, err := s.Store.ConfigAt(ctx, in.ID, in.To)
	if err != nil {
		return nil, fmt.Errorf("read version %d: %w", in.To, err)
	}
	var changes []Change
	compareValues(before, after, "", &changes)
	return answer(list(changes, ""), nil)
}

// compareValues appends what differs, in the order of the earlier value and
// then of what is new.
func compareValues(a, b bulwark.Value, path string, out *[]Change) {
	if len(*out) >= maxChanges {
		return
	}
	if a.Kind() == b.Kind() {
		switch a.Kind() {
		case bulwark.Object:
			compareMembers(a, b, path, out)
			return
		case bulwark.List:
			for i := range max(a.Len(), b.Len()) {
				var x, y bulwark.Value
				if i < a.Len() {
					x = a.Index(i)
				}
				if i < b.Len() {
					y = b.Index(i)
				}
				compareValues(x, y, path+"["+strconv.Itoa(i)+"]", out)
			}
			return
		}
	}
	if bulwark.Digest(a, nil) == bulwark.Digest(b, nil) {
		return
	}
	c := Change{Path: path}
	if !a.IsAbsent() {
		c.Before = json.RawMessage(a.String())
	}
	if !b.IsAbsent() {
		c.After = json.RawMessage(b.String())
	}
	*out = append(*out, c)
}

func compareMembers(a, b bulwark.Value, path string, out *[]Change) {
	for i := range a.Len() {
		name := a.Index(i).Name()
		compareValues(a.Index(i), b.Get(name), memberPath(path, name), out)
	}
	had := make(map[string]bool, a.Len())
	for i := range a.Len() {
		had[strings.Clone(a.Key(i))] = true
	}
	for i := range b.Len() {
		if c := b.Index(i); !had[c.Name()] {
			compareValues(bulwark.Value{}, c, memberPath(path, c.Name()), out)
		}
	}
}
