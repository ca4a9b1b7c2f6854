package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func (s *session) ecs() *ecs.Client { return ecs.NewFromConfig(s.cfg) }

// ecsClusters returns the ARNs of the region's clusters.
func (s *session) ecsClusters(ctx context.Context) ([]string, error) {
	return shared(ctx, s, "ecs clusters", func() ([]string, error) {
		client := s.ecs()
		return all(ctx, s, func(ctx context.Context, token *string) ([]string, *string, error) {
			out, err := client.ListClusters(ctx, &ecs.ListClustersInput{NextToken: token, MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.ClusterArns, out.NextToken, nil
		})
	})
}

var _ = collect(collector{
	Type: "AWS::ECS::Cluster", Service: "ecs",
	Needs: []need{lists("ecs:ListClusters"), lists("ecs:DescribeClusters")},
	List: func(ctx context.Context, s *session) error {
		arns, err := s.ecsClusters(ctx)
		if err != nil {
			return err
		}
		client := s.ecs()
		return within(ctx, s, chunks(arns, 100), func(ctx context.Context, some []string) error {
			out, err := client.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: some, Include: []types.ClusterField{types.ClusterFieldConfigurations, types.ClusterFieldSettings, types.ClusterFieldTags}})
			if err != nil {
				return err
			}
			err = drafts(ctx, s, out.Clusters, func(_ context.Context, v types.Cluster, d *draft) error {
				if aws.ToString(v.Status) == "INACTIVE" {
					return errSkip // deleted; it is listed for a while
				}
				d.take(v, names{"ClusterArn": "Arn", "Settings": "ClusterSettings"})
				d.ARN, d.Name = aws.ToString(v.ClusterArn), aws.ToString(v.ClusterName)
				d.set("_ExecConfigured", v.Configuration != nil && v.Configuration.ExecuteCommandConfiguration != nil)
				return nil
			})
			return or(err, described(len(some), len(out.Clusters), out.Failures))
		})
	},
})

// described returns a fault unless each of some names was described, or is gone
// since it was listed.
func described(asked, got int, failures []types.Failure) error {
	for _, f := range failures {
		if aws.ToString(f.Reason) == "MISSING" {
			asked--
		}
	}
	if got < asked {
		return errAnswer
	}
	return nil
}

// ecsServices returns the region's services.
func (s *session) ecsServices(ctx context.Context) ([]types.Service, error) {
	return shared(ctx, s, "ecs services", func() ([]types.Service, error) {
		clusters, err := s.ecsClusters(ctx)
		if err != nil {
			return nil, err
		}
		client := s.ecs()
		var services []types.Service
		for _, cluster := range clusters {
			arns, err := all(ctx, s, func(ctx context.Context, token *string) ([]string, *string, error) {
				out, err := client.ListServices(ctx, &ecs.ListServicesInput{Cluster: &cluster, NextToken: token, MaxResults: aws.Int32(100)})
				if err != nil {
					return nil, nil, err
				}
				return out.ServiceArns, out.NextToken, nil
			})
			if err != nil && code(err) != "ClusterNotFoundException" {
				return services, err
			}
			for _, some := range chunks(arns, 10) {
				out, err := client.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: some, Include: []types.ServiceField{types.ServiceFieldTags}})
				if err != nil {
					return services, err
				}
				services = append(services, out.Services...)
				if err := described(len(some), len(out.Services), out.Failures); err != nil {
					return services, err
				}
			}
		}
		return services, nil
	})
}

var _ = collect(collector{
	Type: "AWS::ECS::Service", Service: "ecs",
	Needs: []need{lists("ecs:ListClusters"), lists("ecs:ListServices"), lists("ecs:DescribeServices")},
	List: func(ctx context.Context, s *session) error {
		list, listErr := s.ecsServices(ctx)
		if ended := s.ended(ctx, listErr); ended != nil {
			return ended
		}
		err := drafts(ctx, s, list, func(_ context.Context, v types.Service, d *draft) error {
			if aws.ToString(v.Status) == "INACTIVE" {
				return errSkip
			}
			d.take(v, names{"ClusterArn": "Cluster"})
			d.ARN, d.Name = aws.ToString(v.ServiceArn), aws.ToString(v.ServiceName)
			d.relate("cluster", "services", "AWS::ECS::Cluster", aws.ToString(v.ClusterArn))
			d.relate("task-definition", "services", "AWS::ECS::TaskDefinition", aws.ToString(v.TaskDefinition))
			return nil
		})
		return or(err, listErr)
	},
})

// Of a family of task definitions its newest revision is an asset, and those
// that a service runs: old ones are kept by ECS for ever.
var _ = collect(collector{
	Type: "AWS::ECS::TaskDefinition", Service: "ecs",
	Needs: []need{lists("ecs:ListTaskDefinitions"), lists("ecs:ListClusters"), lists("ecs:ListServices"), lists("ecs:DescribeServices"), each("ecs:DescribeTaskDefinition")},
	List: func(ctx context.Context, s *session) error {
		client := s.ecs()
		arns, err := all(ctx, s, func(ctx context.Context, token *string) ([]string, *string, error) {
			out, err := client.ListTaskDefinitions(ctx, &ecs.ListTaskDefinitionsInput{NextToken: token, MaxResults: aws.Int32(100), Status: types.TaskDefinitionStatusActive, Sort: types.SortOrderDesc})
			if err != nil {
				return nil, nil, err
			}
			return out.TaskDefinitionArns, out.NextToken, nil
		})
		if err != nil {
			return err
		}
		arns = newest(arns)
		services, err := s.ecsServices(ctx)
		if ended := s.ended(ctx, err); ended != nil {
			return ended
		}
		if err != nil {
			s.incomplete(s.fault(err, s.where()))
		}
		for _, v := range services {
			if arn := aws.ToString(v.TaskDefinition); strings.HasPrefix(arn, "arn:") && aws.ToString(v.Status) != "INACTIVE" && !slices.Contains(arns, arn) {
				arns = append(arns, arn)
			}
		}
		return drafts(ctx, s, arns, func(ctx context.Context, arn string, d *draft) error {
			d.ARN, d.Name = arn, lastPart(family(arn))
			d.set("TaskDefinitionArn", arn)
			return s.part(ctx, d, fields[types.TaskDefinition](d, nil)+" Tags", "", func() error {
				out, err := client.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &arn, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags}})
				if err != nil || out.TaskDefinition == nil {
					return or(err, errAnswer)
				}
				d.take(out.TaskDefinition, nil)
				d.take(struct{ Tags []types.Tag }{out.Tags}, nil)
				rename(d.properties, "Volumes[].EfsVolumeConfiguration.FileSystemId", "FilesystemId")
				rename(d.properties, "Volumes[].EfsVolumeConfiguration", "EFSVolumeConfiguration")
				return nil
			})
		})
	},
})

// newest returns the first ARN of each family of a list that is in descending
// order of revisions within families.
func newest(arns []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, arn := range arns {
		if f := family(arn); !seen[f] {
			seen[f] = true
			out = append(out, arn)
		}
	}
	return out
}

// family is a task definition's ARN without its revision.
func family(arn string) string {
	if i := strings.LastIndexByte(arn, ':'); i >= 0 {
		return arn[:i]
	}
	return arn
}
