package gcp

import (
	"context"
	"crypto/sha256"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// maxPolicies bounds the bytes of IAM policies that are held while resources
// stream by: equal ones are held once, so this is some millions of resources.
const maxPolicies = 512 << 20

// policyTable holds the IAM policies of assets by their names. Names are kept as
// digests: a million take 32 MB.
type policyTable struct {
	byName  map[[16]byte]string // JSON; "" was cut
	texts   map[string]string   // each text once
	bytes   int
	reasons map[string]string // by parent: why a name that is not in the table is unknown; none means it has no policy
}

func newPolicyTable() *policyTable {
	return &policyTable{byName: map[[16]byte]string{}, texts: map[string]string{}, reasons: map[string]string{}}
}

func nameKey(name string) [16]byte {
	sum := sha256.Sum256([]byte(name))
	return [16]byte(sum[:16])
}

func (t *policyTable) add(name string, policy bulwark.Value) bool {
	text := string(bulwark.AppendJSON(nil, policy))
	kept, ok := t.texts[text]
	if !ok {
		if t.bytes += len(text); t.bytes > maxPolicies {
			return false
		}
		kept = text
		t.texts[text] = text
	}
	t.byName[nameKey(name)] = kept
	return true
}

// get returns the policy of a name below a parent: absent where it has none; a
// reason says why that was not learned.
func (t *policyTable) get(parent, name string) (policy bulwark.Value, reason string) {
	text, ok := t.byName[nameKey(name)]
	if !ok {
		return bulwark.Value{}, t.reasons[parent]
	}
	if text == "" {
		return bulwark.Value{}, cutReason
	}
	v, err := bulwark.DecodeJSON([]byte(text), bulwark.DecodeOptions{Marks: true})
	if err != nil {
		return bulwark.Value{}, "its policy was not kept"
	}
	return v, ""
}

// readPolicies adds the IAM policies below a parent to the table. A failure is a
// gap: what was not told is unknown, and what came before it is kept.
func (g *gathering) readPolicies(ctx context.Context, parent string) error {
	_, err := g.e.list(ctx, query{parent: parent, content: iamPolicies, at: g.at}, func(assets []bulwark.Value) error {
		g.pages[iamPolicies]++
		for _, a := range assets {
			policy := a.Get("iamPolicy")
			if isCut(a) {
				g.iam.byName[nameKey(a.Get("name").Text())] = ""
			} else if policy.Kind() == bulwark.Object && !g.iam.add(a.Get("name").Text(), policy) {
				return &bulwark.Fault{Kind: bulwark.FaultFailed, Call: listCalls[iamPolicies].String(), Object: parent, Needs: "a connector for each folder", Err: errTooMany}
			}
		}
		return nil
	})
	g.iam.reasons[parent], err = g.lacking(ctx, err, listCalls[iamPolicies], "IAM policies", parent)
	return err
}

// lacking makes a failed listing of something that is only joined a gap and the
// reason of the unknown values that follow from it. It returns an error only
// where the run is over.
func (g *gathering) lacking(ctx context.Context, err error, k call, what, parent string) (reason string, over error) {
	if err == nil {
		return "", nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	f := provider.FaultOf(err, k.String(), parent)
	return provider.Reason(f), g.gap(f.Gap(what, g.e.where("gcp", parent)))
}

// readOrgPolicies reads the organisation policies below a parent by the name of
// what they are set on, as Organization Policy API v1 writes them.
func (g *gathering) readOrgPolicies(ctx context.Context, parent string) error {
	_, err := g.e.list(ctx, query{parent: parent, content: orgPolicies, at: g.at}, func(assets []bulwark.Value) error {
		for _, a := range assets {
			name := a.Get("name").Text()
			if g.nodes[strings.TrimPrefix(name, managerHost)] == nil {
				continue
			}
			b := bulwark.NewBuilder(g.e.options.Types.Names(), bulwark.Limits{})
			if isCut(a) {
				g.policyReason = cutReason
				b.Unknown(cutReason)
			} else {
				b.Copy(a.Get("orgPolicy"))
			}
			v, err := b.Build("")
			if err != nil {
				return err
			}
			g.policies[strings.Clone(name)] = v
		}
		return nil
	})
	reason, err := g.lacking(ctx, err, listCalls[orgPolicies], "organisation policies", parent)
	if reason != "" {
		g.policyReason = reason
	}
	return err
}

// readAccess reads the organisation's access policies, levels and service
// perimeters: the inventory tells them in a listing of their own.
func (g *gathering) readAccess(ctx context.Context, parent string) error {
	b := bulwark.NewBuilder(g.e.options.Types.Names(), bulwark.Limits{})
	b.List()
	_, err := g.e.list(ctx, query{parent: parent, content: access, at: g.at}, func(assets []bulwark.Value) error {
		for _, a := range assets {
			for _, member := range []string{"accessPolicy", "accessLevel", "servicePerimeter"} {
				if v := a.Get(member); v.Kind() == bulwark.Object {
					b.Object()
					b.Key(member)
					b.Copy(v)
					b.End()
				}
			}
			if isCut(a) {
				b.Unknown(cutReason)
			}
		}
		return b.Err()
	})
	b.End()
	reason, err := g.lacking(ctx, err, listCalls[access], "access policies", parent)
	if err != nil {
		return err
	}
	if reason != "" {
		b = bulwark.NewBuilder(nil, bulwark.Limits{})
		b.Unknown(reason)
	}
	g.access, err = b.Build("")
	return err
}
