package aws

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/opensearch/types"
)

// Domains of OpenSearch and of Elasticsearch come from the same calls.
var (
	_ = collect(searchDomain("AWS::OpenSearchService::Domain", "ClusterConfig", false))
	_ = collect(searchDomain("AWS::Elasticsearch::Domain", "ElasticsearchClusterConfig", true))
)

// searchDomains returns the region's domains of both engines.
func (s *session) searchDomains(ctx context.Context) ([]types.DomainStatus, error) {
	return shared(ctx, s, "search domains", func() ([]types.DomainStatus, error) {
		client := opensearch.NewFromConfig(s.cfg)
		out, err := client.ListDomainNames(ctx, &opensearch.ListDomainNamesInput{})
		if err != nil {
			return nil, err
		}
		var domains []types.DomainStatus
		for _, some := range chunks(out.DomainNames, 5) {
			var names []string
			for _, n := range some {
				names = append(names, aws.ToString(n.DomainName))
			}
			out, err := client.DescribeDomains(ctx, &opensearch.DescribeDomainsInput{DomainNames: names})
			if err != nil {
				return domains, err
			}
			domains = append(domains, out.DomainStatusList...)
			if len(out.DomainStatusList) < len(names) {
				return domains, errAnswer
			}
		}
		return domains, nil
	})
}

func searchDomain(typ, clusterConfig string, elastic bool) collector {
	return collector{
		Type: typ, Service: "opensearch",
		Needs: []need{lists("es:ListDomainNames"), lists("es:DescribeDomains")},
		List: func(ctx context.Context, s *session) error {
			list, listErr := s.searchDomains(ctx)
			if ended := s.ended(ctx, listErr); ended != nil {
				return ended
			}
			err := drafts(ctx, s, list, func(_ context.Context, v types.DomainStatus, d *draft) error {
				if isElastic := !strings.HasPrefix(aws.ToString(v.EngineVersion), "OpenSearch"); isElastic != elastic || aws.ToBool(v.Deleted) {
					return errSkip
				}
				d.take(v, names{"AccessPolicies": "", "ClusterConfig": clusterConfig, "ARN": "Arn"})
				d.policy("AccessPolicies", v.AccessPolicies)
				d.ARN, d.Name = aws.ToString(v.ARN), aws.ToString(v.DomainName)
				logs := []any{}
				for _, kind := range slices.Sorted(maps.Keys(v.LogPublishingOptions)) {
					logs = append(logs, map[string]any{"Type": kind, "Enabled": aws.ToBool(v.LogPublishingOptions[kind].Enabled)})
				}
				d.set("_Logs", logs)
				if v.ClusterConfig != nil {
					d.set("_InstanceCount", v.ClusterConfig.InstanceCount)
				}
				return nil
			})
			return or(err, listErr)
		},
	}
}
