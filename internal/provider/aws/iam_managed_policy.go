package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// The account's own policies; those of AWS are the same everywhere.
var _ = collect(collector{
	Type: "AWS::IAM::ManagedPolicy", Service: "iam", Where: global,
	Needs: []need{lists("iam:GetAccountAuthorizationDetails")},
	List: func(ctx context.Context, s *session) error {
		all, err := s.details(ctx)
		if err != nil {
			return err
		}
		to := all.attachments()
		return drafts(ctx, s, all.policies, func(_ context.Context, v types.ManagedPolicyDetail, d *draft) error {
			d.take(v, names{"PolicyName": "ManagedPolicyName", "PolicyVersionList": ""})
			d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.PolicyName)
			versions := []any{}
			for _, p := range v.PolicyVersionList {
				if p.IsDefaultVersion {
					d.policy("PolicyDocument", p.Document)
				}
				p.Document = nil // only the version that is in force
				versions = append(versions, p)
			}
			d.observe("PolicyVersionList", versions)
			if d.get("PolicyDocument") == nil {
				d.unknown("PolicyDocument", "malformed: no version is in force")
			}
			for kind, names := range to[d.ARN] {
				d.set(kind, names)
			}
			return nil
		})
	},
})

// attachments returns whom policies are attached to: ARN → Users, Groups or
// Roles → names.
func (l *details) attachments() map[string]map[string][]string {
	out := map[string]map[string][]string{}
	add := func(kind string, name *string, list []types.AttachedPolicy) {
		for _, arn := range attached(list) {
			if out[arn] == nil {
				out[arn] = map[string][]string{}
			}
			out[arn][kind] = append(out[arn][kind], aws.ToString(name))
		}
	}
	for _, u := range l.users {
		add("Users", u.UserName, u.AttachedManagedPolicies)
	}
	for _, g := range l.groups {
		add("Groups", g.GroupName, g.AttachedManagedPolicies)
	}
	for _, r := range l.roles {
		add("Roles", r.RoleName, r.AttachedManagedPolicies)
	}
	return out
}
