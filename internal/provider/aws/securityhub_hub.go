package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
)

// A region in which Security Hub is off has no hub.
var _ = collect(collector{
	Type: "AWS::SecurityHub::Hub", Service: "securityhub",
	Needs: []need{lists("securityhub:DescribeHub")},
	List: func(ctx context.Context, s *session) error {
		out, err := securityhub.NewFromConfig(s.cfg).DescribeHub(ctx, &securityhub.DescribeHubInput{})
		if off(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return drafts(ctx, s, []*securityhub.DescribeHubOutput{out}, func(_ context.Context, v *securityhub.DescribeHubOutput, d *draft) error {
			d.take(v, names{"HubArn": "ARN"})
			d.ARN = aws.ToString(v.HubArn)
			return nil
		})
	},
})

// off tells whether an error says that Security Hub is not in use here. Source:
// AWS Security Hub API Reference, "DescribeHub", errors.
func off(err error) bool {
	c := code(err)
	return c == "InvalidAccessException" || c == "ResourceNotFoundException"
}
