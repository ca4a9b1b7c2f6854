package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func (s *session) iam() *iam.Client { return iam.NewFromConfig(s.cfg) }

// iamPage is the most that a page of IAM holds.
const iamPage = 1000

// details is what GetAccountAuthorizationDetails tells of an account: all
// principals and the account's own policies, in a few large pages.
type details struct {
	users    []types.UserDetail
	groups   []types.GroupDetail
	roles    []types.RoleDetail
	policies []types.ManagedPolicyDetail
}

func (s *session) details(ctx context.Context) (*details, error) {
	return shared(ctx, s, "authorization details", func() (*details, error) {
		d := &details{}
		client := s.iam()
		err := s.pages(ctx, func(ctx context.Context, token *string) (*string, error) {
			out, err := client.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{Marker: token, MaxItems: aws.Int32(iamPage),
				Filter: []types.EntityType{types.EntityTypeUser, types.EntityTypeRole, types.EntityTypeGroup, types.EntityTypeLocalManagedPolicy}})
			if err != nil {
				return nil, err
			}
			d.users = append(d.users, out.UserDetailList...)
			d.groups = append(d.groups, out.GroupDetailList...)
			d.roles = append(d.roles, out.RoleDetailList...)
			d.policies = append(d.policies, out.Policies...)
			return more(out.IsTruncated, out.Marker)
		})
		return d, err
	})
}

// more returns the marker of the next page. Pages that say that there is one
// and do not name it are malformed.
func more(truncated bool, marker *string) (*string, error) {
	if !truncated {
		return nil, nil
	}
	if aws.ToString(marker) == "" {
		return nil, errAnswer
	}
	return marker, nil
}

// attached returns the ARNs of attached policies, sorted.
func attached(list []types.AttachedPolicy) []string {
	arns := []string{}
	for _, p := range list {
		arns = append(arns, aws.ToString(p.PolicyArn))
	}
	slices.Sort(arns)
	return arns
}

// inline puts policies that are part of a principal.
func (d *draft) inline(list []types.PolicyDetail) {
	out := []any{}
	for _, p := range list {
		item := map[string]any{}
		put(item, "PolicyName", p.PolicyName)
		if p.PolicyDocument != nil {
			item["PolicyDocument"] = document(d.names, *p.PolicyDocument)
		}
		out = append(out, item)
	}
	d.set("Policies", out)
}

// boundary puts the policy that bounds what a principal may do.
func (d *draft) boundary(b *types.AttachedPermissionsBoundary) {
	if b != nil {
		d.set("PermissionsBoundary", b.PermissionsBoundaryArn)
		d.observe("PermissionsBoundaryType", b.PermissionsBoundaryType)
	}
}
