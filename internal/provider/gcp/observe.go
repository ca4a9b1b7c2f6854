package gcp

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// observe writes what holds for a node by itself and all that is above it: the
// constraints, the audit logs of every service with whom they leave out, and
// whether all log entries are exported.
func (g *gathering) observe(n *node, id string) (bulwark.Value, error) {
	b := bulwark.NewBuilder(g.e.options.Types.Names(), bulwark.Limits{})
	hold, unread := g.effective(n)
	b.Object()
	b.Key("constraints")
	if g.policyReason != "" {
		b.Unknown(g.policyReason)
	} else {
		writeList(b, hold, beyond("policies", unread))
	}
	logs, exempt, reason := g.audited(n)
	if reason == "" {
		reason = beyond("audit configurations", unread)
	}
	b.Key("auditLogs")
	writeList(b, logs, reason)
	b.Key("auditExemptMembers")
	writeList(b, exempt, reason)
	b.Key("logsExported")
	switch exported, reason := g.exported(n, unread); {
	case !exported && reason != "":
		b.Unknown(reason)
	default:
		b.Bool(exported)
	}
	b.End()
	return b.Build(id)
}

// writeList writes what is known, and that there may be more where there is a reason.
func writeList(b *bulwark.Builder, known []string, reason string) {
	b.List()
	for _, text := range known {
		b.String(text)
	}
	if reason != "" {
		b.Unknown(reason)
	}
	b.End()
}

func beyond(what string, unread []string) string {
	if len(unread) == 0 {
		return ""
	}
	return fmt.Sprintf("the %s of %s are outside of what the connector reads", what, strings.Join(unread, ", "))
}

// audited returns the kinds of Data Access log that are on for every service,
// and the members whose calls one of them leaves out. Configurations of all
// levels add up. Source: Cloud Logging, Configure Data Access audit logs.
func (g *gathering) audited(n *node) (logs, exempt []string, reason string) {
	on, out := map[string]bool{}, map[string]bool{}
	for _, key := range n.ancestors {
		if g.nodes[key] == nil {
			continue
		}
		policy, why := g.iam.get(g.parentFor(n), managerHost+key)
		reason = orElse(reason, why)
		for _, c := range policy.Get("auditConfigs").Children() {
			if c.Get("service").Text() != "allServices" {
				continue
			}
			for _, l := range c.Get("auditLogConfigs").Children() {
				on[l.Get("logType").Text()] = true
				for _, m := range l.Get("exemptedMembers").Children() {
					out[m.Text()] = true
				}
			}
		}
	}
	delete(on, "")
	return slices.Sorted(maps.Keys(on)), slices.Sorted(maps.Keys(out)), reason
}

// exported reports whether a sink of the node, or one above it that includes
// children, takes every log entry.
func (g *gathering) exported(n *node, unread []string) (bool, string) {
	partly := false
	for _, key := range n.ancestors {
		s := g.sinks[key]
		if s.own && key == n.key || s.below {
			return true, ""
		}
		partly = partly || s.cut
	}
	if partly {
		return false, "a log sink was told in part"
	}
	if gap := g.failed[g.parentFor(n)]; gap != nil {
		return false, "the log sinks were not all listed: " + gap.Why
	}
	return false, beyond("log sinks", unread)
}

// sinks says whether a node has a sink that takes every entry, one that takes
// those of all below it, and one of which not all was told.
type sinks struct{ own, below, cut bool }

// noteSink keeps a sink that takes every entry: it is on, and filters and
// excludes nothing.
func (g *gathering) noteSink(n *node, data bulwark.Value, cut bool) {
	if cut {
		s := g.sinks[n.key]
		s.cut = true
		g.sinks[n.key] = s
		return
	}
	if data.Get("filter").Text() != "" || data.Get("disabled").Bool() {
		return
	}
	for _, x := range data.Get("exclusions").Children() {
		if !x.Get("disabled").Bool() {
			return
		}
	}
	s := g.sinks[n.key]
	s.own, s.below = true, s.below || data.Get("includeChildren").Bool()
	g.sinks[n.key] = s
}
