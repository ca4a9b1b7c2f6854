package aws

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::SecurityGroup", Service: "ec2",
	Needs: []need{lists("ec2:DescribeSecurityGroups")},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.SecurityGroup, *string, error) {
			out, err := client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.SecurityGroups, out.NextToken, nil
		}, func(ctx context.Context, v types.SecurityGroup, d *draft) error {
			d.take(v, names{"Description": "GroupDescription", "IpPermissions": "", "IpPermissionsEgress": ""}).nameTag(v.GroupId)
			d.Name = cmp.Or(aws.ToString(v.GroupName), d.Name)
			d.ARN = aws.ToString(v.SecurityGroupArn)
			delete(d.observed, "IpPermissions") // which the rules tell
			delete(d.observed, "IpPermissionsEgress")
			d.set("SecurityGroupIngress", rules(v.IpPermissions, v.GroupId, "Source"))
			d.set("SecurityGroupEgress", rules(v.IpPermissionsEgress, v.GroupId, "Destination"))
			d.set("_Default", aws.ToString(v.GroupName) == "default")
			return nil
		})
	},
})

// rules writes permissions as CloudFormation has rules: one for each range,
// group and prefix list, in an order of their own since EC2 keeps none. end is
// Source or Destination.
func rules(permissions []types.IpPermission, own *string, end string) []any {
	out := []any{}
	for _, p := range permissions {
		base := map[string]any{"IpProtocol": protocol(p.IpProtocol)}
		put(base, "FromPort", p.FromPort)
		put(base, "ToPort", p.ToPort)
		add := func(key string, value, description *string) map[string]any {
			rule := maps.Clone(base)
			put(rule, key, value)
			put(rule, "Description", description)
			out = append(out, rule)
			return rule
		}
		for _, r := range p.IpRanges {
			add("CidrIp", r.CidrIp, r.Description)
		}
		for _, r := range p.Ipv6Ranges {
			add("CidrIpv6", r.CidrIpv6, r.Description)
		}
		for _, r := range p.PrefixListIds {
			add(end+"PrefixListId", r.PrefixListId, r.Description)
		}
		for _, g := range p.UserIdGroupPairs {
			rule := add(end+"SecurityGroupId", g.GroupId, g.Description)
			put(rule, "SourceSecurityGroupOwnerId", g.UserId)
			put(rule, "SourceSecurityGroupName", g.GroupName)
			put(rule, "VpcId", g.VpcId)
			put(rule, "VpcPeeringConnectionId", g.VpcPeeringConnectionId)
			put(rule, "PeeringStatus", g.PeeringStatus)
			rule["_Self"] = aws.ToString(g.GroupId) == aws.ToString(own)
		}
	}
	slices.SortStableFunc(out, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return out
}

// put sets a member unless it has no value.
func put[T any](m map[string]any, key string, v *T) {
	if v != nil {
		m[key] = *v
	}
}
