package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
)

func (s *session) eks() *eks.Client { return eks.NewFromConfig(s.cfg) }

// eksClusters returns the names of the region's clusters.
func (s *session) eksClusters(ctx context.Context) ([]string, error) {
	return shared(ctx, s, "eks clusters", func() ([]string, error) {
		client := s.eks()
		return all(ctx, s, func(ctx context.Context, token *string) ([]string, *string, error) {
			out, err := client.ListClusters(ctx, &eks.ListClustersInput{NextToken: token, MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.Clusters, out.NextToken, nil
		})
	})
}

var _ = collect(collector{
	Type: "AWS::EKS::Cluster", Service: "eks",
	Needs: []need{lists("eks:ListClusters"), each("eks:DescribeCluster")},
	List: func(ctx context.Context, s *session) error {
		list, err := s.eksClusters(ctx)
		if err != nil {
			return err
		}
		client := s.eks()
		return drafts(ctx, s, list, func(ctx context.Context, name string, d *draft) error {
			d.set("Name", name)
			d.Name = name
			return s.part(ctx, d, fields[types.Cluster](d, nil)+" _LogTypes", "", func() error {
				out, err := client.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String(name)})
				if err != nil || out.Cluster == nil {
					return or(err, errAnswer)
				}
				v := out.Cluster
				d.take(v, names{"Logging": ""})
				d.set("EncryptionConfig", append([]types.EncryptionConfig{}, v.EncryptionConfig...))
				logs := []string{}
				enabled := []any{}
				if v.Logging != nil {
					for _, setup := range v.Logging.ClusterLogging {
						if !aws.ToBool(setup.Enabled) {
							continue
						}
						for _, t := range setup.Types {
							logs = append(logs, string(t))
							enabled = append(enabled, map[string]any{"Type": string(t)})
						}
					}
				}
				d.set("Logging.ClusterLogging.EnabledTypes", enabled)
				d.set("_LogTypes", logs)
				return nil
			})
		})
	},
})

// eksChild is a collector of what clusters have: it is listed by name within
// each cluster and described one by one.
func eksChild(typ string, needs []need, list func(ctx context.Context, c *eks.Client, cluster, token *string) ([]string, *string, error), describe func(ctx context.Context, s *session, c *eks.Client, cluster, name string, d *draft) error) collector {
	return collector{
		Type: typ, Service: "eks", Needs: append([]need{lists("eks:ListClusters")}, needs...),
		List: func(ctx context.Context, s *session) error {
			parents, err := s.eksClusters(ctx)
			if err != nil {
				return err
			}
			client := s.eks()
			return within(ctx, s, parents, func(ctx context.Context, cluster string) error {
				return assets(ctx, s, func(ctx context.Context, token *string) ([]string, *string, error) {
					return list(ctx, client, &cluster, token)
				}, func(ctx context.Context, name string, d *draft) error {
					d.Name = cluster + "/" + lastPart(name)
					d.set("ClusterName", cluster)
					d.relate("cluster", "", "AWS::EKS::Cluster", s.arn("eks", "cluster/"+cluster))
					return describe(ctx, s, client, cluster, name, d)
				})
			})
		},
	}
}

// arn returns the ARN of a thing of the session's account and region.
func (s *session) arn(service, thing string) string {
	return "arn:" + s.account.partition + ":" + service + ":" + s.region + ":" + s.account.id + ":" + thing
}

// Node groups, add-ons and access entries have ARNs that only their
// descriptions tell, with an id of the service's own. So ours are made of the
// names, which are unique within a cluster: an asset whose description is
// denied stays the same asset.
var _ = collect(eksChild("AWS::EKS::Nodegroup", []need{lists("eks:ListNodegroups"), each("eks:DescribeNodegroup")},
	func(ctx context.Context, c *eks.Client, cluster, token *string) ([]string, *string, error) {
		out, err := c.ListNodegroups(ctx, &eks.ListNodegroupsInput{ClusterName: cluster, NextToken: token, MaxResults: aws.Int32(100)})
		if err != nil {
			return nil, nil, err
		}
		return out.Nodegroups, out.NextToken, nil
	},
	func(ctx context.Context, s *session, c *eks.Client, cluster, name string, d *draft) error {
		d.ARN = s.arn("eks", "nodegroup/"+cluster+"/"+name)
		d.set("NodegroupName", name)
		return s.part(ctx, d, fields[types.Nodegroup](d, nil), "", func() error {
			out, err := c.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: &cluster, NodegroupName: &name})
			if err != nil || out.Nodegroup == nil {
				return or(err, errAnswer)
			}
			d.take(out.Nodegroup, nil)
			return nil
		})
	}))

var _ = collect(eksChild("AWS::EKS::Addon", []need{lists("eks:ListAddons"), each("eks:DescribeAddon")},
	func(ctx context.Context, c *eks.Client, cluster, token *string) ([]string, *string, error) {
		out, err := c.ListAddons(ctx, &eks.ListAddonsInput{ClusterName: cluster, NextToken: token, MaxResults: aws.Int32(100)})
		if err != nil {
			return nil, nil, err
		}
		return out.Addons, out.NextToken, nil
	},
	func(ctx context.Context, s *session, c *eks.Client, cluster, name string, d *draft) error {
		d.ARN = s.arn("eks", "addon/"+cluster+"/"+name)
		d.set("AddonName", name)
		return s.part(ctx, d, fields[types.Addon](d, nil), "", func() error {
			out, err := c.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: &cluster, AddonName: &name})
			if err != nil || out.Addon == nil {
				return or(err, errAnswer)
			}
			d.take(out.Addon, nil)
			return nil
		})
	}))

var _ = collect(eksChild("AWS::EKS::AccessEntry", []need{lists("eks:ListAccessEntries"), each("eks:DescribeAccessEntry"), each("eks:ListAssociatedAccessPolicies")},
	func(ctx context.Context, c *eks.Client, cluster, token *string) ([]string, *string, error) {
		out, err := c.ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: cluster, NextToken: token, MaxResults: aws.Int32(100)})
		if err != nil {
			return nil, nil, err
		}
		return out.AccessEntries, out.NextToken, nil
	},
	func(ctx context.Context, s *session, c *eks.Client, cluster, principal string, d *draft) error {
		d.ARN = s.arn("eks", "access-entry/"+cluster+"/"+principal)
		d.set("PrincipalArn", principal)
		if err := s.part(ctx, d, fields[types.AccessEntry](d, nil), "", func() error {
			out, err := c.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: &cluster, PrincipalArn: &principal})
			if err != nil || out.AccessEntry == nil {
				return or(err, errAnswer)
			}
			d.take(out.AccessEntry, nil)
			return nil
		}); err != nil {
			return err
		}
		return s.part(ctx, d, "AccessPolicies", "", func() error {
			list, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.AssociatedAccessPolicy, *string, error) {
				out, err := c.ListAssociatedAccessPolicies(ctx, &eks.ListAssociatedAccessPoliciesInput{ClusterName: &cluster, PrincipalArn: &principal, NextToken: token})
				if err != nil {
					return nil, nil, err
				}
				return out.AssociatedAccessPolicies, out.NextToken, nil
			})
			d.set("AccessPolicies", append([]types.AssociatedAccessPolicy{}, list...))
			return err
		})
	}))
