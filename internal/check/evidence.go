package check

import (
	"strconv"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/expr"
)

const (
	maxEvidence  = 32
	maxInstances = 1000
	maxValue     = 256 // bytes of a value's JSON
)

// explain runs the check again, tracing, and sets the answer's evidence and
// instances: what decided, and where it stands.
func (r *rule) explain(run *expr.Run, parameters bulwark.Value, out *bulwark.Assessment) {
	defer func() {
		if p := recover(); p != nil {
			out.Evidence, out.Instances = nil, nil
		}
	}()
	run.Begin(r.scope, parameters)
	if r.when != nil {
		if a, t := r.when.Trace(run); a != expr.True {
			out.Evidence = evidence(run.Asset, t.Reads, a == expr.Unknown)
			return
		}
	}
	_, t := r.healthy.Trace(run)
	out.Evidence = evidence(run.Asset, t.Reads, out.State == bulwark.Undetermined)
	if out.State == bulwark.Unhealthy {
		out.Instances, out.Partial = instances(run.Asset, t.Culprits), t.Partial
	}
}

// evidence describes reads; of an unknown answer only those that are unknown.
func evidence(a *bulwark.Asset, reads []expr.Read, unknown bool) []bulwark.Evidence {
	type place struct{ asset, path, reason string }
	seen := map[place]bool{}
	var list []bulwark.Evidence
	for i := range reads {
		rd := &reads[i]
		if unknown && rd.Reason == "" {
			continue
		}
		e := bulwark.Evidence{Asset: owner(a, rd.Anchor), Path: path(a, rd.Anchor, rd.Rest), Reason: rd.Reason, Position: position(a, rd.Anchor)}
		if rd.Reason == "" {
			e.Value = clip(rd.Value.String(), maxValue)
		}
		if e.Path == "" && e.Reason == "" {
			continue
		}
		if k := (place{e.Asset, e.Path, e.Reason}); !seen[k] {
			seen[k] = true
			if list = append(list, e); len(list) == maxEvidence {
				break
			}
		}
	}
	return list
}

// owner returns the id of the asset that a value belongs to.
func owner(a *bulwark.Asset, v bulwark.Value) string {
	if id := v.Asset(); id != "" {
		return id
	}
	return a.ID
}

// path is a value's path in its document; observed properties begin with
// observed.
func path(a *bulwark.Asset, anchor bulwark.Value, rest string) string {
	p := anchor.Path()
	if doc := anchor.Doc(); doc != nil && doc == a.Observed.Doc() && doc != a.Properties.Doc() {
		p = strings.TrimSuffix("observed."+p, ".")
	}
	switch {
	case p == "":
		return rest
	case rest == "" || rest[0] == '[':
		return p + rest
	}
	return p + "." + rest
}

// position is where a value stands, else where its asset is declared. A value
// of no asset is a check's own, such as a parameter: where that stands is not
// where the fault is.
func position(a *bulwark.Asset, v bulwark.Value) bulwark.Position {
	if p := v.Position(); (p.File != "" || p.Line > 0) && (v.Asset() != "" || v.Doc() == a.Properties.Doc()) {
		return p
	}
	if owner(a, v) == a.ID {
		return a.Position
	}
	return bulwark.Position{}
}

// instances names the elements at fault. Keys are stable: what an element
// calls itself, the id of a related asset, else its place in the list; a key
// that comes twice gets #2.
func instances(a *bulwark.Asset, culprits []expr.Culprit) []bulwark.Instance {
	times := map[string]int{}
	places := map[string]bool{}
	var list []bulwark.Instance
	for i := range culprits {
		c := &culprits[i]
		in := bulwark.Instance{Key: key(a, c), Location: position(a, c.Element)}
		if c.Element.Doc() != nil {
			in.Path = path(a, c.Element, "")
			if at := owner(a, c.Element) + "\x00" + in.Path; places[at] { // two conditions, one element
				continue
			} else {
				places[at] = true
			}
		}
		if c.Read != nil && c.Read.Anchor.Doc() != nil {
			in.Location = position(a, c.Read.Anchor)
		}
		if times[in.Key]++; times[in.Key] > 1 {
			in.Key += "#" + strconv.Itoa(times[in.Key])
		}
		if list = append(list, in); len(list) == maxInstances {
			break
		}
	}
	return list
}

// identifying are members by which elements of lists are told apart, best
// first.
var identifying = []string{"name", "Name", "id", "Id", "ID", "key", "Key", "path", "Path", "arn", "Arn", "Sid", "SID", "GroupId", "CidrIp", "CidrIpv6", "username"}

func key(a *bulwark.Asset, c *expr.Culprit) string {
	v := c.Element
	if id := v.Asset(); id != "" && id != a.ID {
		return id
	}
	switch v.Kind() {
	case bulwark.Object:
		for _, name := range identifying {
			if id := v.Get(name); id.Kind() == bulwark.String && id.Len() > 0 && id.Len() <= maxValue {
				return id.Text()
			}
		}
	case bulwark.String, bulwark.Int, bulwark.Bool, bulwark.Float:
		return clip(strings.Trim(v.String(), `"`), maxValue)
	case bulwark.Absent:
		if c.Text != "" {
			return clip(c.Text, maxValue)
		}
	}
	return strconv.Itoa(c.Index)
}

// reasons tells why an answer is unknown.
func reasons(list []bulwark.Evidence) string {
	var parts []string
	seen := map[string]bool{}
	for _, e := range list {
		s := e.Reason
		if e.Path != "" {
			s = e.Path + " is unknown: " + e.Reason
		}
		if s != "" && !seen[s] && len(parts) < 3 {
			seen[s] = true
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "; ")
}
