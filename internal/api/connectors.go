package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

// Catalog tells what connectors can be. It is the same for every organisation.
type Catalog interface {
	// Kinds returns all kinds, sorted. The caller must not change what they hold.
	Kinds() []bulwark.ConnectorKind
	// Permissions returns what the assets of a check are read with, sorted; never nil.
	Permissions(c *bulwark.Check) []bulwark.CheckPermission
	// Mend returns what gives a connector of a kind the permissions that its gaps
	// need; nil where the kind has no such text.
	Mend(kind string, needs []string) []bulwark.Template
}

// Connectors configures sources of assets while the server runs. A
// configuration or secret that its kind does not take is ErrInvalid and names
// the field; what is named by the server's flags is ErrConflict to change.
type Connectors interface {
	// Specs returns what is configured, sorted by id, and which have a secret.
	Specs(ctx context.Context) (specs []bulwark.ConnectorSpec, secrets map[string]bool, err error)
	// Add stores a connector and runs it. An id that is taken is ErrConflict; an
	// empty one is made.
	Add(ctx context.Context, spec bulwark.ConnectorSpec, secret json.RawMessage) (bulwark.ConnectorSpec, error)
	// Change changes a connector's name, interval, state and configuration by an
	// edit of what is stored, no other change in between; its history stays. A nil
	// secret keeps the one that is sealed, unless the configuration would send it
	// elsewhere, which is ErrInvalid; "{}" forgets it.
	Change(ctx context.Context, id string, edit func(*bulwark.ConnectorSpec), secret json.RawMessage) error
	// Remove takes a connector away; its assets stay and are stale.
	Remove(ctx context.Context, id string) error
	// Probe tries every permission of a connector that need not be stored; with
	// an id and a nil secret the sealed one is used, as by Change.
	Probe(ctx context.Context, spec bulwark.ConnectorSpec, secret json.RawMessage, yield func(bulwark.Probe)) error
	// Plan counts the calls of a run, as Probe.
	Plan(ctx context.Context, spec bulwark.ConnectorSpec, secret json.RawMessage) (bulwark.CallPlan, error)
}

// Connector is a source of assets with what has come of it.
type Connector struct {
	ID         string            `json:"id"`
	Kind       string            `json:"kind"`
	Name       string            `json:"name"`
	Enabled    bool              `json:"enabled"`
	Configured bool              `json:"configured" doc:"it can be changed here; false when the server's flags name it"`
	HasSecret  bool              `json:"hasSecret,omitempty" doc:"a secret is sealed; it is never shown"`
	Interval   string            `json:"interval,omitempty" doc:"between runs, as 1h0m0s; absent is on demand"`
	Watching   bool              `json:"watching,omitempty" doc:"changes are seen as they come"`
	LastRun    *bulwark.Run      `json:"lastRun,omitempty"`
	NextRun    *time.Time        `json:"nextRun,omitempty"`
	Scopes     []ConnectorScope  `json:"scopes" doc:"accounts, subscriptions, projects, clusters … that it has gathered, as far as the caller may read them"`
	Assets     int64             `json:"assets" doc:"in these scopes"`
	Stale      int64             `json:"stale" doc:"of these, not seen by the last run"`
	Gaps       int64             `json:"gaps" doc:"what could not be read"`
	Calls      int64             `json:"calls" doc:"API calls of the last run"`
	Config     map[string]any    `json:"config,omitempty" doc:"for who may change it"`
	About      *ConnectorKindRef `json:"about,omitempty" doc:"of its kind"`
}

// ConnectorKindRef is what a row shows of its kind.
type ConnectorKindRef struct {
	Title     string `json:"title"`
	Watches   bool   `json:"watches"`
	Discovers bool   `json:"discovers"`
	Probes    bool   `json:"probes"`
	Plans     bool   `json:"plans"`
}

// ConnectorScope is a scope that a connector has gathered.
type ConnectorScope struct {
	Path   string `json:"path"`
	Name   string `json:"name"`
	Kind   string `json:"kind" doc:"account, subscription, project, cluster …"`
	Assets int64  `json:"assets"`
	Stale  int64  `json:"stale"`
	Gaps   int64  `json:"gaps"`
}

// NewConnector asks for a connector.
type NewConnector struct {
	Body struct {
		ID       string         `json:"id,omitempty" maxLength:"64" pattern:"^[a-z0-9][a-z0-9:._-]*$" doc:"made from the kind when absent; it cannot be changed"`
		Kind     string         `json:"kind" minLength:"1" maxLength:"64"`
		Name     string         `json:"name" minLength:"1" maxLength:"128"`
		Enabled  *bool          `json:"enabled,omitempty" doc:"true when absent"`
		Interval *string        `json:"interval,omitempty" maxLength:"32" doc:"between runs, as 4h or 30m, at least a minute; empty is on demand; 1h when absent"`
		Config   map[string]any `json:"config,omitempty" doc:"fields of the kind's configuration"`
		Secret   map[string]any `json:"secret,omitempty" writeOnly:"true" doc:"fields of the kind's secret; sealed, and never shown"`
	}
}

// ChangedConnector changes what is present.
type ChangedConnector struct {
	InPath
	Body struct {
		Name     *string         `json:"name,omitempty" minLength:"1" maxLength:"128"`
		Enabled  *bool           `json:"enabled,omitempty"`
		Interval *string         `json:"interval,omitempty" maxLength:"32" doc:"between runs; empty is on demand"`
		Config   *map[string]any `json:"config,omitempty" doc:"replaces the whole configuration"`
		Secret   *map[string]any `json:"secret,omitempty" writeOnly:"true" doc:"replaces the secret; {} forgets it; absent keeps it"`
	}
}

// TriedConnector is a connector to try: one that is configured, one that is not
// stored, or a changed configuration of one that is.
type TriedConnector struct {
	Body struct {
		ID     string         `json:"id,omitempty" maxLength:"64"`
		Kind   string         `json:"kind,omitempty" maxLength:"64" doc:"needed without an id"`
		Config map[string]any `json:"config,omitempty" doc:"the stored one when absent with an id"`
		Secret map[string]any `json:"secret,omitempty" writeOnly:"true" doc:"the stored one when absent with an id"`
	}
}

// Probes is how permissions answered.
type Probes struct {
	Items   []bulwark.Probe  `json:"items"`
	Counts  map[string]int64 `json:"counts" doc:"probes by state"`
	Whole   bool             `json:"whole" doc:"every permission was tried within the time there is, and is an item"`
	Problem string           `json:"problem,omitempty" doc:"why it is not whole"`
}

// tryTime bounds a probe and a plan, below the time that an answer may take.
const tryTime = 50 * time.Second

// maxProbes bounds what an answer holds.
const maxProbes = 5000

var (
	connectorAdmins = Permission{bulwark.SecurityAdmin, Everywhere}

	_ = route(op{method: "GET", path: "/connector-kinds", id: "connector-kinds", summary: "Kinds of connectors, their fields, permissions and onboarding templates", tag: "connectors", allow: readers},
		func(s *Server, _ context.Context, _ *None) (*Answer[List[bulwark.ConnectorKind]], error) {
			return answer(list(s.kinds(), ""), nil)
		})

	_ = route(op{method: "GET", path: "/connectors", id: "connectors", summary: "Sources of assets, with their scopes, runs and numbers", tag: "connectors", allow: readers},
		func(s *Server, ctx context.Context, _ *None) (*Answer[List[Connector]], error) {
			rows, err := s.connectors(ctx)
			return answer(list(rows, ""), err)
		})

	_ = route(op{method: "GET", path: "/connectors/{id}", id: "connector", summary: "A source of assets, with its configuration for who may change it", tag: "connectors", allow: readers},
		func(s *Server, ctx context.Context, in *InPath) (*Answer[Connector], error) {
			return answer(s.connector(ctx, in.ID))
		})

	_ = route(op{method: "POST", path: "/connectors", id: "add-connector", summary: "Configure a source of assets, and run it", tag: "connectors", status: http.StatusCreated, allow: connectorAdmins, body: 1 << 20}, (*Server).addConnector)

	_ = route(op{method: "PATCH", path: "/connectors/{id}", id: "change-connector", summary: "Change a connector in place; its history stays", tag: "connectors", allow: connectorAdmins, body: 1 << 20}, (*Server).changeConnector)

	_ = route(op{method: "DELETE", path: "/connectors/{id}", id: "remove-connector", summary: "Remove a connector; its assets stay and are stale", tag: "connectors", status: http.StatusNoContent, allow: connectorAdmins},
		func(s *Server, ctx context.Context, in *InPath) (*Empty, error) {
			if s.Connectors == nil {
				return nil, errNoConnectors
			}
			if err := s.Connectors.Remove(ctx, in.ID); err != nil {
				return nil, err
			}
			return &Empty{}, s.audit(ctx, callerOf(ctx), "connector.remove", in.ID, "")
		})

	_ = route(op{method: "POST", path: "/connectors/probe", id: "probe-connector", summary: "Try every permission of a connector, stored or not", tag: "connectors", allow: connectorAdmins, body: 1 << 20}, (*Server).probeConnector)

	_ = route(op{method: "POST", path: "/connectors/plan", id: "plan-connector", summary: "Count the API calls of a run before it is made", tag: "connectors", allow: connectorAdmins, body: 1 << 20}, (*Server).planConnector)
)

var errNoConnectors = fmt.Errorf("connectors cannot be configured here: %w", bulwark.ErrUnavailable)

// connectors returns the rows of all connectors.
func (s *Server) connectors(ctx context.Context) ([]Connector, error) {
	running, err := s.Runs.Connectors(ctx)
	if err != nil {
		return nil, err
	}
	configured, secrets, kinds := map[string]bool{}, map[string]bool{}, map[string]bulwark.ConnectorKind{}
	if s.Connectors != nil {
		specs, sealed, err := s.Connectors.Specs(ctx)
		if err != nil {
			return nil, err
		}
		secrets = sealed
		for _, spec := range specs {
			configured[spec.ID] = true
		}
	}
	for _, k := range s.kinds() {
		kinds[k.Kind] = k
	}
	c := callerOf(ctx)
	rows := make([]Connector, 0, len(running))
	for _, r := range running {
		row := rowOf(r, func(path string) bool { return c.may(bulwark.Reader, path) })
		row.Configured, row.HasSecret = configured[r.ID], secrets[r.ID]
		if k, ok := kinds[r.Kind]; ok {
			row.About = &ConnectorKindRef{k.Title, k.Watches, k.Discovers, k.Probes, k.Plans}
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b Connector) int { return cmp.Compare(a.ID, b.ID) })
	return rows, nil
}

// kinds returns what connectors can be.
func (s *Server) kinds() []bulwark.ConnectorKind {
	if s.Catalog == nil {
		return []bulwark.ConnectorKind{}
	}
	return s.Catalog.Kinds()
}

// rowOf shows a connector with what may be read of it. Gaps of no scope count
// for those who may read everything.
func rowOf(r bulwark.Connector, readable func(scope string) bool) Connector {
	row := Connector{ID: r.ID, Kind: r.Kind, Name: r.Name, Enabled: r.Enabled, Watching: r.Watching, LastRun: r.LastRun, Scopes: []ConnectorScope{}}
	if r.Interval > 0 {
		row.Interval = r.Interval.String()
	}
	if !r.NextRun.IsZero() {
		row.NextRun = &r.NextRun
	}
	if r.LastRun != nil {
		row.Calls = r.LastRun.Calls
	}
	for _, v := range r.Scopes {
		if !readable(v.Path) {
			continue
		}
		row.Assets, row.Stale, row.Gaps = row.Assets+v.Assets, row.Stale+v.Stale, row.Gaps+v.Gaps
		if v.Path != "" {
			row.Scopes = append(row.Scopes, ConnectorScope{v.Path, v.Name, v.Kind, v.Assets, v.Stale, v.Gaps})
		}
	}
	return row
}

// connector returns one row, with the configuration for who may change it.
func (s *Server) connector(ctx context.Context, id string) (Connector, error) {
	rows, err := s.connectors(ctx)
	if err != nil {
		return Connector{}, err
	}
	i := slices.IndexFunc(rows, func(r Connector) bool { return r.ID == id })
	if i < 0 {
		return Connector{}, notFound("connector", id)
	}
	row := rows[i]
	if !row.Configured || !callerOf(ctx).permits(connectorAdmins) {
		return row, nil
	}
	spec, err := s.spec(ctx, id)
	if err != nil {
		return Connector{}, err
	}
	err = json.Unmarshal(spec.Config, &row.Config)
	return row, err
}

// spec returns what is configured under an id.
func (s *Server) spec(ctx context.Context, id string) (bulwark.ConnectorSpec, error) {
	if s.Connectors == nil {
		return bulwark.ConnectorSpec{}, errNoConnectors
	}
	specs, _, err := s.Connectors.Specs(ctx)
	if err != nil {
		return bulwark.ConnectorSpec{}, err
	}
	i := slices.IndexFunc(specs, func(v bulwark.ConnectorSpec) bool { return v.ID == id })
	if i >= 0 {
		return specs[i], nil
	}
	running, err := s.Runs.Connectors(ctx)
	if err != nil {
		return bulwark.ConnectorSpec{}, err
	}
	if slices.ContainsFunc(running, func(r bulwark.Connector) bool { return r.ID == id }) {
		return bulwark.ConnectorSpec{}, &Problem{Status: http.StatusConflict, Code: "conflict", Message: "The server's flags name this connector.", Detail: id, Mend: "Change the flags and start it again."}
	}
	return bulwark.ConnectorSpec{}, notFound("connector", id)
}

func (s *Server) addConnector(ctx context.Context, in *NewConnector) (*Answer[Connector], error) {
	if s.Connectors == nil {
		return nil, errNoConnectors
	}
	b := in.Body
	spec := bulwark.ConnectorSpec{ID: b.ID, Kind: b.Kind, Name: strings.TrimSpace(b.Name), Enabled: b.Enabled == nil || *b.Enabled, Interval: bulwark.DefaultInterval}
	var err error
	if b.Interval != nil {
		if spec.Interval, err = intervalOf(*b.Interval); err != nil {
			return nil, err
		}
	}
	if err := oneLine(spec.Name); err != nil {
		return nil, err
	}
	if spec.Config, err = objectOf(b.Config); err != nil {
		return nil, err
	}
	secret, err := secretOf(b.Secret)
	if err != nil {
		return nil, err
	}
	if spec, err = s.Connectors.Add(ctx, spec, secret); err != nil {
		return nil, err
	}
	if err := s.audit(ctx, callerOf(ctx), "connector.add", spec.ID, spec.Kind+": "+spec.Name); err != nil {
		return nil, err
	}
	return answer(s.connector(ctx, spec.ID))
}

func (s *Server) changeConnector(ctx context.Context, in *ChangedConnector) (*Answer[Connector], error) {
	if _, err := s.spec(ctx, in.ID); err != nil {
		return nil, err
	}
	b := in.Body
	var changed []string
	var name string
	var interval time.Duration
	var config, secret json.RawMessage
	var err error
	if b.Name != nil {
		name = strings.TrimSpace(*b.Name)
		if err := oneLine(name); err != nil {
			return nil, err
		}
		changed = append(changed, "name "+name)
	}
	if b.Enabled != nil {
		changed = append(changed, fmt.Sprintf("enabled %v", *b.Enabled))
	}
	if b.Interval != nil {
		if interval, err = intervalOf(*b.Interval); err != nil {
			return nil, err
		}
		changed = append(changed, "interval "+interval.String())
	}
	if b.Config != nil {
		if config, err = objectOf(*b.Config); err != nil {
			return nil, err
		}
		changed = append(changed, "configuration")
	}
	if b.Secret != nil {
		if secret, err = objectOf(*b.Secret); err != nil {
			return nil, err
		}
		changed = append(changed, "secret")
	}
	if len(changed) == 0 {
		return nil, invalid("Nothing is to be changed.", "Give name, enabled, interval, config or secret.")
	}
	edit := func(spec *bulwark.ConnectorSpec) { // what the request leaves out stays as it is by then
		if b.Name != nil {
			spec.Name = name
		}
		if b.Enabled != nil {
			spec.Enabled = *b.Enabled
		}
		if b.Interval != nil {
			spec.Interval = interval
		}
		if b.Config != nil {
			spec.Config = config
		}
	}
	if err := s.Connectors.Change(ctx, in.ID, edit, secret); err != nil {
		return nil, err
	}
	if err := s.audit(ctx, callerOf(ctx), "connector.change", in.ID, strings.Join(changed, ", ")); err != nil {
		return nil, err
	}
	return answer(s.connector(ctx, in.ID))
}

// tried returns the connector that a request asks to try.
func (s *Server) tried(ctx context.Context, in *TriedConnector) (spec bulwark.ConnectorSpec, secret json.RawMessage, err error) {
	b := in.Body
	if s.Connectors == nil {
		return spec, nil, errNoConnectors
	}
	if b.ID != "" {
		if spec, err = s.spec(ctx, b.ID); err != nil {
			return spec, nil, err
		}
		if b.Kind != "" && b.Kind != spec.Kind {
			return spec, nil, invalid("The connector is of another kind.", "Leave kind out beside an id.")
		}
	} else if b.Kind == "" {
		return spec, nil, invalid("What is to be tried?", "Give the id of a connector, or kind and config.")
	}
	spec.Kind = cmp.Or(spec.Kind, b.Kind)
	if b.Config != nil || b.ID == "" {
		if spec.Config, err = objectOf(b.Config); err != nil {
			return spec, nil, err
		}
	}
	secret, err = secretOf(b.Secret)
	return spec, secret, err
}

func (s *Server) probeConnector(ctx context.Context, in *TriedConnector) (*Answer[Probes], error) {
	spec, secret, err := s.tried(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := s.audit(ctx, callerOf(ctx), "connector.probe", cmp.Or(spec.ID, spec.Kind), ""); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	out := Probes{Items: []bulwark.Probe{}, Counts: map[string]int64{}, Whole: true}
	err = s.Connectors.Probe(ctx, spec, secret, func(p bulwark.Probe) {
		out.Counts[string(p.State)]++
		if len(out.Items) < maxProbes {
			out.Items = append(out.Items, p)
		} else {
			out.Whole, out.Problem = false, fmt.Sprintf("the first %d answers are listed; all are counted", maxProbes)
		}
	})
	if err != nil && len(out.Items) == 0 && ctx.Err() == nil {
		return nil, faultOf(err)
	}
	if err != nil {
		out.Whole, out.Problem = false, err.Error()
	}
	return answer(out, nil)
}

func (s *Server) planConnector(ctx context.Context, in *TriedConnector) (*Answer[bulwark.CallPlan], error) {
	spec, secret, err := s.tried(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := s.audit(ctx, callerOf(ctx), "connector.plan", cmp.Or(spec.ID, spec.Kind), ""); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	plan, err := s.Connectors.Plan(ctx, spec, secret)
	if plan.Scopes == nil {
		plan.Scopes = []bulwark.ScopeInfo{}
	}
	if plan.Calls == nil {
		plan.Calls = []bulwark.CallCount{}
	}
	return answer(plan, faultOf(err))
}

// faultOf keeps what a provider refuses apart from what this server refuses: a
// caller's role would not mend it.
func faultOf(err error) error {
	var f *bulwark.Fault
	if !errors.As(err, &f) {
		return err
	}
	p := &Problem{Status: http.StatusServiceUnavailable, Code: "unavailable", Message: sentence(err.Error()), Mend: "Check the configuration, and that this server can reach the provider."}
	switch f.Kind {
	case bulwark.FaultDenied, bulwark.FaultCredentials:
		p.Mend = "The provider refuses these credentials: give access, or give others."
		if f.Needs != "" {
			p.Mend = "The provider asks for " + f.Needs + "."
		}
	case bulwark.FaultThrottled:
		p.Mend = "The provider asks to wait: try again in a minute."
	}
	return p
}

// objectOf returns an object as JSON; none is an empty one.
func objectOf(v map[string]any) (json.RawMessage, error) {
	if v == nil {
		return json.RawMessage("{}"), nil
	}
	return json.Marshal(v)
}

// secretOf returns a secret as JSON, nil for none.
func secretOf(v map[string]any) (json.RawMessage, error) {
	if len(v) == 0 {
		return nil, nil
	}
	return json.Marshal(v)
}

// intervalOf reads the time between runs; "" is on demand.
func intervalOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Minute || d > 31*24*time.Hour {
		return 0, invalid("The interval is not a time between a minute and a month.", "Write it as 30m or 4h.")
	}
	return d.Truncate(time.Second), nil
}

func oneLine(name string) error {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return invalid("The connector needs a name in one line.", "")
	}
	return nil
}
