package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::FlowLog", Service: "ec2",
	Needs: []need{lists("ec2:DescribeFlowLogs")},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.FlowLog, *string, error) {
			out, err := client.DescribeFlowLogs(ctx, &ec2.DescribeFlowLogsInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.FlowLogs, out.NextToken, nil
		}, func(ctx context.Context, v types.FlowLog, d *draft) error {
			d.take(v, names{"FlowLogId": "Id"}).nameTag(v.FlowLogId)
			d.set("ResourceType", flowSource(aws.ToString(v.ResourceId)))
			return nil
		})
	},
})

// flowSource is the kind of what a flow log watches, by its id.
func flowSource(id string) any {
	switch prefix, _, _ := strings.Cut(id, "-"); prefix {
	case "vpc":
		return "VPC"
	case "subnet":
		return "Subnet"
	case "eni":
		return "NetworkInterface"
	case "tgw":
		return "TransitGateway"
	}
	return nil
}
