package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/bulwarksec/bulwark/internal/provider"
)

var _ = collect(collector{
	Type: "AWS::IAM::Role", Service: "iam", Where: global,
	Needs: []need{lists("iam:GetAccountAuthorizationDetails"), once("iam:ListRoles")},
	List: func(ctx context.Context, s *session) error {
		all, err := s.details(ctx)
		if err != nil {
			return err
		}
		more, err := s.roles(ctx)
		if ended := s.ended(ctx, err); ended != nil {
			return ended
		}
		return drafts(ctx, s, all.roles, func(_ context.Context, v types.RoleDetail, d *draft) error {
			d.role(v)
			if err != nil {
				f := s.fault(err, s.where())
				d.unknown("MaxSessionDuration", provider.Reason(f))
				s.gap("MaxSessionDuration", f)
			} else if r, ok := more[d.ARN]; ok {
				d.set("MaxSessionDuration", r.MaxSessionDuration)
				d.observe("Description", r.Description)
			}
			return nil
		})
	},
})

func (d *draft) role(v types.RoleDetail) {
	d.take(v, names{"RolePolicyList": "", "AssumeRolePolicyDocument": "", "PermissionsBoundary": "", "InstanceProfileList": ""})
	d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.RoleName)
	for _, name := range []string{"RolePolicyList", "AssumeRolePolicyDocument", "InstanceProfileList"} {
		delete(d.observed, name) // documents are texts for a URL
	}
	d.policy("AssumeRolePolicyDocument", v.AssumeRolePolicyDocument)
	d.inline(v.RolePolicyList)
	d.set("ManagedPolicyArns", attached(v.AttachedManagedPolicies))
	d.boundary(v.PermissionsBoundary)
	profiles := []any{}
	for _, p := range v.InstanceProfileList {
		p.Roles = nil // this one
		profiles = append(profiles, p)
	}
	d.observe("InstanceProfileList", profiles)
}

// roles returns what only their list tells, by ARN.
func (s *session) roles(ctx context.Context) (map[string]types.Role, error) {
	client := s.iam()
	list, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.Role, *string, error) {
		out, err := client.ListRoles(ctx, &iam.ListRolesInput{Marker: token, MaxItems: aws.Int32(iamPage)})
		if err != nil {
			return nil, nil, err
		}
		next, err := more(out.IsTruncated, out.Marker)
		return out.Roles, next, err
	})
	byARN := make(map[string]types.Role, len(list))
	for _, r := range list {
		byARN[aws.ToString(r.Arn)] = r
	}
	return byARN, err
}
